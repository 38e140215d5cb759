// bench_replay: sends Postgres what was recorded, statement by statement as it was said, and as
// fast as the server takes it. Nothing is made, folded or looked up meanwhile: whoever sends the
// same can at best be as fast.
#include <libpq-fe.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/replay/recording.hpp"

namespace {

using namespace foldstream;

struct CloseConnection {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct ClearResult {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};

std::string contents(const char* path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::invalid_argument(std::string("cannot read ") + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// As libpq takes parameters; made before the clock starts.
class Prepared {
public:
    explicit Prepared(const bench::Step& step) : step_(&step) {
        for (const auto& param : step.params) {
            values_.push_back(param ? param->c_str() : nullptr);
            lengths_.push_back(param ? static_cast<int>(param->size()) : 0);
            formats_.push_back(step.binary ? 1 : 0);
        }
    }

    void send(PGconn* connection) const {
        const auto count = static_cast<int>(values_.size());
        const char* sql = step_->sql.c_str();
        const char* name = step_->name.c_str();
        PGresult* result = nullptr;
        switch (step_->kind) {
            case bench::StepKind::script:
                result = PQexec(connection, sql);
                break;
            case bench::StepKind::once:
                result = PQexecParams(connection, sql, count, nullptr, values_.data(),
                                      lengths_.data(), formats_.data(), 0);
                break;
            case bench::StepKind::prepare:
                result = PQprepare(connection, name, sql, 0, nullptr);
                break;
            case bench::StepKind::execute:
                result = PQexecPrepared(connection, name, count, values_.data(), lengths_.data(),
                                        formats_.data(), 0);
                break;
        }
        const std::unique_ptr<PGresult, ClearResult> owned(result);
        const ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            throw std::runtime_error(std::string(sql) + ": " + PQerrorMessage(connection));
    }

private:
    const bench::Step* step_;
    std::vector<const char*> values_;
    std::vector<int> lengths_;
    std::vector<int> formats_;
};

void replay(const char* path, const char* url) {
    const bench::Transactions recorded =
        bench::cut_to_transactions(bench::read_recording(contents(path)), "read_gen");
    std::vector<Prepared> steps(recorded.steps.begin(), recorded.steps.end());
    const std::unique_ptr<PGconn, CloseConnection> connection(PQconnectdb(url));
    if (PQstatus(connection.get()) != CONNECTION_OK)
        throw std::runtime_error(PQerrorMessage(connection.get()));
    const auto at = steps.begin() + static_cast<std::ptrdiff_t>(recorded.first);
    for (auto step = steps.begin(); step != at; ++step) step->send(connection.get());
    const auto began = std::chrono::steady_clock::now();
    for (auto step = at; step != steps.end(); ++step) step->send(connection.get());
    const auto took = std::chrono::steady_clock::now() - began;
    std::size_t transactions = 0;
    for (const bench::Step& step : recorded.steps) transactions += step.sql == "COMMIT" ? 1 : 0;
    std::printf("bench_replay: seconds=%.6f statements=%zu transactions=%zu\n",
                std::chrono::duration<double>(took).count(), steps.size() - recorded.first,
                transactions);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "bench_replay RECORDING URL\n");
        return 2;
    }
    try {
        replay(argv[1], argv[2]);
        return 0;
    } catch (const std::exception& failed) {
        std::fprintf(stderr, "bench_replay: %s\n", failed.what());
        return 1;
    }
}

// query-service: answers queries over HTTP from the read models in Postgres.
#include <exception>
#include <iostream>

#include "common/codec/protobuf_log.hpp"
#include "common/kafka/error.hpp"
#include "common/kafka/log_sink.hpp"
#include "common/runtime/lifecycle.hpp"
#include "common/runtime/log.hpp"
#include "common/runtime/options.hpp"
#include "domains/registry.hpp"
#include "query-service/options.hpp"
#include "query-service/service.hpp"

namespace {

using namespace foldstream;

// Less than the whole drain's time: the process must also take itself apart.
constexpr std::chrono::milliseconds grace{10'000};

int serve(const query::Options& options) {
    runtime::Signals signals;
    runtime::start_logging(*runtime::find_level(options.service.log_level), "query-service");
    kafka::set_log_sink(runtime::client_lines("librdkafka"));
    query::Service service(options, domains::registry(), query::kafka_log_ends(options.kafka));
    signals.wait_for_drain();
    service.drain(grace);
    return runtime::exit_fine;
}

}  // namespace

int main(int argc, char** argv) {
    codec::mute_protobuf_log();
    CLI::App app("Answers queries over HTTP from the read models in Postgres.", "query-service");
    query::Options options;
    query::add_options(app, options);
    if (const auto code = runtime::parse(app, argc, argv)) return *code;
    if (const std::string wrong = query::check(options); !wrong.empty()) {
        std::cerr << wrong << "\n";
        return runtime::exit_usage;
    }
    options.kafka.client_id = options.service.instance;
    try {
        return serve(options);
    } catch (const kafka::SettingError& error) {
        std::cerr << "--kafka: " << error.what() << "\n";
        return runtime::exit_usage;
    } catch (const std::exception& error) {
        runtime::Logger("query-service").error("ended", {{"error", error.what()}});
        return runtime::exit_failed;
    }
}

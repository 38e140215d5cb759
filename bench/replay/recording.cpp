#include "bench/replay/recording.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

namespace foldstream::bench {

namespace {

// Before the protocol proper: "may we encrypt?", twice, each answered with a byte; then the start.
constexpr std::uint32_t ssl_request = 80'877'103;
constexpr std::uint32_t gss_request = 80'877'104;
constexpr std::uint32_t version_3 = 196'608;

// Numbers in network order, texts that end with a zero.
class Bytes {
public:
    explicit Bytes(std::string_view left) : left_(left) {}

    [[nodiscard]] bool empty() const { return left_.empty(); }
    std::string_view take(std::size_t count) {
        if (count > left_.size()) throw std::invalid_argument("the recording is cut short");
        const std::string_view taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }
    std::uint32_t number(std::size_t bytes) {
        std::uint32_t value = 0;
        for (const char c : take(bytes)) value = value << 8U | static_cast<std::uint8_t>(c);
        return value;
    }
    std::string text() {
        std::string taken(take(std::min(left_.find('\0'), left_.size())));
        take(1);
        return taken;
    }

private:
    std::string_view left_;
};

void expect(bool right, const char* what) {
    if (!right) throw std::invalid_argument(std::string("the recording has ") + what);
}

void skip_start(Bytes& bytes) {
    for (;;) {
        const std::uint32_t size = bytes.number(4);
        expect(size >= 8, "no start");
        const std::uint32_t code = bytes.number(4);
        bytes.take(size - 8);
        if (code == version_3) return;
        expect(code == ssl_request || code == gss_request, "another protocol");
    }
}

// Puts messages together to what was waited for.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    std::vector<Step> read() {
        skip_start(bytes_);
        while (!bytes_.empty()) {
            const char type = bytes_.take(1).front();
            const std::uint32_t size = bytes_.number(4);
            expect(size >= 4, "a message without a length");
            Bytes body(bytes_.take(size - 4));
            if (type == 'X') break;
            take(type, body);
        }
        return std::move(steps_);
    }

private:
    void take(char type, Bytes& body) {
        switch (type) {
            case 'Q':
                steps_.push_back({StepKind::script, "", body.text(), {}});
                return;
            case 'P':
                return parse(body);
            case 'B':
                return bind(body);
            case 'D':
            case 'E':
                return;
            case 'S':
                expect(open_.has_value(), "a Sync without a statement");
                steps_.push_back(std::move(*open_));
                open_.reset();
                return;
            case 'p':
                throw std::invalid_argument("the recording has a password: record without one");
            default:
                throw std::invalid_argument("the recording has a message of an unknown type");
        }
    }

    void parse(Bytes& body) {
        expect(!open_, "two statements at once");
        Step step;
        step.name = body.text();
        step.sql = body.text();
        step.kind = step.name.empty() ? StepKind::once : StepKind::prepare;
        if (!step.name.empty()) texts_[step.name] = step.sql;
        open_ = std::move(step);
    }

    void bind(Bytes& body) {
        body.text();  // the portal
        std::string name = body.text();
        if (name.empty()) {
            expect(open_ && open_->kind == StepKind::once, "parameters without a statement");
        } else {
            expect(!open_, "two statements at once");
            expect(texts_.contains(name), "a statement that was not prepared");
            open_ = Step{StepKind::execute, name, texts_[name], {}};
        }
        std::size_t binary = 0;
        const std::uint32_t said = body.number(2);
        for (std::uint32_t i = 0; i < said; ++i) binary += body.number(2);
        expect(binary == 0 || binary == said, "parameters of both formats");
        open_->binary = binary > 0;
        for (std::uint32_t count = body.number(2); count > 0; --count) {
            const std::uint32_t size = body.number(4);
            std::optional<std::string> param;
            if (size != 0xffff'ffffU) param = std::string(body.take(size));
            open_->params.push_back(std::move(param));
        }
        for (std::uint32_t formats = body.number(2); formats > 0; --formats)
            expect(body.number(2) == 0, "binary results");
    }

    Bytes bytes_;
    std::vector<Step> steps_;
    std::optional<Step> open_;
    std::map<std::string, std::string> texts_;
};

}  // namespace

std::vector<Step> read_recording(std::string_view bytes) { return Reader(bytes).read(); }

Transactions cut_to_transactions(std::vector<Step> steps, const std::string& schema) {
    const auto begins = [](const Step& step) { return step.sql.starts_with("BEGIN"); };
    const auto commits = [](const Step& step) { return step.sql == "COMMIT"; };
    const auto writes = [&](const Step& step) {
        return step.kind == StepKind::execute &&
               step.sql.starts_with("INSERT INTO " + schema + ".");
    };
    const auto first = std::find_if(steps.begin(), steps.end(), begins);
    const auto last = std::find_if(steps.rbegin(), steps.rend(), writes).base();
    const auto end = std::find_if(last, steps.end(), commits);
    if (last == steps.begin() || first == steps.end() || end == steps.end())
        throw std::invalid_argument("the recording has no transaction that writes rows");
    const auto where = static_cast<std::size_t>(first - steps.begin());
    steps.erase(end + 1, steps.end());
    return {std::move(steps), where};
}

}  // namespace foldstream::bench

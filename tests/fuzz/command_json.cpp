// JSON bodies: of every command, and of a message that has every kind of field. What is read is
// written and read again; what is refused says where.
#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <vector>

#include "common/codec/check.hpp"
#include "common/codec/json.hpp"
#include "common/fold/command_record.hpp"
#include "domains/registry.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/unit/common/codec/test_types.hpp"

namespace foldstream::fuzz {
namespace {

using codec::Violation;
using google::protobuf::Message;

// Chosen by the input's first byte: 'a' the first command of the first domain, and so on.
std::unique_ptr<Message> chosen(std::uint8_t choice) {
    static const std::vector<const Message*> prototypes = [] {
        std::vector<const Message*> found;
        for (const auto& domain : domains::registry().domains()) {
            for (const auto& command : domain->commands) found.push_back(command->prototype);
        }
        return found;
    }();
    const std::size_t at = (choice - std::size_t{'a'}) % (prototypes.size() + 1);
    if (at == prototypes.size()) return codec::testing::make("All");
    return std::unique_ptr<Message>(prototypes[at]->New());
}

void expect_violations(const std::vector<Violation>& violations) {
    expect(violations.size() <= 20, "violations are bounded");
    for (const Violation& violation : violations) {
        const std::string& field = violation.field;
        expect(!violation.message.empty(), "a violation says what is wrong", field);
        expect(codec::is_utf8(field) && codec::is_utf8(violation.message),
               "a violation can be printed");
        for (const char c : field + violation.message) {
            expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F,
                   "a violation stays on its line", field);
        }
        const bool whole = violation.message.starts_with("is not valid JSON") ||
                           violation.message == "must be an object" ||
                           violation.message == "is nested too deep" ||
                           violation.message == "is out of range" ||  // a number alone
                           violation.message.starts_with("is larger");
        expect(!field.empty() || whole, "a refusal names a field", violation.message);
    }
}

void expect_comes_back(const Message& message) {
    const std::string text = codec::to_json(message);
    expect(codec::is_utf8(text), "what is written is UTF-8");
    const std::unique_ptr<Message> read(message.New());
    const std::vector<Violation> violations = codec::parse_json(text, *read);
    expect(violations.empty(), "what was read can be written and read again", text);
    expect(codec::to_json(*read) == text, "what was read again is written as before", text);
    expect(fold::serialize_deterministic(*read) == fold::serialize_deterministic(message),
           "JSON decoded and encoded is the same message", text);
}

}  // namespace
}  // namespace foldstream::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace foldstream;
    using namespace foldstream::fuzz;
    Input input(data, size);
    const auto message = chosen(input.byte());
    const std::vector<Violation> violations = codec::parse_json(input.rest(), *message);
    expect_violations(violations);
    if (!violations.empty()) return 0;
    for (const Violation& found : codec::check(*message)) {
        expect(!found.field.empty(), "a check that fails names a field", found.message);
    }
    expect_comes_back(*message);
    return 0;
}

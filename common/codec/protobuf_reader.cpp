#include "common/codec/protobuf_reader.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "common/codec/check.hpp"
#include "common/codec/message_plan.hpp"

namespace foldstream::codec {

namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::size_t max_violations = 20;
// Protobuf's own parser goes no deeper.
constexpr int max_depth = 100;

const FieldPlan* find_field(const MessagePlan& plan, int number) {
    for (const FieldPlan& field : plan.fields) {
        if (field.field->number() == number) return &field;
    }
    return nullptr;
}

// Walks over the bytes of a message that could not be parsed. One object a call of read_protobuf.
class Finder {
public:
    void message(std::string_view bytes, const MessagePlan& plan, const std::string& path,
                 int depth) {
        if (depth > max_depth) return add(path, "is nested too deep");
        CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                            static_cast<int>(bytes.size()));
        std::map<const FieldPlan*, int> seen;  // elements of repeated fields
        while (violations_.size() < max_violations) {
            const std::uint32_t tag = in.ReadTag();
            if (tag == 0) {
                if (!in.ConsumedEntireMessage()) broken(plan, path);
                return;
            }
            const FieldPlan* field = find_field(plan, WireFormatLite::GetTagFieldNumber(tag));
            if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
                if (!WireFormatLite::SkipField(&in, tag)) return broken(plan, path);
                continue;
            }
            std::uint32_t size = 0;
            if (!in.ReadVarint32(&size)) return broken(plan, path);
            const auto at = static_cast<std::size_t>(in.CurrentPosition());
            if (size > bytes.size() - at) return broken(plan, path);
            in.Skip(static_cast<int>(size));
            if (field == nullptr) continue;
            std::string place = path.empty() ? field->name() : path + '.' + field->name();
            if (field->repeated && !field->map) {
                place += '[' + std::to_string(seen[field]++) + ']';
            }
            value(bytes.substr(at, size), *field, place, depth);
        }
    }

    std::vector<Violation> take() && { return std::move(violations_); }

private:
    void value(std::string_view bytes, const FieldPlan& field, const std::string& path, int depth) {
        if (field.message != nullptr) return message(bytes, *field.message, path, depth + 1);
        if (field.kind == Kind::string && !is_utf8(bytes)) add(path, "is not valid UTF-8");
    }

    void broken(const MessagePlan& plan, const std::string& path) {
        add(path, "is not a Protobuf message of the type " + plan.type->name());
    }

    void add(const std::string& path, std::string text) {
        if (violations_.size() < max_violations) violations_.push_back({path, std::move(text)});
    }

    std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> read_protobuf(std::string_view bytes, google::protobuf::Message& message) {
    if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
    const MessagePlan& plan = plan_of(*message.GetDescriptor());
    Finder finder;
    finder.message(bytes, plan, "", 0);
    std::vector<Violation> found = std::move(finder).take();
    if (found.empty()) {
        found.push_back({"", "is not a Protobuf message of the type " + plan.type->name()});
    }
    return found;
}

}  // namespace foldstream::codec

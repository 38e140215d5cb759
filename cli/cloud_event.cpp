#include "cli/cloud_event.hpp"

#include <cstdint>
#include <memory>

#include "common/codec/json_object.hpp"
#include "common/core/time_text.hpp"

namespace foldstream::cli {

namespace {

void add_data(codec::JsonObject& object, const fold::DomainModule& domain, const v1::Event& event) {
    if (const fold::EventType* type = domain.find_event(event.type())) {
        const std::unique_ptr<google::protobuf::Message> message(type->prototype->New());
        if (message->ParseFromString(event.payload())) {
            object.text("datacontenttype", "application/json");
            object.raw("data", codec::to_json(*message));
            return;
        }
    }
    object.text("datacontenttype", "application/protobuf");
    object.text("data_base64", base64(event.payload()));
}

}  // namespace

std::string base64(std::string_view bytes) {
    static constexpr char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t j = 0; j < 3; ++j) {
            group = group << 8U | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            out += j <= count ? digits[(group >> (18U - 6U * j)) & 63U] : '=';
        }
    }
    return out;
}

std::string cloud_event(const fold::DomainModule& domain, const fold::Meta& meta,
                        const v1::Entry& entry, const v1::Event& event) {
    codec::JsonObject object;
    object.text("specversion", "1.0")
        .text("id", meta.event_id())
        .text("source", "/foldstream/" + domain.name + "/" + std::to_string(meta.partition.value))
        .text("type", event.type())
        .text("subject", entry.aggregate_id())
        .text("time", rfc3339(entry.time_ms()))
        // Text: an integer of CloudEvents has 32 bits.
        .text("sequence", std::to_string(meta.sequence.value))
        .text("aggregateversion", std::to_string(event.version()))
        .text("commandid", entry.command_id());
    if (!entry.traceparent().empty()) object.text("traceparent", entry.traceparent());
    add_data(object, domain, event);
    return object.done();
}

}  // namespace foldstream::cli

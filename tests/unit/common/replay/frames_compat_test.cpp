// tests/compat/frames.json holds logs with the verdict of each record; every implementation of
// validity must agree with it. This is the C++ one's turn.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "common/replay/validity.hpp"

namespace foldstream::replay {
namespace {

namespace json = boost::json;

json::value load() {
    std::ifstream file(FOLDSTREAM_SOURCE_DIR "/tests/compat/frames.json");
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    return json::parse(text);
}

std::string from_hex(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return out;
}

Position position(const json::value& value) {
    Position at;
    at.offset = Offset(value.at("offset").as_int64());
    at.epoch = Epoch(value.at("epoch").to_number<std::uint64_t>());
    at.sequence = Sequence(value.at("sequence").to_number<std::uint64_t>());
    at.link = RecordId(std::stoull(std::string(value.at("link").as_string())));
    return at;
}

TEST(Validity, agrees_with_every_log_of_frames_json) {
    const json::value all = load();
    std::size_t records = 0;
    for (const json::value& log : all.at("logs").as_array()) {
        SCOPED_TRACE(std::string(log.at("name").as_string()));
        Validity validity(position(log.at("start")));
        bool stopped = false;
        for (const json::value& record : log.at("records").as_array()) {
            const Offset offset(record.at("offset").as_int64());
            SCOPED_TRACE("offset " + std::to_string(offset.value));
            const std::string value = from_hex(record.at("hex").as_string());
            const Verdict verdict = validity.feed(offset, value);
            EXPECT_EQ(name(verdict), std::string_view(record.at("verdict").as_string()));
            if (stops(verdict)) {
                stopped = true;
                EXPECT_EQ(offset.value, log.at("stops_at").as_int64());
            }
            ++records;
        }
        EXPECT_EQ(stopped, log.as_object().contains("stops_at"));
        if (log.as_object().contains("end")) {
            EXPECT_EQ(validity.position(), position(log.at("end")));
        }
    }
    EXPECT_GT(records, 20U);
}

}  // namespace
}  // namespace foldstream::replay

#include "common/kafka/log_sink.hpp"

#include <cstdio>
#include <memory>
#include <mutex>
#include <utility>

namespace foldstream::kafka {

namespace {

constexpr int warning_level = 4;

struct Held {
    std::mutex mutex;
    std::shared_ptr<const LineSink> sink;  // shared: a call may go on while another one is set
};

Held& held() {
    static Held one;
    return one;
}

}  // namespace

void set_log_sink(LineSink sink) {
    std::shared_ptr<const LineSink> next;
    if (sink) next = std::make_shared<const LineSink>(std::move(sink));
    const std::lock_guard lock(held().mutex);
    held().sink = std::move(next);
}

void write_log(int level, std::string_view facility, std::string_view text) {
    std::shared_ptr<const LineSink> sink;
    {
        const std::lock_guard lock(held().mutex);
        sink = held().sink;
    }
    if (sink) {
        (*sink)(level, facility, text);
        return;
    }
    if (level > warning_level) return;
    std::fprintf(stderr, "kafka %.*s: %.*s\n", static_cast<int>(facility.size()), facility.data(),
                 static_cast<int>(text.size()), text.data());
}

}  // namespace foldstream::kafka

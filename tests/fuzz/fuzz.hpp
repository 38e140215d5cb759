// What the fuzz targets share: a property that must hold, and an input cut into parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace foldstream::fuzz {

// A property that does not hold ends the process, so that libFuzzer keeps the input.
inline void expect(bool holds, std::string_view sentence, std::string_view detail = {}) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %.*s", static_cast<int>(sentence.size()), sentence.data());
    if (!detail.empty()) {
        std::fprintf(stderr, " (%.*s)", static_cast<int>(detail.size()), detail.data());
    }
    std::fputc('\n', stderr);
    std::abort();
}

// Takes an input apart from its front. What is not there reads as zero or empty, so that every
// input means something and a mutation seldom changes the meaning of what is before it.
class Input {
public:
    Input(const std::uint8_t* data, std::size_t size)
        : left_(reinterpret_cast<const char*>(data), size) {}

    [[nodiscard]] bool empty() const { return left_.empty(); }

    std::uint8_t byte() {
        if (left_.empty()) return 0;
        const auto taken = static_cast<std::uint8_t>(left_.front());
        left_.remove_prefix(1);
        return taken;
    }
    // Its length first, in two bytes, little endian; what is left when there is less.
    std::string_view part() {
        const std::size_t low = byte();
        const std::size_t size = low | static_cast<std::size_t>(byte()) << 8U;
        const std::string_view taken = left_.substr(0, size);
        left_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view rest() {
        const std::string_view taken = left_;
        left_ = {};
        return taken;
    }

private:
    std::string_view left_;
};

}  // namespace foldstream::fuzz

// What a target is: called once an input, by libFuzzer or by replay.cpp.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

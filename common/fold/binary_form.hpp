// Postgres' binary form of the values in an array: nothing is quoted here, nothing is parsed there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace foldstream::fold {

// Numbers of types, the same in every Postgres (pg_type.dat).
enum class PostgresType : std::uint32_t {
    boolean = 16,
    bytea = 17,
    int8 = 20,
    int2 = 21,
    int4 = 23,
    text = 25,
    float8 = 701,
    timestamptz = 1184,
};

// Network order.
template <typename Number>
void append_big_endian(Number value, std::string& out) {
    const auto bits = static_cast<std::make_unsigned_t<Number>>(value);
    std::array<char, sizeof bits> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[bytes.size() - 1 - i] = static_cast<char>(bits >> (8 * i));
    out.append(bytes.data(), bytes.size());
}

// An element is its length and its bytes.
template <typename Number>
void append_number_element(Number value, std::string& out) {
    append_big_endian(static_cast<std::int32_t>(sizeof value), out);
    append_big_endian(value, out);
}
inline void append_bytes_element(std::string_view bytes, std::string& out) {
    append_big_endian(static_cast<std::int32_t>(bytes.size()), out);
    out += bytes;
}
inline void append_null_element(std::string& out) { append_big_endian(std::int32_t{-1}, out); }

// One array of one dimension, filled element by element.
class BinaryArray {
public:
    explicit BinaryArray(PostgresType type) {
        append_big_endian(std::int32_t{1}, bytes_);  // dimensions
        append_big_endian(std::int32_t{1}, bytes_);  // there may be nulls
        append_big_endian(static_cast<std::uint32_t>(type), bytes_);
        append_big_endian(std::int32_t{0}, bytes_);  // elements: bytes() puts the number in
        append_big_endian(std::int32_t{1}, bytes_);  // the first one's index
    }

    // Where the next element is to be appended.
    std::string& next() {
        ++elements_;
        return bytes_;
    }
    [[nodiscard]] std::size_t elements() const { return elements_; }

    std::string bytes() && {
        constexpr std::size_t where = 12;
        std::string count;
        append_big_endian(static_cast<std::int32_t>(elements_), count);
        bytes_.replace(where, count.size(), count);
        return std::move(bytes_);
    }

private:
    std::string bytes_;
    std::size_t elements_ = 0;
};

}  // namespace foldstream::fold

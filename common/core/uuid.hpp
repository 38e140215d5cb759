// UUIDs (RFC 9562): version 4 for nonces and clients' keys, version 5 for ids that must come out
// the same wherever and however often they are made.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/core/random.hpp"

namespace foldstream {

class Uuid {
public:
    using Bytes = std::array<std::uint8_t, 16>;

    constexpr Uuid() = default;
    constexpr explicit Uuid(Bytes bytes) : bytes_(bytes) {}

    static Uuid random(Random& random);
    // SHA-1 of the namespace's bytes followed by the name.
    static Uuid v5(const Uuid& space, std::string_view name);

    [[nodiscard]] const Bytes& bytes() const { return bytes_; }
    // 16 raw bytes, for Protobuf fields.
    [[nodiscard]] std::string raw() const;
    // 8-4-4-4-12, lower case.
    [[nodiscard]] std::string text() const;

    bool operator==(const Uuid&) const = default;

private:
    Bytes bytes_{};
};

// 6ba7b811-9dad-11d1-80b4-00c04fd430c8
extern const Uuid url_namespace;

// UUIDv5(URL namespace, "foldstream:<domain>"): the space of all ids that a domain makes.
Uuid domain_namespace(std::string_view domain);

}  // namespace foldstream

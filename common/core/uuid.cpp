#include "common/core/uuid.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <new>
#include <span>
#include <vector>

namespace foldstream {

namespace {

Uuid stamped(Uuid::Bytes bytes, unsigned version) {
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | (version << 4U));
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    return Uuid(bytes);
}

}  // namespace

const Uuid url_namespace{Uuid::Bytes{0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4,
                                     0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};

Uuid Uuid::random(Random& random) {
    Bytes bytes{};
    random.fill(std::as_writable_bytes(std::span(bytes)));
    return stamped(bytes, 4);
}

Uuid Uuid::v5(const Uuid& space, std::string_view name) {
    std::string input(space.raw());
    input += name;
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(input.data(), input.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
        throw std::bad_alloc();  // the only way in which a plain digest fails
    }
    Bytes bytes{};
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
    return stamped(bytes, 5);
}

std::string Uuid::raw() const { return {bytes_.begin(), bytes_.end()}; }

std::string Uuid::text() const {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(36);
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        out += digits[bytes_[i] >> 4U];
        out += digits[bytes_[i] & 0x0FU];
    }
    return out;
}

Uuid domain_namespace(std::string_view domain) {
    return Uuid::v5(url_namespace, std::string("foldstream:").append(domain));
}

}  // namespace foldstream

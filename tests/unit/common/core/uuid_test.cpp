#include "common/core/uuid.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>

namespace foldstream {
namespace {

// 6ba7b810-9dad-11d1-80b4-00c04fd430c8
constexpr Uuid dns_namespace{Uuid::Bytes{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4,
                                         0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};

class FilledRandom final : public Random {
public:
    explicit FilledRandom(std::uint8_t byte) : byte_(byte) {}
    void fill(std::span<std::byte> out) override {
        for (std::byte& b : out) b = std::byte{byte_};
    }

private:
    std::uint8_t byte_;
};

TEST(Uuid, of_version_5_is_that_of_the_standard) {
    // RFC 9562, appendix A.4
    EXPECT_EQ(Uuid::v5(dns_namespace, "www.example.com").text(),
              "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(Uuid, of_version_5_is_that_of_other_languages) {
    // Python's uuid.uuid5
    EXPECT_EQ(domain_namespace("orders").text(), "abe5e896-9b25-599d-adf8-c463fa76abb4");
    EXPECT_EQ(Uuid::v5(domain_namespace("orders"), "orders.commands/0/7").text(),
              "ff01b98c-a58d-56ee-b6c9-525340192cc5");
    EXPECT_EQ(Uuid::v5(domain_namespace("orders"), "").text(),
              "85f0dae5-cc1a-5e64-973d-6508abe44d9d");
}

TEST(Uuid, of_version_5_differs_by_namespace_and_by_name) {
    EXPECT_NE(Uuid::v5(domain_namespace("orders"), "a"), Uuid::v5(domain_namespace("users"), "a"));
    EXPECT_NE(Uuid::v5(domain_namespace("orders"), "a"), Uuid::v5(domain_namespace("orders"), "b"));
}

TEST(Uuid, of_version_4_has_version_and_variant_whatever_is_drawn) {
    FilledRandom ones(0xFF);
    FilledRandom zeros(0x00);
    EXPECT_EQ(Uuid::random(ones).text(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    EXPECT_EQ(Uuid::random(zeros).text(), "00000000-0000-4000-8000-000000000000");
}

TEST(Uuid, of_version_4_is_another_one_each_time) {
    KernelRandom random;
    std::set<std::string> drawn;
    for (int i = 0; i < 1000; ++i) drawn.insert(Uuid::random(random).text());
    EXPECT_EQ(drawn.size(), 1000U);
}

TEST(Uuid, gives_its_bytes_raw_for_messages) {
    const std::string raw = dns_namespace.raw();
    ASSERT_EQ(raw.size(), 16U);
    EXPECT_EQ(static_cast<unsigned char>(raw.front()), 0x6b);
    EXPECT_EQ(static_cast<unsigned char>(raw.back()), 0xc8);
    EXPECT_EQ(dns_namespace.text(), "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
}

}  // namespace
}  // namespace foldstream

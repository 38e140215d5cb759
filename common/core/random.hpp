// Randomness comes in through this interface only, so that a simulation can repeat it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace foldstream {

class Random {
public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::byte> out) = 0;
    // Uniform in [0, bound); bound > 0.
    std::uint64_t below(std::uint64_t bound);
};

// getrandom(2): nonces must not come from a generator that two processes could have seeded alike.
// Thread-safe. Throws std::system_error when the kernel refuses.
class KernelRandom final : public Random {
public:
    void fill(std::span<std::byte> out) override;
};

// SplitMix64 (Steele, Lea, Flood 2014): repeatable, for simulations and tests.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(std::span<std::byte> out) override;

private:
    std::uint64_t next();
    std::uint64_t state_;
};

}  // namespace foldstream

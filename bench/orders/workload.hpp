// The orders that benchmarks send: each goes through the same commands, and many are on their way
// at once. The same numbers give the same bytes.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace foldstream::bench {

struct Workload {
    std::uint32_t orders = 100'000;
    // CreateOrder, AddItem …, and in the end ConfirmPayment, ShipOrder, CompleteOrder; of fewer
    // than four, only the beginning.
    std::uint32_t commands_of_each = 10;
    // Orders on their way at once; a new one begins when one ends.
    std::uint32_t open = 1'000;
    std::string name = "bench";  // of the run: no two share ids
};

inline constexpr std::uint32_t longest_life = 10;

// A command, packed: a record of orders.commands without headers.
struct PackedCommand {
    std::string key;
    std::string value;
    std::string command_id;
};

// The command number `step` (from 0) of an order's life. Pure.
PackedCommand packed(const Workload& workload, std::uint32_t order, std::uint32_t step);

// All of them, interleaved: each is the next step of one of the open orders.
class Interleaved {
public:
    explicit Interleaved(const Workload& workload);

    // False when all have been given.
    bool next(PackedCommand& command);

private:
    struct Open {
        std::uint32_t order = 0;
        std::uint32_t step = 0;
    };

    Workload workload_;
    std::vector<Open> open_;
    std::uint32_t begun_ = 0;
    std::mt19937_64 random_{1};
};

}  // namespace foldstream::bench

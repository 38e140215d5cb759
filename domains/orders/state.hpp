// What decisions need to know of an order, as a sum type: a state that cannot be is not sayable.
//
//   (absent) -> pending -> paid -> shipped -> completed
//                  |         |        |
//                  +---------+--------+-> cancelled         deleted: from everywhere, for ever
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace foldstream::orders {

// Never created.
struct Absent {
    bool operator==(const Absent&) const = default;
};
// The only state in which items may change.
struct Pending {
    std::vector<std::string> item_ids;
    bool operator==(const Pending&) const = default;
};
struct Paid {
    bool operator==(const Paid&) const = default;
};
struct Shipped {
    bool operator==(const Shipped&) const = default;
};
struct Completed {
    bool operator==(const Completed&) const = default;
};
struct Cancelled {
    bool operator==(const Cancelled&) const = default;
};
// Final: its id is never used again.
struct Deleted {
    bool operator==(const Deleted&) const = default;
};

using State = std::variant<Absent, Pending, Paid, Shipped, Completed, Cancelled, Deleted>;

// The stored form: foldstream.orders.v1.OrderState, no status = absent.
std::string encode_state(const State& state);
// Nothing when the bytes are not an OrderState.
std::optional<State> decode_state(std::type_identity<State>, std::string_view bytes);

}  // namespace foldstream::orders

#include "domains/orders/state.hpp"

#include "foldstream/orders/v1/state.pb.h"

namespace foldstream::orders {

namespace {

struct Stored {
    v1::OrderState& out;

    void operator()(const Absent&) const {}
    void operator()(const Pending& pending) const {
        auto& ids = *out.mutable_pending()->mutable_item_ids();
        ids.Reserve(static_cast<int>(pending.item_ids.size()));
        for (const std::string& id : pending.item_ids) ids.Add(std::string(id));
    }
    void operator()(const Paid&) const { out.mutable_paid(); }
    void operator()(const Shipped&) const { out.mutable_shipped(); }
    void operator()(const Completed&) const { out.mutable_completed(); }
    void operator()(const Cancelled&) const { out.mutable_cancelled(); }
    void operator()(const Deleted&) const { out.mutable_deleted(); }
};

}  // namespace

std::string encode_state(const State& state) {
    v1::OrderState stored;
    std::visit(Stored{stored}, state);
    return stored.SerializeAsString();
}

std::optional<State> decode_state(std::type_identity<State>, std::string_view bytes) {
    v1::OrderState stored;
    if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    switch (stored.status_case()) {
        case v1::OrderState::kPending: {
            const auto& ids = stored.pending().item_ids();
            return Pending{{ids.begin(), ids.end()}};
        }
        case v1::OrderState::kPaid:
            return Paid{};
        case v1::OrderState::kShipped:
            return Shipped{};
        case v1::OrderState::kCompleted:
            return Completed{};
        case v1::OrderState::kCancelled:
            return Cancelled{};
        case v1::OrderState::kDeleted:
            return Deleted{};
        case v1::OrderState::STATUS_NOT_SET:
            break;
    }
    return Absent{};
}

}  // namespace foldstream::orders

// What evolve and project give for every event in every status, in full: rows and states of a
// version live longer than the code that made them.
#include <gtest/gtest.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "common/fold/table_plan.hpp"
#include "domains/orders/evolve.hpp"
#include "domains/orders/project.hpp"
#include "foldstream/orders/v1/state.pb.h"
#include "tests/unit/domains/golden.hpp"
#include "tests/unit/domains/orders/orders.hpp"

namespace foldstream::orders {
namespace {

std::filesystem::path golden(const char* name) {
    return std::filesystem::path(FOLDSTREAM_SOURCE_DIR) / "tests/unit/domains/orders/golden" / name;
}

std::vector<std::pair<std::string, History>> every_status() {
    std::vector<std::pair<std::string, History>> all;
    all.emplace_back("absent", no_order());
    all.emplace_back("pending", a_pending_order());
    all.emplace_back("paid", a_paid_order());
    all.emplace_back("shipped", a_shipped_order());
    all.emplace_back("completed", a_completed_order());
    all.emplace_back("cancelled", a_cancelled_order());
    all.emplace_back("deleted", a_deleted_order());
    return all;
}

History every_event() {
    return History(created(), added(item("c", 7, 3)), removed("a"), paid(), shipped(), completed(),
                   cancelled(), deleted());
}

std::string title(const std::string& status, const fold::Message& event) {
    return "\n" + status + " + " + event.GetDescriptor()->name() + " {" + event.ShortDebugString() +
           "}\n";
}

std::string state_text(const History& history) {
    v1::OrderState state;
    state.ParseFromString(orders().state.encode(testing::evolved(orders(), history)));
    const bool absent = state.status_case() == v1::OrderState::STATUS_NOT_SET;
    return "  " + (absent ? "absent" : state.ShortDebugString()) + "\n";
}

std::string row_text(const History& history) {
    const fold::Projection& projection = *orders().find_projection("orders");
    const auto row = testing::folded(orders(), projection, history);
    if (!row) return "  no row\n";
    std::string out = "  " + row->ShortDebugString() + "\n";
    for (const fold::RollupType& rollup : projection.rollups) {
        const auto made = rollup.contribute(*row);
        out += "  " + rollup.options.table() + ": " +
               (made ? made->ShortDebugString() : "nothing") + "\n";
    }
    return out;
}

TEST(Golden, what_evolve_gives_changes_only_with_its_version) {
    const History events = every_event();
    std::string body;
    for (const auto& [status, history] : every_status()) {
        for (const auto& event : events.events()) {
            body += title(status, *event) + state_text(history.then(*event));
        }
    }
    testing::expect_golden(golden("evolve.txt"), "evolve_version", evolve_version, body);
    EXPECT_EQ(orders().evolve_version, evolve_version);
}

TEST(Golden, what_project_and_contribute_give_changes_only_with_their_version) {
    const History events = every_event();
    std::string body;
    for (const auto& [status, history] : every_status()) {
        for (const auto& event : events.events()) {
            body += title(status, *event) + row_text(history.then(*event));
        }
    }
    testing::expect_golden(golden("project.txt"), "fold_version", orders_fold_version, body);
    EXPECT_EQ(orders().find_projection("orders")->fold_version, orders_fold_version);
}

}  // namespace
}  // namespace foldstream::orders

// A projection's row after a history, folded three ways that must agree: straight through, again
// from scratch, and with a restart after every event, where the row goes through the table's text
// forms and back.
#pragma once

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/fold/table_plan.hpp"
#include "tests/unit/common/fold/round_trip.hpp"
#include "tests/unit/domains/given.hpp"

namespace foldstream::testing {

using Row = std::unique_ptr<fold::Message>;

// `after` is called after every event and may put the row through whatever a row goes through.
template <typename After>
Row fold_rows(const fold::DomainModule& domain, const fold::Projection& projection,
              const History& history, After after) {
    Row row;
    for (std::size_t i = 0; i < history.events().size(); ++i) {
        const fold::Message& event = *history.events()[i];
        row = projection.project(std::move(row), type_of(domain, event), event, meta_of(domain, i));
        if (row) row = after(std::move(row));
    }
    return row;
}

inline std::string row_text(const Row& row) { return row ? bits(*row) : "no row"; }

inline Row folded(const fold::DomainModule& domain, const fold::Projection& projection,
                  const History& history) {
    const fold::TablePlan plan(projection);
    const auto canonical = [&](Row row) {
        plan.canonicalise(*row);
        return row;
    };
    Row row = fold_rows(domain, projection, history, canonical);
    EXPECT_EQ(row_text(fold_rows(domain, projection, history, canonical)), row_text(row))
        << "the same input again gives another row";
    const auto restart = [&](Row before) {
        return stored_and_loaded(plan, *canonical(std::move(before)));
    };
    EXPECT_EQ(row_text(fold_rows(domain, projection, history, restart)), row_text(row))
        << "a restart between the events gives another row";
    return row;
}

}  // namespace foldstream::testing

#include "domains/registry.hpp"

#include <gtest/gtest.h>

#include "common/fold/table_plan.hpp"
#include "tests/unit/common/fold/round_trip.hpp"

namespace foldstream::domains {
namespace {

TEST(Registry, has_the_orders) {
    ASSERT_NE(registry().find("orders"), nullptr);
    EXPECT_NE(registry().find_projection("orders"), nullptr);
    EXPECT_EQ(registry().find("nothing"), nullptr);
}

TEST(Registry, is_made_once) { EXPECT_EQ(&registry(), &registry()); }

TEST(EveryDomain, gives_each_of_its_codes_a_status_and_a_title) {
    for (const auto& domain : registry().domains()) {
        for (const auto& [code, text] : domain->codes) {
            EXPECT_TRUE(text.status == 404 || text.status == 409 || text.status == 422) << code;
            EXPECT_FALSE(text.title.empty()) << code;
        }
    }
}

TEST(EveryDomain, reads_the_bytes_of_its_initial_state_and_refuses_others) {
    for (const auto& domain : registry().domains()) {
        EXPECT_TRUE(domain->state.decode(domain->state.encode(domain->state.initial)));
        EXPECT_FALSE(domain->state.decode("\xFF\xFF\xFF")) << domain->name;
    }
}

TEST(EveryRow, comes_back_from_the_table_as_it_went_in) {
    for (const auto& domain : registry().domains()) {
        for (const auto& projection : domain->projections) {
            SCOPED_TRACE(projection->name);
            testing::expect_rows_survive(fold::TablePlan(*projection), 300);
        }
    }
}

TEST(EveryQuery, names_each_field_of_its_row_message_in_order) {
    for (const auto& domain : registry().domains()) {
        for (const fold::NamedQuery& query : domain->queries) {
            std::size_t at = 0;
            const auto* row = query.row_prototype->GetDescriptor();
            for (int i = 0; i < row->field_count(); ++i) {
                const std::size_t found = query.sql.find(row->field(i)->name(), at);
                ASSERT_NE(found, std::string::npos) << query.path << " " << row->field(i)->name();
                at = found;
            }
        }
    }
}

}  // namespace
}  // namespace foldstream::domains

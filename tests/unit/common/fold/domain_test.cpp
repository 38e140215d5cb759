#include "common/fold/domain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/fold/builder.hpp"
#include "foldstream/orders/v1/commands.pb.h"
#include "foldstream/orders/v1/events.pb.h"
#include "foldstream/orders/v1/rows.pb.h"
#include "tests/unit/common/fold/described.hpp"

namespace counting {

// The smallest domain there can be: how many items were added.
struct State {
    int items = 0;
};
using Event = std::variant<foldstream::orders::v1::ItemAdded, foldstream::orders::v1::ItemRemoved>;
using foldstream::fold::Context;
using foldstream::fold::Decision;
using foldstream::fold::Meta;
using namespace foldstream::orders;

Decision<Event> decide(const State& state, const v1::AddItem& command, const Context& context) {
    if (state.items >= 2) return foldstream::fold::reject("order-full");
    v1::ItemAdded added;
    *added.mutable_item() = command.item();
    added.mutable_item()->set_item_id(context.fresh_id());
    v1::ItemRemoved removed;
    removed.set_item_id(context.fresh_id());
    return std::vector<Event>{added, removed};
}
State evolve(State state, const v1::ItemAdded&, const Meta&) { return {state.items + 1}; }
State evolve(State state, const v1::ItemRemoved&, const Meta&) { return state; }
std::string encode_state(const State& state) { return std::to_string(state.items); }
std::optional<State> decode_state(std::type_identity<State>, std::string_view bytes) {
    if (bytes.empty()) return std::nullopt;
    return State{bytes.front() - '0'};
}
std::optional<v1::OrderRow> project(std::optional<v1::OrderRow> row, const v1::ItemAdded&,
                                    const Meta& meta) {
    if (!row) row.emplace();
    row->set_order_id(std::string(meta.aggregate_id));
    row->set_item_count(row->item_count() + 1);
    return row;
}
std::optional<v1::OrderRow> project(std::optional<v1::OrderRow>, const v1::ItemRemoved&,
                                    const Meta&) {
    return std::nullopt;
}
std::optional<v1::CustomerRow> contribute(const v1::OrderRow& row) {
    if (row.item_count() > 1) return std::nullopt;
    v1::CustomerRow customer;
    customer.set_orders(1);
    return customer;
}

}  // namespace counting

namespace foldstream::fold {
namespace {

using orders::v1::AddItem;
using orders::v1::ItemAdded;
using orders::v1::ItemRemoved;
using orders::v1::OrderRow;
using ::testing::HasSubstr;

std::unique_ptr<DomainModule> counting_module() {
    const auto fold = [](auto row, const auto& event, const Meta& meta) {
        return counting::project(std::move(row), event, meta);
    };
    return DomainBuilder<counting::State, counting::Event>("orders", 3)
        .commands<AddItem>()
        .projection(ProjectionBuilder<OrderRow, counting::Event>("orders", 7, fold)
                        .rollup<orders::v1::CustomerRow>(&counting::contribute)
                        .build())
        .code("order-full", 422, "Two are enough")
        .build();
}

// Why the registry refuses the domains; empty: it does not.
template <typename Change>
std::string refusal(Change change) {
    std::vector<std::unique_ptr<DomainModule>> domains;
    domains.push_back(counting_module());
    change(*domains.front());
    try {
        const Registry registry(std::move(domains));
    } catch (const std::invalid_argument& refused) {
        return refused.what();
    }
    return "";
}

TEST(Meta, names_an_event_by_its_place) {
    Meta meta;
    meta.domain = "orders";
    meta.partition = Partition{3};
    meta.sequence = Sequence{1042};
    meta.index = 2;
    EXPECT_EQ(meta.event_id(), "orders:3:1042:2");
}

TEST(Context, makes_the_same_ids_again_when_the_command_is_decided_again) {
    const Uuid space = domain_namespace("orders");
    const Context first(1, "order-1", "command-1", "", space);
    const Context again(2, "order-1", "command-1", "somebody", space);
    const std::string id = first.fresh_id();
    EXPECT_EQ(id, Uuid::v5(space, "order-1/command-1/0").text());
    EXPECT_EQ(again.fresh_id(), id);
    EXPECT_EQ(first.fresh_id(), Uuid::v5(space, "order-1/command-1/1").text());
}

TEST(Context, makes_other_ids_for_other_commands) {
    const Uuid space = domain_namespace("orders");
    EXPECT_NE(Context(1, "order-1", "command-1", "", space).fresh_id(),
              Context(1, "order-1", "command-2", "", space).fresh_id());
    EXPECT_NE(Context(1, "order-1", "command-1", "", space).fresh_id(),
              Context(1, "order-2", "command-1", "", space).fresh_id());
}

TEST(Domain, is_found_by_name_with_its_commands_events_and_projections) {
    std::vector<std::unique_ptr<DomainModule>> domains;
    domains.push_back(counting_module());
    const Registry registry(std::move(domains));
    const DomainModule* domain = registry.find("orders");
    ASSERT_NE(domain, nullptr);
    EXPECT_EQ(registry.find("users"), nullptr);
    EXPECT_EQ(registry.domains().size(), 1U);
    EXPECT_EQ(domain->space, domain_namespace("orders"));
    EXPECT_EQ(domain->evolve_version, 3);

    const CommandType* command = domain->find_command("foldstream.orders.v1.AddItem");
    ASSERT_NE(command, nullptr);
    EXPECT_EQ(command->short_name(), "AddItem");
    EXPECT_EQ(command->id_field->name(), "order_id");
    EXPECT_EQ(domain->find_command("AddItem"), nullptr);
    EXPECT_NE(domain->find_event("foldstream.orders.v1.ItemAdded"), nullptr);
    EXPECT_EQ(domain->find_event("foldstream.orders.v1.OrderCreated"), nullptr);

    const Projection* projection = registry.find_projection("orders");
    ASSERT_NE(projection, nullptr);
    EXPECT_EQ(projection, domain->find_projection("orders"));
    EXPECT_EQ(projection->domain, "orders");
    EXPECT_EQ(projection->fold_version, 7);
    EXPECT_EQ(registry.find_projection("customers"), nullptr);
}

TEST(CommandName, without_a_package_is_its_own_short_name) {
    CommandType command;
    command.name = "AddItem";
    EXPECT_EQ(command.short_name(), "AddItem");
}

TEST(BuiltDomain, decides_evolves_and_keeps_its_state_as_bytes) {
    const auto domain = counting_module();
    const CommandType& add = *domain->find_command("foldstream.orders.v1.AddItem");
    const Context context(1, "order-1", "command-1", "", domain->space);
    AddItem command;
    command.mutable_item()->set_name("tea");
    Decided decided = add.decide(domain->state.initial, command, context);
    ASSERT_TRUE(decided.ok());
    ASSERT_EQ(decided->size(), 2U);
    EXPECT_EQ((*decided)[0].type, domain->find_event("foldstream.orders.v1.ItemAdded"));
    EXPECT_EQ(static_cast<const ItemAdded&>(*(*decided)[0].message).item().name(), "tea");
    EXPECT_EQ((*decided)[1].type, domain->find_event("foldstream.orders.v1.ItemRemoved"));

    const EventType& added = *(*decided)[0].type;
    const State one = added.evolve(domain->state.initial, ItemAdded(), Meta());
    const State two = added.evolve(one, ItemAdded(), Meta());
    EXPECT_EQ(domain->state.encode(domain->state.initial), "0");
    EXPECT_EQ(domain->state.encode(one), "1");
    EXPECT_EQ(domain->state.encode(two), "2");
    const auto decoded = domain->state.decode("2");
    ASSERT_TRUE(decoded);
    const Decided refused = add.decide(*decoded, command, context);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error(), Rejection{"order-full"});
    EXPECT_FALSE(domain->state.decode(""));
}

TEST(BuiltProjection, folds_rows_and_contributes_them) {
    const auto domain = counting_module();
    const Projection& projection = *domain->find_projection("orders");
    const EventType& added = *domain->find_event("foldstream.orders.v1.ItemAdded");
    const EventType& removed = *domain->find_event("foldstream.orders.v1.ItemRemoved");
    Meta meta;
    meta.aggregate_id = "order-1";
    auto row = projection.project(nullptr, added, ItemAdded(), meta);
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(static_cast<const OrderRow&>(*row).order_id(), "order-1");
    EXPECT_NE(projection.rollups.at(0).contribute(*row), nullptr);
    row = projection.project(std::move(row), added, ItemAdded(), meta);
    EXPECT_EQ(static_cast<const OrderRow&>(*row).item_count(), 2);
    EXPECT_EQ(projection.rollups.at(0).contribute(*row), nullptr);
    EXPECT_EQ(projection.project(std::move(row), removed, ItemRemoved(), meta), nullptr);
}

TEST(BuiltProjection, never_deletes_because_of_an_event_that_it_does_not_know) {
    const auto domain = counting_module();
    EventType foreign;
    foreign.name = "foldstream.orders.v1.OrderCreated";
    foreign.prototype = &orders::v1::OrderCreated::default_instance();
    EXPECT_THROW(domain->find_projection("orders")->project(std::make_unique<OrderRow>(), foreign,
                                                            orders::v1::OrderCreated(), Meta()),
                 std::logic_error);
}

TEST(Registry, takes_a_domain_whose_annotations_agree) {
    EXPECT_EQ(refusal([](DomainModule&) {}), "");
}

TEST(Registry, refuses_two_of_one_name) {
    std::vector<std::unique_ptr<DomainModule>> domains;
    domains.push_back(counting_module());
    domains.push_back(counting_module());
    EXPECT_THROW(Registry{std::move(domains)}, std::invalid_argument);
    EXPECT_THAT(refusal([](DomainModule& domain) {
                    domain.events.push_back(std::make_unique<EventType>(*domain.events.front()));
                }),
                HasSubstr("foldstream.orders.v1.ItemAdded: there are two commands or events"));
    EXPECT_THAT(
        refusal([](DomainModule& domain) {
            domain.commands.push_back(std::make_unique<CommandType>(*domain.commands.front()));
        }),
        HasSubstr("foldstream.orders.v1.AddItem: there are two"));
    EXPECT_THAT(refusal([](DomainModule& domain) {
                    domain.projections.front()->rollups.push_back(
                        domain.projections.front()->rollups.front());
                }),
                HasSubstr("customers: there are two tables"));
}

TEST(Registry, refuses_a_domain_without_name_or_state) {
    EXPECT_THAT(refusal([](DomainModule& domain) { domain.name.clear(); }),
                HasSubstr("it has no name"));
    EXPECT_THAT(refusal([](DomainModule& domain) { domain.state.decode = nullptr; }),
                HasSubstr("orders: its state has no initial value, encode or decode"));
}

TEST(Registry, refuses_a_command_that_is_not_the_domains) {
    EXPECT_THAT(refusal([](DomainModule& domain) {
                    domain.commands.front()->prototype = &ItemAdded::default_instance();
                }),
                HasSubstr("AddItem: it has no (foldstream.v1.command) option"));
    EXPECT_THAT(
        refusal([](DomainModule& domain) { domain.commands.front()->options.set_domain("users"); }),
        HasSubstr("AddItem: it is annotated for domain \"users\""));
    EXPECT_THAT(refusal([](DomainModule& domain) {
                    domain.commands.front()->options.set_id_field("nothing");
                    domain.commands.front()->id_field = nullptr;
                }),
                HasSubstr("AddItem.nothing: the id field must be a string field"));
    EXPECT_THAT(refusal([](DomainModule& domain) {
                    domain.commands.front()->id_field =
                        AddItem::descriptor()->FindFieldByName("item");
                }),
                HasSubstr("the id field must be a string field"));
}

TEST(Registry, refuses_an_http_alias_that_leads_nowhere) {
    const auto alias = [](const char* method, const char* path) {
        return refusal([&](DomainModule& domain) {
            auto& http = *domain.commands.front()->options.mutable_http();
            http.set_method(method);
            http.set_path(path);
        });
    };
    EXPECT_EQ(alias("PUT", "/orders/{order_id}/items"), "");
    EXPECT_THAT(alias("GET", "/orders"), HasSubstr("must be POST, PUT or DELETE"));
    EXPECT_THAT(alias("PUT", ""), HasSubstr("does not begin with a slash"));
    EXPECT_THAT(alias("PUT", "/orders/{order_id"), HasSubstr("an open brace"));
    EXPECT_THAT(alias("PUT", "/orders/{none}"), HasSubstr("AddItem.none: its HTTP path names it"));
    EXPECT_THAT(alias("PUT", "/orders/{item_id}"), HasSubstr("it is not the id field"));
}

TEST(Registry, refuses_a_projection_that_is_not_what_it_says) {
    EXPECT_THAT(refusal([](DomainModule& domain) { domain.projections.front()->domain = "users"; }),
                HasSubstr("OrderRow: projection \"orders\" folds domain \"users\""));
    EXPECT_THAT(refusal([](DomainModule& domain) { domain.projections.front()->name = "others"; }),
                HasSubstr("OrderRow: its table \"orders\" is not named as its projection"));
    EXPECT_THAT(refusal([](DomainModule& domain) {
                    domain.projections.front()->options.add_sort("nothing");
                }),
                HasSubstr("OrderRow.nothing: it is named as sort key"));
}

TEST(Registry, refuses_a_query_that_cannot_be_asked) {
    const auto query = [](auto change) {
        return refusal([&](DomainModule& domain) {
            NamedQuery asked;
            asked.path = "/top";
            asked.row_prototype = &orders::v1::CustomerRow::default_instance();
            asked.sql = "SELECT 1 LIMIT $1";
            change(asked);
            domain.queries.push_back(asked);
        });
    };
    EXPECT_EQ(query([](NamedQuery& asked) { asked.limited = true; }), "");
    EXPECT_THAT(query([](NamedQuery& asked) { asked.path = "top"; }),
                HasSubstr("orderstop: a query's path begins with a slash"));
    EXPECT_THAT(query([](NamedQuery& asked) { asked.row_prototype = nullptr; }),
                HasSubstr("orders/top: it has no row message"));
    EXPECT_THAT(query([](NamedQuery& asked) {
                    asked.totals = {{"all", "nothing"}};
                }),
                HasSubstr("CustomerRow.nothing: total \"all\""));
    EXPECT_THAT(query([](NamedQuery& asked) {
                    asked.limited = true;
                    asked.sql = "SELECT 1";
                }),
                HasSubstr("its SQL has no $1"));
}

}  // namespace
}  // namespace foldstream::fold

// A domain as the platform sees it: its pure functions behind type-erased handles, found by message
// name. Made once at start by domains/<name>/module.cpp, then read-only and shared by all threads.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/fold/concepts.hpp"
#include "foldstream/v1/options.pb.h"

namespace foldstream::fold {

using google::protobuf::Descriptor;
using google::protobuf::Message;

// An immutable aggregate state; a new one comes out of every evolve, so that the owner's
// speculative and validated states share what is alike (copy-on-write).
using State =
    std::shared_ptr<const void>;  // shared: the window's entries and the cache hold the same

struct EventType {
    std::string name;  // full message name
    const Message* prototype = nullptr;
    std::function<State(const State&, const Message&, const Meta&)> evolve;
};

// An event that decide made.
struct NewEvent {
    const EventType* type = nullptr;
    std::unique_ptr<Message> message;
};

using Decided = Result<std::vector<NewEvent>, Rejection>;

struct CommandType {
    std::string name;  // full message name, for example foldstream.orders.v1.CreateOrder
    const Message* prototype = nullptr;
    v1::CommandOptions options;
    const google::protobuf::FieldDescriptor* id_field = nullptr;
    std::function<Decided(const State&, const Message&, const Context&)> decide;

    // "CreateOrder"
    [[nodiscard]] std::string_view short_name() const;
};

// State as bytes: for the store and for snapshots.
struct StateType {
    State initial;  // of an aggregate without events
    std::function<std::string(const State&)> encode;
    // Nothing when the bytes are not a state.
    std::function<std::optional<State>(std::string_view)> decode;
};

// A rollup of a projection: groups of rows with a count and sums. The row message names its keys
// and measures; `contribute` gives what one base row adds to its group, or nothing.
struct RollupType {
    const Message* prototype = nullptr;
    v1::RollupOptions options;
    std::function<std::unique_ptr<Message>(const Message& row)> contribute;
};

// A read model: the fold of a domain's events into one row an aggregate, and its rollups.
struct Projection {
    std::string name;    // also the table's
    std::string domain;  // whose events it folds
    // Goes up whenever project, contribute or an upcaster gives other results than before.
    std::int32_t fold_version = 1;
    const Message* row_prototype = nullptr;
    v1::RowOptions options;
    // The next row, or null = no row. `row` may be null; it is consumed.
    std::function<std::unique_ptr<Message>(std::unique_ptr<Message> row, const EventType& type,
                                           const Message& event, const Meta& meta)>
        project;
    std::vector<RollupType> rollups;
};

// A query that lists and filters cannot express: SQL over the read views, its parameters in order.
struct NamedQuery {
    std::string path;  // below /api/v1/<domain>, for example "/top-customers"
    const Message* row_prototype = nullptr;
    // The result's columns are the row message's, in its order. $1 is the limit when `limited`.
    std::string sql;
    bool limited = false;
    // What the answer's object is made of besides "data": for example {"totalOrders", "orders"} =
    // the sum of that column.
    std::map<std::string, std::string> totals;
};

// A rejection code that the domain's rules use: HTTP status and a sentence for people.
struct CodeText {
    int status = 422;
    std::string title;
};

struct DomainModule {
    std::string name;
    Uuid space;  // domain_namespace(name)
    // Goes up whenever evolve or the state's stored form changes.
    std::int32_t evolve_version = 1;
    StateType state;
    std::vector<std::unique_ptr<CommandType>> commands;
    std::vector<std::unique_ptr<EventType>> events;
    std::vector<std::unique_ptr<Projection>> projections;
    std::vector<NamedQuery> queries;
    std::map<std::string, CodeText, std::less<>> codes;

    // Null when the domain has none of that (full) name.
    [[nodiscard]] const CommandType* find_command(std::string_view name) const;
    [[nodiscard]] const EventType* find_event(std::string_view name) const;
    [[nodiscard]] const Projection* find_projection(std::string_view name) const;
};

// All domains of this binary; domains/registry.cpp makes it.
class Registry {
public:
    // Throws std::invalid_argument naming the message and field when the annotations contradict
    // each other (unknown id field, rollup without count, two domains of one name …).
    explicit Registry(std::vector<std::unique_ptr<DomainModule>> domains);

    [[nodiscard]] const std::vector<std::unique_ptr<DomainModule>>& domains() const {
        return domains_;
    }
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] const DomainModule* find(std::string_view domain) const;
    [[nodiscard]] const Projection* find_projection(std::string_view name) const;

private:
    std::vector<std::unique_ptr<DomainModule>> domains_;
};

}  // namespace foldstream::fold

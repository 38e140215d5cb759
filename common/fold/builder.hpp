// Turns a domain's typed overloads (decide, evolve, project, contribute; found by
// argument-dependent look-up) into the type-erased DomainModule. The only templates between a
// domain and the platform.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "common/fold/domain.hpp"

namespace foldstream::fold {

namespace detail {

template <typename Variant>
struct Alternatives;
template <typename... Es>
struct Alternatives<std::variant<Es...>> {
    template <typename Visit>
    static void each(Visit visit) {
        (visit.template operator()<Es>(), ...);
    }
};

template <typename T>
const T& as(const Message& message) {
    return static_cast<const T&>(message);
}

template <typename T>
const Message* prototype_of() {
    return &T::default_instance();
}

}  // namespace detail

// Usage: see domains/orders/module.cpp. `fold` is called as
//   std::optional<Row> fold(std::optional<Row>, const E&, const Meta&)
// for every event E of the variant Event; it is copied and must have no state of its own.
template <typename Row, typename Event>
class ProjectionBuilder {
public:
    template <typename Fold>
    ProjectionBuilder(std::string name, std::int32_t fold_version, Fold fold)
        : projection_(std::make_unique<Projection>()) {
        projection_->name = std::move(name);
        projection_->fold_version = fold_version;
        projection_->row_prototype = detail::prototype_of<Row>();
        projection_->options = Row::descriptor()->options().GetExtension(v1::row);
        projection_->project = [fold](std::unique_ptr<Message> row, const EventType& type,
                                      const Message& event, const Meta& meta) {
            return project_erased(fold, std::move(row), type, event, meta);
        };
    }

    // contribute: what one row adds to its group, with keys and measures set; nothing = not
    // counted.
    template <typename RollupRow>
    ProjectionBuilder&& rollup(std::optional<RollupRow> (*contribute)(const Row&)) && {
        RollupType rollup;
        rollup.prototype = detail::prototype_of<RollupRow>();
        rollup.options = RollupRow::descriptor()->options().GetExtension(v1::rollup);
        rollup.contribute = [contribute](const Message& row) -> std::unique_ptr<Message> {
            auto made = contribute(detail::as<Row>(row));
            if (!made) return nullptr;
            return std::make_unique<RollupRow>(std::move(*made));
        };
        projection_->rollups.push_back(std::move(rollup));
        return std::move(*this);
    }

    std::unique_ptr<Projection> build() && { return std::move(projection_); }

private:
    template <typename Fold>
    static std::unique_ptr<Message> project_erased(const Fold& fold, std::unique_ptr<Message> row,
                                                   const EventType& type, const Message& event,
                                                   const Meta& meta) {
        std::optional<Row> next;
        bool known = false;
        detail::Alternatives<Event>::each([&]<typename E>() {
            if (type.prototype != detail::prototype_of<E>()) return;
            known = true;
            // A row is moved as seldom as can be: it is made and unmade each time.
            next = fold(row ? std::optional<Row>(std::move(static_cast<Row&>(*row))) : std::nullopt,
                        detail::as<E>(event), meta);
        });
        // Never "no row": a projection that is given another domain's event must not delete.
        if (!known) throw std::logic_error(type.name + " is no event of this projection");
        if (!next) return nullptr;
        if (!row) return std::make_unique<Row>(std::move(*next));
        static_cast<Row&>(*row) = std::move(*next);
        return row;
    }

    std::unique_ptr<Projection> projection_;
};

// Usage: see domains/orders/module.cpp. DomainState is the state's sum type, Event the std::variant
// of event messages. Needs, by argument-dependent look-up in DomainState's namespace:
//   Decision<Event>            decide(const DomainState&, const C&, const Context&), every command
//   C DomainState                evolve(DomainState, const E&, const Meta&), every event E
//   std::string                encode_state(const DomainState&)
//   std::optional<DomainState> decode_state(std::type_identity<DomainState>, std::string_view)
template <typename DomainState, typename Event>
class DomainBuilder {
public:
    explicit DomainBuilder(std::string name, std::int32_t evolve_version)
        : module_(std::make_unique<DomainModule>()) {
        module_->space = domain_namespace(name);
        module_->name = std::move(name);
        module_->evolve_version = evolve_version;
        module_->state.initial = std::make_shared<const DomainState>();
        module_->state.encode = [](const State& state) { return encode_state(typed(state)); };
        module_->state.decode = [](std::string_view bytes) -> std::optional<State> {
            auto decoded = decode_state(std::type_identity<DomainState>{}, bytes);
            if (!decoded) return std::nullopt;
            return State(std::make_shared<const DomainState>(std::move(*decoded)));
        };
        detail::Alternatives<Event>::each([this]<typename E>() { add_event<E>(); });
    }

    template <typename... Commands>
    DomainBuilder&& commands() && {
        (add_command<Commands>(), ...);
        return std::move(*this);
    }
    DomainBuilder&& projection(std::unique_ptr<Projection> projection) && {
        projection->domain = module_->name;
        module_->projections.push_back(std::move(projection));
        return std::move(*this);
    }
    DomainBuilder&& query(NamedQuery query) && {
        module_->queries.push_back(std::move(query));
        return std::move(*this);
    }
    DomainBuilder&& code(std::string code, int status, std::string title) && {
        module_->codes.emplace(std::move(code), CodeText{status, std::move(title)});
        return std::move(*this);
    }
    std::unique_ptr<DomainModule> build() && { return std::move(module_); }

private:
    static const DomainState& typed(const State& state) {
        return *static_cast<const DomainState*>(state.get());
    }

    template <typename E>
    void add_event() {
        auto type = std::make_unique<EventType>();
        type->name = E::descriptor()->full_name();
        type->prototype = detail::prototype_of<E>();
        type->evolve = [](const State& state, const Message& event, const Meta& meta) -> State {
            return std::make_shared<const DomainState>(
                evolve(DomainState(typed(state)), detail::as<E>(event), meta));
        };
        module_->events.push_back(std::move(type));
    }

    template <typename C>
    void add_command() {
        auto type = std::make_unique<CommandType>();
        type->name = C::descriptor()->full_name();
        type->prototype = detail::prototype_of<C>();
        type->options = C::descriptor()->options().GetExtension(v1::command);
        type->id_field = C::descriptor()->FindFieldByName(type->options.id_field());
        const DomainModule* module = module_.get();
        type->decide = [module](const State& state, const Message& command,
                                const Context& context) -> Decided {
            Decision<Event> decision = decide(typed(state), detail::as<C>(command), context);
            if (!decision) return Failure<Rejection>{decision.error()};
            std::vector<NewEvent> events;
            events.reserve(decision->size());
            for (Event& event : *decision) events.push_back(erased(*module, std::move(event)));
            return events;
        };
        module_->commands.push_back(std::move(type));
    }

    static NewEvent erased(const DomainModule& module, Event event) {
        const std::size_t index = event.index();  // events are registered in the variant's order
        return std::visit(
            [&]<typename E>(E&& typed_event) {
                using Held = std::remove_cvref_t<E>;
                return NewEvent{module.events[index].get(),
                                std::make_unique<Held>(std::forward<E>(typed_event))};
            },
            std::move(event));
    }

    std::unique_ptr<DomainModule> module_;
};

}  // namespace foldstream::fold

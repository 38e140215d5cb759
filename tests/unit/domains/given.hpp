// Given, when, then: what a domain decides, said as a sentence. The state goes through its stored
// form after every event, as if the process had been restarted there, and every command is decided
// twice: the second answer must be the first one.
#pragma once

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <memory>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "common/fold/domain.hpp"

namespace foldstream::testing {

inline constexpr std::int64_t noon_ms = 1'768'996'800'000;  // 2026-01-21T12:00:00Z

// What happened to an aggregate, in order.
class History {
public:
    History() = default;
    template <typename... Events>
    explicit History(const Events&... events) {
        (add(events), ...);
    }
    History(const History& other) { append(other); }
    History& operator=(const History&) = delete;

    void add(const fold::Message& event) {
        events_.emplace_back(event.New());
        events_.back()->CopyFrom(event);
    }
    // This history and then one event more.
    [[nodiscard]] History then(const fold::Message& event) const {
        History longer(*this);
        longer.add(event);
        return longer;
    }
    [[nodiscard]] const std::vector<std::unique_ptr<fold::Message>>& events() const {
        return events_;
    }

private:
    void append(const History& other) {
        for (const auto& event : other.events_) add(*event);
    }

    std::vector<std::unique_ptr<fold::Message>> events_;
};

// The type of an event of the domain; the test is wrong when there is none.
inline const fold::EventType& type_of(const fold::DomainModule& domain,
                                      const fold::Message& event) {
    const fold::EventType* type = domain.find_event(event.GetDescriptor()->full_name());
    if (type == nullptr) throw std::logic_error("no event of the domain");
    return *type;
}

// Event number i of aggregate "order-1": one event an entry, a second after the one before.
inline fold::Meta meta_of(const fold::DomainModule& domain, std::size_t i) {
    fold::Meta meta;
    meta.time_ms = noon_ms + static_cast<std::int64_t>(i) * 1000;
    meta.aggregate_id = "order-1";
    meta.version = Version{i + 1};
    meta.partition = Partition{3};
    meta.sequence = Sequence{i + 1};
    meta.domain = domain.name;
    return meta;
}

inline fold::State restarted(const fold::DomainModule& domain, const fold::State& state) {
    const std::string bytes = domain.state.encode(state);
    const auto decoded = domain.state.decode(bytes);
    if (!decoded) throw std::logic_error("the state does not read its own bytes");
    EXPECT_EQ(domain.state.encode(*decoded), bytes);
    return *decoded;
}

inline fold::State evolved(const fold::DomainModule& domain, const History& history) {
    fold::State state = domain.state.initial;
    for (std::size_t i = 0; i < history.events().size(); ++i) {
        const fold::Message& event = *history.events()[i];
        state = type_of(domain, event).evolve(state, event, meta_of(domain, i));
        state = restarted(domain, state);
    }
    return state;
}

class Decided {
public:
    Decided(const fold::DomainModule& domain, fold::Decided decided)
        : domain_(domain), decided_(std::move(decided)) {}

    // Accepted with exactly this event.
    void then(const fold::Message& event,
              std::source_location at = std::source_location::current()) const {
        if (!accepted(at)) return;
        if (decided_.value().size() != 1) {
            fail(at, std::to_string(decided_.value().size()) + " events instead of one");
            return;
        }
        const fold::NewEvent& made = decided_.value().front();
        if (made.type != &type_of(domain_, event) ||
            made.message->SerializeAsString() != event.SerializeAsString()) {
            fail(at, "decided " + made.type->name + " {" + made.message->ShortDebugString() +
                         "} instead of " + event.GetTypeName() + " {" + event.ShortDebugString() +
                         "}");
        }
    }

    // Accepted, and nothing changes.
    void then_nothing_happens(std::source_location at = std::source_location::current()) const {
        if (accepted(at) && !decided_.value().empty()) {
            fail(at, "decided " + decided_.value().front().type->name + " instead of nothing");
        }
    }

    // Refused with a code that the domain has told the platform of.
    void then_refused(const std::string& code,
                      std::source_location at = std::source_location::current()) const {
        if (decided_.ok()) {
            fail(at, "accepted instead of refused \"" + code + "\"");
        } else if (decided_.error().code != code) {
            fail(at, "refused \"" + decided_.error().code + "\" instead of \"" + code + "\"");
        } else if (!domain_.codes.contains(code)) {
            fail(at, "the module does not register the code \"" + code + "\"");
        }
    }

    [[nodiscard]] const fold::Decided& answer() const { return decided_; }

private:
    [[nodiscard]] bool accepted(const std::source_location& at) const {
        if (!decided_.ok()) fail(at, "refused \"" + decided_.error().code + "\"");
        return decided_.ok();
    }
    static void fail(const std::source_location& at, const std::string& why) {
        ADD_FAILURE_AT(at.file_name(), static_cast<int>(at.line())) << why;
    }

    const fold::DomainModule& domain_;
    fold::Decided decided_;
};

class Given {
public:
    Given(const fold::DomainModule& domain, const History& history)
        : domain_(domain), state_(evolved(domain, history)) {}

    [[nodiscard]] Decided when(const fold::Message& command) const {
        fold::Decided decided = decide(command);
        EXPECT_EQ(text(decided), text(decide(command))) << "decided again, it is another answer";
        return {domain_, std::move(decided)};
    }

private:
    [[nodiscard]] fold::Decided decide(const fold::Message& command) const {
        const auto* type = domain_.find_command(command.GetDescriptor()->full_name());
        if (type == nullptr) throw std::logic_error("no command of the domain");
        const fold::Context context(noon_ms, "order-1", "command-1", "", domain_.space);
        return type->decide(state_, command, context);
    }

    static std::string text(const fold::Decided& decided) {
        if (!decided.ok()) return "refused " + decided.error().code;
        std::string out = "accepted";
        for (const fold::NewEvent& event : decided.value()) {
            out += " " + event.type->name + " {" + event.message->ShortDebugString() + "}";
        }
        return out;
    }

    const fold::DomainModule& domain_;
    fold::State state_;
};

}  // namespace foldstream::testing

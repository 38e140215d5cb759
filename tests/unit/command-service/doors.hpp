// A gateway without Kafka: keeps what it is given until the test answers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "command-service/gateway_door.hpp"

namespace foldstream::command_service {

// A submission whose views have been copied.
struct Taken {
    std::string command;
    std::optional<std::string> key;
    std::optional<std::string> command_id;
    std::optional<std::string> expected_version;
    bool if_match = false;
    bool dry_run = false;
    std::string body;
    std::string client;
    Wish wish = Wish::outcome;
    std::size_t violations = 0;
    Respond respond;
};

class HeldDoor final : public Door {
public:
    Admission submit(const Submission& given, Respond respond) override {
        if (held.size() >= room) return refusal;
        held.push_back({std::string(given.type->short_name()), given.key, given.command_id,
                        given.expected_version, given.if_match, given.dry_run,
                        std::string(given.body), given.client, given.wish, given.violations.size(),
                        std::move(respond)});
        most_held = std::max(most_held, held.size());
        return Admission::admitted;
    }
    // The oldest one.
    void answer(const std::string& said, int status = 200) {
        const Taken taken = std::move(held.front());
        held.pop_front();
        taken.respond({status, "application/json", {}, "{\"said\":\"" + said + "\"}"});
    }

    std::deque<Taken> held;
    std::size_t most_held = 0;
    std::size_t room = 1'000'000;
    Admission refusal = Admission::client_full;
};

}  // namespace foldstream::command_service

#include "command-service/in_flight.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace foldstream::command_service {

namespace {

void move_to(Waiting& waiting, Stage to) {
    assert(may_follow(waiting.stage, to));
    waiting.stage = to;
}

}  // namespace

bool may_follow(Stage from, Stage to) {
    static constexpr std::array<std::pair<Stage, Stage>, 2> allowed{
        {{Stage::queued, Stage::sent}, {Stage::sent, Stage::delivered}}};
    return std::find(allowed.begin(), allowed.end(), std::pair{from, to}) != allowed.end();
}

std::pair<Admission, Ticket> InFlight::admit(Waiting waiting) {
    const std::lock_guard lock(mutex_);
    if (closed_) return {Admission::closed, 0};
    if (waiting_.size() >= most_) return {Admission::full, 0};
    // A client that is not let in leaves no trace: there is no bound on how many come.
    const auto client = clients_.find(waiting.client);
    if (client == clients_.end()) {
        clients_.emplace(waiting.client, 1);
    } else if (client->second >= most_of_a_client_) {
        return {Admission::client_full, 0};
    } else {
        ++client->second;
    }
    waiting.deadline = std::min(waiting.deadline, last_deadline_);
    waiting.stage = Stage::queued;
    const Ticket ticket = ++last_ticket_;
    deadlines_.insert({waiting.deadline, ticket});
    waiting_.emplace(ticket, std::move(waiting));
    return {Admission::admitted, ticket};
}

std::optional<Waiting> InFlight::take(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    return remove(waiting_.find(ticket));
}

std::optional<Waiting> InFlight::take(Ticket ticket, std::string_view command_id) {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end() || found->second.command_id != command_id) return std::nullopt;
    return remove(found);
}

std::optional<Wish> InFlight::sending(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end()) return std::nullopt;
    move_to(found->second, Stage::sent);
    return found->second.wish;
}

std::optional<Waiting> InFlight::delivered(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end()) return std::nullopt;
    move_to(found->second, Stage::delivered);
    return found->second.wish == Wish::delivery ? remove(found) : std::nullopt;
}

std::optional<Waiting> InFlight::unproved(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end() || found->second.wish != Wish::delivery) return std::nullopt;
    return remove(found);
}

std::vector<Waiting> InFlight::expired(Time now) {
    std::vector<Waiting> expired;
    const std::lock_guard lock(mutex_);
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        expired.push_back(*remove(waiting_.find(deadlines_.begin()->second)));
    }
    return expired;
}

void InFlight::no_later_than(Time last) {
    const std::lock_guard lock(mutex_);
    last_deadline_ = last;
    deadlines_.clear();
    for (auto& [ticket, waiting] : waiting_) {
        waiting.deadline = std::min(waiting.deadline, last);
        deadlines_.insert({waiting.deadline, ticket});
    }
}

void InFlight::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
}

std::size_t InFlight::size() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
}

std::optional<Waiting> InFlight::remove(Table::iterator found) {
    if (found == waiting_.end()) return std::nullopt;
    std::optional<Waiting> waiting(std::move(found->second));
    deadlines_.erase({waiting->deadline, found->first});
    waiting_.erase(found);
    const auto client = clients_.find(waiting->client);
    if (--client->second == 0) clients_.erase(client);
    return waiting;
}

}  // namespace foldstream::command_service

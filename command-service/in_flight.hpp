// The commands that clients wait for, bounded: all together and for each client.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/http/server.hpp"

namespace foldstream::command_service {

// The number of a command in the table, from 1. It stands in the reply address, so that a reply
// names the one record that it answers, however many have the same command id.
using Ticket = std::uint64_t;

// How far a command has come while its client waits. Where a client is answered it leaves the
// table; each state says what its client hears at the deadline, and what is left behind when a
// process ends there. Whatever that is, the same Idempotency-Key sent again gives one command.
//
//   admitted ----> queued ---------> sent ----------> delivered
//
//   at the         503               504              504, or 202 where a delivery will do
//   deadline
//   with a reply   (there is none)   the outcome      the outcome
//                                    (it may overtake the report of the delivery)
//
//   queued     the gateway ends: no record, nothing happened. Its client hears nothing, or 503.
//   sent       the gateway ends: the record may be there, and is decided then; its reply finds
//              nobody. Not to be told from a record that never landed: 504.
//   delivered  the gateway ends: the record is there and will be decided. 504, or 202.
//              The owner ends before its entry counts: whoever owns the partition next decides the
//              record and replies: the client hears the outcome if that is within its deadline.
//              The owner ends between entry and reply: nobody replies. 504; sent again it is a
//              duplicate, with the first one's outcome.
enum class Stage : std::uint8_t {
    queued,     // not yet given to the producer: nobody can have seen it
    sent,       // it may have landed
    delivered,  // proved
};
bool may_follow(Stage from, Stage to);

// What a client waits for.
enum class Wish : std::uint8_t {
    outcome,              // until the deadline
    outcome_or_delivery,  // the outcome; at the deadline a proved delivery will do
    delivery,             // no reply is asked for
};

struct Waiting {
    std::string client;
    std::string command_id;
    bool if_match = false;
    Wish wish = Wish::outcome;
    std::chrono::steady_clock::time_point deadline;
    std::function<void(http::Response)> respond;
    Stage stage = Stage::queued;
};

enum class Admission : std::uint8_t { admitted, full, client_full, closed };

// Any thread. Whoever takes a command out answers it, so each is answered once. Knows no clock and
// calls nobody.
class InFlight {
public:
    using Time = std::chrono::steady_clock::time_point;

    InFlight(std::size_t most, std::size_t most_of_a_client)
        : most_(most), most_of_a_client_(most_of_a_client) {}

    // The ticket; 0 when it is not admitted.
    std::pair<Admission, Ticket> admit(Waiting waiting);
    // Nothing when it has been answered already.
    std::optional<Waiting> take(Ticket ticket);
    // The same for a reply, which says whose it is: nothing, too, when that is another command's.
    std::optional<Waiting> take(Ticket ticket, std::string_view command_id);
    // What its client waits for. Nothing: it has been answered already, and must not be sent.
    std::optional<Wish> sending(Ticket ticket);
    // The delivery is proved, or will not be: the command when its client waits for no more.
    std::optional<Waiting> delivered(Ticket ticket);
    std::optional<Waiting> unproved(Ticket ticket);

    // Those whose time is over at `now`.
    std::vector<Waiting> expired(Time now);

    // Nobody waits beyond `last`, neither who is there nor who comes.
    void no_later_than(Time last);
    // Nobody is admitted any more.
    void close();

    [[nodiscard]] std::size_t size() const;

private:
    using Table = std::map<Ticket, Waiting>;
    std::optional<Waiting> remove(Table::iterator found);  // locked

    std::size_t most_;
    std::size_t most_of_a_client_;
    mutable std::mutex mutex_;  // guards all below
    Table waiting_;
    std::set<std::pair<Time, Ticket>> deadlines_;  // of waiting_
    std::map<std::string, std::size_t> clients_;   // of waiting_: how many are a client's
    Ticket last_ticket_ = 0;
    Time last_deadline_ = Time::max();
    bool closed_ = false;
};

}  // namespace foldstream::command_service

// A world for owners on one thread: a log and a commands topic in arrays, producers whose records
// land late, are lost or reported wrongly, and a clock that is turned by hand.
#pragma once

#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/codec/partitioner.hpp"
#include "common/core/clock.hpp"
#include "common/core/random.hpp"
#include "common/core/test_hooks.hpp"
#include "common/processing/owner.hpp"
#include "common/store/store.hpp"
#include "domains/orders/module.hpp"
#include "foldstream/orders/v1/commands.pb.h"
#include "foldstream/v1/command.pb.h"
#include "foldstream/v1/platform.pb.h"
#include "tests/unit/common/processing/simulated_snapshots.hpp"

namespace foldstream::processing::simulation {

// The orders domain with a decide that two processes never agree on (as two builds might not): what
// one decided cannot pass for what the other did.
inline std::unique_ptr<fold::DomainModule> orders_with_a_whim(Random& random) {
    auto module = orders::make_module();
    for (auto& command : module->commands) {
        command->decide = [decide = command->decide, &random](const fold::State& state,
                                                              const fold::Message& message,
                                                              const fold::Context& context) {
            fold::Decided decided = decide(state, message, context);
            if (!decided) return decided;
            for (fold::NewEvent& event : *decided) {
                const auto* field =
                    event.message->GetDescriptor()->FindFieldByName("shipping_address");
                if (field == nullptr) continue;
                event.message->GetReflection()->SetString(event.message.get(), field,
                                                          std::to_string(random.below(UINT64_MAX)));
            }
            return decided;
        };
    }
    return module;
}

struct StoredRecord {
    std::int64_t append_time_ms = 0;
    std::string value;
    std::optional<std::string> key = std::nullopt;
};

// The broker: what has landed has landed.
struct World {
    ManualClock clock;
    std::vector<StoredRecord> log;
    std::vector<StoredRecord> commands;  // packed, without headers
    SnapshotTopic snapshots;
    std::optional<std::uint64_t> group_offset;  // what some owner committed some time
    std::int64_t commands_begin = 0;            // the low watermark
    std::uint64_t processes = 0;                // made so far

    Offset append(std::string value) {
        log.push_back({clock.wall_ms(), std::move(value)});
        return Offset(static_cast<std::int64_t>(log.size()) - 1);
    }
};

class SimLogSource final : public LogSource {
public:
    explicit SimLogSource(World& world) : world_(world) {}
    void start(Offset offset) override {
        at_ = static_cast<std::size_t>(offset.value);
        running_ = true;
        told_end_ = false;
        hangs = false;
        ++starts;
    }
    void stop() override { running_ = false; }
    std::optional<LogRead> next() override {
        if (!running_ || hangs) return std::nullopt;
        if (broken) return Broken{"a broken checksum", false, false};
        if (at_ > world_.log.size()) return Broken{"offset out of range", true, false};
        if (at_ == world_.log.size()) {
            if (std::exchange(told_end_, true)) return std::nullopt;
            return End{Offset(static_cast<std::int64_t>(at_))};
        }
        told_end_ = false;
        const StoredRecord& record = world_.log[at_];
        return replay::LogRecord{Offset(static_cast<std::int64_t>(at_++)), record.append_time_ms,
                                 record.value};
    }

    bool broken = false;
    bool hangs = false;  // nothing comes until it is started again
    int starts = 0;

private:
    World& world_;
    std::size_t at_ = 0;
    bool running_ = false;
    bool told_end_ = false;
};

class SimCommandSource final : public CommandSource {
public:
    explicit SimCommandSource(World& world) : world_(world) {}
    void start(Offset offset) override {
        at_ = offset.value;
        running_ = true;
        told_end_ = false;
    }
    void stop() override { running_ = false; }
    std::optional<CommandRead> next() override {
        if (!running_) return std::nullopt;
        if (broken) return Broken{"a broken checksum", false, false};
        const auto end = static_cast<std::int64_t>(world_.commands.size());
        if (at_ < world_.commands_begin || at_ > end) return Broken{"out of range", true, false};
        if (at_ == end) {
            if (std::exchange(told_end_, true)) return std::nullopt;
            return End{Offset(at_)};
        }
        told_end_ = false;
        const StoredRecord& record = world_.commands[static_cast<std::size_t>(at_)];
        fold::RawCommand raw;
        raw.topic = "orders.commands";
        raw.partition = Partition(0);
        raw.offset = Offset(at_++);
        raw.append_time_ms = record.append_time_ms;
        raw.value = record.value;
        raw.key = record.key;
        return raw;
    }
    std::optional<std::uint64_t> group_offset() override { return world_.group_offset; }

    bool broken = false;

private:
    World& world_;
    std::int64_t at_ = 0;
    bool running_ = false;
    bool told_end_ = false;
};

// An idempotent producer: what is in flight lands in order, or fails, or both in the worst way.
class SimSink final : public LogSink {
public:
    struct InFlight {
        std::string value;
        std::uint64_t tag = 0;
    };

    explicit SimSink(World& world) : world_(world) {}
    Sent send(std::string_view value, std::uint64_t tag) override {
        if (queue_full) return Sent::full;
        const Sent said = takes ? takes(value) : Sent::queued;
        if (said != Sent::queued) return said;
        in_flight.push_back({std::string(value), tag});
        return Sent::queued;
    }
    // The oldest record reaches the log and is reported.
    void land(Owner& owner) {
        const InFlight sent = take();
        const Offset offset = world_.append(sent.value);
        owner.delivery(report(sent.tag, true, offset.value, ""));
    }
    // It reaches the log, and nobody is told.
    void land_silently() { world_.append(take().value); }
    // It never reaches the log, and the producer says so.
    void fail(Owner& owner) { owner.delivery(report(take().tag, false, -1001, "timed out")); }
    // The broker will never take it.
    void refuse_for_ever(Owner& owner) {
        kafka::DeliveryReport made = report(take().tag, false, -1001, "message too large");
        made.never = true;
        owner.delivery(made);
    }
    // It never reaches the log, and the producer reports it as delivered (librdkafka 2501).
    void pretend(Owner& owner) { owner.delivery(report(take().tag, true, -1001, "")); }

    std::deque<InFlight> in_flight;
    bool queue_full = false;
    std::function<Sent(std::string_view value)> takes;  // not set: everything

private:
    InFlight take() {
        InFlight sent = std::move(in_flight.front());
        in_flight.pop_front();
        return sent;
    }
    static kafka::DeliveryReport report(std::uint64_t tag, bool no_error, std::int64_t offset,
                                        std::string error) {
        kafka::DeliveryReport made;
        made.topic = "orders.events";
        made.tag = tag;
        made.no_error = no_error;
        made.offset = offset;
        made.error = std::move(error);
        return made;
    }
    World& world_;
};

// Keeps what an owner told the world.
class SimOutcomes final : public Outcomes {
public:
    // What tells an entry from any other that could stand there.
    struct Told {
        std::uint64_t next_offset = 0;
        std::uint64_t command = 0;
        std::uint64_t hash = 0;
        v1::Outcome outcome = v1::OUTCOME_UNSPECIFIED;
        std::string type;

        bool operator==(const Told&) const = default;
    };
    static Told told_of(const v1::Entry& entry) {
        return {entry.next_offset(), entry.command().offset(), entry.command().raw_hash(),
                entry.outcome(), entry.command_type()};
    }
    void final(const DecidedRecord& record) override {
        Sequence sequence = record.first;
        for (const DecidedEntry& entry : record.entries) {
            const CommandPlace place = entry.command.value_or(CommandPlace{});
            told.emplace_back(
                sequence, Told{entry.next_offset, static_cast<std::uint64_t>(place.offset.value),
                               place.raw_hash, entry.outcome, std::string(entry.command_type)});
            ++sequence.value;
        }
    }
    std::vector<std::pair<Sequence, Told>> told;
};

class SimReplies final : public Replies {
public:
    void reply(const v1::ReplyAddress& address, std::string_view outcome) override {
        v1::CommandOutcome parsed;
        EXPECT_TRUE(parsed.ParseFromArray(outcome.data(), static_cast<int>(outcome.size())));
        sent.emplace_back(address, std::move(parsed));
    }
    std::vector<std::pair<v1::ReplyAddress, v1::CommandOutcome>> sent;
};

// One process: its store, its ports, its owner.
class Process {
public:
    // With `kept` the store of a process that ended: a warm one.
    Process(World& world, std::uint64_t seed, const OwnerLimits& limits = {},
            std::string name = "p", std::unique_ptr<store::Store> kept = nullptr,
            AttemptTurn* turn = nullptr)
        : store(kept ? std::move(kept) : store::make_memory_store()),
          log(world),
          commands(world),
          snapshots(world.snapshots),
          sink(world),
          snapshot_sink(world.snapshots),
          random(seed),
          whim(++world.processes),
          domain(orders_with_a_whim(whim)),
          probe(metrics, "orders", Partition(0)),
          owner({domain.get(), Partition(0), 1, std::move(name)}, limits,
                {log, commands, sink, snapshots, snapshot_sink, outcomes, replies, world.clock,
                 random, nullptr, turn},
                store->open("orders", Partition(0), domain->evolve_version), memory, probe) {}

    // Steps until there is nothing to do.
    void run() {
        while (owner.step()) {
        }
    }
    // Steps and lands whatever it sends, until nothing moves.
    void settle() {
        for (bool moved = true; moved;) {
            run();
            moved = !sink.in_flight.empty() || !snapshot_sink.in_flight.empty();
            while (!snapshot_sink.in_flight.empty()) snapshot_sink.land(owner);
            while (!sink.in_flight.empty()) sink.land(owner);
        }
        run();
    }

    std::unique_ptr<store::Store> store;
    runtime::Metrics metrics;
    SimLogSource log;
    SimCommandSource commands;
    SimSnapshotSource snapshots;
    SimSink sink;
    SimSnapshotSink snapshot_sink;
    SimOutcomes outcomes;
    SimReplies replies;
    SeededRandom random;
    SeededRandom whim;
    std::unique_ptr<fold::DomainModule> domain;
    OwnerProbe probe;
    OwnerMemory memory;
    Owner owner;
};

// The process goes on with another owner: a rebalance took the partition away, and gave it back.
inline std::unique_ptr<Process> reseated(World& world, std::unique_ptr<Process> before,
                                         std::uint64_t seed) {
    const OwnerMemory memory = before->memory;
    auto store = std::move(before->store);
    before.reset();
    auto after = std::make_unique<Process>(world, seed, OwnerLimits{}, "p", std::move(store));
    after->memory = memory;
    after->owner.assign();
    return after;
}

// A round of snapshots a second.
inline OwnerLimits short_rounds() {
    OwnerLimits limits;
    limits.snapshot_interval = std::chrono::seconds(1);
    return limits;
}

inline std::string pack(const google::protobuf::Message& body, const std::string& id,
                        const std::function<void(v1::Command&)>& turn = {}) {
    v1::Command command;
    command.set_command_id(id);
    command.set_type(body.GetDescriptor()->full_name());
    command.set_content_type(v1::CONTENT_TYPE_PROTOBUF);
    command.set_value(body.SerializeAsString());
    if (turn) turn(command);
    return command.SerializeAsString();
}

inline orders::v1::CreateOrder create_order(const std::string& order_id) {
    orders::v1::CreateOrder command;
    command.set_order_id(order_id);
    command.set_customer_name("Ada");
    command.set_customer_email("ada@example.com");
    auto& item = *command.add_items();
    item.set_item_id("i1");
    item.set_product_id("p1");
    item.set_name("Lamp");
    item.set_price_minor(1999);
    item.set_quantity(2);
    return command;
}

inline orders::v1::ConfirmPayment pay(const std::string& order_id) {
    orders::v1::ConfirmPayment command;
    command.set_order_id(order_id);
    command.set_payment_id("pay-1");
    return command;
}

inline void say(World& world, std::string packed) {
    world.commands.push_back({world.clock.wall_ms(), std::move(packed)});
}

// The valid entries of a log, with their sequences, read by the platform's own reader.
inline std::vector<std::pair<Sequence, v1::Entry>> valid_entries(const World& world) {
    std::vector<std::pair<Sequence, v1::Entry>> entries;
    replay::LogReader reader;
    for (std::size_t i = 0; i < world.log.size(); ++i) {
        const auto read = reader.feed({Offset(static_cast<std::int64_t>(i)),
                                       world.log[i].append_time_ms, world.log[i].value});
        const auto* valid = std::get_if<replay::ValidEntries>(&read);
        if (valid == nullptr) continue;
        Sequence sequence = valid->first;
        for (const v1::Entry& entry : valid->body.entries()) {
            entries.emplace_back(sequence, entry);
            ++sequence.value;
        }
    }
    return entries;
}

// Decides what there is.
inline void take(Process& process) {
    process.owner.assign();
    process.settle();
}
// Time for a round of snapshots (short_rounds), which comes to its end.
inline void write_round(Process& process, World& world) {
    world.clock.advance(std::chrono::seconds(2));
    process.settle();
}
inline void decide_and_snapshot(Process& process, World& world) {
    take(process);
    write_round(process, world);
}
// Owns the partition, which has one order, o1, by the command c1.
inline void own_an_order(Process& process, World& world) {
    say(world, pack(create_order("o1"), "c1"));
    take(process);
}
inline std::size_t markers(const World& world) {
    std::size_t count = 0;
    for (const auto& [sequence, entry] : valid_entries(world)) count += entry.has_marker() ? 1 : 0;
    return count;
}
inline void compact_all(World& world, Random& random) {
    for (int i = 0; i < 40; ++i) world.snapshots.compact(random);
}
// What the socket of a process that is gone had lands, and the cleaner has its way.
inline void land_late(World& world, Process& gone) {
    for (const auto& late : gone.snapshot_sink.in_flight) {
        world.snapshots.append(late.key, late.value);
    }
    compact_all(world, gone.random);
}
// Two owners who got nowhere.
inline void claim_in_vain(World& world) {
    for (std::uint64_t epoch = 1; epoch <= 2; ++epoch) {
        v1::Claim claim;
        claim.set_nonce("nobody that lives" + std::to_string(epoch));
        world.append(codec::claim_record(Epoch(epoch), claim.SerializeAsString()));
    }
}
// Lands what is sent until nothing moves; a record with the word in it is never taken, and what
// follows it goes with it.
inline void land_all_but(Process& process, std::string_view word) {
    process.run();
    while (!process.sink.in_flight.empty()) {
        if (process.sink.in_flight.front().value.find(word) != std::string::npos) {
            process.sink.refuse_for_ever(process.owner);
            process.sink.in_flight.clear();
        } else {
            process.sink.land(process.owner);
        }
        process.run();
    }
}

}  // namespace foldstream::processing::simulation

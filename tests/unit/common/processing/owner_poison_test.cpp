// Commands that end their process, and those whose entries the broker never takes.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/common/processing/simulated_commands.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;

struct Died {};

// Decides "deadly" by ending the process: the test catches what would be SIGKILL.
class Mortal {
public:
    explicit Mortal(World& world) : world_(world) {}

    // Runs one process until it dies or has nothing to do. True: it died.
    bool run() {
        ++processes_;
        process_ = std::make_unique<Process>(world_, processes_, OwnerLimits{},
                                             "p" + std::to_string(processes_));
        process_->owner.assign();
        for (auto& command : process_->domain->commands) {
            if (!command->name.ends_with(".CancelOrder")) continue;
            command->decide = [this](const fold::State&, const fold::Message&,
                                     const fold::Context&) -> fold::Decided {
                died_ = true;
                throw Died{};
            };
        }
        died_ = false;
        for (bool moved = true; moved && !died_;) {
            moved = false;
            while (!died_ && process_->owner.step()) moved = true;
            while (!died_ && !process_->sink.in_flight.empty()) {
                process_->sink.land(process_->owner);
                moved = true;
            }
        }
        return died_;
    }

    [[nodiscard]] int processes() const { return static_cast<int>(processes_); }
    Process& process() { return *process_; }

private:
    World& world_;
    std::uint64_t processes_ = 0;
    std::unique_ptr<Process> process_;
    bool died_ = false;
};

std::string cancel(const std::string& order, const std::string& id) {
    orders::v1::CancelOrder command;
    command.set_order_id(order);
    return pack(command, id);
}

const v1::Entry* entry_of(const std::vector<std::pair<Sequence, v1::Entry>>& entries,
                          std::uint64_t offset) {
    for (const auto& [sequence, entry] : entries) {
        if (entry.has_command() && entry.command().offset() == offset) return &entry;
    }
    return nullptr;
}

TEST(Poison, ends_five_processes_at_most_and_is_then_refused_with_its_bytes) {
    World world;
    for (int i = 0; i < 20; ++i) say(world, pack(create_order("o" + std::to_string(i)), ""));
    say(world, cancel("o3", "deadly"));
    for (int i = 0; i < 20; ++i) say(world, pack(pay("o" + std::to_string(i)), ""));
    Mortal mortal(world);
    while (mortal.run()) {
        ASSERT_LT(mortal.processes(), 20);
        world.clock.advance(100s);
    }
    EXPECT_LE(mortal.processes(), 6);
    const auto entries = valid_entries(world);
    const v1::Entry* refused = entry_of(entries, 20);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->code(), "crashed");
    EXPECT_TRUE(refused->command_id().empty());  // not even decoded
    EXPECT_EQ(refused->kept().command_id(), "deadly");
    EXPECT_EQ(refused->kept().type(), "foldstream.orders.v1.CancelOrder");
    EXPECT_FALSE(refused->kept().value().empty());
    for (std::uint64_t offset = 21; offset < 41; ++offset) {
        const v1::Entry* entry = entry_of(entries, offset);
        ASSERT_NE(entry, nullptr) << offset;
        EXPECT_EQ(entry->outcome(), v1::OUTCOME_ACCEPTED) << offset;
    }
}

TEST(Poison, keeps_the_key_of_its_record_unless_no_aggregate_could_have_it) {
    World world;
    for (const std::string& key : {std::string("o1"), std::string(10'000, 'k')}) {
        say(world, cancel("o1", "deadly-" + std::to_string(key.size())));
        world.commands.back().key = key;
    }
    Mortal mortal(world);
    while (mortal.run()) {
        ASSERT_LT(mortal.processes(), 20);
        world.clock.advance(100s);
    }
    const auto entries = valid_entries(world);
    ASSERT_NE(entry_of(entries, 0), nullptr);
    ASSERT_EQ(entry_of(entries, 0)->code(), "crashed");
    EXPECT_EQ(entry_of(entries, 0)->kept_key(), "o1");
    ASSERT_NE(entry_of(entries, 1), nullptr);
    EXPECT_FALSE(entry_of(entries, 1)->has_kept_key());
}

TEST(Poison, is_answered_when_it_is_given_up) {
    World world;
    orders::v1::CancelOrder command;
    command.set_order_id("o1");
    say(world, pack(command, "deadly", [](v1::Command& packed) {
            packed.mutable_reply()->set_partition(2);
            packed.mutable_reply()->set_instance("me");
        }));
    Mortal mortal(world);
    while (mortal.run()) {
        ASSERT_LT(mortal.processes(), 20);
        world.clock.advance(100s);
    }
    ASSERT_EQ(mortal.process().replies.sent.size(), 1U);
    const auto& [address, outcome] = mortal.process().replies.sent[0];
    EXPECT_EQ(address.instance(), "me");
    EXPECT_EQ(outcome.command_id(), "deadly");
    EXPECT_EQ(outcome.problem().code(), "crashed");
}

TEST(Poison, is_attempted_twice_and_the_log_has_both_attempts) {
    World world;
    say(world, cancel("o1", "deadly"));
    Mortal mortal(world);
    while (mortal.run()) {
        ASSERT_LT(mortal.processes(), 20);
        world.clock.advance(100s);
    }
    std::vector<std::uint32_t> attempts;
    for (const auto& [sequence, entry] : valid_entries(world)) {
        if (entry.has_attempt()) attempts.push_back(entry.attempt().k());
    }
    EXPECT_EQ(attempts, (std::vector<std::uint32_t>{1, 2}));
}

TEST(Poison, does_not_count_an_attempt_that_the_process_survived) {
    World world;
    v1::Claim claim;
    claim.set_nonce("0123456789abcdef");
    for (std::uint64_t epoch = 1; epoch <= 2; ++epoch) {  // two that got nowhere
        world.append(codec::claim_record(Epoch(epoch), claim.SerializeAsString()));
    }
    say(world, pack(create_order("o1"), "c1"));
    Process process(world, 1);
    process.owner.assign();
    process.run();
    process.sink.land(process.owner);  // the claim
    process.run();
    process.sink.land(process.owner);  // the attempt
    process.run();
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(process.sink.in_flight.size(), 1U);
        process.sink.fail(process.owner);  // the entry, for the broker's reasons
        world.clock.advance(100s);
        process.run();
        process.sink.land(process.owner);  // the claim
        process.run();
    }
    process.settle();
    const auto entries = valid_entries(world);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].second.attempt().k(), 1U);
    EXPECT_EQ(entries[1].second.outcome(), v1::OUTCOME_ACCEPTED);
}

TEST(Poison, does_not_count_an_attempt_that_the_process_survived_through_rebalances) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    v1::Claim claim;
    claim.set_nonce("0123456789abcdef");
    for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {  // owners that got nowhere
        world.append(codec::claim_record(Epoch(epoch), claim.SerializeAsString()));
    }
    auto process = std::make_unique<Process>(world, 1);
    process->owner.assign();
    process->run();
    process->sink.land(process->owner);  // the claim
    process->run();
    process->sink.land(process->owner);  // the attempt
    process->run();
    for (std::uint64_t i = 2; i < 6; ++i) {
        ASSERT_EQ(process->sink.in_flight.size(), 1U);  // the entry, and the broker is away
        process->owner.revoke();
        process->sink.fail(process->owner);
        ASSERT_EQ(process->owner.state(), OwnerState::idle);
        process = reseated(world, std::move(process), i);
        process->run();
        process->sink.land(process->owner);  // the claim
        process->run();
    }
    process->settle();
    const auto entries = valid_entries(world);
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].second.attempt().k(), 1U);
    EXPECT_EQ(entries[1].second.outcome(), v1::OUTCOME_ACCEPTED);
}

TEST(Poison, counts_an_entry_that_the_broker_will_never_take) {
    World world;
    say(world, pack(create_order("o1"), "huge"));
    say(world, pack(create_order("o2"), "c2"));
    Process process(world, 1);
    process.owner.assign();
    for (int i = 0; i < 12; ++i) {
        land_all_but(process, "huge");
        world.clock.advance(100s);
    }
    const auto entries = valid_entries(world);
    const v1::Entry* refused = entry_of(entries, 0);
    ASSERT_NE(refused, nullptr);
    EXPECT_EQ(refused->code(), "crashed");
    EXPECT_FALSE(refused->has_kept());  // its bytes are what the broker does not take
    const v1::Entry* next = entry_of(entries, 1);
    ASSERT_NE(next, nullptr);
    EXPECT_EQ(next->outcome(), v1::OUTCOME_ACCEPTED);
    EXPECT_LE(process.owner.position().epoch, Epoch(7));
}

// A process that comes to a command whose entry is too large for its producer; `takes` says what
// becomes of the entry that gives the command up.
struct TooLarge {
    World world;
    Process process{world, 1};

    explicit TooLarge(const std::function<Sent()>& takes) {
        say(world, pack(create_order("o1"), "huge"));
        process.sink.takes = [takes](std::string_view value) {
            if (value.find("crashed") != std::string_view::npos) return takes();
            const bool huge = value.find("huge") != std::string_view::npos;
            return huge ? Sent::too_large : Sent::queued;
        };
        process.owner.assign();
        for (int i = 0; i < 12; ++i) {
            process.settle();
            world.clock.advance(100s);
        }
    }
    [[nodiscard]] v1::Entry refused() const {
        const auto entries = valid_entries(world);
        const v1::Entry* found = entry_of(entries, 0);
        EXPECT_NE(found, nullptr);
        return found != nullptr ? *found : v1::Entry();
    }
};

TEST(Poison, keeps_no_bytes_that_the_producer_finds_too_large) {
    int asked = 0;
    const TooLarge made([&asked] { return asked++ == 0 ? Sent::too_large : Sent::queued; });
    EXPECT_EQ(made.refused().code(), "crashed");
    EXPECT_FALSE(made.refused().has_kept());
}

TEST(Poison, keeps_its_bytes_when_it_was_the_producer_that_failed) {
    int asked = 0;
    const TooLarge made([&asked] { return asked++ == 0 ? Sent::refused : Sent::queued; });
    EXPECT_GE(asked, 2);
    EXPECT_EQ(made.refused().code(), "crashed");
    EXPECT_EQ(made.refused().kept().command_id(), "huge");
}

TEST(Poison, does_not_count_an_attempt_whose_entry_a_failed_producer_refused) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    Process process(world, 1);
    int refusals = 0;
    process.sink.takes = [&](std::string_view value) {
        const bool command = value.find("OrderCreated") != std::string_view::npos;
        return command && refusals++ < 8 ? Sent::refused : Sent::queued;
    };
    process.owner.assign();
    for (int i = 0; i < 12; ++i) {
        process.settle();
        world.clock.advance(100s);
    }
    std::vector<std::uint32_t> attempts;
    for (const auto& [sequence, entry] : valid_entries(world)) {
        if (entry.has_attempt()) attempts.push_back(entry.attempt().k());
    }
    EXPECT_GT(refusals, 8);
    EXPECT_EQ(attempts, (std::vector<std::uint32_t>{1}));
    const auto entries = valid_entries(world);
    ASSERT_NE(entry_of(entries, 0), nullptr);
    EXPECT_EQ(entry_of(entries, 0)->outcome(), v1::OUTCOME_ACCEPTED);
}

TEST(Poison, is_not_suspected_behind_owners_that_decided_something) {
    World world;
    say(world, pack(create_order("o1"), "c1"));
    for (std::uint64_t i = 1; i <= 4; ++i) {
        Process process(world, i, {}, "p" + std::to_string(i));
        process.owner.assign();
        process.settle();
        say(world, pack(create_order("o" + std::to_string(i + 1)), ""));
        process.settle();
        world.clock.advance(100s);
    }
    for (const auto& [sequence, entry] : valid_entries(world)) EXPECT_FALSE(entry.has_attempt());
}

}  // namespace
}  // namespace foldstream::processing::simulation

// What a store holds is a function of the log alone: whoever folds it cold has, key by key and byte
// by byte, what its owners wrote while they decided it, slots and position included.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/runtime/log.hpp"
#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {
namespace {

using namespace std::chrono_literals;
using Content = std::vector<std::pair<std::string, std::string>>;

std::unique_ptr<store::PartitionStore> partition_of(Process& process) {
    return process.store->open("orders", Partition(0), process.domain->evolve_version);
}

Content content(Process& process) { return partition_of(process)->scan(""); }

// Folds the log as it stands into an empty store; decides nothing, for its claim never lands.
std::unique_ptr<Process> cold(World& world) {
    auto process = std::make_unique<Process>(world, 99);
    process->owner.assign();
    process->run();
    return process;
}

// Few orders, many commands of every kind: done again, meant for another version, dry, rubbish.
class CommandMaker {
public:
    CommandMaker(World& world, SeededRandom& random) : world_(world), random_(random) {}

    void say_one() {
        if (random_.below(40) == 0) return say(world_, "rubbish");
        if (!said_.empty() && random_.below(6) == 0) {
            return say(world_, said_[random_.below(said_.size())]);
        }
        const std::string order = "o" + std::to_string(random_.below(4));
        // Ids are used again now and then, with another body.
        const std::string id = random_.below(12) == 0
                                   ? "c" + std::to_string(random_.below(50))
                                   : "n" + std::to_string(world_.commands.size());
        std::string packed = pack(*body(order), id, [&](v1::Command& command) {
            if (random_.below(8) == 0) command.set_expected_version(random_.below(6));
            if (random_.below(10) == 0) command.set_dry_run(true);
        });
        said_.push_back(packed);
        say(world_, std::move(packed));
    }

private:
    std::unique_ptr<google::protobuf::Message> body(const std::string& order) {
        using namespace orders::v1;
        const std::string item = "i" + std::to_string(random_.below(30));
        switch (random_.below(24)) {
            case 0:
            case 1:
                return std::make_unique<CreateOrder>(create_order(order));
            case 2: {
                auto status = std::make_unique<UpdateOrderStatus>();
                status->set_order_id(order);
                status->set_status(static_cast<OrderStatus>(random_.below(7)));
                return status;
            }
            case 3:
                if (random_.below(20) == 0) return of<DeleteOrder>(order);
                return of<CancelOrder>("o" + std::to_string(random_.below(2)));
            case 4:
                return of<ShipOrder>(order);
            case 5: {
                auto paid = std::make_unique<ConfirmPayment>(pay(order));
                if (order == "o3") paid->set_order_id("nobody");
                return paid;
            }
            default:
                if (random_.below(2) == 0) {
                    auto add = of<AddItem>(order);
                    *add->mutable_item() = create_order(order).items(0);
                    if (random_.below(3) == 0) {
                        add->mutable_item()->clear_item_id();
                    } else {
                        add->mutable_item()->set_item_id(item);
                    }
                    return add;
                }
                auto remove = of<RemoveItem>(order);
                remove->set_item_id(item);
                return remove;
        }
    }
    template <typename Command>
    static std::unique_ptr<Command> of(const std::string& order) {
        auto command = std::make_unique<Command>();
        command->set_order_id(order);
        return command;
    }

    World& world_;
    SeededRandom& random_;
    std::vector<std::string> said_;
};

// Owners that take the partition from each other, lose records, are revoked and assigned again with
// warm stores.
class History {
public:
    explicit History(std::uint64_t seed) : random_(seed), commands_(world_, random_) {
        limits_.window_entries = 40;
        limits_.backoff_most = 4s;
        for (std::uint64_t i = 0; i < 3; ++i) {
            processes_.push_back(std::make_unique<Process>(world_, seed * 10 + i, limits_));
            processes_.back()->owner.assign();
        }
    }

    void go(int steps) {
        for (int i = 0; i < steps; ++i) step();
        for (auto& process : processes_) {
            process->owner.assign();
            process->run();
        }
    }

    void check() {
        const auto folded = cold(world_);
        const Content expected = content(*folded);
        for (auto& process : processes_) {
            ASSERT_NE(process->owner.state(), OwnerState::stopped) << process->owner.reason();
            EXPECT_EQ(content(*process), expected);
            EXPECT_EQ(partition_of(*process)->position(), partition_of(*folded)->position());
        }
    }

    // How many slots were thrown away, and how many answers were a first one's.
    [[nodiscard]] std::uint64_t evicted() {
        std::uint64_t sum = 0;
        for (const auto& [key, value] : content(*processes_[0])) {
            v1::StoredAggregate stored;
            if (key.starts_with("a/") && stored.ParseFromString(value)) sum += stored.first_slot();
        }
        return sum;
    }
    [[nodiscard]] std::uint64_t duplicates() const {
        std::uint64_t sum = 0;
        for (const auto& [sequence, entry] : valid_entries(world_)) {
            if (entry.outcome() == v1::OUTCOME_DUPLICATE) ++sum;
        }
        return sum;
    }

private:
    void step() {
        Process& process = *processes_[random_.below(processes_.size())];
        auto& in_flight = process.sink.in_flight;
        const std::uint64_t drawn = random_.below(40);
        if (drawn < 12) {
            commands_.say_one();
        } else if (drawn == 12) {
            world_.clock.advance(std::chrono::milliseconds(random_.below(60'000)));
        } else if (drawn == 13 && random_.below(4) == 0) {
            process.owner.assigned() ? process.owner.revoke() : process.owner.assign();
        } else if (drawn == 14 && !in_flight.empty() && random_.below(8) == 0) {
            process.sink.fail(process.owner);
        } else if (drawn < 24 && !in_flight.empty()) {
            process.sink.land(process.owner);
        } else {
            process.owner.step();
        }
    }

    World world_;
    SeededRandom random_;
    CommandMaker commands_;
    OwnerLimits limits_;
    std::vector<std::unique_ptr<Process>> processes_;
};

TEST(ColdFold, equals_what_the_owners_wrote_while_they_decided) {
    runtime::start_logging(runtime::Level::error, "test");
    std::uint64_t evicted = 0;
    std::uint64_t duplicates = 0;
    for (std::uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        History history(seed);
        history.go(8000);
        history.check();
        evicted += history.evicted();
        duplicates += history.duplicates();
    }
    EXPECT_GT(evicted, 1000U);
    EXPECT_GT(duplicates, 1000U);
}

// More aggregates than the cache holds, in a window larger than the cache.
TEST(ColdFold, equals_it_with_more_aggregates_than_are_kept_decoded) {
    World world;
    constexpr std::size_t orders = cached_aggregates * 3;
    for (std::size_t i = 0; i < orders; ++i) {
        const std::string number = std::to_string(i);
        say(world, pack(create_order("o" + number), "c" + number));
    }
    for (std::size_t i = 0; i < orders; ++i) {
        const std::string number = std::to_string(i * 7 % orders);
        say(world, pack(pay("o" + number), "p" + number));
    }
    Process owner(world, 1);
    owner.owner.assign();
    owner.settle();
    ASSERT_EQ(valid_entries(world).size(), orders * 2);
    for (const auto& [sequence, entry] : valid_entries(world)) {
        ASSERT_EQ(entry.outcome(), v1::OUTCOME_ACCEPTED);
    }
    EXPECT_EQ(content(owner), content(*cold(world)));
}

}  // namespace
}  // namespace foldstream::processing::simulation

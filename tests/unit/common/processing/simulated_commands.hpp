// What clients send in a simulation, and what a process keeps of it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/common/processing/simulation.hpp"

namespace foldstream::processing::simulation {

using Content = std::vector<std::pair<std::string, std::string>>;

inline std::unique_ptr<const store::PartitionStore> partition_of(Process& process) {
    return process.store->inspect("orders", Partition(0));
}

// Aggregates and slots: what the log alone says.
inline Content content(Process& process) {
    Content all = partition_of(process)->scan("a/");
    for (auto& slot : partition_of(process)->scan("s/")) all.push_back(std::move(slot));
    return all;
}

// Where the fold stands, and what it says of the commands topic.
inline store::StoredPosition place(Process& process) {
    const store::StoredPosition stored = partition_of(process)->position();
    store::StoredPosition told;
    told.position = stored.position;
    told.next_offset = stored.next_offset;
    told.log_id = stored.log_id;
    told.last_command_offset = stored.last_command_offset;
    told.last_command_time_ms = stored.last_command_time_ms;
    told.last_command_hash = stored.last_command_hash;
    told.covered = stored.covered;
    told.marker_offset = stored.marker_offset;
    return told;
}

// Folds the log as it stands into an empty store; decides nothing, for its claim never lands.
inline std::unique_ptr<Process> cold(World& world) {
    auto process = std::make_unique<Process>(world, 99);
    process->snapshots.blind = true;
    process->owner.assign();
    process->run();
    return process;
}

// Whoever restores from nothing has what the log says.
inline void expect_restore(World& world) {
    Process restored(world, 55);
    restored.owner.assign();
    restored.run();
    ASSERT_NE(restored.owner.state(), OwnerState::stopped) << restored.owner.reason();
    EXPECT_EQ(content(restored), content(*cold(world)));
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

}  // namespace foldstream::processing::simulation

// A writer on a database of its own, and a log that a test writes.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "projector/batch_writer.hpp"
#include "tests/contract/projector/orders_database.hpp"

namespace foldstream::testing {

class WriterTest : public ::testing::Test {
protected:
    WriterTest() { log_.claim(); }

    // As a worker that holds nothing yet.
    projector::Ownership take(postgres::Connection& connection, const std::string& owner = "me") {
        auto taken = projector::acquire(connection, writer_.checkpoint(partition_), owner, 6);
        EXPECT_TRUE(taken);
        return *taken;
    }
    // Everything that the log has beyond what was applied, in one batch.
    std::unique_ptr<projector::Batch> batch(const projector::Ownership& ownership) {
        replay::LogReader reader(ownership.reached.position, ownership.reached.next_offset);
        return batch_of(db_.domain, partition_, log_, reader, reader.begin(), log_.end());
    }
    projector::ApplyResult apply(postgres::Connection& connection,
                                 const projector::Ownership& ownership) {
        projector::Holdings holdings{{}};
        return apply(connection, ownership, holdings.of(writer_.checkpoint(partition_)));
    }
    projector::ApplyResult apply(postgres::Connection& connection,
                                 const projector::Ownership& ownership,
                                 projector::Holding& holding) {
        const auto next = batch(ownership);
        return writer_.apply(connection, place(ownership), *next, holding);
    }
    [[nodiscard]] projector::Place place(const projector::Ownership& ownership) const {
        return {partition_, ownership.owner_epoch, ownership.reached.position.offset};
    }
    std::string ask(const std::string& sql) { return connection_.exec(sql).text(0, 0); }

    OrdersDatabase db_;
    postgres::Connection connection_ = db_.database.connect();
    const Partition partition_{2};
    projector::BatchWriter writer_{db_.projection, db_.generation};
    LogMaker log_;
};

}  // namespace foldstream::testing

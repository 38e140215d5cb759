#include "projector/batch_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/projector/writer_fixture.hpp"

namespace foldstream::projector {
namespace {

using foldstream::testing::batch_of;
using foldstream::testing::created;
using ::testing::HasSubstr;

class Writer : public foldstream::testing::WriterTest {
protected:
    // As somebody else than the projector would write it.
    void forge_row_c() {
        connection_.script(
            "CREATE TABLE forged AS SELECT * FROM read_gen.orders_g1; UPDATE forged SET order_id "
            "= 'c'; INSERT INTO read_gen.orders_g1 SELECT * FROM forged; DROP TABLE forged");
    }
};

TEST_F(Writer, moves_rows_rollups_and_checkpoint_together) {
    log_.entries({log_.accepted("a", 0, created("ann", 250)),
                  log_.accepted("b", 0, created("ann", 100), orders::v1::PaymentConfirmed())});
    log_.entries({log_.accepted("a", 1, orders::v1::OrderCancelled())});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    EXPECT_EQ(ask("SELECT string_agg(order_id || ' ' || status || ' ' || version, ', ' ORDER BY "
                  "order_id) FROM read.orders"),
              "a cancelled 2, b paid 2");
    EXPECT_EQ(ask("SELECT string_agg(status || ' ' || orders || ' ' || revenue_minor, ', ' ORDER "
                  "BY status) FROM read.order_summary"),
              "cancelled 1 250, paid 1 100");
    EXPECT_EQ(ask("SELECT string_agg(customer_id || ' ' || orders || ' ' || spent_minor || ' ' || "
                  "customer_name, ', ') FROM read.customers"),
              "ann 1 100 Name of ann");
    EXPECT_EQ(ask("SELECT concat_ws(' ', record_offset, epoch, sequence, seen_offset, next_offset, "
                  "convert_from(log_id, 'UTF8'), partition_count, owner) FROM "
                  "foldstream.checkpoint"),
              "2 1 3 3 3 0123456789abcdef 6 me");
}

TEST_F(Writer, keeps_a_link_that_no_signed_number_shows) {
    // Links are hashes: half of them have the highest bit set. Until one has.
    do {
        log_.entries({log_.refusal()});
        ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    } while (take(connection_).reached.position.link.value < (1ULL << 63U));
    replay::LogReader reader(take(connection_).reached.position);
    EXPECT_TRUE(std::holds_alternative<replay::Ignored>(reader.feed(log_.at(reader.begin()))));
}

TEST_F(Writer, deletes_rows_and_the_groups_that_they_leave_empty) {
    log_.entries({log_.accepted("a", 0, created("ann"))});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    log_.entries({log_.accepted("a", 1, orders::v1::OrderDeleted())});
    log_.entries({log_.accepted("b", 0, created("bob"), orders::v1::OrderDeleted())});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    EXPECT_EQ(ask("SELECT count(*) FROM read_gen.orders_g1"), "0");
    EXPECT_EQ(ask("SELECT count(*) FROM read_gen.order_summary_g1"), "0");
    EXPECT_EQ(ask("SELECT count(*) FROM read_gen.customers_g1"), "0");
}

TEST_F(Writer, lets_only_the_latest_owner_write) {
    log_.entries({log_.accepted("a", 0, created("ann"))});
    postgres::Connection other = db_.database.connect();
    const Ownership first = take(connection_, "first");
    const Ownership second = take(other, "second");
    EXPECT_EQ(apply(connection_, first).what, Applied::fenced);
    EXPECT_TRUE(db_.rows().empty());
    EXPECT_EQ(apply(other, second).what, Applied::done);
    EXPECT_EQ(db_.rows().size(), 1U);
    EXPECT_EQ(apply(connection_, first).what, Applied::fenced);
    EXPECT_FALSE(note_stop(connection_, writer_.checkpoint(partition_), first.owner_epoch, "x"));
}

TEST_F(Writer, applies_nothing_twice_even_for_the_rightful_owner) {
    log_.entries({log_.accepted("a", 0, created("ann"))});
    const Ownership ownership = take(connection_);
    EXPECT_EQ(apply(connection_, ownership).what, Applied::done);
    EXPECT_EQ(apply(connection_, ownership).what, Applied::fenced) << "it stands elsewhere now";
    EXPECT_EQ(ask("SELECT orders FROM read.order_summary"), "1");
}

TEST_F(Writer, never_folds_on_a_row_that_somebody_else_changed) {
    log_.entries({log_.accepted("a", 0, created("ann")), log_.accepted("b", 0, created("bob"))});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    const std::string before = ask("SELECT record_offset FROM foldstream.checkpoint");
    for (const char* change :
         {"total_minor = total_minor + 1", "customer_name = 'Mallory'", "_version = 0",
          "items = '[]'", "shipping_address = ' '", "updated_at = updated_at + interval '1 ms'"}) {
        connection_.begin();
        connection_.exec(std::string("CREATE TABLE saved AS SELECT * FROM read_gen.orders_g1"));
        connection_.exec(std::string("UPDATE read_gen.orders_g1 SET ") + change +
                         " WHERE order_id = 'a'");
        connection_.commit();
        log_.entries({log_.accepted("b", 1, orders::v1::PaymentConfirmed()),
                      log_.accepted("a", 1, orders::v1::PaymentConfirmed())});
        const ApplyResult result = apply(connection_, take(connection_));
        EXPECT_EQ(result.what, Applied::refused) << change;
        EXPECT_THAT(result.reason, HasSubstr("row a does not match its digest")) << change;
        EXPECT_EQ(ask("SELECT status FROM read.orders WHERE order_id = 'b'"), "pending") << change;
        EXPECT_EQ(ask("SELECT record_offset FROM foldstream.checkpoint"), before) << change;
        connection_.script(
            "TRUNCATE read_gen.orders_g1; INSERT INTO read_gen.orders_g1 SELECT * FROM saved; "
            "DROP TABLE saved");
    }
}

TEST_F(Writer, does_not_ask_for_rows_that_cannot_be_there) {
    log_.entries({log_.accepted("a", 0, created("ann")), log_.accepted("b", 0, created("bob"))});
    log_.entries({log_.accepted("a", 1, orders::v1::PaymentConfirmed())});
    EXPECT_EQ(apply(connection_, take(connection_)).loaded, 0U);
    log_.entries({log_.accepted("b", 1, orders::v1::PaymentConfirmed()),
                  log_.accepted("c", 0, created("ann"))});
    const ApplyResult result = apply(connection_, take(connection_));
    EXPECT_EQ(result.what, Applied::done) << result.reason;
    EXPECT_EQ(result.loaded, 1U);
    EXPECT_EQ(ask("SELECT string_agg(order_id || ' ' || status || ' ' || version, ', ' ORDER BY "
                  "order_id) FROM read.orders"),
              "a paid 2, b paid 2, c pending 1");
    db_.expect_digests_equal_the_rows();
    db_.expect_rollups_equal_group_by();
}

TEST_F(Writer, refuses_a_row_that_is_there_before_its_first_event) {
    log_.entries({log_.accepted("a", 0, created("ann"))});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    const std::string before = ask("SELECT md5(c::text) FROM foldstream.checkpoint c");
    forge_row_c();
    log_.entries({log_.accepted("a", 1, orders::v1::PaymentConfirmed()),
                  log_.accepted("b", 0, created("bob")), log_.accepted("c", 0, created("cid"))});
    Ownership ownership = take(connection_);
    const ApplyResult refused = apply(connection_, ownership);
    EXPECT_EQ(refused.what, Applied::refused);
    EXPECT_THAT(refused.reason, HasSubstr("row c is there before its first event"));
    EXPECT_FALSE(connection_.in_transaction());
    EXPECT_EQ(ask("SELECT string_agg(order_id || status, ' ' ORDER BY order_id) FROM read.orders"),
              "apending cpending");
    EXPECT_EQ(ask("SELECT sum(orders) FROM read.order_summary"), "1");

    connection_.script("DELETE FROM read_gen.orders_g1 WHERE order_id = 'c'");
    EXPECT_EQ(apply(connection_, ownership).what, Applied::done);
    EXPECT_NE(ask("SELECT md5(c::text) FROM foldstream.checkpoint c"), before);
    EXPECT_EQ(ask("SELECT string_agg(order_id || status, ' ' ORDER BY order_id) FROM read.orders"),
              "apaid bpending cpending");
    db_.expect_digests_equal_the_rows();
    db_.expect_rollups_equal_group_by();
}

TEST_F(Writer, refuses_a_row_that_is_there_before_the_events_that_make_and_delete_it) {
    log_.entries({log_.accepted("a", 0, created("ann"))});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    forge_row_c();
    log_.entries({log_.accepted("c", 0, created("cid"), orders::v1::OrderDeleted())});
    Ownership ownership = take(connection_);
    const ApplyResult refused = apply(connection_, ownership);
    EXPECT_EQ(refused.what, Applied::refused);
    EXPECT_THAT(refused.reason, HasSubstr("row c is there before its first event"));
    connection_.script("DELETE FROM read_gen.orders_g1 WHERE order_id = 'c'");
    EXPECT_EQ(apply(connection_, ownership).what, Applied::done);
    EXPECT_EQ(ask("SELECT string_agg(order_id, ' ') FROM read.orders"), "a");
    db_.expect_digests_equal_the_rows();
}

TEST_F(Writer, makes_a_row_anew_whose_aggregate_goes_on_after_its_deletion) {
    log_.entries({log_.accepted("a", 0, created("ann"), orders::v1::OrderDeleted())});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    log_.entries({log_.accepted("a", 2, created("bob"))});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    log_.entries({log_.accepted("a", 3, orders::v1::OrderDeleted(), created("cid"))});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    EXPECT_EQ(ask("SELECT string_agg(customer_id || version, ' ') FROM read.orders"), "cid5");
    db_.expect_digests_equal_the_rows();
    db_.expect_rollups_equal_group_by();
}

TEST_F(Writer, refuses_an_event_that_does_not_follow_the_row) {
    log_.entries({log_.accepted("a", 0, created("ann"))});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    log_.entries({log_.accepted("a", 2, orders::v1::PaymentConfirmed())});
    const ApplyResult result = apply(connection_, take(connection_));
    EXPECT_EQ(result.what, Applied::refused);
    EXPECT_THAT(result.reason, HasSubstr("orders:2:2:0"));
}

TEST_F(Writer, leaves_nothing_of_a_batch_whose_last_key_is_refused) {
    constexpr int many = 1'000;  // Postgres has got the first ones when the last one is folded
    const auto key = [](int number) { return "k" + std::to_string(10'000 + number); };
    for (int i = 0; i < many; ++i) log_.entries({log_.accepted(key(i), 0, created("ann"))});
    const Ownership ownership = take(connection_);
    const Offset sound = log_.end();
    log_.entries({log_.accepted(key(many - 1), 3, orders::v1::PaymentConfirmed())});
    Holdings holdings{{}};
    Holding& holding = holdings.of(writer_.checkpoint(partition_));
    const ApplyResult refused = apply(connection_, ownership, holding);
    EXPECT_EQ(refused.what, Applied::refused);
    EXPECT_THAT(refused.reason, HasSubstr(key(many - 1)));
    EXPECT_EQ(ask("SELECT count(*) FROM read_gen.orders_g1"), "0");
    EXPECT_EQ(ask("SELECT record_offset FROM foldstream.checkpoint"), "-1");

    replay::LogReader reader;
    const auto batch = batch_of(db_.domain, partition_, log_, reader, Offset(0), sound);
    EXPECT_EQ(writer_.apply(connection_, place(ownership), *batch, holding).what, Applied::done);
    EXPECT_EQ(ask("SELECT count(*) FROM read_gen.orders_g1"), std::to_string(many));
    EXPECT_EQ(ask("SELECT sum(orders) FROM read_gen.order_summary_g1"), std::to_string(many));
}

TEST_F(Writer, turns_a_fold_that_throws_into_a_refusal_that_names_the_event) {
    fold::Projection broken = db_.projection;
    broken.project = [](std::unique_ptr<fold::Message>, const fold::EventType&,
                        const fold::Message&, const fold::Meta&) -> std::unique_ptr<fold::Message> {
        throw std::runtime_error("no such customer");
    };
    const BatchWriter writer(broken, db_.generation);
    log_.entries({log_.accepted("a", 0, created("ann"))});
    const Ownership ownership = take(connection_);
    replay::LogReader reader;
    const auto batch = batch_of(db_.domain, partition_, log_, reader, Offset(0), log_.end());
    Holdings holdings{{}};
    const ApplyResult result = writer.apply(connection_, place(ownership), *batch,
                                            holdings.of(writer.checkpoint(partition_)));
    EXPECT_EQ(result.what, Applied::refused);
    EXPECT_THAT(result.reason,
                ::testing::AllOf(HasSubstr("orders:2:1:0"), HasSubstr("no such customer")));
}

TEST_F(Writer, takes_the_stop_mark_away_with_the_next_batch_that_is_applied) {
    const Ownership ownership = take(connection_);
    const std::string reason("what\0stood\x80there", 16);
    EXPECT_TRUE(
        note_stop(connection_, writer_.checkpoint(partition_), ownership.owner_epoch, reason));
    EXPECT_EQ(ask("SELECT stopped FROM foldstream.checkpoint"), "what?stood?there");
    (void)take(connection_);
    EXPECT_EQ(ask("SELECT stopped FROM foldstream.checkpoint"), "what?stood?there");
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    EXPECT_EQ(ask("SELECT stopped IS NULL FROM foldstream.checkpoint"), "t");
}

TEST_F(Writer, refuses_another_partition_count_and_leaves_the_owner_in_peace) {
    const Ownership rightful = take(connection_);
    const auto other = acquire(connection_, writer_.checkpoint(partition_), "other", 12);
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error(), ::testing::AllOf(HasSubstr("6"), HasSubstr("12")));
    EXPECT_EQ(apply(connection_, rightful).what, Applied::done);
}

TEST_F(Writer, skips_a_type_only_for_tests_and_then_the_rows_are_wrong) {
    const BatchWriter skipping(db_.projection, db_.generation,
                               db_.domain.find_event("foldstream.orders.v1.PaymentConfirmed"));
    log_.entries({log_.accepted("a", 0, created("ann"), orders::v1::PaymentConfirmed(),
                                orders::v1::OrderShipped())});
    const Ownership ownership = take(connection_);
    replay::LogReader reader;
    const auto batch = batch_of(db_.domain, partition_, log_, reader, Offset(0), log_.end());
    Holdings holdings{{}};
    ASSERT_EQ(skipping
                  .apply(connection_, place(ownership), *batch,
                         holdings.of(skipping.checkpoint(partition_)))
                  .what,
              Applied::done);
    EXPECT_EQ(ask("SELECT status || _version FROM read.orders"), "shipped3");
}

TEST_F(Writer, serves_only_the_generation_that_its_fold_version_made) {
    fold::Projection newer = db_.projection;
    newer.fold_version += 1;
    const auto refused = find_generation(connection_, newer);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error(), HasSubstr("rebuild"));
    EXPECT_EQ(find_generation(connection_, db_.projection)->secret.size(), 192U);

    const foldstream::testing::TestDatabase empty;
    postgres::Connection unmigrated = empty.connect();
    const auto none = find_generation(unmigrated, db_.projection);
    ASSERT_FALSE(none);
    EXPECT_THAT(none.error(), HasSubstr("foldctl migrate"));
}

}  // namespace
}  // namespace foldstream::projector

// What a worker holds between two batches: rows that it need not read, digests that follow them,
// words to search by.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "foldstream/orders/v1/rows.pb.h"
#include "tests/contract/projector/writer_fixture.hpp"

namespace foldstream::projector {
namespace {

using foldstream::testing::created;
using ::testing::HasSubstr;

class Held : public foldstream::testing::WriterTest {
protected:
    // As the applier does it.
    Ownership take_holding(const std::string& owner = "me") {
        auto taken = writer_.take(connection_, partition_, owner, 6, holding_);
        EXPECT_TRUE(taken);
        return *taken;
    }
    // Applies what is new and goes on from there.
    ApplyResult next(Ownership& ownership) {
        const auto batch = this->batch(ownership);
        const ApplyResult result = writer_.apply(connection_, place(ownership), *batch, holding_);
        if (result.what == Applied::done) ownership.reached = batch->reached();
        return result;
    }
    void create(int from, int to) {
        for (int i = from; i < to; ++i) {
            log_.entries(
                {log_.accepted("o" + std::to_string(i), 0, created("c" + std::to_string(i % 7)))});
        }
    }
    void pay(const std::string& id, std::uint64_t version = 1) {
        log_.entries({log_.accepted(id, version, orders::v1::PaymentConfirmed())});
    }
    // Words between all characters of ASCII that can be kept.
    static std::string every_byte() {
        std::string text;
        for (char c = 1; c < 0x7f; ++c) text += std::string("x") + c + "9" + c;
        return text;
    }
    std::string words_of(const std::string& id) {
        return ask("SELECT words::text FROM read.orders_search WHERE order_id = '" + id + "'");
    }

    Holdings holdings_{{}};
    Holding& holding_ = holdings_.of(writer_.checkpoint(partition_));
};

TEST_F(Held, rows_are_not_read_again) {
    create(0, 10);
    Ownership ownership = take_holding();
    ASSERT_EQ(next(ownership).loaded, 0U);
    EXPECT_EQ(holdings_.rows(), 10U);
    // Whoever changes a row that is held has no effect: the fold goes on from the true one.
    connection_.exec(
        "UPDATE read_gen.orders_g1 SET customer_name = 'Mallory' WHERE order_id = 'o1'");
    pay("o1");
    const ApplyResult result = next(ownership);
    EXPECT_EQ(result.what, Applied::done) << result.reason;
    EXPECT_EQ(result.loaded, 0U);
    EXPECT_EQ(ask("SELECT customer_name || status FROM read.orders WHERE order_id = 'o1'"),
              "Name of c1paid");
    db_.expect_digests_equal_the_rows();
    db_.expect_rollups_equal_group_by();
}

TEST_F(Held, rows_are_never_more_than_may_be_held) {
    for (const HoldingLimits limits : {HoldingLimits{7, std::size_t{1} << 30U},
                                       HoldingLimits{1'000'000, 9'000}, HoldingLimits{0, 0}}) {
        Holdings few(limits);
        Holding& holding = few.of(writer_.checkpoint(partition_));
        Ownership ownership = *writer_.take(connection_, partition_, "me", 6, holding);
        for (int round = 0; round < 6; ++round) {
            static int made = 0;
            create(made, made + 40);
            made += 40;
            pay("o" + std::to_string(made - 1));
            const auto batch = this->batch(ownership);
            ASSERT_EQ(writer_.apply(connection_, place(ownership), *batch, holding).what,
                      Applied::done);
            ownership.reached = batch->reached();
            EXPECT_LE(few.rows(), limits.rows);
            EXPECT_LE(few.bytes(), limits.bytes);
            EXPECT_EQ(few.rows() == 0, limits.rows == 0);
        }
    }
    db_.expect_digests_equal_the_rows();
}

TEST_F(Held, rows_that_were_let_go_are_read_and_verified) {
    Holdings few({1, std::size_t{1} << 20U});
    Holding& holding = few.of(writer_.checkpoint(partition_));
    create(0, 3);
    Ownership ownership = *writer_.take(connection_, partition_, "me", 6, holding);
    const auto first = batch(ownership);
    ASSERT_EQ(writer_.apply(connection_, place(ownership), *first, holding).what, Applied::done);
    ownership.reached = first->reached();
    connection_.exec("UPDATE read_gen.orders_g1 SET total_minor = 1 WHERE order_id = 'o0'");
    pay("o0");
    const ApplyResult refused = apply(connection_, ownership, holding);
    EXPECT_EQ(refused.what, Applied::refused);
    EXPECT_THAT(refused.reason, HasSubstr("row o0 does not match its digest"));
}

TEST_F(Held, rows_of_another_owners_time_are_forgotten) {
    create(0, 4);
    Ownership mine = take_holding();
    ASSERT_EQ(next(mine).what, Applied::done);
    pay("o1");
    ASSERT_EQ(apply(connection_, take(connection_, "other")).what, Applied::done);
    log_.entries({log_.accepted("o1", 2, orders::v1::OrderShipped())});
    EXPECT_EQ(apply(connection_, mine, holding_).what, Applied::fenced);
    Ownership again = take_holding();
    EXPECT_EQ(holdings_.rows(), 0U);
    EXPECT_EQ(next(again).loaded, 1U);
    EXPECT_EQ(ask("SELECT status || version FROM read.orders WHERE order_id = 'o1'"), "shipped3");
    db_.expect_digests_equal_the_rows();
}

TEST_F(Held, rows_are_kept_when_nobody_had_the_partition_meanwhile) {
    create(0, 4);
    Ownership ownership = take_holding();
    ASSERT_EQ(next(ownership).what, Applied::done);
    Ownership again = take_holding("me, after a rebalance");
    EXPECT_EQ(again.owner_epoch, ownership.owner_epoch + 1);
    pay("o1");
    EXPECT_EQ(next(again).loaded, 0U);
    db_.expect_digests_equal_the_rows();
}

TEST_F(Held, rows_are_forgotten_when_the_server_has_lost_what_they_were_made_of) {
    create(0, 4);
    Ownership ownership = take_holding();
    const std::string before = ask("SELECT record_offset FROM foldstream.checkpoint");
    ASSERT_EQ(next(ownership).what, Applied::done);
    // As after a crash with synchronous_commit=off: rows and checkpoint as they were.
    connection_.script(
        "DELETE FROM read_gen.orders_g1; DELETE FROM read_gen.orders_search_g1; DELETE FROM "
        "read_gen.order_summary_g1; DELETE FROM read_gen.customers_g1; UPDATE "
        "foldstream.checkpoint SET digests = NULL, digest_key = NULL, sequence = 0, epoch = 0, "
        "link = 0, next_offset = 0, seen_offset = 0, record_offset = " +
        before);
    Ownership again = take_holding();
    EXPECT_EQ(holdings_.rows(), 0U);
    ASSERT_EQ(next(again).what, Applied::done);
    EXPECT_EQ(ask("SELECT count(*) FROM read.orders"), "4");
    db_.expect_digests_equal_the_rows();
}

TEST_F(Held, a_batch_that_fails_leaves_nothing_of_itself) {
    create(0, 3);
    Ownership ownership = take_holding();
    ASSERT_EQ(next(ownership).what, Applied::done);
    const auto good = log_;
    pay("o0");
    pay("o1", 5);  // no version that follows
    pay("o2");
    EXPECT_EQ(next(ownership).what, Applied::refused);
    log_ = good;
    pay("o0");
    pay("o1");
    pay("o2");
    EXPECT_EQ(next(ownership).what, Applied::done);
    EXPECT_EQ(ask("SELECT count(*) FROM read.orders WHERE status = 'paid' AND version = 2"), "3");
    db_.expect_digests_equal_the_rows();
    db_.expect_rollups_equal_group_by();
}

TEST_F(Held, digests_are_one_inline_value_and_their_updates_stay_on_the_page) {
    EXPECT_EQ(ask("SELECT attstorage FROM pg_attribute WHERE attrelid = "
                  "'foldstream.checkpoint'::regclass AND attname = 'digests'"),
              "p");
    create(0, 1);
    Ownership ownership = take_holding();
    ASSERT_EQ(next(ownership).what, Applied::done);
    for (std::uint64_t version = 1; version <= 60; ++version) {
        orders::v1::ItemAdded added;
        added.mutable_item()->set_item_id("i" + std::to_string(version));
        log_.entries({log_.accepted("o0", version, added)});
        ASSERT_EQ(next(ownership).what, Applied::done);
    }
    (void)ask("SELECT pg_stat_force_next_flush()");
    EXPECT_EQ(ask("SELECT n_tup_hot_upd = n_tup_upd AND n_tup_upd > 60 FROM pg_stat_user_tables "
                  "WHERE relid = 'foldstream.checkpoint'::regclass"),
              "t");
    EXPECT_EQ(
        ask("SELECT pg_column_size(digests) < 1600 AND reltoastrelid IS NOT NULL AND "
            "pg_relation_size(reltoastrelid) = 0 FROM foldstream.checkpoint, pg_class c WHERE "
            "c.oid = 'foldstream.checkpoint'::regclass"),
        "t");
    db_.expect_digests_equal_the_rows();
}

TEST_F(Held, digests_that_were_never_added_up_are_added_up_from_the_rows) {
    create(0, 200);
    Ownership ownership = take_holding();
    ASSERT_EQ(next(ownership).what, Applied::done);
    const std::string before = ask("SELECT md5(digests) FROM foldstream.checkpoint");
    connection_.exec("UPDATE foldstream.checkpoint SET digests = NULL, digest_key = NULL");
    Ownership again = take_holding();
    EXPECT_FALSE(holding_.digests());
    log_.entries({log_.refusal()});
    ASSERT_EQ(next(again).what, Applied::done) << "nothing changes, so nothing is added up";
    EXPECT_EQ(ask("SELECT digests IS NULL FROM foldstream.checkpoint"), "t");
    pay("o7");
    ASSERT_EQ(next(again).what, Applied::done);
    EXPECT_NE(ask("SELECT md5(digests) FROM foldstream.checkpoint"), before);
    db_.expect_digests_equal_the_rows();
}

TEST_F(Held, digests_of_another_secret_are_not_added_to) {
    create(0, 2);
    Ownership ownership = take_holding();
    ASSERT_EQ(next(ownership).what, Applied::done);
    connection_.exec("UPDATE foldstream.checkpoint SET digest_key = digest_key + 1");
    const auto refused = writer_.take(connection_, partition_, "me", 6, holding_);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error(), HasSubstr("another secret"));
    pay("o1");
    const ApplyResult result = apply(connection_, take(connection_));
    EXPECT_EQ(result.what, Applied::refused);
    EXPECT_THAT(result.reason, HasSubstr("another secret"));
}

TEST_F(Held, words_are_written_only_when_they_are_others) {
    create(0, 2);
    Ownership ownership = take_holding();
    ASSERT_EQ(next(ownership).what, Applied::done);
    EXPECT_THAT(words_of("o1"), HasSubstr("'name':1A"));
    const std::string place_of_words =
        "SELECT string_agg(ctid::text || xmin::text, ' ' ORDER BY order_id) FROM "
        "read_gen.orders_search_g1";
    const std::string before = ask(place_of_words);
    pay("o0");
    pay("o1");
    ASSERT_EQ(next(ownership).what, Applied::done);
    EXPECT_EQ(ask(place_of_words), before);
    // Read again rather than held, which makes no difference.
    log_.entries({log_.accepted("o0", 2, orders::v1::OrderShipped())});
    ASSERT_EQ(apply(connection_, take(connection_)).what, Applied::done);
    EXPECT_EQ(ask(place_of_words), before);
    db_.expect_search_equals_the_rows();
}

TEST_F(Held, words_follow_the_row_and_go_with_it) {
    fold::Projection moving = db_.projection;
    moving.project = [&](std::unique_ptr<fold::Message> row, const fold::EventType& type,
                         const fold::Message& event, const fold::Meta& meta) {
        auto next = db_.projection.project(std::move(row), type, event, meta);
        if (next && type.name.ends_with("PaymentConfirmed"))
            static_cast<orders::v1::OrderRow&>(*next).set_shipping_address("Elm Street 7/b");
        return next;
    };
    const BatchWriter writer(moving, db_.generation);
    create(0, 2);
    pay("o1");
    Ownership ownership = take_holding();
    auto batch = this->batch(ownership);
    ASSERT_EQ(writer.apply(connection_, place(ownership), *batch, holding_).what, Applied::done);
    ownership.reached = batch->reached();
    EXPECT_THAT(words_of("o1"), HasSubstr("'elm'"));
    pay("o0");
    batch = this->batch(ownership);
    ASSERT_EQ(writer.apply(connection_, place(ownership), *batch, holding_).what, Applied::done);
    ownership.reached = batch->reached();
    EXPECT_THAT(words_of("o0"), HasSubstr("'elm'"));
    db_.expect_search_equals_the_rows();
    log_.entries({log_.accepted("o0", 2, orders::v1::OrderDeleted())});
    log_.entries({log_.accepted("o1", 2, orders::v1::OrderDeleted()),
                  log_.accepted("o9", 0, created("brief"), orders::v1::OrderDeleted())});
    ASSERT_EQ(next(ownership).what, Applied::done);
    EXPECT_EQ(ask("SELECT count(*) FROM read.orders_search"), "0");
}

TEST_F(Held, words_of_any_text_can_be_kept) {
    std::string endless(3'000'000, 'x');
    std::string many;
    for (int i = 0; i < 400'000; ++i) many += "w" + std::to_string(i) + " ";
    int number = 0;
    for (const std::string& text :
         {std::string("O'Neil \\ \"quoted\" & | ! ( ) :* <-> $1 %s"), endless, many,
          std::string("\xc2\xa0\xe2\x80\xa8\xe3\x80\x80 \xf0\x9f\xa6\x89 e\xcc\x81"),
          std::string("\x01\x1f\x7f\t\r\n"), every_byte(), std::string()}) {
        orders::v1::OrderCreated order = created("c");
        order.set_customer_name(text);
        order.set_shipping_address(text);
        log_.entries({log_.accepted("n" + std::to_string(number++), 0, order)});
    }
    Ownership ownership = take_holding();
    const ApplyResult result = next(ownership);
    ASSERT_EQ(result.what, Applied::done) << result.reason;
    EXPECT_EQ(ask("SELECT count(*) FROM read.orders_search"), std::to_string(number));
    EXPECT_THAT(words_of("n0"), HasSubstr("'neil'"));
    // What a generation gets that is searched from now on is the same.
    const fold::TablePlan base(db_.projection);
    const std::string all =
        "SELECT md5(string_agg(order_id || words::text, ' ' ORDER BY order_id)) FROM "
        "read_gen.orders_search_g1";
    const std::string written = ask(all);
    connection_.exec("DELETE FROM read_gen.orders_search_g1");
    connection_.exec(fold::SearchPlan::of(base)->fill(Generation(1)));
    EXPECT_EQ(ask(all), written);
}

}  // namespace
}  // namespace foldstream::projector

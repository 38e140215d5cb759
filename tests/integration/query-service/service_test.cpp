#include "query-service/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <list>
#include <thread>

#include "common/codec/partitioner.hpp"
#include "common/core/time_text.hpp"
#include "tests/integration/query-service/serving.hpp"

namespace foldstream::query {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class QueryService : public Serving {};

TEST_F(QueryService, answers_an_order_in_its_documented_shape) {
    models_.put(ReadModels::order(7));
    start();
    const Answer answer = get("/api/v1/orders/order/o1007");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body,
              R"({"orderId":"o1007","customerId":"c1","customerName":"Zoë \"Z\"",)"
              R"("customerEmail":"zoe1@example.org","status":"paid","currency":"USD",)"
              R"("totalMinor":700,"itemCount":1,"items":[{"itemId":"i1","productId":"p1",)"
              R"("name":"Pen","priceMinor":700,"quantity":1}],"shippingAddress":"",)"
              R"("paymentId":"","trackingNumber":"","cancelReason":"","version":1,)"
              R"("createdAt":"2026-01-21T10:30:03.000Z","updatedAt":"2026-01-21T10:30:07.000Z"})");
    EXPECT_EQ(get("/api/v1/orders/o1007").body, answer.body);
    const Answer head = get("/api/v1/orders/order/o1007", {}, "HEAD");
    EXPECT_EQ(head.header("content-length"), std::to_string(answer.body.size()));
}

TEST_F(QueryService, answers_404_as_a_problem_with_its_freshness) {
    start();
    const Answer answer = get("/api/v1/orders/order/nobody");
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.code(), "not-found");
    EXPECT_THAT(answer.header("foldstream-position"), HasSubstr("orders:"));
    EXPECT_EQ(get("/api/v1/orders/order/%20").status, 404);
    EXPECT_EQ(get("/api/v1/nothing").status, 404);
}

TEST_F(QueryService, refuses_other_methods_and_unknown_parameters) {
    start();
    EXPECT_EQ(get("/api/v1/orders", {}, "POST").status, 405);
    const Answer answer = get("/api/v1/orders?colour=red&limit=9999");
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.code(), "invalid");
    EXPECT_THAT(answer.body, HasSubstr(R"({"field":"colour","message":")"));
    EXPECT_THAT(answer.body, HasSubstr(R"({"field":"limit","message":")"));
    EXPECT_EQ(get("/api/v1/orders/order/o1?x=y").status, 400);
    EXPECT_EQ(get("/api/v1/orders/status/sold").status, 400);
}

TEST_F(QueryService, pages_through_every_row_once_in_every_order) {
    std::vector<std::string> ascending;
    for (int n = 0; n < 23; ++n) {
        models_.put(ReadModels::order(n));
        ascending.push_back("o" + std::to_string(1000 + n));
    }
    start();
    const std::vector<std::string> descending(ascending.rbegin(), ascending.rend());
    for (const char* limit : {"1", "4", "22", "23", "24"}) {
        const std::string base = std::string("/api/v1/orders?limit=") + limit;
        EXPECT_EQ(all_pages(base), descending);
        EXPECT_EQ(all_pages(base + "&sort=createdAt"), ascending);
        EXPECT_EQ(all_pages(base + "&sort=-totalMinor"), descending);
        EXPECT_EQ(all_pages(base + "&sort=updatedAt"), ascending);
    }
}

TEST_F(QueryService, pages_through_rows_without_a_time) {
    for (int n = 0; n < 6; ++n) {
        auto row = ReadModels::order(n);
        if (n % 2 == 0) row.clear_updated_at();
        models_.put(row);
    }
    start();
    EXPECT_THAT(all_pages("/api/v1/orders?limit=1&sort=updatedAt"),
                ElementsAre("o1001", "o1003", "o1005", "o1000", "o1002", "o1004"));
    EXPECT_THAT(all_pages("/api/v1/orders?limit=1&sort=-updatedAt"),
                ElementsAre("o1004", "o1002", "o1000", "o1005", "o1003", "o1001"));
}

TEST_F(QueryService, filters_by_query_and_by_path_alike) {
    for (int n = 0; n < 6; ++n) models_.put(ReadModels::order(n));
    start();
    EXPECT_THAT(ids(get("/api/v1/orders?status=paid")), ElementsAre("o1005", "o1003", "o1001"));
    EXPECT_EQ(get("/api/v1/orders/status/paid").body, get("/api/v1/orders?status=paid").body);
    EXPECT_THAT(ids(get("/api/v1/orders/customer/ZOE1%40Example.org?limit=5")),
                ElementsAre("o1004", "o1001"));
    EXPECT_THAT(ids(get("/api/v1/orders?minTotal=200&maxTotal=300")),
                ElementsAre("o1003", "o1002"));
    EXPECT_THAT(
        ids(get("/api/v1/orders?from=2026-01-21T10:30:01Z&to=2026-01-21T10:30:02Z&status=pending")),
        ElementsAre("o1002"));
    EXPECT_THAT(ids(get("/api/v1/orders?customerId=nobody")), ElementsAre());
    EXPECT_EQ(get("/api/v1/orders?customerId=nobody").body,
              R"({"data":[],"page":{"next":null,"limit":50}})");
}

TEST_F(QueryService, refuses_a_cursor_that_was_tampered_with) {
    for (int n = 0; n < 3; ++n) models_.put(ReadModels::order(n));
    start();
    std::string cursor = next(get("/api/v1/orders?limit=1"));
    ASSERT_FALSE(cursor.empty());
    EXPECT_EQ(get("/api/v1/orders?limit=2&cursor=" + cursor).status, 200);
    EXPECT_EQ(get("/api/v1/orders?status=paid&cursor=" + cursor).status, 400);
    cursor[5] = cursor[5] == 'A' ? 'B' : 'A';
    const Answer answer = get("/api/v1/orders?cursor=" + cursor);
    EXPECT_EQ(answer.status, 400);
    EXPECT_THAT(answer.body, HasSubstr(R"("field":"cursor")"));
}

TEST_F(QueryService, answers_summary_and_top_customers) {
    for (int n = 1; n <= 4; ++n) models_.put(ReadModels::order(n));
    start();
    EXPECT_EQ(get("/api/v1/orders/summary").body,
              R"({"data":[{"status":"paid","currency":"USD","orders":2,"revenueMinor":400,)"
              R"("averageMinor":200},{"status":"pending","currency":"USD","orders":2,)"
              R"("revenueMinor":600,"averageMinor":300}],"totalOrders":4})");
    const Answer top = get("/api/v1/orders/top-customers?limit=1");
    EXPECT_EQ(top.body,
              R"({"data":[{"customerId":"c1","customerName":"Zoë \"Z\"",)"
              R"("customerEmail":"zoe1@example.org","currency":"USD","orders":2,"spentMinor":500,)"
              R"("lastOrderAt":"2026-01-21T10:30:02.000Z"}],"page":{"next":null,"limit":1}})");
    EXPECT_EQ(get("/api/v1/orders/summary?limit=1").status, 400);
}

TEST_F(QueryService, states_the_positions_that_the_answer_covers) {
    models_.put(ReadModels::order(7));
    start();
    ASSERT_TRUE(soon([&] { return ready(); }));
    const Answer list = get("/api/v1/orders");
    EXPECT_EQ(list.header("foldstream-position"),
              "orders:0:10,orders:1:11,orders:2:12,orders:3:13");
    EXPECT_EQ(list.header("foldstream-lag-ms"), "0");
    EXPECT_TRUE(parse_rfc3339(list.header("foldstream-as-of")));
    const int own = codec::partition_of("o1007", partitions).value;
    EXPECT_EQ(get("/api/v1/orders/order/o1007").header("foldstream-position"),
              "orders:" + std::to_string(own) + ":" + std::to_string(10 + own));
    EXPECT_EQ(get("/api/v1/orders/summary").header("foldstream-position"),
              list.header("foldstream-position"));
}

TEST_F(QueryService, shows_the_age_of_what_is_not_applied) {
    {
        const std::lock_guard lock(logs_->mutex);
        logs_->ends[Partition(2)] = Offset(25);
        logs_->glimpse = Glimpse{SystemClock().wall_ms() - 90'000, Sequence(15)};
    }
    start();
    EXPECT_TRUE(soon([&] {
        const std::string lag = get("/api/v1/orders").header("foldstream-lag-ms");
        return lag != "(none)" && std::stoll(lag) >= 90'000;
    }));
    const json::value projection = get("/api/v1/projections/orders").read();
    EXPECT_EQ(projection.at("lagRecords").as_int64(), 3);
    const auto& behind = projection.at("partitions").at(2);
    EXPECT_EQ(behind.at("lagEntries").as_int64(), 3);
    EXPECT_GE(behind.at("lagMs").as_int64(), 90'000);
    EXPECT_EQ(projection.at("partitions").at(1).at("lagMs").as_int64(), 0);
}

TEST_F(QueryService, has_no_lag_to_tell_while_kafka_never_answered_and_is_not_ready) {
    logs_->reachable = false;
    start();
    EXPECT_EQ(get("/api/v1/orders").header("foldstream-lag-ms"), "(none)");
    EXPECT_FALSE(ready());
    logs_->reachable = true;
    EXPECT_TRUE(soon([&] { return ready(); }));
    EXPECT_EQ(get("/api/v1/orders").header("foldstream-lag-ms"), "0");
}

TEST_F(QueryService, answers_304_to_who_has_the_answer_already) {
    models_.put(ReadModels::order(1));
    start();
    const Answer first = get("/api/v1/orders");
    const Answer again = get("/api/v1/orders", {{"If-None-Match", first.header("etag")}});
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.header("foldstream-position"), first.header("foldstream-position"));
    models_.put(ReadModels::order(2));
    EXPECT_EQ(get("/api/v1/orders", {{"If-None-Match", first.header("etag")}}).status, 200);
}

TEST_F(QueryService, waits_for_the_entry_that_the_client_has_written) {
    logs_->ends[Partition(2)] = Offset(30);
    start();
    ASSERT_TRUE(soon([&] { return ready(); }));
    std::thread writer([&] {
        ASSERT_TRUE(soon([&] { return waiting(); }));
        models_.put(ReadModels::order(7));
        models_.checkpoint(2, 14, 24);
    });
    const Answer answer =
        get("/api/v1/orders", {{"Foldstream-After", "orders:2:14"}, {"Prefer", "wait=10"}});
    writer.join();
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.header("foldstream-position"), HasSubstr("orders:2:14"));
    EXPECT_THAT(ids(answer), ElementsAre("o1007"));
}

TEST_F(QueryService, says_503_when_the_entry_does_not_come_in_time) {
    logs_->ends[Partition(2)] = Offset(30);
    start();
    const Answer answer =
        get("/api/v1/orders", {{"Foldstream-After", "orders:2:14"}, {"Prefer", "wait=0"}});
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "not-caught-up");
    EXPECT_EQ(answer.header("retry-after"), "1");
}

TEST_F(QueryService, refuses_an_entry_that_no_log_can_hold) {
    start();
    ASSERT_TRUE(soon([&] { return ready(); }));
    const Headers patient{{"Prefer", "wait=60"}};
    for (const char* place : {"orders:2", "orders:4:1", "users:0:1", "orders:-1:1", "x"}) {
        Headers headers = patient;
        headers["Foldstream-After"] = place;
        EXPECT_EQ(get("/api/v1/orders", headers).status, 400) << place;
    }
    Headers beyond = patient;
    beyond["Foldstream-After"] = "orders:2:13";
    EXPECT_EQ(get("/api/v1/orders", beyond).status, 400) << "everything in the log is applied";
}

TEST_F(QueryService, bounds_those_who_wait) {
    logs_->ends[Partition(2)] = Offset(30);
    Options options;
    options.max_waiting = 1;
    start(options);
    ASSERT_TRUE(soon([&] { return ready(); }));
    http::Client first(service_->port());
    first.say(
        "GET /api/v1/orders HTTP/1.1\r\nHost: x\r\nFoldstream-After: orders:2:99\r\n"
        "Prefer: wait=60\r\n\r\n");
    ASSERT_TRUE(soon([&] { return waiting(); }));
    const Answer second =
        get("/api/v1/orders", {{"Foldstream-After", "orders:2:99"}, {"Prefer", "wait=60"}});
    EXPECT_EQ(second.status, 503);
    EXPECT_EQ(second.code(), "overloaded");
    std::thread drain([&] { service_->drain(std::chrono::seconds(http::patience_seconds)); });
    EXPECT_EQ(parse(first.answer()).status, 503) << "a drain sends away those who wait";
    first.finish();
    drain.join();
}

TEST_F(QueryService, refuses_what_does_not_fit_into_its_queue) {
    Options options;
    options.pool_size = 1;
    options.max_queued = 1;
    options.query_timeout_ms = 10'000;
    start(options);
    postgres::Connection locker = models_.database().connect();
    postgres::Transaction lock(locker);
    lock.exec("LOCK TABLE read.orders IN ACCESS EXCLUSIVE MODE");
    std::list<http::Client> busy;
    for (int i = 0; i < 2; ++i) {
        busy.emplace_back(service_->port());
        busy.back().say("GET /api/v1/orders HTTP/1.1\r\nHost: x\r\n\r\n");
        const bool begun = i > 0 || soon([&] { return blocked(); });
        ASSERT_TRUE(begun);
    }
    EXPECT_TRUE(soon([&] {
        http::Client third(service_->port());
        third.say("GET /api/v1/projections HTTP/1.1\r\nHost: x\r\n\r\n");
        const Answer answer = parse(third.answer());
        return answer.status == 503 && answer.code() == "overloaded";
    }));
    lock.commit();
    for (http::Client& client : busy) EXPECT_EQ(parse(client.answer()).status, 200);
}

TEST_F(QueryService, ends_a_statement_that_takes_too_long) {
    Options options;
    options.query_timeout_ms = 50;
    start(options);
    postgres::Connection locker = models_.database().connect();
    postgres::Transaction lock(locker);
    lock.exec("LOCK TABLE read.orders IN ACCESS EXCLUSIVE MODE");
    const Answer answer = get("/api/v1/orders");
    EXPECT_EQ(answer.status, 504);
    EXPECT_EQ(answer.code(), "timeout");
}

TEST_F(QueryService, survives_the_loss_of_its_connections) {
    models_.put(ReadModels::order(1));
    start();
    ASSERT_EQ(get("/api/v1/orders").status, 200);
    models_.exec(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = "
        "'foldstream_query' AND datname = current_database()");
    EXPECT_TRUE(soon([&] { return get("/api/v1/orders").status == 200; }));
    EXPECT_TRUE(soon([&] { return ready(); }));
}

TEST_F(QueryService, says_503_without_a_word_of_the_password_while_postgres_is_away) {
    Options options;
    options.postgres_url = "postgresql://me:s3cret@127.0.0.1:1/none";
    ::testing::internal::CaptureStderr();
    start(options);
    const Answer answer = get("/api/v1/orders");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "unavailable");
    EXPECT_FALSE(ready());
    service_.reset();
    const std::string log = ::testing::internal::GetCapturedStderr();
    EXPECT_THAT(log, Not(HasSubstr("s3cret")));
    EXPECT_THAT(answer.body, Not(HasSubstr("s3cret")));
}

TEST_F(QueryService, says_503_while_the_read_models_are_not_made) {
    models_.script("DROP VIEW read.order_summary");
    start();
    EXPECT_EQ(get("/api/v1/orders/summary").status, 503);
}

TEST_F(QueryService, answers_from_one_generation_when_the_views_are_swapped_under_it) {
    const auto& projection = *domains::registry().find_projection("orders");
    const fold::TablePlan plan(projection);
    models_.put(ReadModels::order(1));
    models_.script("SET ROLE foldstream_projector");
    for (const std::string& sql : plan.create_table(Generation(2))) models_.script(sql);
    models_.script("RESET ROLE");
    for (int p = 0; p < partitions; ++p) models_.checkpoint(p, 500, 600, 2);
    start();
    ASSERT_EQ(ids(get("/api/v1/orders")).size(), 1U);
    std::atomic<bool> stop{false};
    std::thread swapper([&] {
        postgres::Connection connection = models_.database().connect();
        for (int active = 2; !stop; active = 3 - active) {
            postgres::Transaction swap(connection);
            swap.exec("SET LOCAL ROLE foldstream_projector");
            swap.exec(plan.create_view(Generation(active)));
            swap.exec("RESET ROLE");
            swap.exec("UPDATE foldstream.projection SET active_generation = $1",
                      {std::to_string(active)});
            swap.commit();
        }
    });
    int first = 0;
    int second = 0;
    EXPECT_TRUE(soon([&] {
        const Answer answer = get("/api/v1/orders");
        EXPECT_EQ(answer.status, 200) << answer.body;
        if (answer.status != 200) return true;
        const bool rows = !ids(answer).empty();
        const bool old = answer.header("foldstream-position").starts_with("orders:0:10,");
        EXPECT_EQ(rows, old) << "rows of one generation, positions of another";
        ++(old ? first : second);
        return (first > 20 && second > 20) || rows != old;
    })) << first
        << " and " << second;
    stop = true;
    swapper.join();
}

TEST_F(QueryService, shows_a_partition_that_nobody_has_served_as_behind) {
    models_.exec("DELETE FROM foldstream.checkpoint WHERE partition = 2");
    start();
    ASSERT_TRUE(soon([&] { return ready(); }));
    const json::value one = get("/api/v1/projections/orders").read();
    EXPECT_EQ(one.at("lagRecords").as_int64(), 22);
    EXPECT_EQ(one.at("partitions").at(2).at("position").as_string(), "orders:2:0");
    EXPECT_TRUE(one.at("partitions").at(2).at("owner").is_null());
    EXPECT_GE(one.at("lagMs").as_int64(), 1);
    EXPECT_THAT(get("/api/v1/orders").header("foldstream-position"), HasSubstr("orders:2:0,"));
}

TEST_F(QueryService, describes_its_projections) {
    models_.exec("UPDATE foldstream.checkpoint SET stopped = 'a bad record' WHERE partition = 3");
    start();
    ASSERT_TRUE(soon([&] { return ready(); }));
    const json::value all = get("/api/v1/projections").read();
    ASSERT_EQ(all.at("data").as_array().size(), 1U);
    const json::value one = get("/api/v1/projections/orders").read();
    EXPECT_EQ(one.at("name").as_string(), "orders");
    EXPECT_EQ(one.at("generation").as_int64(), 1);
    EXPECT_EQ(one.at("partitionCount").as_int64(), partitions);
    EXPECT_EQ(one.at("lagRecords").as_int64(), 0);
    EXPECT_EQ(one.at("stoppedPartitions").as_int64(), 1);
    ASSERT_EQ(one.at("partitions").as_array().size(), 4U);
    const auto& third = one.at("partitions").at(3);
    EXPECT_EQ(third.at("position").as_string(), "orders:3:13");
    EXPECT_EQ(third.at("stopped").as_string(), "a bad record");
    EXPECT_EQ(third.at("appliedAt").as_string(), "2026-01-21T10:30:00.000Z");
    EXPECT_EQ(third.at("endOffset").as_int64(), 23);
    EXPECT_EQ(get("/api/v1/projections/none").status, 404);
}

}  // namespace
}  // namespace foldstream::query

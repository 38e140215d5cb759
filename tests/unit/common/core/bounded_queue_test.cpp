#include "common/core/bounded_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace foldstream {
namespace {

using namespace std::chrono_literals;

TEST(BoundedQueue, gives_items_in_the_order_in_which_they_came) {
    BoundedQueue<int> queue(3);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.try_push(i));
    EXPECT_EQ(queue.size(), 3U);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.try_pop(), i);
    EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(BoundedQueue, refuses_what_is_over_its_bound_and_leaves_it_with_the_caller) {
    BoundedQueue<std::unique_ptr<int>> queue(1);
    auto first = std::make_unique<int>(1);
    auto second = std::make_unique<int>(2);
    ASSERT_TRUE(queue.try_push(first));
    EXPECT_FALSE(queue.try_push(second));
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(*second, 2);
    EXPECT_EQ(**queue.try_pop(), 1);
    EXPECT_TRUE(queue.try_push(second));
}

TEST(BoundedQueue, of_bound_zero_takes_nothing) {
    BoundedQueue<int> queue(0);
    EXPECT_FALSE(queue.try_push(1));
}

TEST(BoundedQueue, that_is_closed_takes_nothing_and_gives_what_it_has) {
    BoundedQueue<int> queue(2);
    ASSERT_TRUE(queue.try_push(1));
    queue.close();
    EXPECT_FALSE(queue.try_push(2));
    EXPECT_EQ(queue.pop(), 1);
    EXPECT_EQ(queue.pop(), std::nullopt);
    EXPECT_EQ(queue.pop(1h), std::nullopt);
}

TEST(BoundedQueue, gives_up_waiting_when_the_time_is_over) {
    BoundedQueue<int> queue(1);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(queue.pop(20ms), std::nullopt);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 20ms);
}

TEST(BoundedQueue, wakes_all_who_wait_when_it_is_closed) {
    BoundedQueue<int> queue(1);
    std::vector<std::thread> waiting;
    std::atomic<int> woken = 0;
    for (int i = 0; i < 3; ++i) {
        waiting.emplace_back([&] {
            if (!queue.pop()) ++woken;
        });
    }
    queue.close();
    for (std::thread& thread : waiting) thread.join();
    EXPECT_EQ(woken, 3);
}

TEST(BoundedQueue, loses_and_doubles_nothing_between_threads) {
    constexpr int per_producer = 20'000;
    BoundedQueue<int> queue(16);
    std::atomic<std::int64_t> sum = 0;
    std::atomic<int> count = 0;
    std::vector<std::thread> consumers;
    for (int i = 0; i < 2; ++i) {
        consumers.emplace_back([&] {
            while (const auto item = queue.pop()) {
                sum += *item;
                ++count;
            }
        });
    }
    std::vector<std::thread> producers;
    for (int p = 0; p < 2; ++p) {
        producers.emplace_back([&] {
            for (int i = 1; i <= per_producer; ++i) {
                while (!queue.try_push(i)) std::this_thread::yield();
            }
        });
    }
    for (std::thread& thread : producers) thread.join();
    queue.close();
    for (std::thread& thread : consumers) thread.join();
    EXPECT_EQ(count, 2 * per_producer);
    EXPECT_EQ(sum, std::int64_t{per_producer} * (per_producer + 1));
}

}  // namespace
}  // namespace foldstream

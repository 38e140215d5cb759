#include "common/runtime/metrics.hpp"

#include <gtest/gtest.h>

namespace foldstream::runtime {
namespace {

TEST(Metrics, give_the_same_object_for_the_same_name_and_labels) {
    Metrics metrics;
    prometheus::Counter& first = metrics.counter("foldstream_x_total", "x", {{"a", "1"}});
    EXPECT_EQ(&first, &metrics.counter("foldstream_x_total", "x", {{"a", "1"}}));
    EXPECT_NE(&first, &metrics.counter("foldstream_x_total", "x", {{"a", "2"}}));
    prometheus::Histogram& histogram =
        metrics.histogram("foldstream_y_seconds", "y", duration_buckets());
    EXPECT_EQ(&histogram, &metrics.histogram("foldstream_y_seconds", "y", duration_buckets()));
}

TEST(Metrics, are_shown_in_the_text_format) {
    Metrics metrics;
    metrics.counter("foldstream_x_total", "How many.", {{"a", "q\"n\n"}}).Increment(3);
    metrics.histogram("foldstream_y_seconds", "How long.", duration_buckets()).Observe(0.3);
    const std::string text = metrics.exposition();
    EXPECT_NE(text.find("# HELP foldstream_x_total How many.\n"), std::string::npos) << text;
    EXPECT_NE(text.find("foldstream_x_total{a=\"q\\\"n\\n\"} 3\n"), std::string::npos) << text;
    EXPECT_NE(text.find("foldstream_y_seconds_bucket{le=\"0.5\"} 1\n"), std::string::npos) << text;
    EXPECT_NE(text.find("foldstream_y_seconds_bucket{le=\"0.25\"} 0\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace foldstream::runtime

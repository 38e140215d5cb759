#include "cli/topic_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domains/registry.hpp"

namespace foldstream::cli {

namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

FoundTopics as_wanted(const std::vector<kafka::TopicSpec>& wanted) {
    FoundTopics found;
    for (const kafka::TopicSpec& spec : wanted) {
        found[spec.name] = {spec.name, spec.partitions, spec.replication, spec.config};
    }
    return found;
}

const kafka::TopicSpec& named(const std::vector<kafka::TopicSpec>& specs, const std::string& name) {
    for (const kafka::TopicSpec& spec : specs) {
        if (spec.name == name) return spec;
    }
    throw std::out_of_range(name);
}

const fold::Registry& registry() { return domains::registry(); }

}  // namespace

TEST(TopicReport, wants_the_topics_of_every_domain_projection_and_the_platform) {
    EXPECT_THAT(topic_names(registry()),
                ElementsAre("orders.commands", "orders.events", "orders.snapshots",
                            "orders.dead-letters", "foldstream.replies", "foldstream.control"));
}

TEST(TopicReport, begins_with_the_default_count_or_the_one_that_is_asked_for) {
    EXPECT_EQ(named(wanted_topics(registry(), std::nullopt, 1, {}), "orders.events").partitions,
              default_partitions);
    EXPECT_EQ(named(wanted_topics(registry(), 12, 1, {}), "orders.events").partitions, 12);
    EXPECT_EQ(named(wanted_topics(registry(), 12, 1, {}), "foldstream.control").partitions, 1);
}

TEST(TopicReport, takes_the_count_of_the_log_that_is_there_when_none_is_asked_for) {
    FoundTopics found = as_wanted(wanted_topics(registry(), 7, 1, {}));
    found.erase("orders.snapshots");
    const auto wanted = wanted_topics(registry(), std::nullopt, 1, found);
    EXPECT_EQ(named(wanted, "orders.snapshots").partitions, 7);
    EXPECT_THAT(all_differences(wanted, found),
                ElementsAre(HasSubstr("orders.snapshots does not exist")));
}

TEST(TopicReport, never_makes_a_topic_with_another_count_than_its_domains_log) {
    FoundTopics found = as_wanted(wanted_topics(registry(), 4, 1, {}));
    found.erase("orders.commands");
    const auto wanted = wanted_topics(registry(), 8, 1, found);
    EXPECT_EQ(named(wanted, "orders.commands").partitions, 4);
    EXPECT_THAT(all_differences(wanted, found),
                Contains(HasSubstr("orders.events has 4 partitions and must have 8")));
}

TEST(TopicReport, finds_nothing_wrong_with_what_is_as_wanted) {
    const auto wanted = wanted_topics(registry(), 4, 1, {});
    EXPECT_THAT(all_differences(wanted, as_wanted(wanted)), IsEmpty());
    EXPECT_THAT(topics_text(wanted, as_wanted(wanted)), ::testing::Not(HasSubstr("differs")));
}

TEST(TopicReport, shows_what_is_missing_and_what_differs) {
    const auto wanted = wanted_topics(registry(), 4, 1, {});
    FoundTopics found = as_wanted(wanted);
    found.erase("foldstream.control");
    found["orders.events"].config["retention.ms"] = "604800000";
    const std::string text = topics_text(wanted, found);
    EXPECT_THAT(text, HasSubstr("missing\n"));
    EXPECT_THAT(text, HasSubstr("differs\n"));
    const std::string json = topics_json(wanted, found);
    EXPECT_THAT(json, HasSubstr(R"("topic":"foldstream.control","exists":false)"));
    EXPECT_THAT(json, HasSubstr("--add-config retention.ms=-1"));
}

}  // namespace foldstream::cli

#include "common/kafka/topics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foldstream::kafka {

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const TopicSpec& named(const std::vector<TopicSpec>& specs, const std::string& name) {
    for (const TopicSpec& spec : specs) {
        if (spec.name == name) return spec;
    }
    throw std::out_of_range(name);
}

TopicState as_specified(const TopicSpec& spec) {
    TopicState state;
    state.name = spec.name;
    state.partitions = spec.partitions;
    state.replication = spec.replication;
    state.config = spec.config;
    state.config["segment.bytes"] = "1073741824";
    return state;
}

}  // namespace

TEST(Topics, a_domain_has_commands_events_and_snapshots_with_one_partition_count) {
    const auto specs = domain_topics("orders", 8, 3);
    ASSERT_EQ(specs.size(), 3U);
    for (const TopicSpec& spec : specs) {
        EXPECT_EQ(spec.partitions, 8) << spec.name;
        EXPECT_EQ(spec.replication, 3) << spec.name;
        EXPECT_EQ(spec.config.at("message.timestamp.type"), "LogAppendTime") << spec.name;
        EXPECT_EQ(spec.config.at("min.insync.replicas"), "2") << spec.name;
    }
    EXPECT_EQ(named(specs, "orders.commands").config.at("retention.ms"), "604800000");
    EXPECT_EQ(named(specs, "orders.commands").config.at("max.message.bytes"), "1048576");
    EXPECT_EQ(named(specs, "orders.snapshots").config.at("cleanup.policy"), "compact");
}

TEST(Topics, the_log_is_kept_for_ever_by_time_and_by_size) {
    const auto specs = domain_topics("orders", 4, 1);
    const TopicSpec& events = named(specs, "orders.events");
    EXPECT_EQ(events.config.at("cleanup.policy"), "delete");
    EXPECT_EQ(events.config.at("retention.ms"), "-1");
    EXPECT_EQ(events.config.at("retention.bytes"), "-1");
}

TEST(Topics, the_platforms_own_have_their_fixed_partition_counts) {
    const auto specs = platform_topics(1);
    EXPECT_EQ(named(specs, "foldstream.replies").partitions, 4);
    EXPECT_EQ(named(specs, "foldstream.replies").config.at("retention.ms"), "3600000");
    EXPECT_EQ(named(specs, "foldstream.control").partitions, 1);
    EXPECT_EQ(named(specs, "foldstream.control").config.at("retention.ms"), "2592000000");
    EXPECT_EQ(named(projection_topics("orders", 4, 1), "orders.dead-letters").partitions, 4);
}

TEST(Topics, a_topic_as_specified_differs_in_nothing) {
    for (const TopicSpec& spec : domain_topics("orders", 4, 1)) {
        EXPECT_THAT(differences(spec, as_specified(spec)), IsEmpty());
    }
}

TEST(Topics, a_log_that_forgets_is_named_with_the_line_that_mends_it) {
    const auto specs = domain_topics("orders", 4, 1);
    const TopicSpec& events = named(specs, "orders.events");
    TopicState state = as_specified(events);
    state.config["retention.ms"] = "604800000";
    EXPECT_THAT(differences(events, state),
                ElementsAre(AllOf(HasSubstr("retention.ms is 604800000 and must be -1"),
                                  HasSubstr("kafka-configs.sh --bootstrap-server BROKERS --alter "
                                            "--entity-type topics --entity-name orders.events "
                                            "--add-config retention.ms=-1"))));
}

TEST(Topics, create_time_stamps_are_a_difference) {
    const auto specs = domain_topics("orders", 4, 1);
    TopicState state = as_specified(specs[0]);
    state.config["message.timestamp.type"] = "CreateTime";
    EXPECT_THAT(differences(specs[0], state),
                ElementsAre(HasSubstr("message.timestamp.type is CreateTime")));
}

TEST(Topics, a_longer_retention_of_commands_and_a_larger_record_limit_are_fine) {
    const auto specs = domain_topics("orders", 4, 1);
    const TopicSpec& commands = named(specs, "orders.commands");
    TopicState state = as_specified(commands);
    state.config["retention.ms"] = "1209600000";
    state.config["max.message.bytes"] = "2097152";
    EXPECT_THAT(differences(commands, state), IsEmpty());
    state.config["retention.ms"] = "-1";
    EXPECT_THAT(differences(commands, state), IsEmpty());
}

TEST(Topics, a_shorter_retention_of_commands_and_a_smaller_record_limit_are_not) {
    const auto specs = domain_topics("orders", 4, 1);
    const TopicSpec& commands = named(specs, "orders.commands");
    TopicState state = as_specified(commands);
    state.config["retention.ms"] = "60000";
    state.config["max.message.bytes"] = "1048575";
    EXPECT_THAT(differences(commands, state),
                ElementsAre(HasSubstr("max.message.bytes"), HasSubstr("retention.ms")));
}

TEST(Topics, a_finite_size_bound_of_the_log_is_a_difference_however_large) {
    const auto specs = domain_topics("orders", 4, 1);
    const TopicSpec& events = named(specs, "orders.events");
    TopicState state = as_specified(events);
    state.config["retention.bytes"] = "9000000000000000000";
    EXPECT_THAT(differences(events, state), ElementsAre(HasSubstr("retention.bytes")));
}

TEST(Topics, another_partition_count_is_named_but_no_line_alters_it) {
    const auto specs = domain_topics("orders", 4, 1);
    TopicState state = as_specified(specs[1]);
    state.partitions = 6;
    const auto found = differences(specs[1], state);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_THAT(found[0], HasSubstr("has 6 partitions and must have 4"));
    EXPECT_THAT(found[0], ::testing::Not(HasSubstr("--alter")));
}

TEST(Topics, a_spec_without_counts_takes_any) {
    const auto wanted = domain_topics("orders", 0, 0);
    TopicState state = as_specified(wanted[1]);
    state.partitions = 6;
    state.replication = 2;
    EXPECT_THAT(differences(wanted[1], state), IsEmpty());
}

TEST(Topics, a_config_that_the_broker_does_not_tell_is_a_difference) {
    const auto specs = domain_topics("orders", 4, 1);
    TopicState state = as_specified(specs[1]);
    state.config.erase("retention.ms");
    EXPECT_THAT(differences(specs[1], state), ElementsAre(HasSubstr("retention.ms is not set")));
}

TEST(Topics, one_replica_is_called_what_it_is) {
    TopicState state = as_specified(domain_topics("orders", 4, 1)[1]);
    EXPECT_THAT(weakness(state).value(), HasSubstr("not the loss of a disk or of power"));
    state.replication = 3;
    state.config["min.insync.replicas"] = "1";
    EXPECT_THAT(weakness(state).value(), HasSubstr("min.insync.replicas=2"));
    state.config["min.insync.replicas"] = "2";
    EXPECT_FALSE(weakness(state).has_value());
}

}  // namespace foldstream::kafka

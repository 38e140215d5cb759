#include "common/kafka/admin.hpp"

#include <gmock/gmock.h>

#include "common/kafka/error.hpp"
#include "common/kafka/topics.hpp"
#include "tests/contract/common/kafka/broker.hpp"

namespace foldstream::kafka {

using AdminContract = BrokerTest;

TEST_F(AdminContract, topics_of_a_domain_are_created_as_specified_and_found_so) {
    Admin admin(settings_);
    const std::string domain = random_name("domain");
    for (const TopicSpec& spec : domain_topics(domain, 3, 1)) {
        EXPECT_TRUE(admin.create(spec));
        EXPECT_FALSE(admin.create(spec)) << "it exists already";
        const auto state = admin.describe(spec.name);
        ASSERT_TRUE(state.has_value());
        EXPECT_EQ(state->partitions, 3);
        EXPECT_EQ(state->replication, 1);
        EXPECT_THAT(differences(spec, *state), ::testing::IsEmpty());
        EXPECT_EQ(admin.partitions(spec.name), 3);
    }
    const DomainTopics found = verify_domain(admin, domain);
    EXPECT_EQ(found.partitions, 3);
    EXPECT_THAT(found.differences, ::testing::IsEmpty());
    EXPECT_TRUE(found.weakness.has_value()) << "one broker survives no loss of power";
}

TEST_F(AdminContract, another_shape_than_specified_is_found) {
    Admin admin(settings_);
    const std::string domain = random_name("domain");
    auto specs = domain_topics(domain, 2, 1);
    specs[1].config.erase("retention.ms");  // the log with the broker's default: a week
    specs[2].partitions = 5;
    for (const TopicSpec& spec : specs) admin.create(spec);
    const DomainTopics found = verify_domain(admin, domain);
    EXPECT_THAT(found.differences,
                ::testing::ElementsAre(::testing::HasSubstr("retention.ms"),
                                       ::testing::HasSubstr("has 5 partitions and must have 2")));
}

TEST_F(AdminContract, looking_for_a_topic_never_creates_it) {
    Admin admin(settings_);
    const std::string name = random_name("absent");
    EXPECT_FALSE(admin.describe(name).has_value());
    EXPECT_FALSE(admin.partitions(name).has_value());
    EXPECT_THROW(admin.end_offsets(name), Error);
    EXPECT_FALSE(admin.partitions(name).has_value());
    const DomainTopics found = verify_domain(admin, name);
    EXPECT_EQ(found.partitions, 0);
    EXPECT_EQ(found.differences.size(), 3U);
}

TEST_F(AdminContract, more_replicas_than_brokers_are_refused_with_the_brokers_reason) {
    Admin admin(settings_);
    TopicSpec spec;
    spec.name = random_name("contract");
    spec.replication = 30;
    try {
        admin.create(spec);
        FAIL() << "there are not so many brokers";
    } catch (const Error& error) {
        EXPECT_FALSE(error.retry());
        EXPECT_THAT(error.what(), ::testing::HasSubstr("30"));
    }
}

TEST_F(AdminContract, knows_where_partitions_begin_and_end) {
    const std::string name = topic(3);
    fill(name, Partition(1), "v", 25);
    Admin admin(settings_);
    const std::map<Partition, Offset> ends{
        {Partition(0), Offset(0)}, {Partition(1), Offset(25)}, {Partition(2), Offset(0)}};
    EXPECT_EQ(admin.end_offsets(name), ends);
    for (const auto& [partition, offset] : admin.begin_offsets(name)) {
        EXPECT_EQ(offset, Offset(0)) << partition.value;
    }
    EXPECT_GE(admin.brokers(), 1);
}

TEST_F(AdminContract, a_cluster_that_does_not_answer_is_an_error_that_may_pass) {
    Settings nowhere = settings_;
    nowhere.brokers = "127.0.0.1:1";
    Admin admin(nowhere);
    try {
        (void)admin.partitions("orders.events");
        FAIL() << "nobody listens there";
    } catch (const Error& error) {
        EXPECT_TRUE(error.retry());
        EXPECT_THAT(error.what(), ::testing::HasSubstr("--kafka-brokers"));
    }
}

}  // namespace foldstream::kafka

#include "cli/application.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <vector>

namespace foldstream::cli {

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// foldctl with arguments, against a Kafka and a Postgres that are not there.
class Foldctl : public ::testing::Test {
protected:
    // Whoever runs the tests may have a cluster: it is not ours.
    void SetUp() override {
        for (const char* name :
             {"FOLDSTREAM_KAFKA_BROKERS", "FOLDSTREAM_KAFKA", "FOLDSTREAM_POSTGRES_URL",
              "FOLDSTREAM_POSTGRES_URL_FILE", "FOLDSTREAM_CONFIG"}) {
            unsetenv(name);
        }
    }

    int run(std::vector<const char*> arguments) {
        arguments.insert(arguments.begin(), "foldctl");
        ::testing::internal::CaptureStdout();
        ::testing::internal::CaptureStderr();
        const int code =
            cli::run(static_cast<int>(arguments.size()), arguments.data(), {in_, out_, err_});
        said_ = ::testing::internal::GetCapturedStdout() +
                ::testing::internal::GetCapturedStderr() + out_.str() + err_.str();
        return code;
    }
    std::istringstream in_;
    std::ostringstream out_;
    std::ostringstream err_;
    std::string said_;
};

}  // namespace

TEST_F(Foldctl, wants_a_command) {
    EXPECT_EQ(run({}), 2);
    EXPECT_THAT(said_, HasSubstr("a command is needed"));
    EXPECT_EQ(run({"topics"}), 2);
    EXPECT_EQ(run({"events"}), 2);
}

TEST_F(Foldctl, names_an_unknown_command) {
    EXPECT_EQ(run({"rebalance"}), 2);
    EXPECT_THAT(said_, HasSubstr("unknown command or option: rebalance"));
    EXPECT_EQ(run({"projections", "rebuild"}), 2);
    EXPECT_THAT(said_, HasSubstr("unknown command"));
}

TEST_F(Foldctl, names_an_unknown_option) {
    EXPECT_EQ(run({"topics", "list", "--colour"}), 2);
    EXPECT_THAT(said_, HasSubstr("--colour"));
}

TEST_F(Foldctl, names_an_unknown_setting_of_the_client_as_wrong_usage) {
    EXPECT_EQ(run({"--kafka", "acks.all=1", "topics", "list"}), 2);
    EXPECT_THAT(said_, HasSubstr("acks.all"));
}

TEST_F(Foldctl, names_a_url_that_is_none_as_wrong_usage_without_quoting_it) {
    EXPECT_EQ(run({"--postgres-url", "gar s3cret bage", "status"}), 2);
    EXPECT_THAT(said_, HasSubstr("--postgres-url"));
    EXPECT_THAT(said_, ::testing::Not(HasSubstr("s3cret")));
}

TEST_F(Foldctl, wants_to_know_what_and_why_before_something_is_lost) {
    EXPECT_EQ(run({"snapshots", "delete", "orders"}), 2);
    EXPECT_THAT(said_, HasSubstr("--partition"));
    EXPECT_EQ(run({"partitions", "adopt", "orders", "0", "--why", "x"}), 2);
    EXPECT_THAT(said_, HasSubstr("--next-offset"));
    EXPECT_EQ(run({"partitions", "reset", "orders", "0"}), 2);
    EXPECT_THAT(said_, HasSubstr("--why"));
    EXPECT_EQ(run({"partitions", "reset", "orders", "0", "--why", ""}), 2);
    EXPECT_THAT(said_, HasSubstr("must not be empty"));
    EXPECT_EQ(run({"partitions", "reset", "orders", "zero", "--why", "x"}), 2);
    EXPECT_EQ(run({"partitions"}), 2);
    EXPECT_EQ(run({"commands"}), 2);
    EXPECT_EQ(run({"snapshots"}), 2);
}

TEST_F(Foldctl, refuses_values_out_of_range) {
    EXPECT_EQ(run({"snapshots", "create", "orders", "--wait", "-1"}), 2);
    EXPECT_EQ(run({"snapshots", "create", "orders", "--partition", "-1"}), 2);
    EXPECT_EQ(run({"commands", "list", "orders", "--limit", "-1"}), 2);
    EXPECT_EQ(run({"commands", "retry", "orders", "0", "-1"}), 2);
    EXPECT_EQ(run({"partitions", "reset", "orders", "-1", "--why", "x"}), 2);
    EXPECT_EQ(run({"topics", "apply", "--partitions", "0"}), 2);
    EXPECT_EQ(run({"topics", "apply", "--replication", "-1"}), 2);
    EXPECT_EQ(run({"send", "orders", "CreateOrder", "--wait", "-3"}), 2);
    EXPECT_EQ(run({"send", "orders", "CreateOrder", "--expected-version", "-1"}), 2);
    EXPECT_EQ(run({"events", "tail", "orders", "--limit", "-1"}), 2);
    EXPECT_EQ(run({"events", "tail", "orders", "--partition", "-1"}), 2);
}

TEST_F(Foldctl, wants_the_arguments_of_a_command) {
    EXPECT_EQ(run({"send", "orders"}), 2);
    EXPECT_THAT(said_, HasSubstr("command"));
    EXPECT_EQ(run({"events", "tail"}), 2);
}

TEST_F(Foldctl, gives_a_body_only_with_raw) {
    EXPECT_EQ(run({"events", "tail", "orders", "--body", "3"}), 2);
    EXPECT_THAT(said_, HasSubstr("--raw"));
}

TEST_F(Foldctl, names_the_domains_when_it_is_given_another) {
    EXPECT_EQ(run({"send", "ordres", "CreateOrder", "{}"}), 2);
    EXPECT_THAT(said_, HasSubstr("unknown domain ordres; there are: orders"));
    EXPECT_EQ(run({"events", "tail", "ordres", "--raw", "--body", "0", "--partition", "0"}), 2);
    EXPECT_THAT(said_, HasSubstr("unknown domain ordres"));
    for (const std::vector<const char*>& command : std::vector<std::vector<const char*>>{
             {"snapshots", "create", "ordres"},
             {"snapshots", "count", "ordres"},
             {"snapshots", "show", "ordres", "o-1"},
             {"snapshots", "delete", "ordres", "--partition", "0", "--yes"},
             {"commands", "list", "ordres"},
             {"commands", "retry", "ordres", "0", "1"},
             {"partitions", "reset", "ordres", "0", "--why", "x", "--yes"},
             {"partitions", "adopt", "ordres", "0", "--why", "x", "--next-offset", "begin"}}) {
        EXPECT_EQ(run(command), 2) << command[0] << ' ' << command[1];
        EXPECT_THAT(said_, HasSubstr("unknown domain ordres")) << command[0] << ' ' << command[1];
    }
}

TEST_F(Foldctl, wants_to_know_where_postgres_is_for_what_needs_it) {
    EXPECT_EQ(run({"migrate"}), 2);
    EXPECT_THAT(said_, HasSubstr("--postgres-url"));
    EXPECT_EQ(run({"status"}), 2);
}

TEST_F(Foldctl, says_that_kafka_cannot_be_reached) {
    EXPECT_EQ(run({"topics", "list", "--kafka-brokers", "127.0.0.1:1"}), 3);
    EXPECT_THAT(said_, HasSubstr("127.0.0.1:1"));
    EXPECT_THAT(said_, HasSubstr("--kafka-brokers"));
}

TEST_F(Foldctl, says_that_postgres_cannot_be_reached_and_keeps_the_password) {
    EXPECT_EQ(run({"migrate", "--postgres-url", "postgresql://x:s3cret@127.0.0.1:1/y"}), 3);
    EXPECT_THAT(said_, HasSubstr("is Postgres running"));
    EXPECT_THAT(said_, ::testing::Not(HasSubstr("s3cret")));
}

TEST_F(Foldctl, help_names_units_and_exit_codes) {
    EXPECT_EQ(run({"--help"}), 0);
    EXPECT_THAT(said_, HasSubstr("Exit codes"));
    EXPECT_EQ(run({"send", "--help"}), 0);
    EXPECT_THAT(said_, HasSubstr("seconds to wait"));
    EXPECT_EQ(run({"partitions", "reset", "--help"}), 0);
    EXPECT_THAT(said_, HasSubstr("must be rebuilt"));
    EXPECT_EQ(run({"partitions", "adopt", "--help"}), 0);
    EXPECT_THAT(said_, AllOf(HasSubstr("at which offset commands go on"), HasSubstr("--why"),
                             HasSubstr("OFFSET|begin|end"), HasSubstr("--yes")));
    EXPECT_EQ(run({"snapshots", "create", "--help"}), 0);
    EXPECT_THAT(said_, HasSubstr("seconds to wait"));
    EXPECT_EQ(run({"snapshots", "show", "--help"}), 0);
    EXPECT_THAT(said_, AllOf(HasSubstr("the newest snapshot"), HasSubstr("the aggregate's id")));
    EXPECT_EQ(run({"snapshots", "count", "--help"}), 0);
    EXPECT_THAT(said_, AllOf(HasSubstr("entries a restore has to fold"), HasSubstr("bytes"),
                             HasSubstr("--partition")));
    EXPECT_EQ(run({"snapshots", "delete", "--help"}), 0);
    EXPECT_THAT(said_,
                AllOf(HasSubstr("seconds to wait"), HasSubstr("asks before"), HasSubstr("--yes")));
}

}  // namespace foldstream::cli

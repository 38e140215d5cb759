#include "common/runtime/options.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace foldstream::runtime {
namespace {

class Variable {
public:
    Variable(std::string name, const std::string& value) : name_(std::move(name)) {
        setenv(name_.c_str(), value.c_str(), 1);
    }
    ~Variable() { unsetenv(name_.c_str()); }

private:
    std::string name_;
};

class File {
public:
    explicit File(const std::string& text)
        : path_(std::filesystem::temp_directory_path() /
                ("foldstream-options-" + std::to_string(getpid()))) {
        std::ofstream(path_) << text;
    }
    ~File() { std::filesystem::remove(path_); }
    [[nodiscard]] std::string path() const { return path_; }

private:
    std::filesystem::path path_;
};

struct Given {
    ServiceOptions service;
    std::string url;
    Pairs kafka;
    std::optional<int> exit;
    std::string printed;
};

Given parsed(std::vector<std::string> words) {
    Given given;
    CLI::App app("what it does");
    add_service_options(app, given.service);
    add_secret(app, "--postgres-url", given.url, "where Postgres is");
    add_pairs(app, "--kafka", given.kafka, "any setting");
    std::vector<const char*> argv{"program"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    testing::internal::CaptureStderr();
    testing::internal::CaptureStdout();
    given.exit = parse(app, static_cast<int>(argv.size()), argv.data());
    given.printed = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
    return given;
}

TEST(Options, come_from_flag_file_and_environment_in_this_order) {
    const File file("admin-port = 2\nlog-level = \"debug\"\n");
    const Variable port("FOLDSTREAM_ADMIN_PORT", "3");
    EXPECT_EQ(parsed({}).service.admin_port, 3);
    EXPECT_EQ(parsed({"--config", file.path()}).service.admin_port, 2);
    EXPECT_EQ(parsed({"--config", file.path()}).service.log_level, "debug");
    EXPECT_EQ(parsed({"--config", file.path(), "--admin-port", "1"}).service.admin_port, 1);
}

TEST(Options, of_a_file_named_by_the_environment_are_read) {
    const File file("admin-port = 7\n");
    const Variable config("FOLDSTREAM_CONFIG", file.path());
    EXPECT_EQ(parsed({}).service.admin_port, 7);
}

TEST(Options, that_are_wrong_end_with_two_and_are_named) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{"--admin-prot", "1"}, "--admin-prot"},
        {{"--admin-port", "70000"}, "--admin-port"},
        {{"--admin-port", "-1"}, "--admin-port"},
        {{"--admin-port", "x"}, "--admin-port"},
        {{"--log-level", "loud"}, "--log-level"},
        {{"--kafka", "novalue"}, "--kafka"},
        {{"--config", "/nonexistent/file"}, "/nonexistent/file"},
        {{"--postgres-url-file", "/nonexistent/file"}, "--postgres-url-file"},
        {{"--postgres-url-file", "/etc/hostname", "--postgres-url", "x"}, "--postgres-url"}};
    for (const auto& [words, named] : cases) {
        const Given given = parsed(words);
        EXPECT_EQ(given.exit, exit_usage) << named;
        EXPECT_NE(given.printed.find(named), std::string::npos) << given.printed;
    }
}

TEST(Options, in_the_environment_that_are_wrong_end_with_two_and_are_named) {
    const Variable port("FOLDSTREAM_ADMIN_PORT", "many");
    const Given given = parsed({});
    EXPECT_EQ(given.exit, exit_usage);
    EXPECT_NE(given.printed.find("--admin-port = many"), std::string::npos) << given.printed;
}

TEST(Options, in_the_file_that_nobody_knows_are_an_error) {
    const File file("admin-prot = 1\n");
    const Given given = parsed({"--config", file.path()});
    EXPECT_EQ(given.exit, exit_usage);
    EXPECT_NE(given.printed.find("admin-prot"), std::string::npos) << given.printed;
}

TEST(Options, in_the_environment_that_nobody_knows_only_warn_and_keep_their_value_to_themselves) {
    const Variable unknown("FOLDSTREAM_SERVICE_PORT_X", "s3cret");
    const Given given = parsed({});
    EXPECT_EQ(given.exit, std::nullopt);
    EXPECT_NE(given.printed.find("FOLDSTREAM_SERVICE_PORT_X"), std::string::npos);
    EXPECT_EQ(given.printed.find("s3cret"), std::string::npos);
}

TEST(Options, read_a_secret_from_a_file_without_its_last_newline) {
    const File file("postgresql://me:pass@host/db\n");
    EXPECT_EQ(parsed({"--postgres-url-file", file.path()}).url, "postgresql://me:pass@host/db");
    const Variable from("FOLDSTREAM_POSTGRES_URL_FILE", file.path());
    EXPECT_EQ(parsed({}).url, "postgresql://me:pass@host/db");
}

TEST(Options, do_not_print_a_secret_in_the_help) {
    const Variable url("FOLDSTREAM_POSTGRES_URL", "postgresql://me:pass@host/db");
    const Given given = parsed({"--help"});
    EXPECT_EQ(given.exit, exit_fine);
    EXPECT_NE(given.printed.find("--postgres-url"), std::string::npos);
    EXPECT_EQ(given.printed.find("pass@"), std::string::npos);
}

TEST(Options, take_pairs_again_and_again_and_by_lines_from_the_environment) {
    const Given given = parsed({"--kafka", "a=b", "--kafka", "c=d=e,f"});
    EXPECT_EQ(given.kafka, (Pairs{{"a", "b"}, {"c", "d=e,f"}}));
    const File file("kafka = [\"a=b\", \"c=d\"]\n");
    EXPECT_EQ(parsed({"--config", file.path()}).kafka, (Pairs{{"a", "b"}, {"c", "d"}}));
    const Variable kafka("FOLDSTREAM_KAFKA", "a=b\nc=d e");
    EXPECT_EQ(parsed({}).kafka, (Pairs{{"a", "b"}, {"c", "d e"}}));
}

TEST(Options, know_their_version) {
    const Given given = parsed({"--version"});
    EXPECT_EQ(given.exit, exit_fine);
    EXPECT_NE(given.printed.find('.'), std::string::npos);
}

}  // namespace
}  // namespace foldstream::runtime

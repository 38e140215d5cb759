#include "projector/applier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace foldstream::projector {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Applier, notices_without_any_work_that_its_server_is_away) {
    postgres::ConnectionSettings settings;
    settings.url = "postgresql://somebody:hidden@127.0.0.1:1/nothing";
    const Applier applier(settings, {}, 1ms);
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (applier.trouble().empty() && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    EXPECT_THAT(applier.trouble(), HasSubstr("cannot connect to Postgres"));
    EXPECT_THAT(applier.trouble(), ::testing::Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace foldstream::projector

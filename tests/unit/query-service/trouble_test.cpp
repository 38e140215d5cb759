#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query-service/pollers.hpp"

namespace foldstream::query {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TroubleText : public ::testing::Test {
protected:
    std::string logged(const std::string& why) {
        ::testing::internal::CaptureStderr();
        trouble_.note(why);
        return ::testing::internal::GetCapturedStderr();
    }
    Trouble trouble_{"loop", "it is read", "cannot read it"};
};

TEST_F(TroubleText, is_logged_when_the_very_first_turn_fails) {
    EXPECT_EQ(trouble_.why(), "not asked yet");
    EXPECT_THAT(logged("no server"), AllOf(HasSubstr("cannot read it"), HasSubstr("no server")));
    EXPECT_EQ(trouble_.why(), "no server");
}

TEST_F(TroubleText, is_logged_once_when_it_begins_and_once_when_it_ends) {
    EXPECT_THAT(logged(""), HasSubstr("it is read"));
    EXPECT_THAT(logged(""), IsEmpty());
    EXPECT_THAT(logged("no server"), HasSubstr("cannot read it"));
    EXPECT_THAT(logged("no server, still"), IsEmpty());
    EXPECT_EQ(trouble_.why(), "no server, still");
    EXPECT_THAT(logged(""), HasSubstr("it is read"));
}

}  // namespace
}  // namespace foldstream::query

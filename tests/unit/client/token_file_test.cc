#include "lib/client/token_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "tests/testing/status_matchers.h"

namespace cairn::client {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

class TokenFileTest : public ::testing::Test {
 protected:
  ~TokenFileTest() override { std::filesystem::remove(path_); }

  absl::StatusOr<std::string> Read(const std::string& text, mode_t mode = 0600) {
    EXPECT_THAT(WriteFileAtomically(path_, text), IsOk());
    EXPECT_EQ(::chmod(path_.c_str(), mode), 0);
    return ReadTokenFile(path_);
  }

  const std::string path_ = ::testing::TempDir() + "/token_" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(TokenFileTest, ATokenIsReadWithoutTheBlanksAroundIt) {
  for (const char* text : {"secret", "secret\n", "  secret\r\n", "\nsecret \n\n"}) {
    EXPECT_EQ(Read(text).value(), "secret") << text;
  }
  EXPECT_EQ(Read("secret", 0400).value(), "secret");
}

TEST_F(TokenFileTest, AFileThatOthersMayReadIsRefusedWithTheCommandThatClosesIt) {
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0777, 0610}) {
    const absl::Status status = Read("secret", mode).status();
    EXPECT_EQ(ReasonOf(status), "TOKEN_FILE_OPEN") << mode;
    EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600 " + path_));
  }
}

// Kind of fault: a secret in a message.
TEST_F(TokenFileTest, WhatIsNoTokenIsRefusedAndNotRepeated) {
  for (const std::string& text :
       std::vector<std::string>{"", "\n \n", "secret words", "secret\nwords",
                                "s\xc3\xa9"
                                "cret",
                                "secret\x01", std::string(kMaxTokenBytes + 1, 's'),
                                "secret" + std::string(5000, '\n') + "words"}) {
    const absl::Status status = Read(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    EXPECT_THAT(status.ToString(), Not(HasSubstr("cret")));
    EXPECT_THAT(status.ToString(), Not(HasSubstr("sss")));
  }
}

TEST_F(TokenFileTest, AFileThatIsNotThereIsNamed) {
  const absl::Status status = ReadTokenFile("/nonexistent/token").status();
  EXPECT_EQ(ReasonOf(status), "FILE_ERROR");
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nonexistent/token"));
}

}  // namespace
}  // namespace cairn::client

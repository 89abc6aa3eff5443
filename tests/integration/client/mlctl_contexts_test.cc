// Contexts of mlctl with the real programs: a protected one is changed by who names it only.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "lib/base/files.h"
#include "tests/integration/client/mlctl_fixture.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::ProgramResult;

class MlctlContextsTest : public testing::MlctlFixture {
 protected:
  void SetUp() override {
    MlctlFixture::SetUp();
    ASSERT_EQ(Mlctl({"context", "set", "prod", "--server", server_.grpc_address(), "--protect"})
                  .exit_code,
              0);
    ASSERT_EQ(Mlctl({"context", "use", "prod"}).exit_code, 0);
  }

  // The command line of mlctl with a configuration of its own and no server but that.
  std::vector<std::string> Line(const std::vector<std::string>& words) const {
    std::vector<std::string> line = {"/usr/bin/env", "-u", "MLCTL_SERVER",
                                     "XDG_CONFIG_HOME=" + (folder_ / "config"),
                                     testing::ProgramPath("mlctl")};
    line.insert(line.end(), words.begin(), words.end());
    return line;
  }
  ProgramResult Mlctl(const std::vector<std::string>& words) const {
    return testing::RunProgram(Line(words));
  }

  // The same on a terminal where `typed` is entered; the exit code.
  int OnTerminal(const std::vector<std::string>& words, const std::string& typed) const {
    const std::vector<std::string> line = Line(words);
    int terminal = -1;
    const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child == 0) {
      std::vector<char*> arguments;
      for (const std::string& word : line) arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
    const std::string entered = typed + "\n";
    EXPECT_EQ(::write(terminal, entered.data(), entered.size()),
              static_cast<ssize_t>(entered.size()));
    char output[4096];
    while (::read(terminal, output, sizeof(output)) > 0) {
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    ::close(terminal);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

TEST_F(MlctlContextsTest, AChangeNeedsTheNameAndLookingDoesNot) {
  const std::vector<std::string> create = {"create", "model", "m"};
  const ProgramResult refused = Mlctl(create);
  EXPECT_EQ(refused.exit_code, 5) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("--yes-protected prod"));
  EXPECT_EQ(Mlctl({"list", "models", "-q"}).output, "");
  EXPECT_EQ(Mlctl({"create", "model", "m", "--yes-protected", "lab"}).exit_code, 5);
  EXPECT_EQ(Mlctl({"create", "model", "m", "--dry-run"}).exit_code, 0);
  EXPECT_EQ(Mlctl({"create", "model", "m", "--server", server_.grpc_address()}).exit_code, 5)
      << "the server is protected by whatever name";
  EXPECT_EQ(Mlctl({"list", "models", "-q"}).output, "");
  EXPECT_EQ(Mlctl({"create", "model", "m", "--yes-protected", "prod"}).exit_code, 0);
  EXPECT_THAT(Mlctl({"list", "models", "-q"}).output, HasSubstr("m"));
}

TEST_F(MlctlContextsTest, OnATerminalTheNameIsTyped) {
  EXPECT_EQ(OnTerminal({"create", "model", "m"}, "yes"), 5);
  EXPECT_EQ(Mlctl({"list", "models", "-q"}).output, "");
  EXPECT_EQ(OnTerminal({"create", "model", "m"}, "prod"), 0);
  EXPECT_NE(Mlctl({"list", "models", "-q"}).output, "");
}

TEST_F(MlctlContextsTest, AProtectedContextItselfIsChangedByNameOnly) {
  EXPECT_EQ(Mlctl({"context", "set", "prod", "--protect=false"}).exit_code, 5);
  EXPECT_EQ(Mlctl({"context", "delete", "prod"}).exit_code, 5);
  EXPECT_THAT(Mlctl({"context", "list"}).output, HasSubstr("prod"));
  EXPECT_EQ(Mlctl({"context", "delete", "prod", "--yes-protected", "prod"}).exit_code, 0);
  EXPECT_THAT(Mlctl({"context", "list"}).output, Not(HasSubstr("prod")));
}

TEST_F(MlctlContextsTest, WhoeverNamesATokenIsToldWhichServerGetsIt) {
  const std::string token = folder_ / "token";
  ASSERT_THAT(WriteFileAtomically(token, "cairn_0123456789abcdef_" + std::string(64, 'a') + "\n"),
              IsOk());
  ASSERT_EQ(::chmod(token.c_str(), 0600), 0);
  const ProgramResult told = Mlctl({"whoami", "--token-file", token});
  EXPECT_THAT(told.output, HasSubstr("the token goes to " + server_.grpc_address() +
                                     ", which context prod names"));
  EXPECT_THAT(Mlctl({"whoami", "--token-file", token, "--server", server_.grpc_address()}).output,
              Not(HasSubstr("the token goes to")));
}

}  // namespace
}  // namespace cairn

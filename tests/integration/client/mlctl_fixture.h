#ifndef CAIRN_TESTS_INTEGRATION_CLIENT_MLCTL_FIXTURE_H_
#define CAIRN_TESTS_INTEGRATION_CLIENT_MLCTL_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "lib/base/files.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn::testing {

// The real mlctl against a real server of its own, and a folder for files. Commands are given
// without the program's name, and ask the server where it was started last; what one prints is
// its standard output and error, mixed.
class MlctlFixture : public ::testing::Test {
 protected:
  // `timeout` is how long one call of a command may take.
  explicit MlctlFixture(std::string timeout = "5s") : timeout_(std::move(timeout)) {}

  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  ProgramResult Run(std::vector<std::string> words) const {
    words.insert(words.begin(), ProgramPath("mlctl"));
    words.insert(words.end(), {"--server", server_.grpc_address(), "--timeout", timeout_});
    return RunProgram(words);
  }

  // What a command prints that is to end with `exit_code`.
  std::string Expect(int exit_code, const std::vector<std::string>& words) const {
    const ProgramResult result = Run(words);
    EXPECT_EQ(result.exit_code, exit_code) << words[0] << " " << words[1] << ": " << result.output;
    return result.output;
  }

  // The id that a command prints with -q.
  std::string Id(std::vector<std::string> words) const {
    words.emplace_back("-q");
    std::string output = Expect(0, words);
    if (!output.empty()) output.pop_back();
    return output;
  }

  // Writes a file of the folder, and gives its path.
  std::string Write(const std::string& name, const std::string& text) const {
    EXPECT_THAT(WriteFileAtomically(folder_ / name, text), IsOk());
    return folder_ / name;
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};

 private:
  const std::string timeout_;
};

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_INTEGRATION_CLIENT_MLCTL_FIXTURE_H_

// What cairn-pipeline does with what its command line says, where only the program shows it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/files.h"
#include "tests/testing/server_process.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::ProgramPath;
using testing::ProgramResult;
using testing::RunProgram;
using testing::TempFolder;

class CommandLineTest : public ::testing::Test {
 protected:
  static ProgramResult Pipeline(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), ProgramPath("cairn-pipeline"));
    return RunProgram(arguments);
  }
  ProgramResult Generate(const std::string& out) {
    return Pipeline({"generate", "--customers", "5", "--out", out});
  }

  const TempFolder folder_;
};

TEST_F(CommandLineTest, AnOutputThatIsNoFileKeepsItsPlace) {
  ASSERT_EQ(Generate(folder_ / "file").exit_code, 0);
  fs::create_symlink("target", folder_ / "link");
  EXPECT_EQ(Generate(folder_ / "link").exit_code, 0);
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(*ReadFile(folder_ / "target"), *ReadFile(folder_ / "file"));

  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const ProgramResult piped =
      RunProgram({"/bin/sh", "-c",
                  "cd " + folder_.path() + "; timeout 60 cat pipe > got & timeout 60 " +
                      ProgramPath("cairn-pipeline") +
                      " generate --customers 5 --out pipe; c=$?; wait; exit $c"});
  EXPECT_EQ(piped.exit_code, 0) << piped.output;
  EXPECT_TRUE(fs::is_fifo(folder_ / "pipe"));
  EXPECT_EQ(*ReadFile(folder_ / "got"), *ReadFile(folder_ / "file"));
}

TEST_F(CommandLineTest, AFlagIsNoValueOfTheFlagBeforeIt) {
  ASSERT_EQ(Generate(folder_ / "data").exit_code, 0);
  const ProgramResult run = Pipeline({"run", "--data", folder_ / "data", "--out", "--force"});
  EXPECT_EQ(run.exit_code, 2) << run.output;
  EXPECT_THAT(run.output, HasSubstr("--out=--force"));
  EXPECT_FALSE(fs::exists("--force"));
}

TEST_F(CommandLineTest, ASettingThatIsGivenTwiceIsRefused) {
  ASSERT_EQ(Generate(folder_ / "data").exit_code, 0);
  const ProgramResult run = Pipeline({"plan", "--data", folder_ / "data", "--set",
                                      "input.separator=comma", "--set", "input={separator: tab}"});
  EXPECT_EQ(run.exit_code, 2) << run.output;
  EXPECT_THAT(run.output, HasSubstr("input.separator=comma"));
  EXPECT_THAT(run.output, HasSubstr("input={separator: tab}"));
}

TEST_F(CommandLineTest, TextThatIsNotUtf8IsAUsageErrorNamingWhich) {
  ASSERT_EQ(Generate(folder_ / "data").exit_code, 0);
  for (const char* flag : {"--label", "--code-revision", "--principal", "--only", "--set"}) {
    const ProgramResult run = Pipeline({"run", "--data", folder_ / "data", flag, "a=\xff"});
    EXPECT_EQ(run.exit_code, 2) << flag << ": " << run.output;
    EXPECT_THAT(run.output, HasSubstr(flag));
  }
}

TEST_F(CommandLineTest, APrincipalThatCannotTravelIsAUsageError) {
  ASSERT_EQ(Generate(folder_ / "data").exit_code, 0);
  const ProgramResult run = Pipeline({"run", "--data", folder_ / "data", "--principal", "Zoë"});
  EXPECT_EQ(run.exit_code, 2) << run.output;
  EXPECT_THAT(run.output, HasSubstr("printable ASCII"));
}

// Kind of fault: what is said to nobody counts as said.
TEST_F(CommandLineTest, ARunThatCouldNotSayWhatItDecidedFails) {
  ASSERT_EQ(Generate(folder_ / "data").exit_code, 0);
  const std::string run = ProgramPath("cairn-pipeline") + " run --data " + (folder_ / "data");
  for (const char* to : {"2>&-", "2>/dev/full", ">/dev/full", ">&-", ">&- 2>&-"}) {
    EXPECT_EQ(RunProgram({"/bin/sh", "-c", run + " " + to}).exit_code, 1) << to;
  }
}

TEST_F(CommandLineTest, AStandardInputThatIsClosedIsNamed) {
  for (const char* from : {"<&-", "</dev/null"}) {
    const ProgramResult run =
        RunProgram({"/bin/sh", "-c", ProgramPath("cairn-pipeline") + " run --data - " + from});
    EXPECT_EQ(run.exit_code, 1) << from;
    EXPECT_THAT(run.output, HasSubstr("standard input is closed or /dev/null")) << from;
  }
}

TEST_F(CommandLineTest, StagesThatCannotBeAskedForAreUsageErrors) {
  ASSERT_EQ(Generate(folder_ / "data").exit_code, 0);
  const std::vector<std::vector<std::string>> wrong = {
      {"--only", "bogus"}, {"--only", "register"}, {"--from", "sweep", "--only", "pca"}};
  for (const auto& flags : wrong) {
    std::vector<std::string> words = {"run", "--data", folder_ / "data"};
    words.insert(words.end(), flags.begin(), flags.end());
    const ProgramResult run = Pipeline(words);
    EXPECT_EQ(run.exit_code, 2) << flags[1] << ": " << run.output;
  }
}

}  // namespace
}  // namespace cairn

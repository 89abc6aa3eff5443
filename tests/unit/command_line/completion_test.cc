#include "lib/command_line/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client-cli/commands/catalog.h"
#include "tests/testing/status_matchers.h"

namespace cairn::command_line {
namespace {

using cli::Catalog;
using testing::IsOk;
using testing::StatusIs;

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST(CompletionTest, CommandsAreCompletedByTheirBeginning) {
  EXPECT_THAT(Complete(Catalog(), {"pro"}).words, ElementsAre("promote"));
  EXPECT_THAT(Complete(Catalog(), {"run", ""}).words,
              UnorderedElementsAre("start", "finish", "resume", "heartbeat"));
}

TEST(CompletionTest, FlagsOfTheCommandAndGlobalOnesAreCompleted) {
  EXPECT_THAT(Complete(Catalog(), {"promote", "m", "--if"}).words, ElementsAre("--if-epoch"));
  EXPECT_THAT(Complete(Catalog(), {"promote", "m", "--serv"}).words, ElementsAre("--server"));
}

TEST(CompletionTest, ChoicesOfAFlagAreCompleted) {
  EXPECT_THAT(Complete(Catalog(), {"get", "runs", "-o", "js"}).words,
              UnorderedElementsAre("json", "jsonl"));
}

TEST(CompletionTest, NamesComeFromTheServer) {
  EXPECT_EQ(Complete(Catalog(), {"promote", "cust"}).dynamic, "model");
  EXPECT_EQ(Complete(Catalog(), {"get", ""}).dynamic, "noun");
  EXPECT_EQ(Complete(Catalog(), {"get", "runs", ""}).dynamic, "runs");
  EXPECT_EQ(Complete(Catalog(), {"apply", "-f", ""}).dynamic, "file");
}

TEST(CompletionTest, AProgramAloneAnswersItsScript) {
  const CommandTable table = {
      .program = "p",
      .commands = {
          {.path = "run", .flags = {{.name = "data", .kind = FlagKind::kPath, .value = "FILE"}}}}};
  EXPECT_EQ(CompletionLines(table, {"__complete", "--", "r"}), "run\n");
  EXPECT_EQ(CompletionLines(table, {"__complete", "--", "run", "--data", ""}), ":file\n");
  EXPECT_EQ(CompletionLines(table, {"run"}), std::nullopt);
  EXPECT_NE(CompletionScript(table, "bash")->find("$(p __complete"), std::string::npos);
}

TEST(CompletionTest, ThereIsAScriptForEachShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = CompletionScript(Catalog(), shell);
    ASSERT_THAT(script, IsOk());
    EXPECT_NE(script->find("mlctl __complete"), std::string::npos);
  }
  EXPECT_THAT(CompletionScript(Catalog(), "tcsh"), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::command_line

#include "client-cli/cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client-cli/commands/catalog.h"

namespace cairn::cli {
namespace {

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

TEST(CompletionTest, ThereIsAScriptForEachShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = CompletionScript(shell);
    ASSERT_TRUE(script.ok());
    EXPECT_NE(script->find("mlctl __complete"), std::string::npos);
  }
  EXPECT_FALSE(CompletionScript("tcsh").ok());
}

}  // namespace
}  // namespace cairn::cli

#include "lib/command_line/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <string>

#include "client-cli/cli/terminal.h"
#include "client-cli/commands/catalog.h"
#include "lib/base/files.h"
#include "tests/testing/status_matchers.h"

namespace cairn::cli {
namespace {

using testing::IsOk;

TEST(HelpTest, TheReferencePageIsUpToDate) {
  const auto page = ReadFile(std::string(CAIRN_SOURCE_DIR) + "/docs/mlctl.md");
  ASSERT_THAT(page, IsOk());
  EXPECT_EQ(*page, MarkdownReference(Catalog())) << "run `mlctl help --markdown > docs/mlctl.md`";
}

TEST(HelpTest, EveryCommandIsCompleteInTheTable) {
  std::set<std::string_view> paths;
  for (const Command& command : Catalog().commands) {
    SCOPED_TRACE(command.path);
    EXPECT_TRUE(paths.insert(command.path).second);
    EXPECT_EQ(command.examples.size(), 3u);
    EXPECT_FALSE(command.summary.empty());
    EXPECT_NE(command.summary.back(), '.');
    EXPECT_TRUE(command.handler);
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const Flag& flag : command.flags) {
      EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
      const bool fresh = flag.letter == 0 || letters.insert(flag.letter).second;
      EXPECT_TRUE(fresh) << flag.letter;
      EXPECT_EQ(flag.kind == FlagKind::kSwitch, flag.value.empty()) << flag.name;
    }
  }
}

TEST(HelpTest, ExamplesComeBeforeFlags) {
  const auto text = HelpFor(Catalog(), "run start");
  ASSERT_THAT(text, IsOk());
  EXPECT_LT(text->find("Examples:"), text->find("Usage:"));
  EXPECT_LT(text->find("Usage:"), text->find("Flags:"));
}

TEST(HelpTest, TopicsAndGroupsHaveHelp) {
  EXPECT_NE(HelpFor(Catalog(), "exit-codes")->find("130  interrupted"), std::string::npos);
  EXPECT_NE(HelpFor(Catalog(), "run")->find("run finish"), std::string::npos);
  EXPECT_EQ(std::string(HelpFor(Catalog(), "exit-code").status().message()),
            "there is no help on \"exit-code\"; did you mean \"exit-codes\"?");
}

TEST(HelpTest, NothingIsWiderThanATerminalButCommandsToCopy) {
  const auto check = [](const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("  mlctl ") || line.find(" mlctl ") != std::string::npos) continue;
      EXPECT_LE(DisplayWidth(line), 80u) << line;
    }
  };
  for (const Command& command : Catalog().commands) check(*HelpFor(Catalog(), command.path));
  for (const Topic& topic : Catalog().topics) check(std::string(topic.text));
  std::istringstream lines(Overview(Catalog()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(DisplayWidth(line), 80u) << line;
}

TEST(HelpTest, TheUsageLineMarksWhatMayBeLeftOut) {
  EXPECT_EQ(UsageLine(Catalog(), *Catalog().Find("get")), "mlctl get NOUN [REFERENCE...] [flags]");
}

}  // namespace
}  // namespace cairn::cli

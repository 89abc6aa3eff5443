#include "client-cli/cli/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "client-cli/commands/catalog.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/command_line/parser.h"
#include "tests/testing/status_matchers.h"

namespace cairn::cli {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

Environment Variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto it = values.find(std::string(name));
    if (it == values.end()) return std::nullopt;
    return it->second;
  };
}

Settings ResolveWith(const std::vector<std::string>& words, const Environment& environment,
                     const std::vector<ConfigFile>& files) {
  const auto invocation = command_line::Parse(Catalog(), words);
  return *Settings::Resolve(Catalog(), *invocation, environment, files);
}

const std::vector<ConfigFile> kFiles = {{"project", {{"server", "project:1"}}},
                                        {"user", {{"server", "user:1"}, {"output", "wide"}}}};

TEST(SettingsTest, AFlagBeatsTheEnvironmentWhichBeatsTheFiles) {
  const auto environment = Variables({{"MLCTL_SERVER", "environment:1"}});
  const auto flag = ResolveWith({"ping", "--server", "flag:1"}, environment, kFiles);
  EXPECT_EQ(flag.Text("server"), "flag:1");
  EXPECT_EQ(flag.all().find("server")->second.origin, "--server");
  const auto variable = ResolveWith({"ping"}, environment, kFiles);
  EXPECT_EQ(variable.Text("server"), "environment:1");
  EXPECT_EQ(variable.all().find("server")->second.origin, "MLCTL_SERVER");
  const auto file = ResolveWith({"ping"}, Variables({}), kFiles);
  EXPECT_EQ(file.Text("server"), "project:1");
  EXPECT_EQ(file.all().find("server")->second.origin, "project");
  EXPECT_EQ(file.Text("output"), "wide");
  const auto nothing = ResolveWith({"ping"}, Variables({}), {});
  EXPECT_EQ(nothing.Text("server"), "127.0.0.1:50051");
  EXPECT_EQ(nothing.all().find("server")->second.origin, "default");
}

TEST(SettingsTest, EveryFlagHasATwinInTheEnvironment) {
  const auto settings = ResolveWith(
      {"promote", "m"}, Variables({{"MLCTL_DRY_RUN", "1"}, {"MLCTL_IF_EPOCH", "4"}}), {});
  EXPECT_TRUE(settings.Switch("dry-run"));
  EXPECT_EQ(settings.Integer("if-epoch"), 4);
  EXPECT_TRUE(settings.IsGiven("if-epoch"));
  EXPECT_FALSE(settings.IsGiven("channel"));
  EXPECT_EQ(settings.Text("channel"), "production");
}

TEST(SettingsTest, AWrongValueInTheEnvironmentIsRefusedByName) {
  const auto invocation = command_line::Parse(Catalog(), {"ping"});
  const auto settings =
      Settings::Resolve(Catalog(), *invocation, Variables({{"MLCTL_OUTPUT", "xml"}}), {});
  EXPECT_THAT(std::string(settings.status().message()), HasSubstr("MLCTL_OUTPUT"));
}

TEST(ConfigFileTest, AMappingOfGlobalFlagsIsRead) {
  const auto file = ParseConfigFile(Catalog(), "f", "server: a:1\noutput: json\n");
  ASSERT_THAT(file, IsOk());
  EXPECT_EQ(file->values.at("server"), "a:1");
  EXPECT_THAT(ParseConfigFile(Catalog(), "f", ""), IsOk());
}

TEST(ConfigFileTest, MistakesAreNamedWithTheirLine) {
  const auto unknown = ParseConfigFile(Catalog(), "f", "server: a:1\nserve: b\n");
  EXPECT_EQ(std::string(unknown.status().message()), "f:2: unknown key \"serve\"");
  EXPECT_TRUE(HasReason(unknown.status(), ErrorReason::CONFIG_INVALID));
  EXPECT_THAT(std::string(ParseConfigFile(Catalog(), "f", "output: xml").status().message()),
              HasSubstr("f:1: "));
  EXPECT_THAT(ParseConfigFile(Catalog(), "f", "- a\n"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseConfigFile(Catalog(), "f", "a: ["),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ConfigFileTest, TheNearestProjectFileComesBeforeTheUsersFile) {
  const auto root =
      std::filesystem::path(::testing::TempDir()) / ("config" + std::to_string(::getpid()));
  const auto inner = root / "a" / "b";
  std::filesystem::create_directories(inner);
  std::filesystem::create_directories(root / "xdg" / "mlctl");
  ASSERT_THAT(WriteFileAtomically((root / "a" / ".mlctl.yaml").string(), "server: p:1\n"), IsOk());
  ASSERT_THAT(WriteFileAtomically((root / "xdg/mlctl/config.yaml").string(), "server: u:1\n"),
              IsOk());
  const auto files = LoadConfigFiles(Catalog(), inner.string(),
                                     Variables({{"XDG_CONFIG_HOME", (root / "xdg").string()}}));
  ASSERT_THAT(files, IsOk());
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0].values.at("server"), "p:1");
  EXPECT_EQ((*files)[1].values.at("server"), "u:1");
  std::filesystem::remove_all(root);
}

TEST(ColorTest, TheEnvironmentDecidesForAuto) {
  EXPECT_TRUE(UseColor("auto", true, Variables({})));
  EXPECT_FALSE(UseColor("auto", false, Variables({})));
  EXPECT_FALSE(UseColor("auto", true, Variables({{"NO_COLOR", "1"}})));
  EXPECT_TRUE(UseColor("auto", false, Variables({{"CLICOLOR_FORCE", "1"}})));
  EXPECT_FALSE(UseColor("auto", true, Variables({{"CLICOLOR", "0"}})));
  EXPECT_FALSE(UseColor("auto", true, Variables({{"TERM", "dumb"}})));
  EXPECT_TRUE(UseColor("always", false, Variables({{"NO_COLOR", "1"}})));
  EXPECT_FALSE(UseColor("never", true, Variables({{"CLICOLOR_FORCE", "1"}})));
}

}  // namespace
}  // namespace cairn::cli

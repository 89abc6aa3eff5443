#include "client-cli/cli/contexts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client-cli/commands/catalog.h"
#include "client-cli/commands/session.h"
#include "lib/base/errors.h"
#include "lib/command_line/parser.h"
#include "tests/testing/status_matchers.h"

namespace cairn::cli {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

constexpr const char* kText =
    "current: lab\n"
    "contexts:\n"
    "  lab:\n"
    "    server: 'lab:1'\n"
    "  prod:\n"
    "    protect: true\n"
    "    server: 'https://prod:1'\n"
    "    token-file: '/it''s/prod.token'\n";

Environment With(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto it = values.find(std::string(name));
    if (it == values.end()) return std::nullopt;
    return it->second;
  };
}

Contexts Two() { return *ParseContexts(Catalog(), "contexts.yaml", kText); }

absl::StatusOr<Settings> SettingsOf(const std::vector<std::string>& words,
                                    const Environment& environment,
                                    std::vector<ConfigFile> files = {}) {
  const auto call = command_line::Parse(Catalog(), words);
  auto with = WithContext(Two(), *call, environment, std::move(files));
  if (!with.ok()) return with.status();
  return Settings::Resolve(Catalog(), *call, environment, *with);
}

TEST(ContextsTest, WhatIsWrittenIsRead) {
  const Contexts contexts = Two();
  EXPECT_EQ(contexts.current, "lab");
  EXPECT_TRUE(contexts.by_name.at("prod").protect);
  EXPECT_EQ(contexts.by_name.at("prod").values.at("token-file"), "/it's/prod.token");
  const auto again = ParseContexts(Catalog(), "contexts.yaml", FormatContexts(contexts));
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(FormatContexts(*again), FormatContexts(contexts));
}

TEST(ContextsTest, WhatIsNoneIsRefusedWithItsLine) {
  for (const char* text : {
           "contexts: {lab: {protect: true}}",
           "contexts: {lab: {server: a, output: wide}}",
           "contexts: {none: {server: a}}",
           "contexts: {'../lab': {server: a}}",
           "contexts: {lab: {server: a, protect: perhaps}}",
           "current: lab",
           "other: 1",
           "[",
       }) {
    const absl::Status status = ParseContexts(Catalog(), "contexts.yaml", text).status();
    EXPECT_TRUE(HasReason(status, ErrorReason::CONFIG_INVALID)) << text;
    EXPECT_EQ(MetadataOf(status, "line"), "1") << text;
  }
}

TEST(ContextsTest, TheOneInUseBeatsTheUsersFileAndHidesItsServer) {
  const std::vector<ConfigFile> files = {
      {"user", {{"server", "user:1"}, {"token-file", "user.token"}, {"output", "wide"}}, false}};
  const auto settings = SettingsOf({"ping"}, With({}), files);
  ASSERT_THAT(settings, IsOk());
  EXPECT_EQ(settings->Text("server"), "lab:1");
  EXPECT_EQ(settings->Text("token-file"), "") << "a token goes to its own server only";
  EXPECT_EQ(settings->Text("output"), "wide");
  EXPECT_EQ(settings->Text("context"), "lab");
  const auto named = SettingsOf({"ping", "--context", "prod"}, With({}), files);
  EXPECT_EQ(named->Text("server"), "https://prod:1");
  EXPECT_EQ(named->Text("token-file"), "/it's/prod.token");
  EXPECT_EQ(SettingsOf({"ping"}, With({{"MLCTL_CONTEXT", "prod"}}))->Text("context"), "prod");
}

TEST(ContextsTest, TheOneInUseDoesNotCountWhereSomethingStrongerNamesAServer) {
  const auto flag = SettingsOf({"ping", "--server", "flag:1"}, With({}));
  EXPECT_EQ(flag->Text("server"), "flag:1");
  EXPECT_EQ(flag->Text("context"), "");
  EXPECT_EQ(SettingsOf({"ping"}, With({{"MLCTL_SERVER", "env:1"}}))->Text("context"), "");
  const std::vector<ConfigFile> project = {{"project", {{"server", "project:1"}}, true}};
  EXPECT_EQ(SettingsOf({"ping"}, With({}), project)->Text("server"), "project:1");
  EXPECT_EQ(SettingsOf({"ping", "--context", "prod"}, With({}), project)->Text("server"),
            "https://prod:1");
}

TEST(ContextsTest, WhatIsMeantIsNeverGuessed) {
  EXPECT_THAT(
      SettingsOf({"ping", "--context", "lab", "--server", "a:1"}, With({})).status().ToString(),
      HasSubstr("leave out"));
  EXPECT_THAT(SettingsOf({"ping", "--context", "never"}, With({})).status().ToString(),
              HasSubstr("there is no context"));
}

TEST(ContextsTest, AProtectedServerIsProtectedHoweverItIsNamed) {
  const Contexts contexts = Two();
  EXPECT_EQ(contexts.ProtectedBy("prod", "https://prod:1"), "prod");
  EXPECT_EQ(contexts.ProtectedBy("", "https://prod:1"), "prod");
  EXPECT_EQ(contexts.ProtectedBy("lab", "lab:1"), "");
}

TEST(ContextsTest, EveryCommandThatCanBeTriedFirstIsAChange) {
  size_t changes = 0;
  for (const Command& command : Catalog().commands) {
    changes += Changes(command) ? 1 : 0;
    if (command.path == "fetch") continue;  // changes files here
    for (const Flag& flag : command.flags) {
      const bool can_be_tried = flag.name == "dry-run" || flag.name == "yes";
      EXPECT_TRUE(!can_be_tried || Changes(command)) << command.path;
    }
  }
  EXPECT_GT(changes, 40u);
  for (const char* path : {"promote", "token revoke", "role bind", "gc", "run start", "apply"}) {
    EXPECT_TRUE(Changes(*Catalog().Find(path))) << path;
  }
  for (const char* path : {"list", "whoami", "why", "context use"}) {
    EXPECT_FALSE(Changes(*Catalog().Find(path))) << path;
  }
}

TEST(ContextsTest, WithoutATerminalOnlyTheNameConfirms) {
  const auto confirm = [](const std::vector<std::string>& words) {
    Session session(Catalog(), *SettingsOf(words, With({})), Two(), Terminal(), With({}));
    return session.ConfirmProtected("prod");
  };
  EXPECT_TRUE(HasReason(confirm({"promote", "m"}), ErrorReason::CONTEXT_PROTECTED));
  EXPECT_TRUE(HasReason(confirm({"promote", "m", "--yes-protected", "lab"}),
                        ErrorReason::CONTEXT_PROTECTED));
  EXPECT_THAT(confirm({"promote", "m", "--yes-protected", "prod"}), IsOk());
}

}  // namespace
}  // namespace cairn::cli

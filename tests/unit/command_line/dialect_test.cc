// The dialect, flag by flag, of every program that has it: what holds for one row of a table has to
// hold for all rows of all tables.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client-cli/commands/catalog.h"
#include "lib/base/errors.h"
#include "lib/command_line/completion.h"
#include "lib/command_line/flag_values.h"
#include "lib/command_line/help.h"
#include "lib/command_line/parser.h"
#include "lib/command_line/settings.h"
#include "pipeline/commands/flag_table.h"
#include "server/flag_table.h"
#include "tests/testing/status_matchers.h"

namespace cairn::command_line {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

// A flag where it may stand: behind the words of a command that takes it.
struct Place {
  const Command* command;
  const Flag* flag;
  std::vector<std::string> words;
};

// Two values that the flag takes.
std::pair<std::string, std::string> GoodValues(const Flag& flag) {
  if (!flag.choices.empty()) {
    const auto choices = Choices(flag.choices);
    return {std::string(choices.front()), std::string(choices.back())};
  }
  switch (flag.kind) {
    case FlagKind::kSwitch:
      return {"true", "false"};
    case FlagKind::kInteger:
      return {std::to_string(std::max<int64_t>(flag.least, 1)),
              std::to_string(std::max<int64_t>(flag.least, 1) + 1)};
    case FlagKind::kUnsigned:
      return {"18446744073709551615", "0"};
    case FlagKind::kNumber:
      return {"0.5", "-1e3"};
    case FlagKind::kSize:
      return {"1GiB", "512MiB"};
    case FlagKind::kDuration:
      return {"90s", "5m"};
    case FlagKind::kText:
    case FlagKind::kPath:
      break;
  }
  return {"one", "two=2"};
}

// A value that is none for the flag; empty where every text is one.
std::string WrongValue(const Flag& flag) {
  const bool any =
      flag.kind == FlagKind::kPath || (flag.kind == FlagKind::kText && flag.choices.empty());
  return any ? "" : "a few";
}

class DialectTest : public ::testing::TestWithParam<const CommandTable& (*)()> {
 protected:
  const CommandTable& table() const { return GetParam()(); }

  // Calls `check` for every flag of every command, global ones too.
  void ForEachFlag(const std::function<void(const Place&)>& check) const {
    for (const Command& command : table().commands) {
      std::vector<std::string> words;
      for (std::string_view rest = command.path; !rest.empty();) {
        const size_t blank = std::min(rest.find(' '), rest.size());
        words.emplace_back(rest.substr(0, blank));
        rest.remove_prefix(std::min(blank + 1, rest.size()));
      }
      for (const Argument& argument : command.arguments)
        words.resize(words.size() + static_cast<size_t>(argument.min), "x");
      for (const auto* flags : {&command.flags, &table().global_flags}) {
        for (const Flag& flag : *flags) {
          if (table().FindFlag(&command, flag.name) != &flag) continue;
          SCOPED_TRACE(std::string(command.path) + " --" + std::string(flag.name));
          check({&command, &flag, words});
        }
      }
    }
  }

  absl::StatusOr<Invocation> With(const Place& place, const std::vector<std::string>& more) const {
    std::vector<std::string> words = place.words;
    words.insert(words.end(), more.begin(), more.end());
    return Parse(table(), words);
  }

  std::string ErrorOf(const Place& place, const std::vector<std::string>& more) const {
    const auto invocation = With(place, more);
    return invocation.ok() ? "" : std::string(invocation.status().message());
  }
};

INSTANTIATE_TEST_SUITE_P(Programs, DialectTest,
                         ::testing::Values(&cli::Catalog, &CairndTable, &pipeline::PipelineTable),
                         [](const auto& program) {
                           const std::string name(program.param().program);
                           return name == "cairn-pipeline" ? "pipeline" : name;
                         });

// A name that means two things would be taken for the nearer one, unsaid.
TEST_P(DialectTest, NoCommandHasAFlagOfEveryCommandsName) {
  for (const Command& command : table().commands) {
    for (const Flag& flag : command.flags) {
      for (const Flag& global : table().global_flags) {
        EXPECT_NE(flag.name, global.name) << command.path;
      }
    }
  }
}

TEST_P(DialectTest, AValueStandsBehindTheFlagOrAnEqualsSign) {
  ForEachFlag([this](const Place& place) {
    const std::string flag = "--" + std::string(place.flag->name);
    const std::string value = GoodValues(*place.flag).first;
    const auto joined = With(place, {flag + "=" + value});
    ASSERT_THAT(joined, IsOk());
    EXPECT_EQ(joined->flags.find(place.flag->name)->second, std::vector<std::string>{value});
    const bool is_switch = place.flag->kind == FlagKind::kSwitch;
    const auto apart = With(
        place, is_switch ? std::vector<std::string>{flag} : std::vector<std::string>{flag, value});
    ASSERT_THAT(apart, IsOk());
    EXPECT_EQ(apart->flags, joined->flags);
    EXPECT_EQ(apart->arguments, joined->arguments);
  });
}

TEST_P(DialectTest, AValueThatIsMissingIsAskedForAndNoFlagIsTakenForIt) {
  ForEachFlag([this](const Place& place) {
    if (place.flag->kind == FlagKind::kSwitch) return;
    const std::string flag = "--" + std::string(place.flag->name);
    EXPECT_THAT(ErrorOf(place, {flag}), HasSubstr(flag + " needs a value"));
    EXPECT_THAT(ErrorOf(place, {flag, "--other"}), HasSubstr(flag + "=--other"));
    EXPECT_EQ(MetadataOf(With(place, {flag, "--other"}).status(), "value"), "--other");
  });
}

TEST_P(DialectTest, AFlagThatIsMistypedOrCutShortIsRefusedAndTheNearestNamed) {
  ForEachFlag([this](const Place& place) {
    const std::string flag = "--" + std::string(place.flag->name);
    if (flag.size() < 7) return;
    EXPECT_THAT(ErrorOf(place, {flag + "q=1"}), HasSubstr("did you mean \"" + flag + "\"?"));
    const std::string cut = flag.substr(0, flag.size() - 1);
    if (table().FindFlag(place.command, cut.substr(2)) != nullptr) return;
    EXPECT_THAT(ErrorOf(place, {cut + "=1"}), HasSubstr("has no flag " + cut));
  });
}

TEST_P(DialectTest, ASecondValueIsRefusedUnlessItIsTheSameOrTheFlagMayBeRepeated) {
  ForEachFlag([this](const Place& place) {
    const std::string flag = "--" + std::string(place.flag->name) + "=";
    const auto [one, other] = GoodValues(*place.flag);
    const auto same = With(place, {flag + one, flag + one});
    ASSERT_THAT(same, IsOk());
    EXPECT_EQ(same->flags.find(place.flag->name)->second.size(), place.flag->repeatable ? 2u : 1u);
    if (place.flag->repeatable) {
      EXPECT_THAT(With(place, {flag + one, flag + other}), IsOk());
    } else {
      EXPECT_THAT(ErrorOf(place, {flag + one, flag + other}),
                  HasSubstr("is given two: \"" + one + "\" and \"" + other + "\""));
    }
  });
}

TEST_P(DialectTest, AWrongValueIsRefusedWithTheFlagAndTheValue) {
  ForEachFlag([this](const Place& place) {
    const std::string wrong = WrongValue(*place.flag);
    if (wrong.empty()) return;
    const std::string flag = "--" + std::string(place.flag->name);
    EXPECT_THAT(ErrorOf(place, {flag + "=" + wrong}), HasSubstr(flag + " \"" + wrong + "\""));
    EXPECT_NE(ErrorOf(place, {flag + "="}), "");
  });
}

TEST_P(DialectTest, TheVariableIsItsTwinAndTheCommandLineGoesBeforeIt) {
  ForEachFlag([this](const Place& place) {
    const std::string variable = table().VariableOf(*place.flag);
    if (variable.empty()) return;
    EXPECT_TRUE(variable.starts_with(table().prefix));
    const auto [one, other] = GoodValues(*place.flag);
    std::string held = one;
    const auto environment = [&](std::string_view name) -> std::optional<std::string> {
      if (name == variable) return held;
      // What commands require besides the flag that is looked at.
      for (const char* required : {"_DATA", "_OUT", "_CURRENT", "MLCTL_BY"}) {
        if (name.ends_with(required)) return "x";
      }
      if (name == "CAIRN_PIPELINE_FORMAT") return "onnx";
      return std::nullopt;
    };
    const auto origin_of = [&](const Invocation& invocation) -> std::string {
      const auto settings = Settings::Resolve(table(), invocation, environment, {});
      if (!settings.ok()) return std::string(settings.status().message());
      return settings->all().find(place.flag->name)->second.origin;
    };
    const std::string flag = "--" + std::string(place.flag->name);
    EXPECT_EQ(origin_of(*With(place, {})), variable);
    EXPECT_EQ(origin_of(*With(place, {flag + "=" + other})), flag);
    held = WrongValue(*place.flag);
    if (held.empty()) return;
    EXPECT_THAT(origin_of(*With(place, {})), HasSubstr(variable + ": " + flag));
  });
}

TEST_P(DialectTest, EveryRowIsWholeAndHelpSaysIt) {
  ForEachFlag([this](const Place& place) {
    const Flag& flag = *place.flag;
    EXPECT_NE(flag.help, "");
    EXPECT_EQ(flag.kind == FlagKind::kSwitch, flag.value.empty());
    EXPECT_TRUE(flag.fallback.empty() || CheckFlagValue(flag, flag.fallback).ok());
    std::string help = Overview(table());
    if (!place.command->path.empty()) help = *HelpFor(table(), place.command->path);
    EXPECT_THAT(help, HasSubstr("--" + std::string(flag.name)));
    std::vector<std::string> words = place.words;
    words.push_back("--" + std::string(flag.name));
    EXPECT_THAT(Complete(table(), words).words, ::testing::Contains(words.back()));
    EXPECT_THAT(help, HasSubstr(table().lists_variables ? table().VariableOf(flag) : ""));
  });
}

TEST_P(DialectTest, NoNameAndNoLetterStandsTwiceInACommand) {
  for (const Command& command : table().commands) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const Flag& flag : command.flags) {
      EXPECT_TRUE(names.insert(flag.name).second) << command.path << " " << flag.name;
      EXPECT_TRUE(flag.letter == 0 || letters.insert(flag.letter).second) << command.path;
    }
  }
}

TEST_P(DialectTest, WhatIsNoCommandIsRefusedAndTheNearestNamed) {
  for (const Command& command : table().commands) {
    if (command.path.empty() || command.path.size() < 5 || command.path.find(' ') < 5) continue;
    const std::string word(command.path.substr(0, command.path.find(' ')));
    const auto wrong = Parse(table(), {word + "q"});
    EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("did you mean \"" + word));
  }
}

}  // namespace
}  // namespace cairn::command_line

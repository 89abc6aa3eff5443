#include "client-cli/cli/parser.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/nearest.h"
#include "lib/base/status_macros.h"

namespace cairn::cli {
namespace {

std::string DidYouMean(std::string_view nearest) {
  return nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest);
}

absl::Status UnknownCommand(const CommandTable& table, const std::string& group,
                            const std::string& word) {
  std::vector<std::string_view> candidates;
  for (const Command& command : table.commands) {
    std::string_view path = command.path;
    if (!group.empty()) {
      if (path.substr(0, group.size() + 1) != group + " ") continue;
      path.remove_prefix(group.size() + 1);
    }
    candidates.push_back(path.substr(0, path.find(' ')));
  }
  if (word.empty() && group.empty()) return UsageError("a command is needed");
  if (word.empty()) {
    std::string choices;
    for (const std::string_view candidate : candidates) {
      choices += (choices.empty() ? "" : ", ") + std::string(candidate);
    }
    return UsageError(fmt::format("\"{}\" needs one of: {}", group, choices));
  }
  return UsageError(fmt::format("there is no command \"{}\"{}",
                                group.empty() ? word : group + " " + word,
                                DidYouMean(Nearest(word, candidates))));
}

absl::Status UnknownFlag(const CommandTable& table, const Command* command,
                         const std::string& shown, std::string_view name) {
  std::vector<std::string_view> candidates;
  if (command != nullptr) {
    for (const Flag& flag : command->flags) candidates.push_back(flag.name);
  }
  for (const Flag& flag : table.global_flags) candidates.push_back(flag.name);
  const std::string nearest(Nearest(name, candidates));
  return UsageError(fmt::format("{} has no flag {}{}", command == nullptr ? "mlctl" : command->path,
                                shown, nearest.empty() ? "" : DidYouMean("--" + nearest)));
}

// Takes words one by one; the result is built up in `invocation`.
class Reader {
 public:
  Reader(const CommandTable& table, const std::vector<std::string>& words)
      : table_(table), words_(words) {}

  absl::StatusOr<Invocation> Read() {
    FindCommand();
    for (next_ = 0; next_ < words_.size(); ++next_) {
      if (skip_[next_]) continue;
      CAIRN_RETURN_IF_ERROR(TakeWord(words_[next_]));
    }
    if (invocation_.help) return std::move(invocation_);
    if (invocation_.command == nullptr) return UnknownCommand(table_, group_, unknown_);
    CAIRN_RETURN_IF_ERROR(CheckArguments());
    return std::move(invocation_);
  }

 private:
  // Finds the command's words among the first that are no flags, so that its
  // own flags are known before any flag is read.
  void FindCommand() {
    skip_.assign(words_.size(), false);
    std::string path;
    for (size_t i = 0; i < words_.size(); ++i) {
      const std::string& word = words_[i];
      if (word == "--") return;
      if (word.size() > 1 && word[0] == '-') {
        if (TakesNextWord(word)) ++i;
        continue;
      }
      const std::string longer = path.empty() ? word : fmt::format("{} {}", path, word);
      const Command* command = table_.Find(longer);
      const bool group = table_.IsGroup(longer);
      if (command == nullptr && !group) {
        if (invocation_.command == nullptr) unknown_ = word;
        return;
      }
      if (command != nullptr) invocation_.command = command;
      group_ = path = longer;
      skip_[i] = true;
      if (!group) return;
    }
  }

  bool TakesNextWord(const std::string& word) const {
    if (word.find('=') != std::string::npos) return false;
    const Flag* flag = word[1] == '-' ? table_.FindFlag(invocation_.command, word.substr(2))
                                      : table_.FindLetter(invocation_.command, word.back());
    return flag != nullptr && flag->kind != FlagKind::kSwitch;
  }

  absl::Status TakeWord(const std::string& word) {
    if (only_arguments_ || word.size() < 2 || word[0] != '-') {
      if (invocation_.command != nullptr) invocation_.arguments.push_back(word);
      return absl::OkStatus();
    }
    if (word == "--") {
      only_arguments_ = true;
      return absl::OkStatus();
    }
    if (word == "--help" || word == "-h") {
      invocation_.help = true;
      return absl::OkStatus();
    }
    return word[1] == '-' ? TakeLong(word) : TakeLetters(word);
  }

  absl::Status TakeLong(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    const Flag* flag = table_.FindFlag(invocation_.command, name);
    if (flag == nullptr) {
      if (invocation_.command == nullptr) return absl::OkStatus();  // the command is the error
      return UnknownFlag(table_, invocation_.command, "--" + name, name);
    }
    if (equals != std::string::npos) return Store(*flag, word.substr(equals + 1));
    return StoreNext(*flag, "--" + name);
  }

  absl::Status TakeLetters(const std::string& word) {
    for (size_t i = 1; i < word.size(); ++i) {
      const Flag* flag = table_.FindLetter(invocation_.command, word[i]);
      const std::string shown = fmt::format("-{}", word[i]);
      if (flag == nullptr) {
        if (invocation_.command == nullptr) return absl::OkStatus();
        return UnknownFlag(table_, invocation_.command, shown, shown.substr(1));
      }
      if (flag->kind == FlagKind::kSwitch) {
        CAIRN_RETURN_IF_ERROR(Store(*flag, "true"));
        continue;
      }
      if (i + 1 == word.size()) return StoreNext(*flag, shown);
      const size_t begin = word[i + 1] == '=' ? i + 2 : i + 1;
      return Store(*flag, word.substr(begin));
    }
    return absl::OkStatus();
  }

  absl::Status StoreNext(const Flag& flag, const std::string& shown) {
    if (flag.kind == FlagKind::kSwitch) return Store(flag, "true");
    if (next_ + 1 >= words_.size() || skip_[next_ + 1]) {
      return UsageError(fmt::format("{} needs a value: {} {}", shown, shown, flag.value));
    }
    if (const std::string& next = words_[next_ + 1]; next.starts_with("--")) {
      return UsageError(fmt::format(
          "{} needs a value, and {} looks like a flag; write --{}={} if that is the value", shown,
          next, flag.name, next));
    }
    return Store(flag, words_[++next_]);
  }

  absl::Status Store(const Flag& flag, std::string value) {
    CAIRN_RETURN_IF_ERROR(CheckFlagValue(flag, value));
    auto& values = invocation_.flags[std::string(flag.name)];
    if (flag.kind == FlagKind::kList || values.empty()) {
      values.push_back(std::move(value));
    } else if (values.front() != value) {
      return UsageError(fmt::format("--{} takes one value and is given two: \"{}\" and \"{}\"",
                                    flag.name, values.front(), value));
    }
    return absl::OkStatus();
  }

  // Whether the argument at `index` may be the name of a file.
  bool NamesFile(size_t index) const {
    size_t end = 0;
    for (const Argument& argument : invocation_.command->arguments) {
      end = argument.max < 0 ? SIZE_MAX : end + static_cast<size_t>(argument.max);
      if (index < end) return argument.completes == "file";
    }
    return false;
  }

  absl::Status CheckArguments() const {
    const Command& command = *invocation_.command;
    for (size_t i = 0; i < invocation_.arguments.size(); ++i) {
      if (IsValidUtf8(invocation_.arguments[i]) || NamesFile(i)) continue;
      return UsageError(fmt::format("argument {} of {}, \"{}\", is not UTF-8", i + 1, command.path,
                                    invocation_.arguments[i]));
    }
    size_t min = 0;
    size_t max = 0;
    for (const Argument& argument : command.arguments) {
      if (invocation_.arguments.size() < min + static_cast<size_t>(argument.min)) {
        return UsageError(fmt::format("{} needs {}", command.path, argument.name));
      }
      min += static_cast<size_t>(argument.min);
      if (argument.max < 0) max = SIZE_MAX;
      if (max != SIZE_MAX) max += static_cast<size_t>(argument.max);
    }
    if (invocation_.arguments.size() > max) {
      return UsageError(
          fmt::format("{} does not take \"{}\"", command.path, invocation_.arguments[max]));
    }
    return absl::OkStatus();
  }

  const CommandTable& table_;
  const std::vector<std::string>& words_;
  std::vector<bool> skip_;  // words that belong to the command's path
  Invocation invocation_;
  std::string group_;
  std::string unknown_;
  size_t next_ = 0;
  bool only_arguments_ = false;
};

}  // namespace

absl::Status UsageError(std::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::VALUE_INVALID, message)
      .With("origin", "commandLine");
}

absl::StatusOr<Invocation> Parse(const CommandTable& table, const std::vector<std::string>& words) {
  return Reader(table, words).Read();
}

absl::Status CheckFlagValue(const Flag& flag, std::string_view value) {
  if (flag.kind == FlagKind::kSwitch) return ParseSwitch(flag.name, value).status();
  if (flag.kind == FlagKind::kInteger) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size()) {
      return UsageError(fmt::format("--{} \"{}\" is not a whole number", flag.name, value));
    }
    if (number < flag.least) {
      return UsageError(fmt::format("--{} {} must be at least {}", flag.name, value, flag.least));
    }
  }
  if (!flag.names_file() && !IsValidUtf8(value)) {
    return UsageError(fmt::format("--{} \"{}\" is not UTF-8", flag.name, value));
  }
  const bool blank = value.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (blank && !flag.blank_rule.empty()) {
    return UsageError(fmt::format("--{} is blank{}", flag.name, flag.blank_rule));
  }
  if (flag.choices.empty()) return absl::OkStatus();
  std::string_view rest = flag.choices;
  std::vector<std::string_view> choices;
  while (!rest.empty()) {
    const size_t bar = rest.find('|');
    choices.push_back(rest.substr(0, bar));
    rest = bar == std::string_view::npos ? "" : rest.substr(bar + 1);
    if (choices.back() == value) return absl::OkStatus();
  }
  return UsageError(fmt::format("--{} \"{}\" is not one of {}{}", flag.name, value, flag.choices,
                                DidYouMean(Nearest(value, choices))));
}

absl::StatusOr<bool> ParseSwitch(std::string_view what, std::string_view value) {
  if (value == "true" || value == "1" || value == "yes" || value == "on") return true;
  if (value == "false" || value == "0" || value == "no" || value == "off" || value.empty()) {
    return false;
  }
  return UsageError(fmt::format("{} \"{}\" is neither true nor false", what, value));
}

absl::StatusOr<std::pair<std::string, std::string>> ParsePair(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return UsageError(fmt::format("\"{}\" is not of the form KEY=VALUE", text));
  }
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

absl::StatusOr<std::map<std::string, std::string>> ParsePairs(
    const std::vector<std::string>& texts) {
  std::map<std::string, std::string> pairs;
  for (const std::string& text : texts) {
    CAIRN_ASSIGN_OR_RETURN(auto pair, ParsePair(text));
    const auto [at, is_new] = pairs.insert(pair);
    if (is_new) continue;
    return UsageError(fmt::format("{} is given twice, as \"{}\" and as \"{}\"", pair.first,
                                  at->second, pair.second));
  }
  return pairs;
}

absl::StatusOr<int64_t> ParseDurationMillis(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  double scale = 0;
  if (unit.empty() || unit == "s") scale = 1000;
  if (unit == "ms") scale = 1;
  if (unit == "m") scale = 60'000;
  if (unit == "h") scale = 3'600'000;
  if (unit == "d") scale = 86'400'000;
  const double millis = number * scale;
  if (error != std::errc() || scale == 0 || !(millis >= 1) || millis > 1e13) {
    return UsageError(fmt::format("\"{}\" is not a duration such as 30s, 500ms or 5m", text));
  }
  return static_cast<int64_t>(std::llround(millis));
}

}  // namespace cairn::cli

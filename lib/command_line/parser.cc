#include "lib/command_line/parser.h"

#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/nearest.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/flag_values.h"

namespace cairn::command_line {
namespace {

absl::Status UnknownCommand(const CommandTable& table, const std::string& group,
                            const std::string& word) {
  std::vector<std::string_view> candidates;
  for (const Command& command : table.commands) {
    std::string_view path = command.path;
    if (!group.empty()) {
      if (path.substr(0, group.size() + 1) != group + " ") continue;
      path.remove_prefix(group.size() + 1);
    }
    if (!path.empty()) candidates.push_back(path.substr(0, path.find(' ')));
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

// What a command is called in errors: the program where it has no words.
std::string_view NameOf(const CommandTable& table, const Command* command) {
  return command == nullptr || command->path.empty() ? table.program : command->path;
}

absl::Status UnknownFlag(const CommandTable& table, const Command* command,
                         const std::string& shown, std::string_view name) {
  std::vector<std::string_view> candidates = {"help"};
  if (!table.version.empty()) candidates.push_back("version");
  if (command != nullptr) {
    for (const Flag& flag : command->flags) candidates.push_back(flag.name);
  }
  for (const Flag& flag : table.global_flags) candidates.push_back(flag.name);
  const std::string nearest(Nearest(name, candidates));
  return UsageError(fmt::format("{} has no flag {}{}", NameOf(table, command), shown,
                                nearest.empty() ? "" : DidYouMean("--" + nearest)));
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
    if (invocation_.help || invocation_.version) return std::move(invocation_);
    if (invocation_.command == nullptr) return UnknownCommand(table_, group_, unknown_);
    CAIRN_RETURN_IF_ERROR(CheckArguments());
    return std::move(invocation_);
  }

 private:
  // Finds the command's words among the first that are no flags, so that its
  // own flags are known before any flag is read.
  void FindCommand() {
    skip_.assign(words_.size(), false);
    invocation_.command = table_.Find("");
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
    if (word == "--version" && !table_.version.empty()) {
      invocation_.version = true;
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
      return UsageErrorOf(flag, "",
                          fmt::format("{} needs a value: {} {}", shown, shown, flag.value));
    }
    if (const std::string& next = words_[next_ + 1]; next.starts_with("--")) {
      return UsageErrorOf(
          flag, next,
          fmt::format(
              "{} needs a value, and {} looks like a flag; write --{}={} if that is the value",
              shown, next, flag.name, next));
    }
    return Store(flag, words_[++next_]);
  }

  absl::Status Store(const Flag& flag, std::string value) {
    CAIRN_RETURN_IF_ERROR(CheckFlagValue(flag, value));
    auto& values = invocation_.flags[std::string(flag.name)];
    if (flag.repeatable || values.empty()) {
      values.push_back(std::move(value));
    } else if (values.front() != value) {
      return UsageErrorOf(flag, value,
                          fmt::format("--{} takes one value and is given two: \"{}\" and \"{}\"",
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
    const std::string_view name = NameOf(table_, &command);
    for (size_t i = 0; i < invocation_.arguments.size(); ++i) {
      if (IsValidUtf8(invocation_.arguments[i]) || NamesFile(i)) continue;
      return UsageError(fmt::format("argument {} of {}, \"{}\", is not UTF-8", i + 1, name,
                                    invocation_.arguments[i]));
    }
    size_t min = 0;
    size_t max = 0;
    for (const Argument& argument : command.arguments) {
      if (invocation_.arguments.size() < min + static_cast<size_t>(argument.min)) {
        return UsageError(fmt::format("{} needs {}", name, argument.name));
      }
      min += static_cast<size_t>(argument.min);
      if (argument.max < 0) max = SIZE_MAX;
      if (max != SIZE_MAX) max += static_cast<size_t>(argument.max);
    }
    return invocation_.arguments.size() > max ? Surplus(invocation_.arguments[max])
                                              : absl::OkStatus();
  }

  // A word too many: a mistyped command, or one that was meant for a flag.
  absl::Status Surplus(const std::string& word) const {
    const Command& command = *invocation_.command;
    if (command.path.empty() && !only_arguments_) return UnknownCommand(table_, "", word);
    std::string hint;
    for (const Flag& flag : command.flags) {
      if (!flag.repeatable || !invocation_.Has(flag.name) || !command.arguments.empty()) continue;
      hint = fmt::format("; --{} takes one value each time it is given", flag.name);
    }
    return UsageError(
        fmt::format("{} does not take \"{}\"{}", NameOf(table_, &command), word, hint));
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

absl::StatusOr<Invocation> Parse(const CommandTable& table, const std::vector<std::string>& words) {
  return Reader(table, words).Read();
}

}  // namespace cairn::command_line

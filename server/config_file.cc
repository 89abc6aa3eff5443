#include "server/config_file.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/nearest.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/flag_values.h"

namespace cairn {
namespace {

using command_line::CommandTable;
using command_line::ConfigFile;
using command_line::Flag;

constexpr std::string_view kBlanks = " \t\r";

// Reads the text from the front to the end.
class ConfigReader {
 public:
  ConfigReader(const CommandTable& table, const std::string& path, std::string_view text)
      : table_(table), text_(text) {
    file_.path = path;
  }

  absl::StatusOr<ConfigFile> Read() {
    while (SkipToWord()) {
      if (Peek() == '[') {
        if (TakeUntil("\n#") != "[default]") return Wrong("sections are not known");
        continue;
      }
      CAIRN_RETURN_IF_ERROR(ReadEntry());
      Skip(kBlanks);
      if (at_ < text_.size() && Peek() != '\n' && Peek() != '#') {
        return Wrong("something stands behind the value");
      }
    }
    return std::move(file_);
  }

 private:
  absl::Status Wrong(std::string_view what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<long>(at_), '\n');
    return Error(absl::StatusCode::kInvalidArgument, ErrorReason::CONFIG_INVALID,
                 fmt::format("{}:{}: {}", file_.path, line, what))
        .With("path", file_.path)
        .With("line", std::to_string(line));
  }

  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void Skip(std::string_view characters) {
    at_ = std::min(text_.find_first_not_of(characters, at_), text_.size());
  }

  // Past blanks, empty lines and comments; false at the end.
  bool SkipToWord() {
    while (true) {
      Skip(" \t\r\n");
      if (Peek() != '#' && Peek() != ';') return at_ < text_.size();
      at_ = std::min(text_.find('\n', at_), text_.size());
    }
  }

  // What comes before the first of `stops`, without the blanks at its end.
  std::string TakeUntil(std::string_view stops) {
    const size_t end = std::min(text_.find_first_of(stops, at_), text_.size());
    std::string_view word = text_.substr(at_, end - at_);
    word = word.substr(0, word.find_last_not_of(kBlanks) + 1);
    at_ += word.size();
    return std::string(word);
  }

  absl::Status ReadEntry() {
    const std::string key = TakeUntil("=\n#");
    const Flag* flag = table_.FindFlag(nullptr, key);
    if (flag == nullptr) return Unknown(key);
    if (table_.VariableOf(*flag).empty() || key == "config") {
      return Wrong(fmt::format("{} is for the command line only", key));
    }
    Skip(kBlanks);
    if (Peek() != '=') return Wrong(fmt::format("{} needs a value: {} = …", key, key));
    ++at_;
    Skip(kBlanks);
    if (Peek() != '[') return ReadValue(*flag, "\n#");
    if (!flag->repeatable) return Wrong(fmt::format("{} takes one value", key));
    ++at_;
    while (SkipToWord() && Peek() != ']') {
      CAIRN_RETURN_IF_ERROR(ReadValue(*flag, ",]\n#"));
      SkipToWord();
      if (Peek() == ',') {
        ++at_;
      } else if (at_ < text_.size() && Peek() != ']') {
        return Wrong(fmt::format("the values of {} are not divided by commas", key));
      }
    }
    if (Peek() != ']') return Wrong(fmt::format("the values of {} have no end: ]", key));
    ++at_;
    return absl::OkStatus();
  }

  absl::Status Unknown(const std::string& key) const {
    std::vector<std::string_view> names;
    for (const Flag& flag : table_.global_flags) names.push_back(flag.name);
    return Wrong(
        fmt::format("unknown key \"{}\"{}", key, command_line::DidYouMean(Nearest(key, names))));
  }

  absl::Status ReadValue(const Flag& flag, std::string_view stops) {
    CAIRN_ASSIGN_OR_RETURN(const std::string value, TakeValue(stops));
    if (const absl::Status status = command_line::CheckFlagValue(flag, value); !status.ok()) {
      return Wrong(std::string(status.message()));
    }
    const std::string name(flag.name);
    if (flag.repeatable) {
      file_.lists[name].push_back(value);
    } else if (!file_.values.emplace(name, value).second) {
      return Wrong(fmt::format("{} stands twice", name));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> TakeValue(std::string_view stops) {
    if (Peek() == '"' || Peek() == '\'') return TakeQuoted();
    const std::string word = TakeUntil(stops);
    if (word.empty()) return Wrong("a value is missing");
    if (Peek() == '#' || word.find_first_of(" \t\"'[]") != std::string::npos) {
      return Wrong(fmt::format("{} needs quotation marks", word));
    }
    return word;
  }

  absl::StatusOr<std::string> TakeQuoted() {
    const char mark = text_[at_++];
    std::string value;
    for (; Peek() != mark; ++at_) {
      if (at_ == text_.size() || Peek() == '\n') return Wrong("a text has no end");
      if (Peek() == '\\' && mark == '"') {
        ++at_;
        if (Peek() != '"' && Peek() != '\\') return Wrong("a text has only \\\\ and \\\" escaped");
      }
      value += text_[at_];
    }
    ++at_;
    return value;
  }

  const CommandTable& table_;
  const std::string_view text_;
  size_t at_ = 0;
  ConfigFile file_;
};

}  // namespace

absl::StatusOr<ConfigFile> ParseConfigFile(const CommandTable& table, const std::string& path,
                                           std::string_view text) {
  return ConfigReader(table, path, text).Read();
}

}  // namespace cairn

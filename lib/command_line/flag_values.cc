#include "lib/command_line/flag_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/nearest.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"

namespace cairn::command_line {
namespace {

struct Unit {
  std::string_view name;
  int64_t scale;
};

// From the largest down.
constexpr Unit kSizes[] = {{"TiB", int64_t{1} << 40},
                           {"GiB", int64_t{1} << 30},
                           {"MiB", int64_t{1} << 20},
                           {"KiB", int64_t{1} << 10}};
constexpr Unit kMillis[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};

// A bound in its largest unit: 30d, 256MiB, 64.
std::string Shown(FlagKind kind, int64_t bound) {
  const auto in_units = [bound](const auto& units) {
    for (const Unit& unit : units) {
      if (bound != 0 && bound % unit.scale == 0) {
        return fmt::format("{}{}", bound / unit.scale, unit.name);
      }
    }
    return std::to_string(bound);
  };
  if (kind == FlagKind::kSize) return in_units(kSizes);
  return kind == FlagKind::kDuration ? in_units(kMillis) : std::to_string(bound);
}

template <typename Integer>
std::optional<Integer> ParseWhole(std::string_view text) {
  Integer number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Milliseconds, from 0 on; a number without a unit is seconds if `bare`, else refused unless it
// is 0.
std::optional<int64_t> Millis(std::string_view text, bool bare) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view name(end, static_cast<size_t>(text.data() + text.size() - end));
  if (error != std::errc()) return std::nullopt;
  if (name.empty() && (bare || number == 0)) name = "s";
  for (const Unit& unit : kMillis) {
    if (unit.name != name) continue;
    const double millis = number * static_cast<double>(unit.scale);
    if (!(millis >= 1 || millis == 0) || millis > 1e13) return std::nullopt;
    return static_cast<int64_t>(std::llround(millis));
  }
  return std::nullopt;
}

absl::Status CheckBounds(const Flag& flag, std::string_view value, int64_t number) {
  if (number >= flag.least && number <= flag.most) return absl::OkStatus();
  if (number == 0 && flag.or_zero) return absl::OkStatus();
  return FlagError(flag, value, "must be " + BoundsOf(flag));
}

// Of the kinds that are numbers.
absl::Status CheckNumber(const Flag& flag, std::string_view value) {
  std::optional<int64_t> number;
  std::string_view rule;
  switch (flag.kind) {
    case FlagKind::kInteger:
      number = ParseWhole<int64_t>(value);
      rule = "is not a whole number";
      break;
    case FlagKind::kUnsigned:
      if (ParseWhole<uint64_t>(value)) return absl::OkStatus();
      return FlagError(flag, value, "is not a whole number from 0 to 18446744073709551615");
    case FlagKind::kNumber:
      if (std::isfinite(ParseNumber(value).value_or(NAN))) return absl::OkStatus();
      return FlagError(flag, value, "is not a number");
    case FlagKind::kSize:
      number = ParseSize(value);
      rule = "is not a size such as 512MiB: bytes, or a whole number with KiB, MiB, GiB or TiB";
      break;
    case FlagKind::kDuration:
      number = Millis(value, !flag.needs_unit);
      rule = flag.needs_unit ? "is not a duration such as 30s or 5m: a number with s, m, h or d"
                             : "is not a duration such as 30s, 500ms or 5m";
      break;
    default:
      return absl::OkStatus();
  }
  return number ? CheckBounds(flag, value, *number) : FlagError(flag, value, rule);
}

}  // namespace

absl::Status UsageError(std::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::VALUE_INVALID, message)
      .With("origin", "commandLine");
}

absl::Status UsageErrorOf(const Flag& flag, std::string_view value, std::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::VALUE_INVALID, message)
      .With("origin", "commandLine")
      .With("field", flag.name)
      .With("value", value);
}

absl::Status FlagError(const Flag& flag, std::string_view value, std::string_view rule) {
  // A number needs no quotation marks.
  const bool bare = ParseWhole<int64_t>(value).has_value();
  const std::string message = bare ? fmt::format("--{} {} {}", flag.name, value, rule)
                                   : fmt::format("--{} \"{}\" {}", flag.name, value, rule);
  return UsageErrorOf(flag, value, message);
}

std::string BoundsOf(const Flag& flag) {
  const bool below = flag.least != std::numeric_limits<int64_t>::min();
  const bool above = flag.most != std::numeric_limits<int64_t>::max();
  const std::string least = Shown(flag.kind, flag.least);
  const std::string most = Shown(flag.kind, flag.most);
  const std::string_view zero = flag.or_zero ? "0 or " : "";
  if (below && above) return fmt::format("{}from {} to {}", zero, least, most);
  if (below) return fmt::format("{}at least {}", zero, least);
  return above ? fmt::format("{}at most {}", zero, most) : "";
}

std::string DidYouMean(std::string_view nearest) {
  return nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest);
}

std::vector<std::string_view> Choices(std::string_view choices) {
  std::vector<std::string_view> words;
  while (!choices.empty()) {
    const size_t bar = std::min(choices.find('|'), choices.size());
    words.push_back(choices.substr(0, bar));
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return words;
}

absl::Status CheckFlagValue(const Flag& flag, std::string_view value) {
  if (!flag.names_file() && !IsValidUtf8(value)) {
    return FlagError(flag, HexEncode(value.substr(0, 32)), "(in hexadecimal) is not UTF-8");
  }
  if (flag.kind == FlagKind::kSwitch) {
    return value.empty() ? FlagError(flag, value, "is neither true nor false")
                         : ParseSwitch(fmt::format("--{}", flag.name), value).status();
  }
  CAIRN_RETURN_IF_ERROR(CheckNumber(flag, value));
  const bool blank = value.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (blank && !flag.blank_rule.empty()) {
    return UsageError(fmt::format("--{} is blank{}", flag.name, flag.blank_rule));
  }
  const auto printable = [](char c) { return c >= 0x20 && c <= 0x7e; };
  if (flag.printable && !std::all_of(value.begin(), value.end(), printable)) {
    return FlagError(flag, value, "must be printable ASCII");
  }
  if (flag.choices.empty()) return absl::OkStatus();
  const std::vector<std::string_view> choices = Choices(flag.choices);
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return absl::OkStatus();
  return FlagError(
      flag, value,
      fmt::format("is not one of {}{}", flag.choices, DidYouMean(Nearest(value, choices))));
}

absl::StatusOr<bool> ParseSwitch(std::string_view what, std::string_view value) {
  std::string word(value);
  std::transform(word.begin(), word.end(), word.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (word == "true" || word == "1" || word == "yes" || word == "on") return true;
  if (word == "false" || word == "0" || word == "no" || word == "off" || word.empty()) {
    return false;
  }
  return UsageError(fmt::format("{} \"{}\" is neither true nor false", what, value));
}

std::optional<int64_t> ParseSize(std::string_view text) {
  constexpr int64_t kMost = int64_t{1} << 50;
  int64_t scale = 1;
  for (const Unit& unit : kSizes) {
    if (!text.ends_with(unit.name)) continue;
    text.remove_suffix(unit.name.size());
    scale = unit.scale;
    break;
  }
  const auto number = ParseWhole<int64_t>(text);
  if (!number || *number < 0 || *number > kMost / scale) return std::nullopt;
  return *number * scale;
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
  const auto millis = Millis(text, /*bare=*/true);
  if (millis && *millis > 0) return *millis;
  return UsageError(fmt::format("\"{}\" is not a duration such as 30s, 500ms or 5m", text));
}

}  // namespace cairn::command_line

#include "lib/promotion/where.h"

#include <algorithm>
#include <charconv>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/encoding.h"
#include "lib/base/numbers.h"
#include "lib/base/resource_names.h"
#include "lib/promotion/where_words.h"

namespace cairn::promotion {
namespace {

using Op = Where::Op;
using Field = Where::Field;
using Kind = Where::Kind;

constexpr std::array<std::pair<char, int64_t>, 4> kUnits = {
    {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}};
constexpr int64_t kMaxSeconds = int64_t{36500} * 86400;

std::string QuotedText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string OpText(Op op) {
  for (const auto& [token, known] : kWhereOps) {
    if (known == op) return std::string(token);
  }
  return "";
}

std::string ComparisonText(const Where& compare) {
  std::string left(kWhereFields[static_cast<size_t>(compare.field)]);
  if (!compare.key.empty()) left += fmt::format("({})", QuotedText(compare.key));
  std::string right;
  if (compare.field == Field::kAge) {
    right = fmt::format("duration('{}')", DurationText(compare.seconds));
  } else if (compare.op == Op::kIn) {
    std::vector<std::string> quoted;
    for (const std::string& text : compare.texts) quoted.push_back(QuotedText(text));
    right = fmt::format("[{}]", fmt::join(quoted, ", "));
  } else {
    right = compare.texts.empty() ? ShortestDouble(compare.number) : QuotedText(compare.texts[0]);
  }
  return fmt::format("{} {} {}", left, OpText(compare.op), right);
}

bool Orders(Op op, double left, double right) {
  switch (op) {
    case Op::kLess:
      return left < right;
    case Op::kAtMost:
      return left <= right;
    case Op::kGreater:
      return left > right;
    case Op::kAtLeast:
      return left >= right;
    case Op::kUnequal:
      return left != right;
    default:
      return left == right;
  }
}

Verdict Truth(bool value) { return value ? Verdict::PASS : Verdict::FAIL; }

// The text that a field has; nullopt if the version lacks it.
std::optional<std::string> TextOf(const Where& compare, const VersionRead& read) {
  const auto find = [&](const auto& map) -> std::optional<std::string> {
    const auto it = map.find(compare.key);
    if (it == map.end()) return std::nullopt;
    return it->second;
  };
  switch (compare.field) {
    case Field::kState:
      return cairn::v1::ModelVersion::State_Name(read.version.state());
    case Field::kRunState:
      if (read.run_state.empty()) return std::nullopt;
      return read.run_state;
    case Field::kTag:
      return find(read.version.tags());
    case Field::kParam:
      return find(read.version.params());
    case Field::kAge:
      break;
  }
  return std::nullopt;
}

int64_t NumberOf(const VersionRead& read) {
  const auto name = ParseModelVersionName("name", read.version.name());
  return name.ok() ? name->version : 0;
}

// Whether `number` is in "3..7,9".
bool Holds(std::string_view ranges, int64_t number) {
  while (!ranges.empty()) {
    const std::string_view range = ranges.substr(0, ranges.find(','));
    ranges.remove_prefix(std::min(ranges.size(), range.size() + 1));
    int64_t first = 0;
    const auto low = std::from_chars(range.data(), range.data() + range.size(), first);
    int64_t last = first;
    const char* const end = range.data() + range.size();
    if (end - low.ptr > 2) std::from_chars(low.ptr + 2, end, last);
    if (low.ec == std::errc() && number >= first && number <= last) return true;
  }
  return false;
}

std::string RangesText(std::vector<int64_t> numbers) {
  std::sort(numbers.begin(), numbers.end());
  std::vector<std::string> ranges;
  for (size_t i = 0; i < numbers.size();) {
    size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    ranges.push_back(last == i ? std::to_string(numbers[i])
                               : fmt::format("{}..{}", numbers[i], numbers[last]));
    i = last + 1;
  }
  return fmt::format("{}", fmt::join(ranges, ","));
}

Verdict Compare(const Where& compare, const VersionRead& read,
                const std::map<std::string, std::string>& time_facts) {
  if (compare.field == Field::kAge) {
    const auto fact = time_facts.find(ComparisonText(compare));
    if (fact == time_facts.end()) return Verdict::INCONCLUSIVE;
    return Truth(Holds(fact->second, NumberOf(read)));
  }
  const auto text = TextOf(compare, read);
  if (!text) return Verdict::INCONCLUSIVE;
  if (compare.texts.empty()) {
    const auto number = ParseNumber(*text);
    if (!number || *number != *number) return Verdict::INCONCLUSIVE;
    return Truth(Orders(compare.op, *number, compare.number));
  }
  const auto& texts = compare.texts;
  const bool found = std::find(texts.begin(), texts.end(), *text) != texts.end();
  return Truth(found != (compare.op == Op::kUnequal));
}

void AddAges(const Where& where, const std::vector<VersionRead>& versions, int64_t now_unix_nanos,
             std::map<std::string, std::string>& facts) {
  for (const Where& part : where.parts) AddAges(part, versions, now_unix_nanos, facts);
  if (where.kind != Kind::kCompare || where.field != Field::kAge) return;
  std::vector<int64_t> numbers;
  for (const VersionRead& read : versions) {
    // Whole seconds are enough and hold every time there is.
    const double age = static_cast<double>(now_unix_nanos) / 1e9 -
                       static_cast<double>(read.version.create_time().seconds()) -
                       static_cast<double>(read.version.create_time().nanos()) / 1e9;
    if (Orders(where.op, age, static_cast<double>(where.seconds))) {
      numbers.push_back(NumberOf(read));
    }
  }
  facts.emplace(ComparisonText(where), RangesText(std::move(numbers)));
}

}  // namespace

std::span<const std::string_view> WordsOf(Field field) {
  static constexpr std::array<std::string_view, 2> kStates = {"READY", "ARCHIVED"};
  static constexpr std::array<std::string_view, 6> kRunStates = {
      "RUNNING", "SCHEDULED", "SUCCEEDED", "FAILED", "KILLED", "DELETED"};
  if (field == Field::kState) return kStates;
  if (field == Field::kRunState) return kRunStates;
  return {};
}

std::optional<int64_t> ParseDurationText(std::string_view text) {
  int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, count);
  if (result.ec != std::errc() || count < 0 || end - result.ptr != 1) return std::nullopt;
  for (const auto& [unit, seconds] : kUnits) {
    if (*result.ptr == unit && count <= kMaxSeconds / seconds) return count * seconds;
  }
  return std::nullopt;
}

std::string DurationText(int64_t seconds) {
  for (const auto& [unit, size] : kUnits) {
    if (seconds % size == 0) return fmt::format("{}{}", seconds / size, unit);
  }
  return "";
}

std::string WhereText(const Where& where) {
  if (where.kind == Kind::kNone) return "";
  if (where.kind == Kind::kCompare) return ComparisonText(where);
  std::vector<std::string> parts;
  for (const Where& part : where.parts) {
    const bool looser = part.kind == Kind::kOr || (part.kind == Kind::kAnd) ||
                        (where.kind == Kind::kNot && part.kind == Kind::kCompare);
    const bool plain = where.kind == Kind::kOr && part.kind == Kind::kAnd;
    parts.push_back(looser && !plain ? fmt::format("({})", WhereText(part)) : WhereText(part));
  }
  if (where.kind == Kind::kNot) return "!" + parts[0];
  return fmt::format("{}", fmt::join(parts, where.kind == Kind::kAnd ? " && " : " || "));
}

std::map<std::string, std::string> AgeFacts(const Where& where,
                                            const std::vector<VersionRead>& versions,
                                            int64_t now_unix_nanos) {
  std::map<std::string, std::string> facts;
  AddAges(where, versions, now_unix_nanos, facts);
  return facts;
}

Verdict EvaluateWhere(const Where& where, const VersionRead& version,
                      const std::map<std::string, std::string>& time_facts) {
  switch (where.kind) {
    case Kind::kNone:
      return Verdict::PASS;
    case Kind::kCompare:
      return Compare(where, version, time_facts);
    case Kind::kNot:
      return Not(EvaluateWhere(where.parts[0], version, time_facts));
    case Kind::kAnd:
    case Kind::kOr:
      break;
  }
  Verdict result = EvaluateWhere(where.parts[0], version, time_facts);
  for (size_t i = 1; i < where.parts.size(); ++i) {
    const Verdict next = EvaluateWhere(where.parts[i], version, time_facts);
    result = where.kind == Kind::kAnd ? And(result, next) : Or(result, next);
  }
  return result;
}

}  // namespace cairn::promotion

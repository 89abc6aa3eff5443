#include "pipeline/lifecycle/cron.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/dates.h"

namespace cairn::pipeline {
namespace {

constexpr int64_t kSecondsADay = 86'400;
// In eight years every date there is comes, 29 February too.
constexpr int64_t kMostDays = 8 * 366;

struct CronField {
  const char* name;
  int least;
  int most;
  std::vector<std::string_view> words;  // Of the numbers from `least` on.
};

const std::array<CronField, 5>& CronFields() {
  static const auto* const fields = new std::array<CronField, 5>{{
      {"minute", 0, 59, {}},
      {"hour", 0, 23, {}},
      {"day of month", 1, 31, {}},
      {"month",
       1,
       12,
       {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      {"day of week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
  }};
  return *fields;
}

absl::Status BadCron(const CronField& field, std::string_view value) {
  return InvalidField(ErrorReason::CONFIG_INVALID, fmt::format("cron.{}", field.name), value,
                      fmt::format("must be *, a number or a range of {}..{}, with a step /N or in "
                                  "a list",
                                  field.least, field.most))
      .ToStatus();
}

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::optional<int> NumberOf(const CronField& field, std::string_view text) {
  for (size_t i = 0; i < field.words.size(); ++i) {
    if (LowerCase(text) == field.words[i]) return field.least + static_cast<int>(i);
  }
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// One entry of a list: numbers first..last in steps.
struct CronRange {
  int first = 0;
  int last = 0;
  int step = 1;
};

absl::StatusOr<CronRange> ParseRange(const CronField& field, std::string_view text) {
  CronRange out{field.least, field.most, 1};
  const size_t slash = text.find('/');
  const std::string_view span = text.substr(0, slash);
  if (slash != std::string_view::npos) {
    const auto step = NumberOf({"step", 1, 60, {}}, text.substr(slash + 1));
    if (!step || *step < 1) return BadCron(field, text);
    out.step = *step;
  }
  if (span != "*") {
    const size_t dash = span.find('-');
    const auto first = NumberOf(field, span.substr(0, dash));
    const auto last =
        dash == std::string_view::npos ? first : NumberOf(field, span.substr(dash + 1));
    if (!first || !last) return BadCron(field, text);
    out.first = *first;
    // `5/10` begins at 5 and has no end.
    out.last =
        dash == std::string_view::npos && slash != std::string_view::npos ? field.most : *last;
  }
  if (out.first < field.least || out.last > field.most || out.first > out.last) {
    return BadCron(field, text);
  }
  return out;
}

template <typename Bits>
absl::Status ParseField(const CronField& field, std::string_view text, Bits* bits) {
  while (true) {
    const size_t comma = text.find(',');
    CAIRN_ASSIGN_OR_RETURN(const CronRange range, ParseRange(field, text.substr(0, comma)));
    for (int i = range.first; i <= range.last; i += range.step) {
      bits->set(static_cast<size_t>(i) % bits->size());
    }
    if (comma == std::string_view::npos) return absl::OkStatus();
    text = text.substr(comma + 1);
  }
}

std::vector<std::string_view> WordsOf(std::string_view text) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return out;
    const size_t end = std::min(text.find_first_of(" \t", begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    text = text.substr(end);
  }
}

std::string_view Expanded(std::string_view text) {
  if (text == "@hourly") return "0 * * * *";
  if (text == "@daily") return "0 0 * * *";
  if (text == "@weekly") return "0 0 * * 0";
  if (text == "@monthly") return "0 0 1 * *";
  return text;
}

}  // namespace

absl::StatusOr<CronSchedule> CronSchedule::Parse(std::string_view expression) {
  const auto words = WordsOf(Expanded(expression));
  if (words.size() != 5) {
    return InvalidField(ErrorReason::CONFIG_INVALID, "cron", expression,
                        "must have five fields, `minute hour day month weekday`, or be @hourly, "
                        "@daily, @weekly or @monthly")
        .ToStatus();
  }
  CronSchedule out;
  out.expression_ = std::string(expression);
  const auto& fields = CronFields();
  CAIRN_RETURN_IF_ERROR(ParseField(fields[0], words[0], &out.minutes_));
  CAIRN_RETURN_IF_ERROR(ParseField(fields[1], words[1], &out.hours_));
  CAIRN_RETURN_IF_ERROR(ParseField(fields[2], words[2], &out.days_));
  CAIRN_RETURN_IF_ERROR(ParseField(fields[3], words[3], &out.months_));
  CAIRN_RETURN_IF_ERROR(ParseField(fields[4], words[4], &out.weekdays_));
  out.any_day_ = words[2].starts_with('*');
  out.any_weekday_ = words[4].starts_with('*');
  if (out.NextAfter(0) >= 0) return out;
  return InvalidField(ErrorReason::CONFIG_INVALID, "cron", expression, "never comes true")
      .ToStatus();
}

bool CronSchedule::HoldsOn(int64_t day) const {
  const CivilDate date = CivilFromDays(day);
  if (!months_[static_cast<size_t>(date.month)]) return false;
  const bool in_month = days_[static_cast<size_t>(date.day)];
  // WeekdayOf begins with Monday.
  const bool in_week = weekdays_[static_cast<size_t>((WeekdayOf(day) + 1) % 7)];
  if (any_day_ || any_weekday_) return in_month && in_week;
  return in_month || in_week;
}

int64_t CronSchedule::NextAfter(int64_t unix_seconds) const {
  int64_t minute = (unix_seconds / 60 + 1) % (24 * 60);
  int64_t day = (unix_seconds / 60 + 1) / (24 * 60);
  for (int64_t i = 0; i <= kMostDays; ++i, ++day, minute = 0) {
    if (!HoldsOn(day)) continue;
    for (; minute < 24 * 60; ++minute) {
      if (!hours_[static_cast<size_t>(minute / 60)] ||
          !minutes_[static_cast<size_t>(minute % 60)]) {
        continue;
      }
      return day * kSecondsADay + minute * 60;
    }
  }
  return -1;
}

}  // namespace cairn::pipeline

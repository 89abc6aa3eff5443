#include "pipeline/data/dates.h"

#include <charconv>
#include <cmath>

#include "pipeline/data/characters.h"

namespace cairn::pipeline {
namespace {

constexpr int kDaysInMonth[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

bool IsLeap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

bool Exists(CivilDate d) {
  if (d.year < 1900 || d.year > 9999 || d.month < 1 || d.month > 12 || d.day < 1) return false;
  return d.day <= kDaysInMonth[d.month - 1] + (d.month == 2 && IsLeap(d.year) ? 1 : 0);
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Reads a text from left to right; a failed step leaves the position where it was.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool AtEnd() const { return position_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }
  bool Skip(char c) {
    if (Peek() != c || AtEnd()) return false;
    ++position_;
    return true;
  }
  // Between `min` and `max` digits, no more following.
  bool Number(int min, int max, int* value) {
    size_t at = position_;
    int result = 0;
    while (at < text_.size() && IsDigit(text_[at])) {
      if (static_cast<int>(at - position_) == max) return false;
      result = result * 10 + (text_[at++] - '0');
    }
    if (static_cast<int>(at - position_) < min) return false;
    position_ = at;
    *value = result;
    return true;
  }
  void SkipDigits() {
    while (IsDigit(Peek())) ++position_;
  }
  void SkipBlanks() {
    while (IsBlank(Peek())) ++position_;
  }

 private:
  std::string_view text_;
  size_t position_ = 0;
};

// `hour` 0..23 on success.
bool ReadMeridiem(Cursor& in, int* hour) {
  in.SkipBlanks();
  const char c = static_cast<char>(in.Peek() | 0x20);
  if (c != 'a' && c != 'p') return true;
  in.Skip(in.Peek());
  if (!in.Skip('M') && !in.Skip('m')) return false;
  if (*hour < 1 || *hour > 12) return false;
  *hour = *hour % 12 + (c == 'p' ? 12 : 0);
  return true;
}

// `8:26`, `08:26:00`, `08:26:00.123`.
bool ReadTime(Cursor& in, int* seconds_of_day) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!in.Number(1, 2, &hour) || !in.Skip(':') || !in.Number(2, 2, &minute)) return false;
  if (in.Skip(':')) {
    if (!in.Number(2, 2, &second)) return false;
    if (in.Skip('.')) {
      if (!IsDigit(in.Peek())) return false;
      in.SkipDigits();
    }
  }
  if (!ReadMeridiem(in, &hour)) return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  *seconds_of_day = hour * 3600 + minute * 60 + second;
  return true;
}

// `Z`, `+01:00`, `-0100`, `+01` or nothing.
bool ReadZone(Cursor& in) {
  if (in.Skip('Z') || in.Skip('z')) return true;
  if (!in.Skip('+') && !in.Skip('-')) return true;
  int hours = 0;
  int minutes = 0;
  if (in.Number(4, 4, &hours)) return hours / 100 <= 14 && hours % 100 <= 59;
  if (!in.Number(2, 2, &hours)) return false;
  if (in.Skip(':') && !in.Number(2, 2, &minutes)) return false;
  return hours <= 14 && minutes <= 59;
}

std::optional<int64_t> Combine(CivilDate date, int seconds_of_day) {
  if (!Exists(date)) return std::nullopt;
  return DaysFromCivil(date) * kSecondsPerDay + seconds_of_day;
}

// What follows the date: nothing, or a time after a blank, a comma or a T.
std::optional<int64_t> Finished(Cursor& in, CivilDate date, bool zone) {
  int seconds = 0;
  if (!in.AtEnd()) {
    in.Skip(',');
    if (!in.Skip('T') && !in.Skip('t') && !in.Skip(' ')) return std::nullopt;
    in.SkipBlanks();
    if (!ReadTime(in, &seconds) || (zone && !ReadZone(in))) return std::nullopt;
  }
  if (!in.AtEnd()) return std::nullopt;
  return Combine(date, seconds);
}

bool IsDateMark(char c) { return c == '-' || c == '/' || c == '.'; }

int FullYear(int year) { return year + (year < 69 ? 2000 : 1900); }

std::optional<int64_t> ParseYearFirst(std::string_view text, int digits) {
  Cursor in(text);
  CivilDate date;
  if (!in.Number(digits, digits, &date.year)) return std::nullopt;
  const char mark = in.Peek();
  if (!IsDateMark(mark) || !in.Skip(mark) || !in.Number(1, 2, &date.month) || !in.Skip(mark) ||
      !in.Number(1, 2, &date.day)) {
    return std::nullopt;
  }
  if (digits == 2) date.year = FullYear(date.year);
  return Finished(in, date, /*zone=*/true);
}

std::optional<int64_t> ParseYearLast(std::string_view text, DateOrder order, DateShape* shape) {
  Cursor in(text);
  DateShape read;
  CivilDate date;
  if (!in.Number(1, 2, &read.first)) return std::nullopt;
  const char mark = in.Peek();
  if (!IsDateMark(mark) || !in.Skip(mark) || !in.Number(1, 2, &read.second) || !in.Skip(mark)) {
    return std::nullopt;
  }
  if (in.Number(2, 2, &date.year)) {
    date.year = FullYear(date.year);
  } else if (!in.Number(4, 4, &date.year)) {
    return std::nullopt;
  }
  if (shape != nullptr) *shape = read;
  const bool day_first = order == DateOrder::kDayFirst;
  date.day = day_first ? read.first : read.second;
  date.month = day_first ? read.second : read.first;
  return Finished(in, date, /*zone=*/false);
}

// Reads an English name of a month, three letters or all of them, with an optional point.
bool ReadMonth(Cursor& in, int* month) {
  static constexpr std::string_view kNames[] = {"january",   "february", "march",    "april",
                                                "may",       "june",     "july",     "august",
                                                "september", "october",  "november", "december"};
  std::string word;
  for (char c = in.Peek(); word.size() < 10; c = in.Peek()) {
    c = static_cast<char>(c | 0x20);
    if (c < 'a' || c > 'z') break;
    word.push_back(c);
    in.Skip(in.Peek());
  }
  for (int i = 0; i < 12; ++i) {
    if (word != kNames[i] && word != kNames[i].substr(0, 3) && (i != 8 || word != "sept")) continue;
    *month = i + 1;
    in.Skip('.');
    return true;
  }
  return false;
}

void SkipMark(Cursor& in) {
  if (!in.Skip('-') && !in.Skip('/')) in.Skip(',');
  in.SkipBlanks();
}

// `1 Dec 2010`, `01-Dec-10`, `Dec 1, 2010`.
std::optional<int64_t> ParseNamedMonth(std::string_view text) {
  Cursor in(text);
  CivilDate date;
  if (IsDigit(text.front())) {
    if (!in.Number(1, 2, &date.day)) return std::nullopt;
    SkipMark(in);
    if (!ReadMonth(in, &date.month)) return std::nullopt;
  } else {
    if (!ReadMonth(in, &date.month)) return std::nullopt;
    SkipMark(in);
    if (!in.Number(1, 2, &date.day)) return std::nullopt;
  }
  SkipMark(in);
  if (in.Number(2, 2, &date.year)) {
    date.year = FullYear(date.year);
  } else if (!in.Number(4, 4, &date.year)) {
    return std::nullopt;
  }
  return Finished(in, date, /*zone=*/false);
}

std::optional<int64_t> ParseSerial(std::string_view text, ExcelEpoch epoch) {
  double serial = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), serial);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!(serial >= 1.0) || serial > 2958465.999999) return std::nullopt;
  // Excel believes in 1900-02-29, so serials below 61 are one day further from the start.
  int64_t start = 0;
  if (epoch == ExcelEpoch::k1904) {
    start = DaysFromCivil({1904, 1, 1});
  } else {
    start = DaysFromCivil({1899, 12, serial < 61.0 ? 31 : 30});
  }
  const int64_t time = start * kSecondsPerDay + std::llround(serial * 86'400.0);
  if (!Exists(CivilFromDays(DayOf(time)))) return std::nullopt;
  return time;
}

// The form nearly every row has: 19 characters, two digits each after the year.
std::optional<int64_t> ParseFixed(std::string_view t) {
  if (t[4] != '-' || t[7] != '-' || t[10] != ' ' || t[13] != ':' || t[16] != ':') {
    return std::nullopt;
  }
  for (const int at : {0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18}) {
    if (!IsDigit(t[at])) return std::nullopt;
  }
  const auto two = [&](int at) { return (t[at] - '0') * 10 + (t[at + 1] - '0'); };
  const int hour = two(11);
  const int minute = two(14);
  const int second = two(17);
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return Combine({two(0) * 100 + two(2), two(5), two(8)}, hour * 3600 + minute * 60 + second);
}

void PutTwo(int value, char* out) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

// Both directions count in eras of 400 years that begin on 1 March.
int64_t DaysFromCivil(CivilDate date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year =
      (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

CivilDate CivilFromDays(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t doe = days - era * 146'097;
  const int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int64_t shifted = (5 * doy + 2) / 153;
  CivilDate date;
  date.day = static_cast<int32_t>(doy - (153 * shifted + 2) / 5 + 1);
  date.month = static_cast<int32_t>(shifted < 10 ? shifted + 3 : shifted - 9);
  date.year = static_cast<int32_t>(yoe + era * 400 + (date.month <= 2 ? 1 : 0));
  return date;
}

int32_t MonthOf(int64_t day) {
  const CivilDate date = CivilFromDays(day);
  return date.year * 12 + date.month - 1;
}

std::optional<int64_t> ParseDateTime(std::string_view text, ExcelEpoch epoch, DateOrder order,
                                     DateShape* shape) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  if (text.size() == 19) {
    if (const auto time = ParseFixed(text)) return time;
  }
  if (text.empty()) return std::nullopt;
  if (!IsDigit(text.front())) return ParseNamedMonth(text);
  const size_t mark = text.find_first_not_of("0123456789");
  if (mark == std::string_view::npos) return ParseSerial(text, epoch);
  const bool twice = IsDateMark(text[mark]) && text.find(text[mark], mark + 1) != text.npos;
  if (mark <= 2 && (!twice || !IsDigit(text[mark + 1]))) {
    if (const auto time = ParseNamedMonth(text)) return time;
  }
  if (!twice) return ParseSerial(text, epoch);
  if (mark == 4) return ParseYearFirst(text, 4);
  if (order == DateOrder::kYearFirst) return ParseYearFirst(text, 2);
  return ParseYearLast(text, order, shape);
}

void FormatDateTimeTo(int64_t time, char* out) {
  const int64_t day = DayOf(time);
  const CivilDate date = CivilFromDays(day);
  const int seconds = static_cast<int>(time - day * kSecondsPerDay);
  PutTwo(date.year / 100, out);
  PutTwo(date.year % 100, out + 2);
  PutTwo(date.month, out + 5);
  PutTwo(date.day, out + 8);
  PutTwo(seconds / 3600, out + 11);
  PutTwo(seconds / 60 % 60, out + 14);
  PutTwo(seconds % 60, out + 17);
  out[4] = out[7] = '-';
  out[10] = ' ';
  out[13] = out[16] = ':';
}

std::string FormatDateTime(int64_t time) {
  std::string text(19, '\0');
  FormatDateTimeTo(time, text.data());
  return text;
}

}  // namespace cairn::pipeline

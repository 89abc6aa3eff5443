#include "pipeline/data/dialect.h"

#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/characters.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/transaction_builder.h"

namespace cairn::pipeline {
namespace {

absl::Status Ambiguous(std::string_view setting, const std::string& what) {
  return InputError(absl::StatusCode::kInvalidArgument, kDialectAmbiguous, what, setting);
}

absl::StatusOr<DateOrder> DecideDates(const DialectSettings& settings,
                                      const DialectEvidence& evidence, DateOrder assumed) {
  if (settings.date_order != DateOrder::kAuto) return settings.date_order;
  const Votes& day = evidence.day_first;
  const Votes& month = evidence.month_first;
  if (day.rows > 0 && month.rows > 0) {
    return Ambiguous(
        "input.date_order",
        fmt::format("{} dates can only be day first (\"{}\") and {} only month first (\"{}\"): "
                    "set input.date_order to day_first or month_first, and the others are "
                    "rejected rows",
                    day.rows, day.example, month.rows, month.example));
  }
  if (day.rows > 0) return DateOrder::kDayFirst;
  if (month.rows > 0) return DateOrder::kMonthFirst;
  if (evidence.either_order.rows == 0) return assumed;
  return Ambiguous("input.date_order",
                   fmt::format("dates like \"{}\" do not tell day from month, since no day of the "
                               "file is above 12: set input.date_order to day_first or month_first",
                               evidence.either_order.example));
}

absl::StatusOr<char> DecideDecimal(const DialectSettings& settings,
                                   const DialectEvidence& evidence) {
  if (settings.decimal != '\0') return settings.decimal;
  const Votes& point = evidence.point;
  const Votes& comma = evidence.comma;
  if (point.rows > 0 && comma.rows > 0) {
    return Ambiguous("input.decimal",
                     fmt::format("numbers like \"{}\" have a decimal point and others like \"{}\" "
                                 "a decimal comma: set input.decimal to . or , and the others are "
                                 "rejected rows",
                                 point.example, comma.example));
  }
  if (comma.rows > 0) return ',';
  if (point.rows > 0 || evidence.either_mark.rows == 0) return '.';
  return Ambiguous("input.decimal",
                   fmt::format("a number like \"{}\" may be grouped or have a decimal comma, and "
                               "no other number of the file tells: set input.decimal to . or ,",
                               evidence.either_mark.example));
}

// The marks of an unsigned number of digits, points and commas.
struct Marks {
  size_t points = 0;
  size_t commas = 0;
  size_t last_point = 0;
  size_t last_comma = 0;
};

std::optional<Marks> FindMarks(std::string_view text) {
  Marks marks;
  if (text.empty()) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      ++marks.points;
      marks.last_point = i;
    } else if (text[i] == ',') {
      ++marks.commas;
      marks.last_comma = i;
    } else if (!IsDigit(text[i])) {
      return std::nullopt;
    }
  }
  return marks;
}

// Whether one mark at `at` may set apart three digits.
bool MayGroup(std::string_view text, size_t at) {
  return at >= 1 && at <= 3 && text[0] != '0' && text.size() - at - 1 == 3;
}

std::string_view Unsigned(std::string_view text) {
  text = TrimBlanks(text);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

// The length of a character that groups digits at `at`, 0 when it is none.
size_t GroupMark(std::string_view text, size_t at, char decimal) {
  const char c = text[at];
  if (c == ' ' || c == '\'' || c == (decimal == '.' ? ',' : '.')) return 1;
  if (text.substr(at).starts_with("\xc2\xa0")) return 2;
  return text.substr(at).starts_with("\xe2\x80\xaf") ? 3 : 0;
}

size_t DigitsAt(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && IsDigit(text[end])) ++end;
  return end - at;
}

void AppendUtf8(uint32_t point, std::string* out) {
  if (point < 0x80) {
    out->push_back(static_cast<char>(point));
    return;
  }
  if (point < 0x800) {
    out->push_back(static_cast<char>(0xc0 | point >> 6));
  } else {
    if (point < 0x10000) {
      out->push_back(static_cast<char>(0xe0 | point >> 12));
    } else {
      out->push_back(static_cast<char>(0xf0 | point >> 18));
      out->push_back(static_cast<char>(0x80 | (point >> 12 & 0x3f)));
    }
    out->push_back(static_cast<char>(0x80 | (point >> 6 & 0x3f)));
  }
  out->push_back(static_cast<char>(0x80 | (point & 0x3f)));
}

}  // namespace

std::string_view TextEncodingName(TextEncoding encoding) {
  switch (encoding) {
    case TextEncoding::kAuto:
      return "auto";
    case TextEncoding::kUtf8:
      return "UTF-8";
    case TextEncoding::kLatin1:
      return "ISO-8859-1";
    case TextEncoding::kWindows1252:
      return "Windows-1252";
    case TextEncoding::kUtf16:
      return "UTF-16";
  }
  return "";
}

Dialect AssumedDialect(const DialectSettings& settings) {
  Dialect dialect;
  dialect.encoding = settings.encoding;
  if (settings.separator != '\0') dialect.separator = settings.separator;
  if (settings.decimal != '\0') dialect.decimal = settings.decimal;
  if (settings.date_order != DateOrder::kAuto) dialect.date_order = settings.date_order;
  return dialect;
}

void Votes::Add(const Votes& later) {
  if (rows == 0) example = later.example;
  rows += later.rows;
}

void DialectEvidence::AddDate(const DateShape& shape, std::string_view text) {
  if (shape.first < 1 || shape.second < 1) return;
  if (shape.first > 12) {
    if (shape.first <= 31 && shape.second <= 12) day_first.Add(text);
  } else if (shape.second > 12) {
    if (shape.second <= 31) month_first.Add(text);
  } else {
    (shape.first == shape.second ? same_order : either_order).Add(text);
  }
}

void DialectEvidence::AddNumber(std::string_view text, bool whole) {
  text = Unsigned(text);
  const std::optional<Marks> marks = FindMarks(text);
  if (!marks || marks->points + marks->commas == 0) return;
  if (marks->points > 0 && marks->commas > 0) {
    const bool comma_ends = marks->last_comma > marks->last_point;
    if ((comma_ends ? marks->commas : marks->points) == 1) (comma_ends ? comma : point).Add(text);
  } else if (marks->commas > 1) {
    point.Add(text);
  } else if (marks->points > 1) {
    comma.Add(text);
  } else if (marks->commas == 1) {
    if (!MayGroup(text, marks->last_comma)) {
      comma.Add(text);
    } else if (whole && !text.ends_with("000")) {
      point.Add(text);
    } else {
      either_mark.Add(text);
    }
  } else if (!MayGroup(text, marks->last_point)) {
    point.Add(text);
  }
}

void DialectEvidence::Add(const DialectEvidence& later) {
  day_first.Add(later.day_first);
  month_first.Add(later.month_first);
  either_order.Add(later.either_order);
  same_order.Add(later.same_order);
  point.Add(later.point);
  comma.Add(later.comma);
  either_mark.Add(later.either_mark);
}

absl::StatusOr<Dialect> DecideDialect(const DialectSettings& settings,
                                      const DialectEvidence& evidence, const Dialect& assumed) {
  Dialect dialect = assumed;
  CAIRN_ASSIGN_OR_RETURN(dialect.date_order, DecideDates(settings, evidence, assumed.date_order));
  CAIRN_ASSIGN_OR_RETURN(dialect.decimal, DecideDecimal(settings, evidence));
  return dialect;
}

std::string DescribeDialect(const Dialect& dialect, const DialectEvidence& evidence, bool csv) {
  std::string text(TextEncodingName(dialect.encoding));
  if (csv) {
    text += dialect.separator == '\t' ? std::string(", separator tab")
                                      : fmt::format(", separator `{}`", dialect.separator);
  }
  text += fmt::format(", decimal mark `{}`", dialect.decimal);
  const bool day_first = dialect.date_order == DateOrder::kDayFirst;
  const Votes& decided = day_first ? evidence.day_first : evidence.month_first;
  const Votes& open = evidence.either_order;
  if (dialect.date_order == DateOrder::kYearFirst) return text + ", dates year first";
  if (decided.rows + open.rows > 0) {
    text += fmt::format(", dates {} first (\"{}\")", day_first ? "day" : "month",
                        decided.rows > 0 ? decided.example : open.example);
  } else if (evidence.same_order.rows > 0) {
    text += ", dates the same day or month first";
  } else {
    text += ", dates year first";
  }
  return text;
}

bool ParseMarkedNumber(std::string_view text, char decimal, double* value) {
  text = TrimBlanks(text);
  std::string plain;
  if (text.starts_with('-')) plain = "-";
  const std::string_view digits = Unsigned(text);
  size_t at = DigitsAt(digits, 0);
  plain += digits.substr(0, at);
  bool grouped = false;
  while (at < digits.size()) {
    const size_t mark = GroupMark(digits, at, decimal);
    if (mark == 0) break;
    if ((!grouped && (at < 1 || at > 3)) || DigitsAt(digits, at + mark) != 3) return false;
    plain += digits.substr(at + mark, 3);
    at += mark + 3;
    grouped = true;
  }
  if (at < digits.size() && digits[at] == decimal) {
    const size_t fraction = DigitsAt(digits, at + 1);
    plain += '.';
    plain += digits.substr(at + 1, fraction);
    at += 1 + fraction;
  }
  return at == digits.size() && ParseDecimal(plain, value);
}

bool IsNullWord(std::string_view text, const std::optional<std::vector<std::string>>& words) {
  text = TrimBlanks(text);
  if (text.empty()) return true;
  if (words) {
    return std::any_of(words->begin(), words->end(), [&](const std::string& word) {
      return LowerAscii(TrimBlanks(word)) == LowerAscii(text);
    });
  }
  if (text.size() > 4) return false;
  static constexpr std::string_view kWords[] = {"nan", "none", "null", "na",
                                                "n/a", "<na>", "#n/a", "nat"};
  return std::find(std::begin(kWords), std::end(kWords), LowerAscii(text)) != std::end(kWords);
}

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty()) {
    if (text.front() == ' ' || text.front() == '\t') {
      text.remove_prefix(1);
    } else if (text.starts_with("\xc2\xa0")) {
      text.remove_prefix(2);
    } else {
      break;
    }
  }
  while (!text.empty()) {
    if (text.back() == ' ' || text.back() == '\t') {
      text.remove_suffix(1);
    } else if (text.ends_with("\xc2\xa0")) {
      text.remove_suffix(2);
    } else {
      break;
    }
  }
  return text;
}

std::string LowerAscii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string Windows1252ToUtf8(std::string_view text) {
  static constexpr std::array<uint16_t, 32> kHigh = {
      0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
      0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
      0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178};
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    AppendUtf8(byte >= 0x80 && byte < 0xa0 ? kHigh[byte - 0x80] : byte, &result);
  }
  return result;
}

void Utf16Decoder::Decode(std::string_view piece, bool last, std::string* out) {
  left_.append(piece);
  const std::string_view text = left_;
  if (text.size() < 4 && !last) return;
  size_t at = 0;
  if (!started_) {
    started_ = true;
    big_ = text.size() >= 2 && text[0] == '\0';
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
      big_ = text[0] == '\xfe';
      at = 2;
    }
  }
  const auto unit = [&](size_t i) {
    const uint32_t first = static_cast<uint8_t>(text[i]);
    const uint32_t second = static_cast<uint8_t>(text[i + 1]);
    return big_ ? first << 8 | second : second << 8 | first;
  };
  for (; at + 1 < text.size(); at += 2) {
    uint32_t point = unit(at);
    if (point >= 0xd800 && point < 0xe000) {
      if (!last && at + 3 >= text.size()) break;
      const uint32_t low = at + 3 < text.size() ? unit(at + 2) : 0;
      if (point < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        at += 2;
      } else {
        point = 0xfffd;
      }
    }
    AppendUtf8(point, out);
  }
  left_.erase(0, at);
}

std::string Utf16ToUtf8(std::string_view text) {
  std::string result;
  Utf16Decoder().Decode(text, /*last=*/true, &result);
  return result;
}

bool LooksLikeUtf16(std::string_view head) {
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) return true;
  constexpr size_t kLooked = 64;
  if (head.size() < 16) return false;
  head = head.substr(0, kLooked);
  size_t zeros[2] = {0, 0};
  for (size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0' ? 1 : 0;
  const size_t half = head.size() / 2;
  return (zeros[0] == half && zeros[1] == 0) || (zeros[1] == half && zeros[0] == 0);
}

}  // namespace cairn::pipeline

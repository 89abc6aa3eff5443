#ifndef CAIRN_PIPELINE_DATA_DIALECT_H_
#define CAIRN_PIPELINE_DATA_DIALECT_H_

// How a file of transactions is written: encoding, separator, decimal mark, order of dates.
//
// A dialect belongs to a file, never to a row. Readers parse with a dialect they assume, collect
// evidence from every row and let DecideDialect judge all of it at the end; when the verdict is
// another dialect, the file is parsed once more with that. What the rows leave open is an error
// that names the setting which decides it. Plain values and pure functions: no input is read
// here, and everything may be called from any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/data/dates.h"

namespace cairn::pipeline {

// kAuto: UTF-16 when the text begins like it; UTF-8 when all of it is valid; else Windows-1252
// when a byte 0x80..0x9f is there, which ISO-8859-1 has no characters for; else ISO-8859-1.
// kUtf8 rejects rows whose text is invalid.
enum class TextEncoding { kAuto, kUtf8, kLatin1, kWindows1252, kUtf16 };

// "UTF-8", "ISO-8859-1", …; "auto" for kAuto.
std::string_view TextEncodingName(TextEncoding encoding);

// What the user says about a file. Empty and kAuto: the file decides.
struct DialectSettings {
  TextEncoding encoding = TextEncoding::kAuto;
  char separator = '\0';  // One of , ; | and tab.
  char decimal = '\0';    // . or ,
  DateOrder date_order = DateOrder::kAuto;
  // The only sheet of a workbook to read, also when it is hidden.
  std::string sheet;
  // Words that mean "missing", compared without case and surrounding blanks. Absent: those of
  // IsNullWord, and customer 0.
  std::optional<std::vector<std::string>> null_values;

  bool operator==(const DialectSettings&) const = default;
};

// What a file is read with.
struct Dialect {
  TextEncoding encoding = TextEncoding::kAuto;
  char separator = ',';
  char decimal = '.';  // The other of . and , groups thousands; so do blanks and apostrophes.
  DateOrder date_order = DateOrder::kMonthFirst;

  bool operator==(const Dialect&) const = default;
};

// The dialect that is assumed before any row was seen.
Dialect AssumedDialect(const DialectSettings& settings);

// Rows that speak for one reading, with the first value that did.
struct Votes {
  uint64_t rows = 0;
  std::string example;

  void Add(std::string_view value) {
    if (rows++ == 0) example = std::string(value);
  }
  void Add(const Votes& later);
};

// What all rows say. Parts of a file are judged apart and added in their order.
struct DialectEvidence {
  Votes day_first;     // 25/03/2011
  Votes month_first;   // 03/25/2011
  Votes either_order;  // 05/03/2011: both readings exist and differ.
  Votes same_order;    // 05/05/2011
  Votes point;         // 2.5 and 1,200.50
  Votes comma;         // 2,5 and 1.200,50
  Votes either_mark;   // 1,200 where a fraction would be possible.

  void AddDate(const DateShape& shape, std::string_view text);
  // `whole`: the column holds whole numbers, so that 1,250 can only be grouped.
  void AddNumber(std::string_view text, bool whole);
  void Add(const DialectEvidence& later);
};

// The dialect of a file whose rows gave `evidence`, with `separator` as its header had it.
// kInvalidArgument, kind DIALECT_AMBIGUOUS, subject the setting: what the rows leave open or
// contradict each other about, unless the settings say it.
absl::StatusOr<Dialect> DecideDialect(const DialectSettings& settings,
                                      const DialectEvidence& evidence, const Dialect& assumed);

// "UTF-8, separator `,`, decimal mark `.`, dates day first (25/03/2011)". `csv` tells whether a
// separator matters.
std::string DescribeDialect(const Dialect& dialect, const DialectEvidence& evidence, bool csv);

// Reads a number written with `decimal`; groups of three digits may be set apart by the other
// mark, a blank or an apostrophe. False for anything else.
bool ParseMarkedNumber(std::string_view text, char decimal, double* value);

// Whether `text` is blank or a word that means "missing": nan, none, null, na, n/a, <na>, #n/a,
// nat, without case. With `words`, those instead.
bool IsNullWord(std::string_view text, const std::optional<std::vector<std::string>>& words);

// Without blanks, tabs and no-break spaces at both ends.
std::string_view TrimBlanks(std::string_view text);
// ASCII letters in lower case.
std::string LowerAscii(std::string_view text);

// Text of a byte encoding as UTF-8. Bytes Windows-1252 leaves undefined become U+FFFD.
std::string Windows1252ToUtf8(std::string_view text);
// UTF-16 of either byte order, with or without mark, as UTF-8; lone surrogates become U+FFFD.
std::string Utf16ToUtf8(std::string_view text);

// The same for text that comes in pieces, which may end inside a character. Not thread-safe.
class Utf16Decoder {
 public:
  // Appends what is complete. After the `last` piece nothing may follow.
  void Decode(std::string_view piece, bool last, std::string* out);

 private:
  std::string left_;  // What the pieces so far began and did not complete.
  bool started_ = false;
  bool big_ = false;  // The more significant byte of a unit comes first.
};

// Whether `head`, the start of a file, is UTF-16: it has the mark, or every other byte is zero.
bool LooksLikeUtf16(std::string_view head);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_DIALECT_H_

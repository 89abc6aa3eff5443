#ifndef CAIRN_PIPELINE_DATA_TRANSACTION_BUILDER_H_
#define CAIRN_PIPELINE_DATA_TRANSACTION_BUILDER_H_

// Turns rows of text into the columns of a TransactionTable. Used by the CSV and xlsx readers.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/load.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

// The columns that are read, in the order of a row's fields here.
enum FieldRole : int {
  kInvoiceField = 0,
  kStockCodeField,
  kDescriptionField,
  kQuantityField,
  kDateField,
  kPriceField,
  kCustomerField,
  kCountryField,
  kFieldRoles
};

// Canonical names by role (InvoiceNo, StockCode and so on), which errors and
// rejects.csv use whatever the header of the file says.
extern const std::array<std::string_view, kFieldRoles> kFieldNames;

// Views into the reader's memory.
using RowFields = std::array<std::string_view, kFieldRoles>;

// For each role the number of its column in the header.
using ColumnMap = std::array<int, kFieldRoles>;

// The role of a column with this name; kFieldRoles for any other.
int HeaderRole(std::string_view name);

// Finds the roles in a header. kInvalidArgument: COLUMN_MISSING names the missing
// column and the header found, INPUT_UNREADABLE a column that is there twice. Other
// columns are passed over.
absl::StatusOr<ColumnMap> MapColumns(const std::vector<std::string>& header);

// Equality of short strings without a call: keys here have 6 to 40 bytes.
inline bool SameText(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  const char* x = a.data();
  const char* y = b.data();
  const auto differ = [&](size_t at) {
    uint64_t left;
    uint64_t right;
    std::memcpy(&left, x + at, sizeof(left));
    std::memcpy(&right, y + at, sizeof(right));
    return left ^ right;
  };
  const size_t size = a.size();
  if (size < 8) {
    for (size_t at = 0; at < size; ++at) {
      if (x[at] != y[at]) return false;
    }
    return true;
  }
  // The last eight bytes may overlap those before them.
  uint64_t difference = differ(size - 8);
  for (size_t at = 0; at + 8 < size; at += 8) difference |= differ(at);
  return difference == 0;
}

// A set of strings that numbers them by first appearance. Not thread-safe. A hash table
// with open addressing over a StringDictionary: a text is stored once, and a number
// stays what it is. It is seeded at random, so that no file can be made to slow it
// down.
class StringInterner {
 public:
  StringInterner();

  // The number of `text`, a new one at its first appearance.
  uint32_t Intern(std::string_view text) {
    if (last_ == kNone || !SameText(dictionary_.at(last_), text)) last_ = Find(text);
    return last_;
  }
  // The same when the number is probably `guess`, which need not be one.
  uint32_t InternGuessing(std::string_view text, uint32_t guess) {
    if (guess < dictionary_.size() && SameText(dictionary_.at(guess), text)) return guess;
    return Find(text);
  }

  const StringDictionary& dictionary() const { return dictionary_; }
  // Moves the texts out. REQUIRES: the interner is not used afterwards.
  StringDictionary Release() { return std::move(dictionary_); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  // `tag` is the upper half of the hash, compared before the text is.
  struct Slot {
    uint32_t tag;
    uint32_t code;
  };

  // The number of `text`, by its hash; appends a new one.
  uint32_t Find(std::string_view text);
  // Makes the table four times as large when it is half full.
  void Grow();

  StringDictionary dictionary_;
  std::vector<Slot> slots_;  // a power of two; code kNone: free
  uint32_t last_ = kNone;    // of Intern: rows of one invoice repeat it
  uint64_t seed_;            // of the hash
};

// Collects rows. Not thread-safe; builders of consecutive parts of a file are joined by
// Merge. A dialect that is not decided yet may reject rows that another would read; the
// evidence says so, and the file is then read again with the true one (dialect.h).
class TransactionBuilder {
 public:
  // Reads fields as `dialect` says and collects evidence about the true one. `options` must
  // outlive the builder.
  TransactionBuilder(const LoadOptions& options, const Dialect& dialect, ExcelEpoch epoch);

  // Makes room for about `rows` further rows.
  void Reserve(size_t rows);

  // Adds one row, or a RejectedRow at `line` when a field cannot be read. The views need to
  // live only during the call. A row without any text is skipped. `native` has a bit (1 << role)
  // for each field that is a number of a workbook, whose form no dialect changes.
  void Append(const RowFields& fields, uint64_t line, uint32_t native = 0);

  // The sheet that further rows come from, named in their rejections; empty when there is one only.
  void SetSource(std::string name) { source_ = std::move(name); }

  // Counts and keeps a rejected row that has no fields to read.
  void Reject(uint64_t line, std::string_view column, std::string_view value,
              std::string_view reason);

  // Of all rows so far.
  const DialectEvidence& evidence() const { return evidence_; }

  // Rows of the table so far.
  uint64_t rows() const { return quantity_.size(); }
  // Rows that were rejected, kept or not.
  uint64_t rejected() const { return rejected_; }

  // Appends what `later` collected; its lines are counted from `line_offset`.
  void Merge(TransactionBuilder&& later, uint64_t line_offset);

  // Moves the result out: table, rejects, counts of rows and warnings. Transcodes when the text
  // calls for it and tells the encoding; kInvalidArgument, kind DIALECT_AMBIGUOUS, when no known
  // encoding has these bytes.
  absl::StatusOr<LoadedTransactions> Finish(TextEncoding* encoding);

 private:
  // These two read a number by the dialect, or as it stands for a workbook's, and add
  // evidence for what is not plain. False for what is no number.
  bool ReadQuantity(std::string_view text, bool native, int32_t* quantity);
  bool ReadPrice(std::string_view text, bool native, double* price);
  // Null when the customer was read; else why not.
  const char* ReadCustomer(std::string_view text, int32_t* customer);
  // The id, until Finish, of a customer that is a text.
  int32_t InternCustomer(std::string_view text);
  // Gives texts their final ids, in the order of bytes; null if there are none.
  CustomerNames NumberCustomers(TextEncoding encoding);
  // The dialect's, or the one that all texts fit.
  absl::StatusOr<TextEncoding> DecideEncoding() const;
  // Interns the row's texts; false when it rejected the row for one of them.
  bool AppendText(const RowFields& fields, uint64_t line);
  // No zero byte, and UTF-8 where the dialect says so.
  bool AcceptText(std::string_view text) const;
  std::array<uint32_t, 4> InternTexts(const RowFields& fields);
  // Adds evidence of a date in a row that is rejected for something else.
  void RecordDate(std::string_view date);
  // Looks at all texts that no row of the table has brought yet.
  void JudgeNewTexts();

  const LoadOptions& options_;
  const Dialect dialect_;
  const ExcelEpoch epoch_;

  std::array<StringInterner, 4> interners_;
  std::array<std::vector<uint32_t>, 4> codes_;
  std::array<uint32_t, 4> judged_{};              // Codes below this have been looked at.
  std::array<std::vector<uint32_t>, 4> refused_;  // Codes of text no row may have, ascending.
  std::vector<int32_t> quantity_;
  std::vector<double> unit_price_;
  std::vector<int64_t> time_;
  std::vector<int32_t> customer_id_;
  std::vector<RejectedRow> rejects_;
  uint64_t rejected_ = 0;
  uint64_t blank_rows_ = 0;
  std::string source_;
  uint64_t zero_customers_ = 0;
  DialectEvidence evidence_;
  StringInterner customers_;  // Texts; the id is -2 minus the number until Finish.

  // By stock code the description it last came with: nearly always the next one too.
  std::vector<uint32_t> description_of_;

  // The last date read: lines of one invoice share it.
  std::array<char, 19> last_date_{};
  int64_t last_time_ = 0;
};

// Field readers, exposed for tests. All allow surrounding blanks and return false for anything
// but the described form.
// A whole number, also written 6.0, in the range of int32.
bool ParseWholeNumber(std::string_view text, int32_t* value);
// A finite decimal number with optional sign and exponent.
bool ParseDecimal(std::string_view text, double* value);

// Whether `text` is well-formed UTF-8.
bool IsUtf8(std::string_view text);
// Each byte as the code point of that number, in UTF-8.
std::string Latin1ToUtf8(std::string_view text);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_TRANSACTION_BUILDER_H_

// transactions.csv, the one table of millions of rows.

#include <algorithm>
#include <cstring>
#include <utility>

#include "lib/base/status_macros.h"
#include "pipeline/data/csv_number.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/parallel.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kRowsPerThread = 50'000;
constexpr size_t kLongRow = 112;
constexpr size_t kRowsPerPiece = 2048;  // Their text stays in the second-level cache.

std::string TransactionsHeader(const TransactionTable& table) {
  std::string header =
      "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
  header += table.has_status() ? ",Transaction_Status\n" : "\n";
  return header;
}

// Entries are copied in steps of so many bytes, which need room behind their ends.
constexpr size_t kCopyStep = 16;

// Dictionary entries as CSV fields, each followed by a comma.
class QuotedEntries {
 public:
  explicit QuotedEntries(const StringDictionary& dictionary) {
    offsets_.push_back(0);
    for (uint32_t code = 0; code < dictionary.size(); ++code) {
      AppendCsvField(dictionary.at(code), &bytes_);
      bytes_.push_back(',');
      offsets_.push_back(bytes_.size());
      longest_ = std::max(longest_, offsets_[code + 1] - offsets_[code]);
    }
    bytes_.append(kCopyStep, '\0');
  }

  // Of any entry, with what copying it writes behind its end.
  size_t room() const { return longest_ + kCopyStep; }

  // Writes an entry and returns its end.
  char* CopyTo(char* to, uint32_t code) const {
    const char* from = bytes_.data() + offsets_[code];
    const size_t size = offsets_[code + 1] - offsets_[code];
    for (size_t at = 0; at < size; at += kCopyStep) std::memcpy(to + at, from + at, kCopyStep);
    return to + size;
  }

 private:
  std::string bytes_;
  std::vector<size_t> offsets_;
  size_t longest_ = 0;
};

struct QuotedColumns {
  explicit QuotedColumns(const TransactionColumns& columns)
      : invoice(*columns.invoice.dictionary),
        stock_code(*columns.stock_code.dictionary),
        description(*columns.description.dictionary),
        country(*columns.country.dictionary) {}

  QuotedEntries invoice;
  QuotedEntries stock_code;
  QuotedEntries description;
  QuotedEntries country;
};

// Writes rows into memory that is known to suffice for each, so that no field asks for it.
class RowWriter {
 public:
  // `quoted` are the table's columns, for any number of writers; both must outlive it.
  RowWriter(const TransactionTable& table, const QuotedColumns& quoted)
      : table_(table), quoted_(quoted), date_{} {
    date_[sizeof(date_) - 1] = ',';
    FormatDateTimeTo(last_time_, date_);
    row_room_ = kNumbersRoom + quoted_.invoice.room() + quoted_.stock_code.room() +
                quoted_.description.room() + quoted_.country.room();
  }

  // The text of the selected rows begin ... end - 1; valid until the next call.
  std::string_view Write(size_t begin, size_t end) {
    size_t used = 0;
    for (size_t i = begin; i < end; ++i) {
      std::string_view name;
      const int32_t customer = (*table_.columns().customer_id)[table_.selection()[i]];
      if (customer < kMissingCustomer) name = NameOf(customer);
      const size_t needed = used + row_room_ + name.size();
      if (needed > text_.size()) text_.resize(2 * needed);
      used = static_cast<size_t>(WriteRow(text_.data() + used, i, customer, name) - text_.data());
    }
    return {text_.data(), used};
  }

 private:
  // For a quantity, a date, a price, a customer's number, a status and what parts them.
  static constexpr size_t kNumbersRoom = 160;

  std::string_view NameOf(int32_t customer) {
    name_.clear();
    AppendCustomer(customer, table_.columns().customer_names, &name_);
    return name_;
  }

  char* WriteRow(char* to, size_t i, int32_t customer, std::string_view name) {
    const TransactionColumns& columns = table_.columns();
    const uint32_t row = table_.selection()[i];
    to = quoted_.invoice.CopyTo(to, columns.invoice.code(row));
    to = quoted_.stock_code.CopyTo(to, columns.stock_code.code(row));
    to = quoted_.description.CopyTo(to, columns.description.code(row));
    to = WriteCsvInteger(to, (*columns.quantity)[row]);
    *to++ = ',';
    if ((*columns.time)[row] != last_time_) {
      last_time_ = (*columns.time)[row];
      FormatDateTimeTo(last_time_, date_);
    }
    std::memcpy(to, date_, sizeof(date_));
    to = WriteCsvNumber(to + sizeof(date_), (*columns.unit_price)[row]);
    *to++ = ',';
    if (customer > kMissingCustomer) to = WriteCsvInteger(to, customer);
    to += name.copy(to, name.size());
    *to++ = ',';
    to = quoted_.country.CopyTo(to, columns.country.code(row));
    if (!table_.has_status()) {
      to[-1] = '\n';
      return to;
    }
    const std::string_view status = table_.cancelled(i) ? "Cancelled\n" : "Completed\n";
    return to + status.copy(to, status.size());
  }

  const TransactionTable& table_;
  const QuotedColumns& quoted_;
  size_t row_room_ = 0;
  char date_[20];
  int64_t last_time_ = 0;
  std::string name_;
  std::string text_;  // Bytes beyond those of the last call mean nothing.
};

}  // namespace

std::string TransactionsCsv(const TransactionTable& table, int threads) {
  const size_t rows = table.rows();
  const size_t parts =
      std::min<size_t>(static_cast<size_t>(ThreadCount(threads)), rows / kRowsPerThread + 1);
  std::vector<std::string> pieces(parts);
  pieces[0] = TransactionsHeader(table);
  const QuotedColumns quoted(table.columns());
  RunParts(static_cast<int>(parts), [&](int part) {
    const size_t first = rows * static_cast<size_t>(part) / parts;
    const size_t last = rows * static_cast<size_t>(part + 1) / parts;
    std::string& piece = pieces[static_cast<size_t>(part)];
    piece.reserve((part == 0 ? rows : last - first) * kLongRow + 128);
    RowWriter writer(table, quoted);
    for (size_t begin = first; begin < last; begin += kRowsPerPiece) {
      piece += writer.Write(begin, std::min(begin + kRowsPerPiece, last));
    }
  });
  for (size_t part = 1; part < parts; ++part) pieces[0] += pieces[part];
  return std::move(pieces[0]);
}

absl::Status WriteTransactionsCsv(const TransactionTable& table,
                                  const std::function<absl::Status(std::string_view)>& sink) {
  CAIRN_RETURN_IF_ERROR(sink(TransactionsHeader(table)));
  const QuotedColumns quoted(table.columns());
  RowWriter writer(table, quoted);
  for (size_t begin = 0; begin < table.rows(); begin += kRowsPerPiece) {
    CAIRN_RETURN_IF_ERROR(sink(writer.Write(begin, std::min(begin + kRowsPerPiece, table.rows()))));
  }
  return absl::OkStatus();
}

}  // namespace cairn::pipeline

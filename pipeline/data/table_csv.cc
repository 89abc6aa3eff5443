#include "pipeline/data/table_csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include "lib/base/output_file.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/parallel.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kRowsPerThread = 50'000;
constexpr size_t kLongRow = 112;

std::string TransactionsHeader(const TransactionTable& table) {
  std::string header =
      "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
  header += table.has_status() ? ",Transaction_Status\n" : "\n";
  return header;
}

void AppendInteger(int64_t value, std::string* out) {
  char buffer[24];
  const auto [end, error] = std::to_chars(std::begin(buffer), std::end(buffer), value);
  out->append(buffer, end);
}

// Money has at most two digits after the point, and then a division tells the shortest text.
bool AppendCents(double value, std::string* out) {
  if (!(std::abs(value) < 1e12)) return false;
  const double cents = std::round(value * 100.0);
  if (cents / 100.0 != value || (cents == 0.0 && std::signbit(value))) return false;
  int64_t whole = static_cast<int64_t>(cents);
  if (whole < 0) {
    out->push_back('-');
    whole = -whole;
  }
  AppendInteger(whole / 100, out);
  const int rest = static_cast<int>(whole % 100);
  if (rest == 0) return true;
  out->push_back('.');
  out->push_back(static_cast<char>('0' + rest / 10));
  if (rest % 10 != 0) out->push_back(static_cast<char>('0' + rest % 10));
  return true;
}

// Dictionary entries as CSV fields, each followed by a comma.
class QuotedEntries {
 public:
  explicit QuotedEntries(const StringDictionary& dictionary) {
    offsets_.push_back(0);
    for (uint32_t code = 0; code < dictionary.size(); ++code) {
      AppendCsvField(dictionary.at(code), &bytes_);
      bytes_.push_back(',');
      offsets_.push_back(bytes_.size());
    }
  }
  std::string_view at(uint32_t code) const {
    return {bytes_.data() + offsets_[code], offsets_[code + 1] - offsets_[code]};
  }

 private:
  std::string bytes_;
  std::vector<size_t> offsets_;
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

void AppendRows(const TransactionTable& table, const QuotedColumns& quoted, size_t begin,
                size_t end, std::string* out) {
  const TransactionColumns& columns = table.columns();
  char date[20];
  date[19] = ',';
  int64_t last_time = 0;
  FormatDateTimeTo(last_time, date);
  for (size_t i = begin; i < end; ++i) {
    const uint32_t row = table.selection()[i];
    out->append(quoted.invoice.at(columns.invoice.code(row)));
    out->append(quoted.stock_code.at(columns.stock_code.code(row)));
    out->append(quoted.description.at(columns.description.code(row)));
    AppendInteger((*columns.quantity)[row], out);
    out->push_back(',');
    if ((*columns.time)[row] != last_time) {
      last_time = (*columns.time)[row];
      FormatDateTimeTo(last_time, date);
    }
    out->append(date, sizeof(date));
    AppendCsvNumber((*columns.unit_price)[row], out);
    out->push_back(',');
    const int32_t customer = (*columns.customer_id)[row];
    if (customer != kMissingCustomer) AppendCustomer(customer, columns.customer_names, out);
    out->push_back(',');
    out->append(quoted.country.at(columns.country.code(row)));
    if (table.has_status()) {
      out->append(table.cancelled(i) ? "Cancelled\n" : "Completed\n");
    } else {
      out->back() = '\n';
    }
  }
}

}  // namespace

void AppendCsvField(std::string_view text, std::string* out) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

void AppendCsvNumber(double value, std::string* out) {
  if (std::isnan(value) || AppendCents(value, out)) return;
  const double size = std::abs(value);
  const bool plain = size == 0.0 || (size >= 1e-5 && size < 1e15);
  char buffer[64];
  const auto [end, error] =
      plain ? std::to_chars(std::begin(buffer), std::end(buffer), value, std::chars_format::fixed)
            : std::to_chars(std::begin(buffer), std::end(buffer), value);
  out->append(buffer, end);
}

std::string TransactionsCsv(const TransactionTable& table, int threads) {
  const QuotedColumns quoted(table.columns());
  const size_t rows = table.rows();
  const size_t parts =
      std::min<size_t>(static_cast<size_t>(ThreadCount(threads)), rows / kRowsPerThread + 1);
  std::vector<std::string> pieces(parts);
  pieces[0] = TransactionsHeader(table);
  RunParts(static_cast<int>(parts), [&](int part) {
    const size_t begin = rows * static_cast<size_t>(part) / parts;
    const size_t end = rows * static_cast<size_t>(part + 1) / parts;
    std::string& piece = pieces[static_cast<size_t>(part)];
    piece.reserve((part == 0 ? rows : end - begin) * kLongRow + 128);
    AppendRows(table, quoted, begin, end, &piece);
  });
  for (size_t part = 1; part < parts; ++part) pieces[0] += pieces[part];
  return std::move(pieces[0]);
}

absl::Status WriteTransactionsCsv(const TransactionTable& table,
                                  const std::function<absl::Status(std::string_view)>& sink) {
  constexpr size_t kRowsPerPiece = 8192;
  const QuotedColumns quoted(table.columns());
  std::string piece = TransactionsHeader(table);
  piece.reserve(kRowsPerPiece * kLongRow);
  for (size_t begin = 0; begin < table.rows(); begin += kRowsPerPiece) {
    AppendRows(table, quoted, begin, std::min(begin + kRowsPerPiece, table.rows()), &piece);
    CAIRN_RETURN_IF_ERROR(sink(piece));
    piece.clear();
  }
  return piece.empty() ? absl::OkStatus() : sink(piece);
}

void AppendCustomer(int32_t id, const CustomerNames& names, std::string* out) {
  if (id >= kMissingCustomer || names == nullptr) {
    AppendInteger(id, out);
  } else {
    AppendCsvField(CustomerText(id, names), out);
  }
}

std::string FeaturesCsv(const FeatureMatrix& features) {
  return MatrixCsv("CustomerID", features.customer_ids, features.columns, features.values,
                   features.customer_names);
}

std::string MatrixCsv(std::string_view id_name, std::span<const int32_t> ids,
                      std::span<const std::string> columns, const RowMajorMatrix& values,
                      const CustomerNames& names) {
  std::string out;
  out.reserve(ids.size() * (columns.size() + 1) * 12 + 1024);
  AppendCsvField(id_name, &out);
  for (const std::string& column : columns) {
    out.push_back(',');
    AppendCsvField(column, &out);
  }
  out.push_back('\n');
  for (size_t i = 0; i < ids.size(); ++i) {
    AppendCustomer(ids[i], names, &out);
    for (size_t j = 0; j < columns.size(); ++j) {
      out.push_back(',');
      AppendCsvNumber(values(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)), &out);
    }
    out.push_back('\n');
  }
  return out;
}

std::string LabelsCsv(std::string_view id_name, std::span<const int32_t> ids,
                      std::string_view label_name, std::span<const int32_t> labels,
                      const CustomerNames& names) {
  std::string out;
  AppendCsvField(id_name, &out);
  out.push_back(',');
  AppendCsvField(label_name, &out);
  out.push_back('\n');
  for (size_t i = 0; i < ids.size(); ++i) {
    AppendCustomer(ids[i], names, &out);
    out.push_back(',');
    AppendInteger(labels[i], &out);
    out.push_back('\n');
  }
  return out;
}

std::string RejectsCsv(std::span<const RejectedRow> rejects) {
  std::string out = "Line,Column,Value,Reason\n";
  for (const RejectedRow& reject : rejects) {
    AppendInteger(static_cast<int64_t>(reject.line), &out);
    out.push_back(',');
    AppendCsvField(reject.column, &out);
    out.push_back(',');
    AppendCsvField(reject.value, &out);
    out.push_back(',');
    AppendCsvField(reject.reason, &out);
    out.push_back('\n');
  }
  return out;
}

absl::Status WriteOutputFile(const std::string& path, std::string_view bytes) {
  CAIRN_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  CAIRN_RETURN_IF_ERROR(file.Write(bytes));
  return file.Close();
}

}  // namespace cairn::pipeline

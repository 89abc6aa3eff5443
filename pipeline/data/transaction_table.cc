#include "pipeline/data/transaction_table.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace cairn::pipeline {
namespace {

template <typename T>
std::shared_ptr<const std::vector<T>> Share(std::vector<T> values) {
  return std::make_shared<const std::vector<T>>(std::move(values));
}

DictionaryColumn EmptyColumn() {
  return {Share(std::vector<uint32_t>()), std::make_shared<const StringDictionary>()};
}

template <typename T>
std::shared_ptr<const std::vector<T>> Gather(const std::vector<T>& values,
                                             std::span<const uint32_t> rows) {
  std::vector<T> result;
  result.reserve(rows.size());
  for (const uint32_t row : rows) result.push_back(values[row]);
  return Share(std::move(result));
}

// Renumbers the codes in use by first appearance and drops the other entries. `old_codes`, when
// given, receives the former code of each new one.
DictionaryColumn GatherColumn(const DictionaryColumn& column, std::span<const uint32_t> rows,
                              std::vector<uint32_t>* old_codes = nullptr) {
  constexpr uint32_t kUnseen = UINT32_MAX;
  std::vector<uint32_t> renumbered(column.dictionary->size(), kUnseen);
  StringDictionary dictionary;
  std::vector<uint32_t> codes;
  codes.reserve(rows.size());
  for (const uint32_t row : rows) {
    uint32_t& code = renumbered[column.code(row)];
    if (code == kUnseen) {
      code = dictionary.Append(column.text(row));
      if (old_codes != nullptr) old_codes->push_back(column.code(row));
    }
    codes.push_back(code);
  }
  return {Share(std::move(codes)), std::make_shared<const StringDictionary>(std::move(dictionary))};
}

}  // namespace

uint32_t StringDictionary::Append(std::string_view text) {
  const uint32_t code = size();
  bytes_.append(text);
  offsets_.push_back(bytes_.size());
  return code;
}

TransactionTable::TransactionTable() {
  columns_.invoice = EmptyColumn();
  columns_.stock_code = EmptyColumn();
  columns_.description = EmptyColumn();
  columns_.country = EmptyColumn();
  columns_.quantity = Share(std::vector<int32_t>());
  columns_.unit_price = Share(std::vector<double>());
  columns_.time = Share(std::vector<int64_t>());
  columns_.customer_id = Share(std::vector<int32_t>());
  selection_ = Share(std::vector<uint32_t>());
}

TransactionTable::TransactionTable(TransactionColumns columns) : columns_(std::move(columns)) {
  std::vector<uint32_t> all(columns_.quantity->size());
  std::iota(all.begin(), all.end(), 0u);
  selection_ = Share(std::move(all));
}

TransactionTable::TransactionTable(TransactionColumns columns, std::vector<uint32_t> selection)
    : columns_(std::move(columns)), selection_(Share(std::move(selection))) {}

TransactionTable TransactionTable::WithSelection(std::vector<uint32_t> selection) const {
  return TransactionTable(columns_, std::move(selection));
}

TransactionTable TransactionTable::Compact() const {
  const std::span<const uint32_t> rows = selection();
  TransactionColumns compact;
  std::vector<uint32_t> invoices;
  compact.invoice = GatherColumn(columns_.invoice, rows, &invoices);
  compact.stock_code = GatherColumn(columns_.stock_code, rows);
  compact.description = GatherColumn(columns_.description, rows);
  compact.country = GatherColumn(columns_.country, rows);
  compact.quantity = Gather(*columns_.quantity, rows);
  compact.unit_price = Gather(*columns_.unit_price, rows);
  compact.time = Gather(*columns_.time, rows);
  compact.customer_names = columns_.customer_names;
  compact.customer_id = Gather(*columns_.customer_id, rows);
  if (has_status()) compact.cancelled_invoices = Gather(*columns_.cancelled_invoices, invoices);
  return TransactionTable(std::move(compact));
}

std::string CustomerText(int32_t id, const CustomerNames& names) {
  if (id >= kMissingCustomer || names == nullptr) return std::to_string(id);
  return names->at(static_cast<size_t>(int64_t{id} - TextCustomerId(0)));
}

std::vector<int32_t> TransactionTable::CustomerIds() const {
  std::vector<int32_t> ids;
  int32_t last = kMissingCustomer;
  for (size_t i = 0; i < rows(); ++i) {
    const int32_t id = customer_id(i);
    if (id != last && id != kMissingCustomer) ids.push_back(id);
    last = id;
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

bool SameRows(const TransactionTable& a, const TransactionTable& b) {
  if (a.rows() != b.rows() || a.has_status() != b.has_status()) return false;
  for (size_t i = 0; i < a.rows(); ++i) {
    const bool same = a.invoice(i) == b.invoice(i) && a.stock_code(i) == b.stock_code(i) &&
                      a.description(i) == b.description(i) && a.country(i) == b.country(i) &&
                      a.quantity(i) == b.quantity(i) && a.unit_price(i) == b.unit_price(i) &&
                      a.time(i) == b.time(i) &&
                      CustomerText(a.customer_id(i), a.columns().customer_names) ==
                          CustomerText(b.customer_id(i), b.columns().customer_names) &&
                      a.cancelled(i) == b.cancelled(i);
    if (!same) return false;
  }
  return true;
}

}  // namespace cairn::pipeline

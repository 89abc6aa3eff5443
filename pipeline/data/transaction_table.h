#ifndef CAIRN_PIPELINE_DATA_TRANSACTION_TABLE_H_
#define CAIRN_PIPELINE_DATA_TRANSACTION_TABLE_H_

// Retail transactions as typed columns: the value that flows from loading to features.
//
// A table is a set of immutable, shared columns and a list of selected rows. Copying one copies
// a few pointers, so every cleaning stage can be a function from table to table without moving
// data. All of it is immutable after construction and may be read from any number of threads.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::pipeline {

// Distinct strings, numbered from 0 by first appearance. Always valid UTF-8 once in a table.
class StringDictionary {
 public:
  uint32_t size() const { return static_cast<uint32_t>(offsets_.size() - 1); }
  // REQUIRES: code < size(). The view is valid until the next Append.
  std::string_view at(uint32_t code) const {
    return {bytes_.data() + offsets_[code], offsets_[code + 1] - offsets_[code]};
  }
  // Adds a string without looking for an equal one; returns its code.
  uint32_t Append(std::string_view text);

 private:
  std::string bytes_;
  std::vector<uint64_t> offsets_{0};
};

// One dictionary-encoded column: codes[storage row] → dictionary entry. Copies share
// both. REQUIRES: every code has an entry.
struct DictionaryColumn {
  std::shared_ptr<const std::vector<uint32_t>> codes;
  std::shared_ptr<const StringDictionary> dictionary;

  uint32_t code(uint32_t row) const { return (*codes)[row]; }
  std::string_view text(uint32_t row) const { return dictionary->at((*codes)[row]); }
};

// The customer id of a row without one.
inline constexpr int32_t kMissingCustomer = -1;

// Customers that are texts or numbers beyond int32, in the order of bytes. Such a customer's id is
// its place here counted from the smallest int32, so that ids ascend as the texts do.
using CustomerNames = std::shared_ptr<const std::vector<std::string>>;

// The id of the customer at `place` of CustomerNames.
constexpr int32_t TextCustomerId(size_t place) {
  return std::numeric_limits<int32_t>::min() + static_cast<int32_t>(place);
}
// A customer as the file has it: digits, or the text the id stands for.
std::string CustomerText(int32_t id, const CustomerNames& names);

// Column storage. All vectors have the same length, the number of storage rows.
struct TransactionColumns {
  DictionaryColumn invoice;
  DictionaryColumn stock_code;
  DictionaryColumn description;  // Empty text = missing.
  DictionaryColumn country;
  std::shared_ptr<const std::vector<int32_t>> quantity;     // Negative for returned goods.
  std::shared_ptr<const std::vector<double>> unit_price;    // Pounds; finite.
  std::shared_ptr<const std::vector<int64_t>> time;         // Seconds since 1970, shop time.
  std::shared_ptr<const std::vector<int32_t>> customer_id;  // kMissingCustomer when unknown.
  CustomerNames customer_names;                             // Null when all ids are numbers.
  // By invoice code: 1 when cancelled. Null until the transaction_status stage has run.
  std::shared_ptr<const std::vector<uint8_t>> cancelled_invoices;
};

// A copy costs a few reference counts, whatever the number of rows.
class TransactionTable {
 public:
  // No rows, empty dictionaries.
  TransactionTable();
  // All storage rows, in order. REQUIRES: the columns are all there and of one length.
  explicit TransactionTable(TransactionColumns columns);
  // The given storage rows, in the given order; each must be below the storage's length.
  TransactionTable(TransactionColumns columns, std::vector<uint32_t> selection);

  // Selected rows, not those in storage.
  size_t rows() const { return selection_->size(); }
  // Storage row of each selected row; index the columns with these.
  std::span<const uint32_t> selection() const { return *selection_; }
  const TransactionColumns& columns() const { return columns_; }

  // Values of the i-th selected row, i < rows().
  std::string_view invoice(size_t i) const { return columns_.invoice.text((*selection_)[i]); }
  std::string_view stock_code(size_t i) const { return columns_.stock_code.text((*selection_)[i]); }
  std::string_view description(size_t i) const {
    return columns_.description.text((*selection_)[i]);
  }
  std::string_view country(size_t i) const { return columns_.country.text((*selection_)[i]); }
  int32_t quantity(size_t i) const { return (*columns_.quantity)[(*selection_)[i]]; }
  double unit_price(size_t i) const { return (*columns_.unit_price)[(*selection_)[i]]; }
  int64_t time(size_t i) const { return (*columns_.time)[(*selection_)[i]]; }
  int32_t customer_id(size_t i) const { return (*columns_.customer_id)[(*selection_)[i]]; }

  // Whether the transaction_status stage has marked cancelled invoices.
  bool has_status() const { return columns_.cancelled_invoices != nullptr; }
  // False for every row while has_status() is false.
  bool cancelled(size_t i) const {
    return has_status() &&
           (*columns_.cancelled_invoices)[columns_.invoice.code((*selection_)[i])] != 0;
  }

  // The same columns with other rows. O(1) beside the list itself: no column is copied.
  TransactionTable WithSelection(std::vector<uint32_t> selection) const;

  // The selected rows copied into storage of their own with dictionaries that hold
  // nothing else: frees the memory of dropped rows. Equal to this table. O(rows).
  // Storage rows are counted anew.
  TransactionTable Compact() const;

  // Distinct known customer ids, ascending. kMissingCustomer is not among them.
  // O(rows).
  std::vector<int32_t> CustomerIds() const;

 private:
  TransactionColumns columns_;
  std::shared_ptr<const std::vector<uint32_t>> selection_;
};

// Whether both hold the same rows in the same order, by value (dictionary codes may
// differ). For tests.
bool SameRows(const TransactionTable& a, const TransactionTable& b);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_TRANSACTION_TABLE_H_

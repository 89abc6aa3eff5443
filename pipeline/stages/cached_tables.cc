#include "pipeline/stages/cached_tables.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include "pipeline/stages/byte_codec.h"
#include "pipeline/stages/cached_values.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMostRejectBytes = size_t{64} << 20U;
// Entries of a dictionary whose codes fit one and two bytes.
constexpr uint32_t kMostByteCodes = 1U << 8U;
constexpr uint32_t kMostShortCodes = 1U << 16U;

// Whether a column is that of `load` or stands here itself.
enum class Held : uint8_t { kAsLoaded = 0, kHere = 1, kNone = 2 };

template <typename T>
Held HeldAs(const std::shared_ptr<const T>& own, const std::shared_ptr<const T>* loaded) {
  if (own == nullptr) return Held::kNone;
  return loaded != nullptr && own == *loaded ? Held::kAsLoaded : Held::kHere;
}

void PutHeld(Held held, ByteWriter* out) { out->Int(static_cast<int64_t>(held)); }

template <typename T>
void Put(const std::shared_ptr<const std::vector<T>>& own,
         const std::shared_ptr<const std::vector<T>>* loaded, ByteWriter* out) {
  const Held held = HeldAs(own, loaded);
  PutHeld(held, out);
  if (held == Held::kHere) out->Array(*own);
}

template <typename T>
bool Get(const std::shared_ptr<const std::vector<T>>* loaded, ByteReader* in,
         std::shared_ptr<const std::vector<T>>* own) {
  const int64_t held = in->Int();
  if (held == static_cast<int64_t>(Held::kAsLoaded)) {
    if (loaded == nullptr) return false;
    *own = *loaded;
  } else if (held == static_cast<int64_t>(Held::kHere)) {
    *own = std::make_shared<const std::vector<T>>(in->template Array<T>());
  } else {
    own->reset();
  }
  return in->ok();
}

// Codes take the fewest bytes that hold those of `entries` entries: there are many of them.
template <typename Code>
void PutCodesAs(const std::vector<uint32_t>& codes, ByteWriter* out) {
  std::vector<Code> narrow(codes.size());
  std::transform(codes.begin(), codes.end(), narrow.begin(),
                 [](uint32_t code) { return static_cast<Code>(code); });
  out->Array(narrow);
}

void PutCodes(const std::vector<uint32_t>& codes, uint32_t entries, ByteWriter* out) {
  if (entries <= kMostByteCodes) return PutCodesAs<uint8_t>(codes, out);
  if (entries <= kMostShortCodes) return PutCodesAs<uint16_t>(codes, out);
  out->Array(codes);
}

template <typename Code>
std::vector<uint32_t> GetCodesAs(ByteReader* in) {
  const std::vector<Code> narrow = in->Array<Code>();
  return {narrow.begin(), narrow.end()};
}

std::vector<uint32_t> GetCodes(uint32_t entries, ByteReader* in) {
  if (entries <= kMostByteCodes) return GetCodesAs<uint8_t>(in);
  if (entries <= kMostShortCodes) return GetCodesAs<uint16_t>(in);
  return in->Array<uint32_t>();
}

void Put(const DictionaryColumn& own, const DictionaryColumn* loaded, ByteWriter* out) {
  const Held held = HeldAs(own.codes, loaded == nullptr ? nullptr : &loaded->codes);
  PutHeld(held, out);
  if (held == Held::kAsLoaded) return;
  out->Int(own.dictionary->size());
  for (uint32_t code = 0; code < own.dictionary->size(); ++code)
    out->Text(own.dictionary->at(code));
  PutCodes(*own.codes, own.dictionary->size(), out);
}

bool Get(const DictionaryColumn* loaded, ByteReader* in, DictionaryColumn* own) {
  if (in->Int() == static_cast<int64_t>(Held::kAsLoaded)) {
    if (loaded == nullptr) return false;
    *own = *loaded;
    return true;
  }
  StringDictionary dictionary;
  const int64_t count = in->Int();
  for (int64_t i = 0; i < count && in->ok(); ++i) dictionary.Append(in->Text());
  own->codes = std::make_shared<const std::vector<uint32_t>>(GetCodes(dictionary.size(), in));
  const auto& codes = *own->codes;
  const bool inside = std::all_of(codes.begin(), codes.end(),
                                  [&](uint32_t code) { return code < dictionary.size(); });
  own->dictionary = std::make_shared<const StringDictionary>(std::move(dictionary));
  return in->ok() && inside;
}

// Rows as a list, or where they are all of the storage, in order, as their number alone.
void PutSelection(const TransactionTable& table, ByteWriter* out) {
  const std::span<const uint32_t> rows = table.selection();
  bool all = rows.size() == table.columns().quantity->size();
  for (size_t i = 0; all && i < rows.size(); ++i) all = rows[i] == i;
  PutHeld(all ? Held::kAsLoaded : Held::kHere, out);
  if (!all) out->Array(rows.data(), rows.size());
}

std::vector<uint32_t> GetSelection(size_t storage, ByteReader* in) {
  if (in->Int() != static_cast<int64_t>(Held::kAsLoaded)) return in->Array<uint32_t>();
  std::vector<uint32_t> rows(storage);
  std::iota(rows.begin(), rows.end(), uint32_t{0});
  return rows;
}

void PutNames(const CustomerNames& names, ByteWriter* out) {
  out->Texts(names == nullptr ? std::vector<std::string>() : *names);
}

CustomerNames GetNames(ByteReader* in) {
  std::vector<std::string> names = in->Texts();
  if (names.empty()) return nullptr;
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

// Every column has a value for each row, and every customer that is a text has that text.
bool Fits(const TransactionColumns& columns) {
  if (columns.quantity == nullptr || columns.unit_price == nullptr || columns.time == nullptr ||
      columns.customer_id == nullptr)
    return false;
  const size_t rows = columns.quantity->size();
  for (const auto* column :
       {&columns.invoice, &columns.stock_code, &columns.description, &columns.country}) {
    if (column->codes->size() != rows) return false;
  }
  const auto names =
      columns.customer_names == nullptr ? 0 : static_cast<int64_t>(columns.customer_names->size());
  const auto known = [names](int32_t id) {
    return id >= kMissingCustomer || int64_t{id} - TextCustomerId(0) < names;
  };
  return columns.unit_price->size() == rows && columns.time->size() == rows &&
         columns.customer_id->size() == rows &&
         std::all_of(columns.customer_id->begin(), columns.customer_id->end(), known) &&
         (columns.cancelled_invoices == nullptr ||
          columns.cancelled_invoices->size() == columns.invoice.dictionary->size());
}

// About what a table takes: all columns where it is that of `load`, else its rows, and the
// descriptions and the dictionaries in both.
size_t RoomFor(const CachedTable& value, bool all_columns) {
  constexpr size_t kBytesOfRow = 36;
  constexpr size_t kDictionaryBytes = size_t{1} << 20U;
  const size_t storage = value.table.columns().quantity->size();
  return (all_columns ? storage * kBytesOfRow : value.table.rows() * sizeof(uint32_t)) +
         value.rejects_csv.size() + kDictionaryBytes;
}

}  // namespace

bool FitsTableCache(const TransactionTable& table, std::string_view rejects_csv) {
  return table.columns().quantity->size() <= kMostCachedRows &&
         rejects_csv.size() <= kMostRejectBytes;
}

std::string EncodeTable(const CachedTable& value, const TransactionColumns* loaded) {
  const TransactionColumns& own = value.table.columns();
  ByteWriter out;
  out.Reserve(RoomFor(value, loaded == nullptr));
  PutRecords(value.records, &out);
  out.Text(value.rejects_csv);
  const auto column = [&](auto member) {
    Put(own.*member, loaded == nullptr ? nullptr : &(loaded->*member), &out);
  };
  column(&TransactionColumns::invoice);
  column(&TransactionColumns::stock_code);
  column(&TransactionColumns::description);
  column(&TransactionColumns::country);
  column(&TransactionColumns::quantity);
  column(&TransactionColumns::unit_price);
  column(&TransactionColumns::time);
  column(&TransactionColumns::customer_id);
  column(&TransactionColumns::cancelled_invoices);
  PutNames(loaded == nullptr ? own.customer_names : nullptr, &out);
  PutSelection(value.table, &out);
  return out.Take();
}

bool DecodeTable(std::string_view bytes, const TransactionColumns* loaded, CachedTable* value) {
  ByteReader in(bytes);
  value->records = GetRecords(&in);
  value->rejects_csv = in.Text();
  TransactionColumns own;
  const auto column = [&](auto member) {
    return Get(loaded == nullptr ? nullptr : &(loaded->*member), &in, &(own.*member));
  };
  if (!column(&TransactionColumns::invoice) || !column(&TransactionColumns::stock_code) ||
      !column(&TransactionColumns::description) || !column(&TransactionColumns::country) ||
      !column(&TransactionColumns::quantity) || !column(&TransactionColumns::unit_price) ||
      !column(&TransactionColumns::time) || !column(&TransactionColumns::customer_id) ||
      !column(&TransactionColumns::cancelled_invoices))
    return false;
  own.customer_names = GetNames(&in);
  if (loaded != nullptr) own.customer_names = loaded->customer_names;
  const size_t storage = own.quantity == nullptr ? 0 : own.quantity->size();
  std::vector<uint32_t> rows = GetSelection(storage, &in);
  if (!in.Done() || !Fits(own)) return false;
  if (!std::all_of(rows.begin(), rows.end(), [=](uint32_t row) { return row < storage; })) {
    return false;
  }
  value->table = TransactionTable(std::move(own), std::move(rows));
  return !value->records.empty();
}

}  // namespace cairn::pipeline

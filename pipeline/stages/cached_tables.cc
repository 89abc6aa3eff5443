#include "pipeline/stages/cached_tables.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "pipeline/stages/byte_codec.h"
#include "pipeline/stages/cached_values.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMostRejectBytes = size_t{64} << 20U;

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

void Put(const DictionaryColumn& own, const DictionaryColumn* loaded, ByteWriter* out) {
  const Held held = HeldAs(own.codes, loaded == nullptr ? nullptr : &loaded->codes);
  PutHeld(held, out);
  if (held == Held::kAsLoaded) return;
  out->Array(*own.codes);
  out->Int(own.dictionary->size());
  for (uint32_t code = 0; code < own.dictionary->size(); ++code)
    out->Text(own.dictionary->at(code));
}

bool Get(const DictionaryColumn* loaded, ByteReader* in, DictionaryColumn* own) {
  if (in->Int() == static_cast<int64_t>(Held::kAsLoaded)) {
    if (loaded == nullptr) return false;
    *own = *loaded;
    return true;
  }
  own->codes = std::make_shared<const std::vector<uint32_t>>(in->Array<uint32_t>());
  StringDictionary dictionary;
  const int64_t count = in->Int();
  for (int64_t i = 0; i < count && in->ok(); ++i) dictionary.Append(in->Text());
  const auto& codes = *own->codes;
  const bool inside = std::all_of(codes.begin(), codes.end(),
                                  [&](uint32_t code) { return code < dictionary.size(); });
  own->dictionary = std::make_shared<const StringDictionary>(std::move(dictionary));
  return in->ok() && inside;
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

}  // namespace

bool FitsTableCache(const TransactionTable& table, std::string_view rejects_csv) {
  return table.columns().quantity->size() <= kMostCachedRows &&
         rejects_csv.size() <= kMostRejectBytes;
}

std::string EncodeTable(const CachedTable& value, const TransactionColumns* loaded) {
  const TransactionColumns& own = value.table.columns();
  ByteWriter out;
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
  out.Array(value.table.selection().data(), value.table.rows());
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
  std::vector<uint32_t> rows = in.Array<uint32_t>();
  if (!in.Done() || !Fits(own)) return false;
  const size_t storage = own.quantity->size();
  if (!std::all_of(rows.begin(), rows.end(), [=](uint32_t row) { return row < storage; })) {
    return false;
  }
  value->table = TransactionTable(std::move(own), std::move(rows));
  return !value->records.empty();
}

}  // namespace cairn::pipeline

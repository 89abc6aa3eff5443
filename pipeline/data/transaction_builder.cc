#include "pipeline/data/transaction_builder.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <unordered_map>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/input_error.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMaxRejectedValue = 200;

// Lower-case letters and digits only: "Customer ID", "CustomerID" and "customer_id" are one.
std::string NormalizedHeader(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') result.push_back(static_cast<char>(c - 'A' + 'a'));
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) result.push_back(c);
  }
  return result;
}

int FindRole(std::string_view name) {
  static constexpr std::pair<std::string_view, FieldRole> kSynonyms[] = {
      {"invoiceno", kInvoiceField},   {"invoice", kInvoiceField},
      {"stockcode", kStockCodeField}, {"description", kDescriptionField},
      {"quantity", kQuantityField},   {"invoicedate", kDateField},
      {"unitprice", kPriceField},     {"price", kPriceField},
      {"customerid", kCustomerField}, {"country", kCountryField},
  };
  const std::string normalized = NormalizedHeader(name);
  for (const auto& [synonym, role] : kSynonyms) {
    if (normalized == synonym) return role;
  }
  return kFieldRoles;
}

// Secret start of the hash, so that nobody can prepare a file whose strings all collide. The
// numbers of strings do not depend on it.
uint64_t DrawSeed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

inline uint64_t Load64(const char* p) {
  uint64_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

inline uint64_t Load32(const char* p) {
  uint32_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

inline uint64_t Mix(uint64_t a, uint64_t b) {
  const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t Hash(std::string_view text, uint64_t seed) {
  constexpr uint64_t kA = 0xa0761d6478bd642f;
  constexpr uint64_t kB = 0xe7037ed1a0b428db;
  const char* p = text.data();
  const size_t size = text.size();
  uint64_t state = seed ^ size * kA;
  uint64_t head = 0;
  uint64_t tail = 0;
  if (size > 16) {
    for (size_t at = 0; at + 16 < size; at += 16) {
      state = Mix(Load64(p + at) ^ kA, Load64(p + at + 8) ^ state);
    }
    head = Load64(p + size - 16);
    tail = Load64(p + size - 8);
  } else if (size >= 8) {
    head = Load64(p);
    tail = Load64(p + size - 8);
  } else if (size >= 4) {
    head = Load32(p);
    tail = Load32(p + size - 4);
  } else if (size > 0) {
    head = static_cast<uint8_t>(p[0]) | uint64_t{static_cast<uint8_t>(p[size / 2])} << 8 |
           uint64_t{static_cast<uint8_t>(p[size - 1])} << 16;
  }
  return Mix(Mix(head ^ kB, tail ^ state), kA ^ state);
}

template <typename T>
void Extend(std::vector<T>& to, std::vector<T>& from) {
  if (to.empty()) {
    to.swap(from);
    return;
  }
  // Not insert(), where GCC 14 sees sizes that cannot be and warns.
  const size_t size = to.size();
  to.resize(size + from.size());
  std::copy(from.begin(), from.end(), to.begin() + static_cast<std::ptrdiff_t>(size));
  std::vector<T>().swap(from);
}

std::string ToUtf8(std::string_view text, TextEncoding encoding) {
  if (encoding == TextEncoding::kLatin1) return Latin1ToUtf8(text);
  if (encoding == TextEncoding::kWindows1252) return Windows1252ToUtf8(text);
  return std::string(text);
}

bool AllValid(const StringDictionary& dictionary) {
  for (uint32_t code = 0; code < dictionary.size(); ++code) {
    if (!IsUtf8(dictionary.at(code))) return false;
  }
  return true;
}

// Calls `visit` with each byte Windows-1252 and ISO-8859-1 differ in.
template <typename Visit>
void VisitControls(const StringDictionary& dictionary, const Visit& visit) {
  for (uint32_t code = 0; code < dictionary.size(); ++code) {
    for (const char c : dictionary.at(code)) {
      const auto byte = static_cast<uint8_t>(c);
      if (byte >= 0x80 && byte < 0xa0) visit(byte, dictionary.at(code));
    }
  }
}

// A column whose entries went through `change`; entries with one `key` share a code and have the
// text of the first.
template <typename Change, typename Key>
DictionaryColumn Changed(std::vector<uint32_t> codes, const StringDictionary& from,
                         const Change& change, const Key& key) {
  StringDictionary dictionary;
  std::unordered_map<std::string, uint32_t> known;
  std::vector<uint32_t> renumbered(from.size());
  for (uint32_t code = 0; code < from.size(); ++code) {
    std::string text = change(from.at(code));
    const auto [entry, added] = known.emplace(key(text), dictionary.size());
    if (added) dictionary.Append(text);
    renumbered[code] = entry->second;
  }
  for (uint32_t& code : codes) code = renumbered[code];
  return {std::make_shared<const std::vector<uint32_t>>(std::move(codes)),
          std::make_shared<const StringDictionary>(std::move(dictionary))};
}

// The same, without work when nothing changes.
template <typename Change>
DictionaryColumn Changed(std::vector<uint32_t> codes, StringDictionary from, const Change& change) {
  bool same = true;
  for (uint32_t code = 0; same && code < from.size(); ++code) {
    same = change(from.at(code)) == from.at(code);
  }
  if (!same) return Changed(std::move(codes), from, change, [](auto& text) { return text; });
  return {std::make_shared<const std::vector<uint32_t>>(std::move(codes)),
          std::make_shared<const StringDictionary>(std::move(from))};
}

bool IsBlankRow(const RowFields& fields) {
  return std::all_of(fields.begin(), fields.end(),
                     [](std::string_view field) { return TrimBlanks(field).empty(); });
}

// Cuts at the limit, but not inside a UTF-8 sequence.
std::string Shortened(std::string_view value) {
  if (value.size() <= kMaxRejectedValue) return std::string(value);
  size_t end = kMaxRejectedValue;
  for (int back = 0; back < 3 && (static_cast<uint8_t>(value[end]) & 0xc0) == 0x80; ++back) --end;
  return std::string(value.substr(0, end));
}

}  // namespace

const std::array<std::string_view, kFieldRoles> kFieldNames = {
    "InvoiceNo",   "StockCode", "Description", "Quantity",
    "InvoiceDate", "UnitPrice", "CustomerID",  "Country"};

int HeaderRole(std::string_view name) { return FindRole(name); }

absl::StatusOr<ColumnMap> MapColumns(const std::vector<std::string>& header) {
  ColumnMap map;
  map.fill(-1);
  for (size_t i = 0; i < header.size(); ++i) {
    const int role = FindRole(header[i]);
    if (role == kFieldRoles) continue;
    if (map[role] >= 0) {
      return InputError(absl::StatusCode::kInvalidArgument, kInputUnreadable,
                        fmt::format("the header names column {} twice: {}", kFieldNames[role],
                                    fmt::join(header, ", ")),
                        kFieldNames[role]);
    }
    map[role] = static_cast<int>(i);
  }
  std::vector<std::string_view> missing;
  for (int role = 0; role < kFieldRoles; ++role) {
    if (map[role] < 0) missing.push_back(kFieldNames[role]);
  }
  if (missing.empty()) return map;
  std::string found = fmt::format("{}", fmt::join(header, ", "));
  if (!IsUtf8(found)) found = Latin1ToUtf8(found);
  return InputError(
      absl::StatusCode::kInvalidArgument, kColumnMissing,
      fmt::format("column{} {} missing; the header found is: {}", missing.size() > 1 ? "s" : "",
                  fmt::join(missing, ", "), Shortened(found)),
      missing.front());
}

StringInterner::StringInterner() : slots_(4096, Slot{0, kNone}), seed_(DrawSeed()) {}

uint32_t StringInterner::Find(std::string_view text) {
  const uint64_t hash = Hash(text, seed_);
  const uint32_t tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.code == kNone) {
      slot = {tag, dictionary_.Append(text)};
      const uint32_t code = slot.code;
      if (dictionary_.size() * size_t{2} > slots_.size()) Grow();
      return code;
    }
    if (slot.tag == tag && SameText(dictionary_.at(slot.code), text)) return slot.code;
  }
}

void StringInterner::Grow() {
  std::vector<Slot> bigger(slots_.size() * 4, Slot{0, kNone});
  const size_t mask = bigger.size() - 1;
  for (uint32_t code = 0; code < dictionary_.size(); ++code) {
    const uint64_t hash = Hash(dictionary_.at(code), seed_);
    size_t at = hash & mask;
    while (bigger[at].code != kNone) at = (at + 1) & mask;
    bigger[at] = {static_cast<uint32_t>(hash >> 32), code};
  }
  slots_ = std::move(bigger);
}

TransactionBuilder::TransactionBuilder(const LoadOptions& options, const Dialect& dialect,
                                       ExcelEpoch epoch)
    : options_(options), dialect_(dialect), epoch_(epoch) {}

void TransactionBuilder::Reserve(size_t rows) {
  for (auto& codes : codes_) codes.reserve(codes.size() + rows);
  quantity_.reserve(quantity_.size() + rows);
  unit_price_.reserve(unit_price_.size() + rows);
  time_.reserve(time_.size() + rows);
  customer_id_.reserve(customer_id_.size() + rows);
}

bool TransactionBuilder::ReadQuantity(std::string_view text, bool native, int32_t* quantity) {
  const bool pointed = native || dialect_.decimal == '.' || text.find('.') == text.npos;
  if (pointed && ParseWholeNumber(text, quantity)) return true;
  if (native) return false;
  evidence_.AddNumber(text, /*whole=*/true);
  double value = 0.0;
  if (!ParseMarkedNumber(text, dialect_.decimal, &value) || value != std::floor(value)) {
    return false;
  }
  if (std::abs(value) > std::numeric_limits<int32_t>::max()) return false;
  *quantity = static_cast<int32_t>(value);
  return true;
}

bool TransactionBuilder::ReadPrice(std::string_view text, bool native, double* price) {
  if ((native || dialect_.decimal == '.') && ParseDecimal(text, price)) {
    // One number with a point is all the evidence there can be.
    if (!native && evidence_.point.rows == 0) evidence_.AddNumber(text, /*whole=*/false);
    return true;
  }
  if (native) return false;
  evidence_.AddNumber(text, /*whole=*/false);
  return ParseMarkedNumber(text, dialect_.decimal, price);
}

const char* TransactionBuilder::ReadCustomer(std::string_view text, int32_t* customer) {
  *customer = kMissingCustomer;
  const auto& words = options_.dialect.null_values;
  if (words && IsNullWord(text, words)) return nullptr;
  int32_t number = 0;
  if (ParseWholeNumber(text, &number)) {
    if (number < 0) return "not a customer number";
    if (number == 0) ++zero_customers_;
    if (number != 0 || words) *customer = number;
    return nullptr;
  }
  text = TrimBlanks(text);
  if (IsNullWord(text, words)) return nullptr;
  if (text.size() > 2 && text.ends_with(".0")) text.remove_suffix(2);
  double value = 0.0;
  const bool digits = text.find_first_not_of("0123456789") == text.npos;
  if (!digits && ParseDecimal(text, &value)) return "not a customer number";
  if (!AcceptText(text)) return "not valid text";
  *customer = InternCustomer(text);
  return nullptr;
}

int32_t TransactionBuilder::InternCustomer(std::string_view text) {
  return -2 - static_cast<int32_t>(customers_.Intern(text));
}

void TransactionBuilder::Append(const RowFields& fields, uint64_t line, uint32_t native) {
  const auto is_native = [native](FieldRole role) { return (native >> role & 1) != 0; };
  int32_t quantity = 0;
  if (!ReadQuantity(fields[kQuantityField], is_native(kQuantityField), &quantity)) {
    if (IsBlankRow(fields)) {
      ++blank_rows_;
      return;
    }
    double ignored = 0.0;
    ReadPrice(fields[kPriceField], is_native(kPriceField), &ignored);
    RecordDate(fields[kDateField]);
    return Reject(line, kFieldNames[kQuantityField], fields[kQuantityField], "not a whole number");
  }
  double price = 0.0;
  if (!ReadPrice(fields[kPriceField], is_native(kPriceField), &price)) {
    RecordDate(fields[kDateField]);
    return Reject(line, kFieldNames[kPriceField], fields[kPriceField], "not a number");
  }
  int32_t customer = kMissingCustomer;
  if (const char* why = ReadCustomer(fields[kCustomerField], &customer); why != nullptr) {
    RecordDate(fields[kDateField]);
    return Reject(line, kFieldNames[kCustomerField], fields[kCustomerField], why);
  }
  const std::string_view date = fields[kDateField];
  const bool cacheable = date.size() == last_date_.size();
  if (!cacheable || std::memcmp(date.data(), last_date_.data(), last_date_.size()) != 0) {
    DateShape shape;
    const std::optional<int64_t> time = ParseDateTime(date, epoch_, dialect_.date_order, &shape);
    evidence_.AddDate(shape, date);
    if (!time.has_value()) return Reject(line, kFieldNames[kDateField], date, "not a date");
    last_time_ = *time;
    // Another length leaves no cached text that could be taken for this time.
    if (cacheable) {
      std::memcpy(last_date_.data(), date.data(), last_date_.size());
    } else {
      last_date_.fill('\0');
    }
  }
  if (!AppendText(fields, line)) return;
  quantity_.push_back(quantity);
  unit_price_.push_back(price);
  time_.push_back(last_time_);
  customer_id_.push_back(customer);
}

// A row that is set aside speaks for the order of dates all the same: it may be set aside only
// because another part of the dialect is not decided yet.
void TransactionBuilder::RecordDate(std::string_view date) {
  DateShape shape;
  ParseDateTime(date, epoch_, dialect_.date_order, &shape);
  evidence_.AddDate(shape, date);
}

// The guess of the description costs one comparison instead of a hash and a comparison.
std::array<uint32_t, 4> TransactionBuilder::InternTexts(const RowFields& fields) {
  std::array<uint32_t, 4> codes;
  codes[0] = interners_[0].Intern(fields[kInvoiceField]);
  const uint32_t stock_code = codes[1] = interners_[1].Intern(fields[kStockCodeField]);
  if (stock_code >= description_of_.size()) description_of_.resize(stock_code + 1, UINT32_MAX);
  uint32_t& guess = description_of_[stock_code];
  guess = codes[2] = interners_[2].InternGuessing(fields[kDescriptionField], guess);
  codes[3] = interners_[3].Intern(fields[kCountryField]);
  return codes;
}

bool TransactionBuilder::AppendText(const RowFields& fields, uint64_t line) {
  static constexpr FieldRole kTextFields[] = {kInvoiceField, kStockCodeField, kDescriptionField,
                                              kCountryField};
  const std::array<uint32_t, 4> codes = InternTexts(fields);
  for (size_t i = 0; i < codes.size(); ++i) {
    // A string is judged once, when it first appears; `refused_` remembers the verdict.
    const std::string_view text = fields[kTextFields[i]];
    if (codes[i] == judged_[i]) {
      ++judged_[i];
      if (!AcceptText(text)) refused_[i].push_back(codes[i]);
    }
    if (!refused_[i].empty() &&
        std::binary_search(refused_[i].begin(), refused_[i].end(), codes[i])) {
      // The texts behind it are new too, and must not be taken for judged ones later.
      JudgeNewTexts();
      Reject(line, kFieldNames[kTextFields[i]], text, "not valid text");
      return false;
    }
  }
  if (TrimBlanks(fields[kInvoiceField]).empty()) {
    Reject(line, kFieldNames[kInvoiceField], "", "empty");
    return false;
  }
  for (size_t i = 0; i < codes.size(); ++i) codes_[i].push_back(codes[i]);
  return true;
}

void TransactionBuilder::JudgeNewTexts() {
  for (size_t i = 0; i < judged_.size(); ++i) {
    const StringDictionary& dictionary = interners_[i].dictionary();
    for (; judged_[i] < dictionary.size(); ++judged_[i]) {
      if (!AcceptText(dictionary.at(judged_[i]))) refused_[i].push_back(judged_[i]);
    }
  }
}

bool TransactionBuilder::AcceptText(std::string_view text) const {
  if (dialect_.encoding == TextEncoding::kUtf8 && !IsUtf8(text)) return false;
  return text.find('\0') == std::string_view::npos;
}

void TransactionBuilder::Reject(uint64_t line, std::string_view column, std::string_view value,
                                std::string_view reason) {
  ++rejected_;
  if (rejects_.size() >= options_.max_kept_rejects) return;
  rejects_.push_back(
      {line, std::string(column), Shortened(value),
       source_.empty() ? std::string(reason) : fmt::format("{} (sheet \"{}\")", reason, source_)});
}

void TransactionBuilder::Merge(TransactionBuilder&& later, uint64_t line_offset) {
  for (size_t i = 0; i < codes_.size(); ++i) {
    if (interners_[i].dictionary().size() == 0) {
      std::swap(interners_[i], later.interners_[i]);
      Extend(codes_[i], later.codes_[i]);
      continue;
    }
    const StringDictionary& dictionary = later.interners_[i].dictionary();
    std::vector<uint32_t> renumbered(dictionary.size());
    for (uint32_t code = 0; code < dictionary.size(); ++code) {
      renumbered[code] = interners_[i].Intern(dictionary.at(code));
    }
    for (uint32_t& code : later.codes_[i]) code = renumbered[code];
    Extend(codes_[i], later.codes_[i]);
  }
  Extend(quantity_, later.quantity_);
  Extend(unit_price_, later.unit_price_);
  Extend(time_, later.time_);
  if (later.customers_.dictionary().size() > 0) {
    const StringDictionary& names = later.customers_.dictionary();
    std::vector<int32_t> renumbered(names.size());
    for (uint32_t i = 0; i < names.size(); ++i) renumbered[i] = InternCustomer(names.at(i));
    for (int32_t& id : later.customer_id_) {
      if (id < kMissingCustomer) id = renumbered[static_cast<size_t>(-2 - id)];
    }
  }
  Extend(customer_id_, later.customer_id_);
  evidence_.Add(later.evidence_);
  blank_rows_ += later.blank_rows_;
  zero_customers_ += later.zero_customers_;
  rejected_ += later.rejected_;
  for (RejectedRow& reject : later.rejects_) {
    if (rejects_.size() >= options_.max_kept_rejects) break;
    reject.line += line_offset;
    rejects_.push_back(std::move(reject));
  }
}

absl::StatusOr<TextEncoding> TransactionBuilder::DecideEncoding() const {
  if (dialect_.encoding != TextEncoding::kAuto) return dialect_.encoding;
  bool valid = AllValid(customers_.dictionary());
  for (const StringInterner& interner : interners_) valid &= AllValid(interner.dictionary());
  if (valid) return TextEncoding::kUtf8;
  bool controls = false;
  std::string undefined;
  for (const StringInterner& interner : interners_) {
    VisitControls(interner.dictionary(), [&](uint8_t byte, std::string_view text) {
      controls = true;
      const bool defined = std::string_view("\x81\x8d\x8f\x90\x9d").find(static_cast<char>(byte)) ==
                           std::string_view::npos;
      if (!defined && undefined.empty()) undefined = Latin1ToUtf8(Shortened(text));
    });
  }
  if (!undefined.empty()) {
    return InputError(absl::StatusCode::kInvalidArgument, kDialectAmbiguous,
                      fmt::format("the text \"{}\" is neither UTF-8 nor Windows-1252: set "
                                  "input.encoding to utf-8, windows-1252, iso-8859-1 or utf-16",
                                  undefined),
                      "input.encoding");
  }
  return controls ? TextEncoding::kWindows1252 : TextEncoding::kLatin1;
}

// Ids that do not depend on the order of rows.
CustomerNames TransactionBuilder::NumberCustomers(TextEncoding encoding) {
  const StringDictionary& texts = customers_.dictionary();
  if (texts.size() == 0) return nullptr;
  std::vector<std::string> names;
  for (uint32_t i = 0; i < texts.size(); ++i) names.push_back(ToUtf8(texts.at(i), encoding));
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int32_t> ids;
  for (const std::string& name : names) {
    const auto place = std::lower_bound(sorted.begin(), sorted.end(), name);
    ids.push_back(TextCustomerId(static_cast<size_t>(place - sorted.begin())));
  }
  for (int32_t& id : customer_id_) {
    if (id < kMissingCustomer) id = ids[static_cast<size_t>(-2 - id)];
  }
  return std::make_shared<const std::vector<std::string>>(std::move(sorted));
}

absl::StatusOr<LoadedTransactions> TransactionBuilder::Finish(TextEncoding* encoding) {
  CAIRN_ASSIGN_OR_RETURN(*encoding, DecideEncoding());
  LoadedTransactions loaded;
  const auto trimmed = [&](std::string_view text) {
    return std::string(TrimBlanks(ToUtf8(text, *encoding)));
  };
  const auto invoice = [&](std::string_view text) {
    std::string number = trimmed(text);
    if (number.starts_with('c')) number[0] = 'C';
    return number;
  };
  const auto description = [&](std::string_view text) {
    const std::string words = ToUtf8(text, *encoding);
    return IsNullWord(words, options_.dialect.null_values) ? std::string() : words;
  };
  TransactionColumns columns;
  columns.invoice = Changed(std::move(codes_[0]), interners_[0].Release(), invoice);
  columns.stock_code = Changed(std::move(codes_[1]), interners_[1].Release(), trimmed, &LowerAscii);
  columns.description = Changed(std::move(codes_[2]), interners_[2].Release(), description);
  columns.country = Changed(std::move(codes_[3]), interners_[3].Release(), trimmed, &LowerAscii);
  columns.customer_names = NumberCustomers(*encoding);
  columns.quantity = std::make_shared<const std::vector<int32_t>>(std::move(quantity_));
  columns.unit_price = std::make_shared<const std::vector<double>>(std::move(unit_price_));
  columns.time = std::make_shared<const std::vector<int64_t>>(std::move(time_));
  columns.customer_id = std::make_shared<const std::vector<int32_t>>(std::move(customer_id_));
  loaded.table = TransactionTable(std::move(columns));
  loaded.rejects = std::move(rejects_);
  for (RejectedRow& reject : loaded.rejects) {
    if (!IsUtf8(reject.value)) reject.value = Latin1ToUtf8(reject.value);
  }
  if (zero_customers_ > 0) {
    loaded.warnings.push_back(
        options_.dialect.null_values
            ? fmt::format("{} rows have customer 0, which often stands for unknown",
                          zero_customers_)
            : fmt::format("{} rows have customer 0 and count as rows without one; set "
                          "input.null_values to keep it",
                          zero_customers_));
  }
  loaded.rows_rejected = rejected_;
  loaded.rows_read = loaded.table.rows() + rejected_;
  loaded.transcoded = *encoding != TextEncoding::kUtf8;
  return loaded;
}

}  // namespace cairn::pipeline

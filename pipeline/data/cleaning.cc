#include "pipeline/data/cleaning.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <span>
#include <unordered_map>

#include "pipeline/data/dialect.h"

namespace cairn::pipeline {
namespace {

// The selected storage rows for which `keep(storage row)` holds.
template <typename Keep>
std::vector<uint32_t> Filter(const TransactionTable& input, const Keep& keep) {
  const std::span<const uint32_t> rows = input.selection();
  std::vector<uint32_t> kept(rows.size());
  size_t count = 0;
  // Writing first and then deciding leaves the processor no branch to guess.
  for (const uint32_t row : rows) {
    kept[count] = row;
    count += keep(row) ? 1 : 0;
  }
  kept.resize(count);
  return kept;
}

CleanedTable Finish(std::string_view name, std::string_view reason, const TransactionTable& input,
                    std::vector<uint32_t> kept) {
  CleanedTable cleaned;
  cleaned.step.name = std::string(name);
  cleaned.step.rows_in = input.rows();
  cleaned.step.rows_out = kept.size();
  cleaned.table = input.WithSelection(std::move(kept));
  cleaned.step.set_aside = SetAsideBetween(input, cleaned.table, name, reason);
  return cleaned;
}

// One byte per dictionary entry: whether `holds(text)`.
template <typename Predicate>
std::vector<uint8_t> FlagEntries(const StringDictionary& dictionary, const Predicate& holds) {
  std::vector<uint8_t> flags(dictionary.size());
  for (uint32_t code = 0; code < dictionary.size(); ++code) {
    flags[code] = holds(dictionary.at(code)) ? 1 : 0;
  }
  return flags;
}

uint64_t CountUsed(const DictionaryColumn& column, std::span<const uint32_t> rows) {
  std::vector<uint8_t> used(column.dictionary->size());
  for (const uint32_t row : rows) used[column.code(row)] = 1;
  return static_cast<uint64_t>(std::count(used.begin(), used.end(), 1));
}

// What makes two lines of one invoice equal.
struct LineKey {
  uint32_t stock_code;
  uint32_t description;
  int32_t customer;
  int32_t quantity;

  bool operator==(const LineKey&) const = default;
};

uint64_t HashKey(const LineKey& key) {
  constexpr uint64_t kA = 0x9e3779b97f4a7c15;
  constexpr uint64_t kB = 0xc2b2ae3d27d4eb4f;
  const uint64_t goods = uint64_t{key.stock_code} << 32 | key.description;
  const uint64_t rest =
      uint64_t{static_cast<uint32_t>(key.customer)} << 32 | static_cast<uint32_t>(key.quantity);
  const uint64_t mixed = (goods * kA) ^ std::rotl(rest * kB, 31);
  return mixed ^ mixed >> 29;
}

// A set of the lines of one invoice: open addressing in memory that the invoices share.
class LineSet {
 public:
  // Empties the set and makes room for `lines` keys.
  void Reset(size_t lines) {
    const size_t size = std::bit_ceil(std::max<size_t>(lines * 2, 8));
    if (keys_.size() < size) {
      keys_.resize(size);
      stamps_.assign(size, 0);
      stamp_ = 0;
    }
    mask_ = size - 1;
    ++stamp_;
  }

  // False when an equal key was there.
  bool Insert(const LineKey& key) {
    for (size_t at = HashKey(key) & mask_;; at = (at + 1) & mask_) {
      if (stamps_[at] != stamp_) {
        stamps_[at] = stamp_;
        keys_[at] = key;
        return true;
      }
      if (keys_[at] == key) return false;
    }
  }

 private:
  std::vector<LineKey> keys_;
  std::vector<uint32_t> stamps_;  // A slot is used when it bears the current stamp.
  uint32_t stamp_ = 0;
  size_t mask_ = 0;
};

// Positions of the selection grouped by invoice, in order within each group.
struct InvoiceGroups {
  std::vector<uint32_t> starts;     // By invoice code; one more at the end.
  std::vector<uint32_t> positions;  // Indices into the selection.
};

InvoiceGroups GroupByInvoice(const TransactionTable& input) {
  const std::span<const uint32_t> rows = input.selection();
  const std::vector<uint32_t>& codes = *input.columns().invoice.codes;
  InvoiceGroups groups;
  groups.starts.assign(input.columns().invoice.dictionary->size() + 1, 0);
  for (const uint32_t row : rows) ++groups.starts[codes[row] + 1];
  for (size_t i = 1; i < groups.starts.size(); ++i) groups.starts[i] += groups.starts[i - 1];
  std::vector<uint32_t> next(groups.starts.begin(), groups.starts.end() - 1);
  groups.positions.resize(rows.size());
  for (uint32_t i = 0; i < rows.size(); ++i) groups.positions[next[codes[rows[i]]]++] = i;
  return groups;
}

bool IsServiceDescription(std::string_view text) {
  const std::string lower = LowerAscii(TrimBlanks(text));
  return lower == "next day carriage" || lower == "high resolution image";
}

int DigitsIn(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string Normalized(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (IsSpace(c)) {
      if (!result.empty() && result.back() != ' ') result.push_back(' ');
    } else {
      result.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    }
  }
  if (result.ends_with(' ')) result.pop_back();
  return result;
}

// The column with every entry normalized; entries that become equal share a code.
DictionaryColumn NormalizedColumn(const DictionaryColumn& column) {
  StringDictionary dictionary;
  std::unordered_map<std::string, uint32_t> known;
  std::vector<uint32_t> renumbered(column.dictionary->size());
  for (uint32_t code = 0; code < renumbered.size(); ++code) {
    std::string text = Normalized(column.dictionary->at(code));
    const auto [entry, added] = known.emplace(std::move(text), dictionary.size());
    if (added) dictionary.Append(entry->first);
    renumbered[code] = entry->second;
  }
  std::vector<uint32_t> codes(column.codes->size());
  std::transform(column.codes->begin(), column.codes->end(), codes.begin(),
                 [&](uint32_t code) { return renumbered[code]; });
  return {std::make_shared<const std::vector<uint32_t>>(std::move(codes)),
          std::make_shared<const StringDictionary>(std::move(dictionary))};
}

}  // namespace

CleanedTable DropMissingValues(const TransactionTable& input) {
  const TransactionColumns& columns = input.columns();
  const std::vector<int32_t>& customers = *columns.customer_id;
  const std::vector<uint32_t>& descriptions = *columns.description.codes;
  const std::vector<uint8_t> empty = FlagEntries(
      *columns.description.dictionary, [](std::string_view text) { return text.empty(); });
  std::vector<uint32_t> known =
      Filter(input, [&](uint32_t row) { return customers[row] != kMissingCustomer; });
  uint64_t without_customer = 0;
  uint64_t without_description = 0;
  std::vector<uint32_t> kept = Filter(input, [&](uint32_t row) {
    const bool no_customer = customers[row] == kMissingCustomer;
    const bool no_description = empty[descriptions[row]] != 0;
    without_customer += no_customer ? 1 : 0;
    without_description += no_description ? 1 : 0;
    return !no_customer && !no_description;
  });
  // A row with neither counts as one without customer.
  const CleanedTable with_customer =
      Finish("missing_values", "no customer", input, std::move(known));
  CleanedTable cleaned = Finish("missing_values", "no description", input, std::move(kept));
  cleaned.step.set_aside =
      SetAsideBetween(with_customer.table, cleaned.table, "missing_values", "no description");
  cleaned.step.set_aside.insert(cleaned.step.set_aside.begin(),
                                with_customer.step.set_aside.begin(),
                                with_customer.step.set_aside.end());
  cleaned.step.counts = {{"missing_customer_id", without_customer},
                         {"missing_description", without_description}};
  return cleaned;
}

CleanedTable DropDuplicates(const TransactionTable& input) {
  const TransactionColumns& columns = input.columns();
  const std::span<const uint32_t> rows = input.selection();
  const InvoiceGroups groups = GroupByInvoice(input);
  std::vector<uint8_t> first(rows.size());
  LineSet lines;
  for (size_t invoice = 0; invoice + 1 < groups.starts.size(); ++invoice) {
    const uint32_t begin = groups.starts[invoice];
    const uint32_t end = groups.starts[invoice + 1];
    lines.Reset(end - begin);
    for (uint32_t i = begin; i < end; ++i) {
      const uint32_t position = groups.positions[i];
      const uint32_t row = rows[position];
      first[position] = lines.Insert({columns.stock_code.code(row), columns.description.code(row),
                                      (*columns.customer_id)[row], (*columns.quantity)[row]})
                            ? 1
                            : 0;
    }
  }
  size_t position = 0;
  return Finish("duplicates", "line that is there twice", input,
                Filter(input, [&](uint32_t) { return first[position++] != 0; }));
}

CleanedTable MarkTransactionStatus(const TransactionTable& input) {
  TransactionColumns columns = input.columns();
  std::vector<uint8_t> cancelled =
      FlagEntries(*columns.invoice.dictionary,
                  [](std::string_view invoice) { return invoice.starts_with('C'); });
  uint64_t cancelled_rows = 0;
  for (const uint32_t row : input.selection())
    cancelled_rows += cancelled[columns.invoice.code(row)];
  columns.cancelled_invoices = std::make_shared<const std::vector<uint8_t>>(std::move(cancelled));
  const std::span<const uint32_t> rows = input.selection();
  CleanedTable cleaned;
  cleaned.step = {
      "transaction_status",
      rows.size(),
      rows.size(),
      {{"cancelled_rows", cancelled_rows}, {"completed_rows", rows.size() - cancelled_rows}},
      {}};
  cleaned.table = TransactionTable(std::move(columns), {rows.begin(), rows.end()});
  return cleaned;
}

CleanedTable DropServiceStockCodes(const TransactionTable& input, ProductCodes products) {
  const DictionaryColumn& column = input.columns().stock_code;
  const std::vector<uint8_t> service =
      FlagEntries(*column.dictionary, [](std::string_view code) { return DigitsIn(code) <= 1; });
  std::vector<uint32_t> kept =
      Filter(input, [&](uint32_t row) { return service[column.code(row)] == 0; });
  const uint64_t before = CountUsed(column, input.selection());
  const uint64_t codes = before - CountUsed(column, kept);
  const double most = kMostServiceRows * static_cast<double>(input.rows());
  const bool foreign =
      products == ProductCodes::kAuto && static_cast<double>(input.rows() - kept.size()) > most;
  if (foreign || products == ProductCodes::kAll) {
    const std::span<const uint32_t> rows = input.selection();
    CleanedTable cleaned = Finish("stock_codes", "", input, {rows.begin(), rows.end()});
    cleaned.step.counts = {{"codes", 0}};
    if (foreign) cleaned.step.counts.emplace_back("kept_codes_without_digits", codes);
    return cleaned;
  }
  CleanedTable cleaned = Finish("stock_codes", "code that is no product", input, std::move(kept));
  cleaned.step.counts = {{"codes", codes}};
  return cleaned;
}

CleanedTable NormalizeDescriptions(const TransactionTable& input) {
  const DictionaryColumn& column = input.columns().description;
  const std::vector<uint8_t> service = FlagEntries(*column.dictionary, IsServiceDescription);
  CleanedTable cleaned =
      Finish("descriptions", "service line", input,
             Filter(input, [&](uint32_t row) { return service[column.code(row)] == 0; }));
  const std::span<const uint32_t> rows = cleaned.table.selection();
  TransactionColumns columns = input.columns();
  columns.description = NormalizedColumn(column);
  cleaned.step.counts = {{"distinct_before", CountUsed(column, rows)},
                         {"distinct_after", CountUsed(columns.description, rows)}};
  cleaned.table = TransactionTable(std::move(columns), {rows.begin(), rows.end()});
  return cleaned;
}

CleanedTable DropZeroPrice(const TransactionTable& input) {
  const std::vector<double>& prices = *input.columns().unit_price;
  return Finish("zero_price", "price of zero or less", input,
                Filter(input, [&](uint32_t row) { return prices[row] > 0.0; }));
}

const std::vector<CleaningStage>& CleaningStages() {
  using Rules = CleaningRules;
  using Table = TransactionTable;
  static const auto& stages = *new std::vector<CleaningStage>{
      {"missing_values", [](const Table& t, const Rules&) { return DropMissingValues(t); }},
      {"duplicates", [](const Table& t, const Rules&) { return DropDuplicates(t); }},
      {"transaction_status", [](const Table& t, const Rules&) { return MarkTransactionStatus(t); }},
      {"stock_codes",
       [](const Table& t, const Rules& rules) {
         return DropServiceStockCodes(t, rules.product_codes);
       }},
      {"descriptions", [](const Table& t, const Rules&) { return NormalizeDescriptions(t); }},
      {"zero_price", [](const Table& t, const Rules&) { return DropZeroPrice(t); }},
  };
  return stages;
}

CleaningResult CleanTransactions(const TransactionTable& input, const CleaningRules& rules) {
  CleaningResult result{input, {}};
  for (const CleaningStage& stage : CleaningStages()) {
    CleanedTable cleaned = stage.apply(result.table, rules);
    result.table = std::move(cleaned.table);
    result.steps.push_back(std::move(cleaned.step));
  }
  return result;
}

}  // namespace cairn::pipeline

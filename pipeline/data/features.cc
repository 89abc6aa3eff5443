#include "pipeline/data/features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "fmt/format.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/dialect.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/parallel.h"

namespace cairn::pipeline {
namespace {

// The storage rows of each customer, in row order.
struct CustomerRows {
  std::vector<int32_t> ids;      // Ascending.
  std::vector<uint32_t> starts;  // ids.size() + 1 offsets into rows.
  std::vector<uint32_t> rows;

  std::span<const uint32_t> of(size_t i) const {
    return {rows.data() + starts[i], rows.data() + starts[i + 1]};
  }
};

// Place of each id in the ascending list; a table when ids are close together, else a search.
class IdIndex {
 public:
  explicit IdIndex(const std::vector<int32_t>& ids) : ids_(ids), first_(ids.front()) {
    const int64_t range = int64_t{ids.back()} - first_ + 1;
    if (range > static_cast<int64_t>(ids.size()) * 16 + 65'536) return;
    table_.resize(static_cast<size_t>(range));
    for (uint32_t i = 0; i < ids.size(); ++i) table_[static_cast<size_t>(ids[i] - first_)] = i;
  }

  uint32_t of(int32_t id) const {
    if (!table_.empty()) return table_[static_cast<size_t>(id - first_)];
    return static_cast<uint32_t>(std::lower_bound(ids_.begin(), ids_.end(), id) - ids_.begin());
  }

 private:
  const std::vector<int32_t>& ids_;
  const int32_t first_;
  std::vector<uint32_t> table_;
};

CustomerRows GroupByCustomer(const TransactionTable& table) {
  CustomerRows groups;
  groups.ids = table.CustomerIds();
  const IdIndex index(groups.ids);
  const std::span<const uint32_t> rows = table.selection();
  const std::vector<int32_t>& customers = *table.columns().customer_id;
  groups.starts.assign(groups.ids.size() + 1, 0);
  for (const uint32_t row : rows) ++groups.starts[index.of(customers[row]) + 1];
  for (size_t i = 1; i < groups.starts.size(); ++i) groups.starts[i] += groups.starts[i - 1];
  std::vector<uint32_t> next(groups.starts.begin(), groups.starts.end() - 1);
  groups.rows.resize(rows.size());
  for (const uint32_t row : rows) groups.rows[next[index.of(customers[row])]++] = row;
  return groups;
}

// Counts distinct codes of one dictionary, customer after customer, without clearing.
class DistinctCounter {
 public:
  explicit DistinctCounter(uint32_t codes) : stamps_(codes, 0) {}

  void Begin() { ++stamp_; }
  // True when `code` is new since Begin.
  bool Add(uint32_t code) {
    const bool is_new = stamps_[code] != stamp_;
    stamps_[code] = stamp_;
    return is_new;
  }

 private:
  std::vector<uint32_t> stamps_;
  uint32_t stamp_ = 0;
};

template <size_t N>
int FirstOfLargest(const std::array<uint32_t, N>& counts) {
  return static_cast<int>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

struct MonthSum {
  int32_t month;
  double spend;
};

// Monthly sums in order of time; the months of one customer are few.
class MonthlySpend {
 public:
  void Begin() { months_.clear(); }

  void Add(int32_t month, double spend) {
    if (months_.empty() || months_.back().month < month) {
      months_.push_back({month, spend});
      return;
    }
    const auto at =
        std::lower_bound(months_.begin(), months_.end(), month,
                         [](const MonthSum& m, int32_t value) { return m.month < value; });
    if (at->month == month) {
      at->spend += spend;
    } else {
      months_.insert(at, {month, spend});
    }
  }

  double Mean() const {
    double sum = 0.0;
    for (const MonthSum& m : months_) sum += m.spend;
    return sum / static_cast<double>(months_.size());
  }

  double SampleDeviation() const {
    if (months_.size() < 2) return 0.0;
    const double mean = Mean();
    double squares = 0.0;
    for (const MonthSum& m : months_) squares += (m.spend - mean) * (m.spend - mean);
    return std::sqrt(squares / static_cast<double>(months_.size() - 1));
  }

  // Least-squares slope over 0, 1, 2, … of the months present.
  double Slope() const {
    if (months_.size() < 2) return 0.0;
    const double mean = Mean();
    const double middle = static_cast<double>(months_.size() - 1) / 2.0;
    double covariance = 0.0;
    double variance = 0.0;
    for (size_t i = 0; i < months_.size(); ++i) {
      const double x = static_cast<double>(i) - middle;
      covariance += x * (months_[i].spend - mean);
      variance += x * x;
    }
    return covariance / variance;
  }

 private:
  std::vector<MonthSum> months_;
};

// What both presets need to know about the whole table.
struct TableFacts {
  int64_t first_day = 0;
  int64_t last_day = 0;
  std::vector<uint8_t> cancelled;      // By invoice code.
  std::vector<uint32_t> country_rank;  // By country code: place in the alphabet.
  uint32_t home_country = UINT32_MAX;
  std::vector<int32_t> months;  // By day since first_day, when the range of days is small.

  int32_t MonthOfDay(int64_t day) const {
    const size_t offset = static_cast<size_t>(day - first_day);
    return offset < months.size() ? months[offset] : MonthOf(day);
  }
};

std::vector<uint32_t> AlphabeticRanks(const StringDictionary& dictionary) {
  std::vector<uint32_t> order(dictionary.size());
  for (uint32_t code = 0; code < order.size(); ++code) order[code] = code;
  std::sort(order.begin(), order.end(),
            [&](uint32_t a, uint32_t b) { return dictionary.at(a) < dictionary.at(b); });
  std::vector<uint32_t> ranks(order.size());
  for (uint32_t rank = 0; rank < order.size(); ++rank) ranks[order[rank]] = rank;
  return ranks;
}

TableFacts FindFacts(const TransactionTable& table, std::string_view home_country) {
  constexpr int64_t kMaxTabledDays = 40'000;
  const TransactionColumns& columns = table.columns();
  TableFacts facts;
  int64_t first = std::numeric_limits<int64_t>::max();
  int64_t last = std::numeric_limits<int64_t>::min();
  for (const uint32_t row : table.selection()) {
    first = std::min(first, (*columns.time)[row]);
    last = std::max(last, (*columns.time)[row]);
  }
  facts.first_day = DayOf(first);
  facts.last_day = DayOf(last);
  for (int64_t day = facts.first_day;
       day <= facts.last_day && facts.last_day - facts.first_day < kMaxTabledDays; ++day) {
    facts.months.push_back(MonthOf(day));
  }
  const StringDictionary& invoices = *columns.invoice.dictionary;
  for (uint32_t code = 0; code < invoices.size(); ++code) {
    facts.cancelled.push_back(invoices.at(code).starts_with('C') ? 1 : 0);
  }
  const StringDictionary& countries = *columns.country.dictionary;
  facts.country_rank = AlphabeticRanks(countries);
  const std::string home = LowerAscii(TrimBlanks(home_country));
  for (uint32_t code = 0; code < countries.size(); ++code) {
    if (LowerAscii(TrimBlanks(countries.at(code))) == home) facts.home_country = code;
  }
  return facts;
}

// Computes rows of the matrix; one per thread, since it reuses its memory between customers.
class CustomerCalculator {
 public:
  CustomerCalculator(const TransactionTable& table, const TableFacts& facts, FeaturePreset preset)
      : columns_(table.columns()),
        facts_(facts),
        preset_(preset),
        invoices_(columns_.invoice.dictionary->size()),
        stock_codes_(columns_.stock_code.dictionary->size()),
        country_lines_(columns_.country.dictionary->size(), 0) {}

  // Writes the features of the customer with these rows (at least one). The gap is NaN for a
  // customer of kClassic with one line.
  void Compute(std::span<const uint32_t> rows, double* out) {
    Walk(rows);
    const double transactions = static_cast<double>(transactions_);
    out[kDaysSinceLastPurchase] = static_cast<double>(facts_.last_day - last_day_);
    out[kTotalTransactions] = transactions;
    out[kTotalProductsPurchased] = static_cast<double>(quantity_);
    out[kTotalSpend] = spend_;
    out[kAverageTransactionValue] = spend_ / transactions;
    out[kUniqueProductsPurchased] = static_cast<double>(products_);
    out[kAverageDaysBetweenPurchases] = Gap(rows);
    out[kDayOfWeek] = FirstOfLargest(weekdays_);
    out[kHour] = FirstOfLargest(hours_);
    out[kIsUk] = MainCountry() == facts_.home_country ? 1.0 : 0.0;
    out[kCancellationFrequency] = static_cast<double>(cancellations_);
    out[kCancellationRate] = static_cast<double>(cancellations_) / transactions;
    out[kMonthlySpendingMean] = months_.Mean();
    out[kMonthlySpendingStd] = months_.SampleDeviation();
    out[kSpendingTrend] = months_.Slope();
  }

 private:
  void Walk(std::span<const uint32_t> rows) {
    Reset();
    for (const uint32_t row : rows) {
      const int32_t quantity = (*columns_.quantity)[row];
      const double spend = static_cast<double>(quantity) * (*columns_.unit_price)[row];
      quantity_ += quantity;
      spend_ += spend;
      const uint32_t invoice = columns_.invoice.code(row);
      if (invoices_.Add(invoice)) {
        ++transactions_;
        cancellations_ += facts_.cancelled[invoice];
      }
      products_ += stock_codes_.Add(columns_.stock_code.code(row)) ? 1 : 0;
      if (country_lines_[columns_.country.code(row)]++ == 0) {
        countries_.push_back(columns_.country.code(row));
      }
      const int64_t time = (*columns_.time)[row];
      const int64_t day = DayOf(time);
      if (days_.empty() || days_.back() != day) days_.push_back(day);
      last_day_ = std::max(last_day_, day);
      ++weekdays_[static_cast<size_t>(WeekdayOf(day))];
      ++hours_[static_cast<size_t>((time - day * kSecondsPerDay) / 3600)];
      months_.Add(facts_.MonthOfDay(day), spend);
    }
  }

  void Reset() {
    invoices_.Begin();
    stock_codes_.Begin();
    months_.Begin();
    days_.clear();
    countries_.clear();
    weekdays_.fill(0);
    hours_.fill(0);
    quantity_ = transactions_ = products_ = cancellations_ = 0;
    spend_ = 0.0;
    last_day_ = std::numeric_limits<int64_t>::min();
  }

  // A mean of consecutive differences is the whole way over the number of steps.
  double Gap(std::span<const uint32_t> rows) {
    if (preset_ == FeaturePreset::kClassic) {
      if (rows.size() < 2) return std::numeric_limits<double>::quiet_NaN();
      return static_cast<double>(days_.back() - days_.front()) /
             static_cast<double>(rows.size() - 1);
    }
    std::sort(days_.begin(), days_.end());
    days_.erase(std::unique(days_.begin(), days_.end()), days_.end());
    if (days_.size() < 2) return 0.0;
    return static_cast<double>(days_.back() - days_.front()) /
           static_cast<double>(days_.size() - 1);
  }

  // Also clears the counts for the next customer.
  uint32_t MainCountry() {
    uint32_t best = countries_.front();
    for (const uint32_t code : countries_) {
      const bool more = country_lines_[code] > country_lines_[best];
      const bool same = country_lines_[code] == country_lines_[best];
      if (more || (same && facts_.country_rank[code] < facts_.country_rank[best])) best = code;
    }
    for (const uint32_t code : countries_) country_lines_[code] = 0;
    return best;
  }

  const TransactionColumns& columns_;
  const TableFacts& facts_;
  const FeaturePreset preset_;
  DistinctCounter invoices_;
  DistinctCounter stock_codes_;
  std::vector<uint32_t> country_lines_;
  std::vector<uint32_t> countries_;
  std::vector<int64_t> days_;  // In row order, without immediate repetitions.
  MonthlySpend months_;
  std::array<uint32_t, 7> weekdays_{};
  std::array<uint32_t, 24> hours_{};
  int64_t quantity_ = 0;
  int64_t transactions_ = 0;
  int64_t products_ = 0;
  int64_t cancellations_ = 0;
  double spend_ = 0.0;
  int64_t last_day_ = 0;
};

// Contiguous ranges of customers with about the same number of rows each.
std::vector<size_t> SplitCustomers(const CustomerRows& groups, int parts) {
  std::vector<size_t> bounds{0};
  for (int part = 1; part < parts; ++part) {
    const uint64_t target = groups.rows.size() * static_cast<uint64_t>(part) / parts;
    const auto at = std::lower_bound(groups.starts.begin(), groups.starts.end(), target);
    bounds.push_back(
        std::min<size_t>(static_cast<size_t>(at - groups.starts.begin()), groups.ids.size()));
  }
  bounds.push_back(groups.ids.size());
  return bounds;
}

// Leaves out customers without a gap and repeats the misalignment of the original: frequencies of
// those who remain over the transactions of the list before anyone left.
void ApplyClassicRules(FeatureMatrix* features) {
  const Eigen::VectorXd transactions = features->values.col(kTotalTransactions);
  Eigen::Index kept = 0;
  for (Eigen::Index i = 0; i < features->values.rows(); ++i) {
    if (std::isnan(features->values(i, kAverageDaysBetweenPurchases))) continue;
    if (kept != i) features->values.row(kept) = features->values.row(i);
    features->customer_ids[static_cast<size_t>(kept)] =
        features->customer_ids[static_cast<size_t>(i)];
    ++kept;
  }
  features->customer_ids.resize(static_cast<size_t>(kept));
  features->values.conservativeResize(kept, Eigen::NoChange);
  features->values.col(kCancellationRate) =
      features->values.col(kCancellationFrequency).array() / transactions.head(kept).array();
}

absl::Status CheckTable(const TransactionTable& table) {
  if (table.rows() == 0) {
    return InputError(absl::StatusCode::kFailedPrecondition, kDatasetEmpty,
                      "there are no transactions to compute features from");
  }
  for (const uint32_t row : table.selection()) {
    if ((*table.columns().customer_id)[row] == kMissingCustomer) {
      return InputError(absl::StatusCode::kFailedPrecondition, kCustomerMissing,
                        "a row has no customer; run missing_values first");
    }
  }
  return absl::OkStatus();
}

// Sums of prices near the end of a double's range pass it.
absl::Status CheckFinite(const FeatureMatrix& features) {
  if (features.values.allFinite()) return absl::OkStatus();
  for (Eigen::Index i = 0; i < features.values.rows(); ++i) {
    for (Eigen::Index j = 0; j < features.values.cols(); ++j) {
      if (std::isfinite(features.values(i, j))) continue;
      const std::string customer =
          CustomerText(features.customer_ids[static_cast<size_t>(i)], features.customer_names);
      const std::string& feature = features.columns[static_cast<size_t>(j)];
      return InputError(
          absl::StatusCode::kInvalidArgument, kFeatureNotFinite,
          fmt::format("{} of customer {} is {}: its quantities or prices are too large", feature,
                      customer, features.values(i, j)),
          customer);
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view FeaturePresetName(FeaturePreset preset) {
  return preset == FeaturePreset::kClassic ? "classic" : "default";
}

absl::StatusOr<FeaturePreset> ParseFeaturePreset(std::string_view name) {
  if (name == "default") return FeaturePreset::kDefault;
  if (name == "classic") return FeaturePreset::kClassic;
  return InputError(absl::StatusCode::kInvalidArgument, kOptionOutOfRange,
                    fmt::format("preset \"{}\" is unknown; known are default, classic", name),
                    "preset");
}

absl::StatusOr<FeatureMatrix> ComputeFeatures(const TransactionTable& table, FeaturePreset preset,
                                              int threads, std::string_view home_country) {
  if (absl::Status status = CheckTable(table); !status.ok()) return status;
  constexpr size_t kRowsPerThread = 20'000;
  CustomerRows groups = GroupByCustomer(table);
  const TableFacts facts = FindFacts(table, home_country);
  const int parts = static_cast<int>(std::min<size_t>(static_cast<size_t>(ThreadCount(threads)),
                                                      table.rows() / kRowsPerThread + 1));
  const std::vector<size_t> bounds = SplitCustomers(groups, parts);
  FeatureMatrix features;
  features.columns.assign(kFeatureNames.begin(), kFeatureNames.end());
  features.values.resize(static_cast<Eigen::Index>(groups.ids.size()), kFeatureCount);
  RunParts(parts, [&](int part) {
    CustomerCalculator calculator(table, facts, preset);
    for (size_t i = bounds[part]; i < bounds[part + 1]; ++i) {
      calculator.Compute(groups.of(i), features.values.data() + i * kFeatureCount);
    }
  });
  features.customer_ids = std::move(groups.ids);
  features.customer_names = table.columns().customer_names;
  if (preset == FeaturePreset::kClassic) ApplyClassicRules(&features);
  if (absl::Status status = CheckFinite(features); !status.ok()) return status;
  return features;
}

}  // namespace cairn::pipeline

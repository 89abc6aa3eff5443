#include "lib/tables/column_profiler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "lib/tables/cell.h"
#include "lib/tables/hash.h"

namespace cairn::tables {
namespace {

// A longer cell is not kept to be compared with the next.
constexpr size_t kMaxLastCell = 256;

}  // namespace

// The same as of the cell before, but for what counts cells.
void ColumnProfiler::AddAgain() {
  frequent_.Add(last_.hash, TrimBlanks(last_.text));
  if (type_ == Type::kInt64 || type_ == Type::kDouble || type_ == Type::kTimestamp) {
    AddNumber(last_.number);
  }
}

void ColumnProfiler::Add(std::string_view cell) {
  ++count_;
  if (!cell.empty() && cell == last_.text) return AddAgain();
  const std::string_view value = TrimBlanks(cell);
  if (IsMissing(value)) {
    ++nulls_;
    return;
  }
  const uint64_t hash = HashBytes(value);
  last_.text.assign(cell.size() > kMaxLastCell ? std::string_view() : cell);
  last_.hash = hash;
  frequent_.Add(hash, value);
  if (distinct_.Add(hash)) {
    if (type_ == Type::kNone || value < min_text_) min_text_ = value;
    if (type_ == Type::kNone || value > max_text_) max_text_ = value;
  }
  Narrow(value);
}

void ColumnProfiler::Narrow(std::string_view value) {
  const bool first = type_ == Type::kNone;
  std::optional<double> number;
  if (first || type_ == Type::kInt64) {
    if (const auto whole = ParseInt64(value); whole.has_value()) {
      type_ = Type::kInt64;
      AddNumber(static_cast<double>(*whole));
      return;
    }
  }
  if (first || type_ == Type::kInt64 || type_ == Type::kDouble) {
    number = ParseDouble(value);
    if (number.has_value()) type_ = Type::kDouble;
  }
  if (!number.has_value() && (first || type_ == Type::kTimestamp)) {
    number = ParseTimestamp(value);
    if (number.has_value()) type_ = Type::kTimestamp;
  }
  if (number.has_value()) {
    AddNumber(*number);
  } else if ((first || type_ == Type::kBool) && ParseBool(value).has_value()) {
    type_ = Type::kBool;
  } else if (type_ != Type::kString) {
    type_ = Type::kString;
    sketch_ = QuantileSketch();
  }
}

void ColumnProfiler::AddNumber(double value) {
  last_.number = value;
  if (!std::isfinite(value)) return;
  const bool first = sketch_.count() == 0;
  sketch_.Add(value);
  if (first) {
    min_ = max_ = mean_ = value;
    squares_ = 0;
    return;
  }
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  const auto count = static_cast<double>(sketch_.count());
  const double before = mean_;
  // Divided first, so that the distance of the largest doubles does not overflow.
  mean_ += (value / count) - (mean_ / count);
  squares_ += (value - before) * (value - mean_);
}

void ColumnProfiler::FillNumbers(v1::NumberStatistics& numbers) const {
  const auto count = static_cast<double>(sketch_.count());
  double deviation = count > 1 ? std::sqrt(std::max(0.0, squares_) / (count - 1)) : 0;
  if (!std::isfinite(deviation)) deviation = std::numeric_limits<double>::max();
  numbers.set_min(min_);
  numbers.set_max(max_);
  numbers.set_mean(std::clamp(mean_, min_, max_));
  numbers.set_standard_deviation(deviation);
  for (const double quantile : sketch_.Quantiles({0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99})) {
    numbers.add_quantiles(quantile);
  }
  for (const int64_t bin : sketch_.Histogram(min_, max_, kHistogramBins)) {
    numbers.add_histogram(bin);
  }
}

v1::Column ColumnProfiler::Finish(const std::string& name) const {
  v1::Column column;
  column.set_name(name);
  v1::ColumnStatistics& statistics = *column.mutable_statistics();
  statistics.set_count(count_);
  statistics.set_null_count(nulls_);
  statistics.set_distinct_count(std::min(distinct_.Count(), count_ - nulls_));
  const bool texts = type_ == Type::kString || type_ == Type::kBool;
  if (texts) {
    statistics.set_min_text(Utf8Prefix(min_text_, FrequentTexts::kTextBytes));
    statistics.set_max_text(Utf8Prefix(max_text_, FrequentTexts::kTextBytes));
    for (const auto& found : frequent_.Top(kFrequent)) {
      v1::TextCount& counted = *statistics.add_frequent();
      counted.set_text(Utf8Prefix(found.text, FrequentTexts::kTextBytes));
      counted.set_count(found.count);
    }
  } else if (sketch_.count() > 0) {
    FillNumbers(*statistics.mutable_numbers());
  }
  switch (type_) {
    case Type::kBool:
      column.set_type("bool");
      break;
    case Type::kInt64:
      column.set_type("int64");
      break;
    case Type::kDouble:
      column.set_type("double");
      break;
    case Type::kTimestamp:
      column.set_type("timestamp");
      break;
    case Type::kNone:
    case Type::kString:
      column.set_type("string");
      break;
  }
  return column;
}

}  // namespace cairn::tables

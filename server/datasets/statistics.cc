#include "server/datasets/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/datasets/dataset_records.h"

namespace cairn::datasets {
namespace {

using cairn::v1::Column;
using cairn::v1::ColumnStatistics;
using cairn::v1::NumberStatistics;

constexpr int kQuantiles = 7;
constexpr int kMaxBins = 100;
constexpr int kMaxFrequent = 100;
constexpr size_t kMaxShownTextBytes = 64;

// The statistics of one column, and how errors call its fields.
class Checker {
 public:
  Checker(const Column& column, int index, int64_t row_count)
      : column_(column),
        statistics_(column.statistics()),
        values_(statistics_.count() - statistics_.null_count()),
        row_count_(row_count),
        path_(fmt::format("dataset_version.columns[{}].statistics", index)) {}

  absl::Status Check() const {
    CAIRN_RETURN_IF_ERROR(CheckCounts());
    if (statistics_.has_numbers()) CAIRN_RETURN_IF_ERROR(CheckNumbers());
    return CheckTexts();
  }

 private:
  absl::Status Broken(std::string_view field, std::string_view value, std::string_view rule) const {
    return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("{}.{}", path_, field), value,
                        rule);
  }
  absl::Status Broken(std::string_view field, int64_t value, std::string_view rule) const {
    return Broken(field, std::to_string(value), rule);
  }
  absl::Status Broken(std::string_view field, double value, std::string_view rule) const {
    return Broken(field, ShortestDouble(value), rule);
  }

  absl::Status CheckCounts() const {
    const int64_t count = statistics_.count();
    if (count < 0) return Broken("count", count, "must not be negative");
    if (row_count_ >= 0 && count != row_count_) {
      return Broken("count", count, fmt::format("must be the row count, {}", row_count_));
    }
    if (statistics_.null_count() < 0 || statistics_.null_count() > count) {
      return Broken("null_count", statistics_.null_count(),
                    fmt::format("must be from 0 to count, {}", count));
    }
    if (statistics_.distinct_count() < 0 || statistics_.distinct_count() > values_) {
      return Broken("distinct_count", statistics_.distinct_count(),
                    fmt::format("must be from 0 to count - null_count, {}", values_));
    }
    return absl::OkStatus();
  }

  absl::Status CheckNumbers() const {
    const NumberStatistics& numbers = statistics_.numbers();
    if (column_.type() == "string" || column_.type() == "bool") {
      return Broken("numbers", column_.type(), "must be left out for this type");
    }
    for (const auto& [field, value] :
         {std::pair("numbers.min", numbers.min()), std::pair("numbers.max", numbers.max()),
          std::pair("numbers.mean", numbers.mean()),
          std::pair("numbers.standard_deviation", numbers.standard_deviation())}) {
      if (!std::isfinite(value)) return Broken(field, value, "must be finite");
    }
    if (numbers.min() > numbers.max()) {
      return Broken("numbers.min", numbers.min(), "must not be above max");
    }
    // Room for the rounding of whoever summed up.
    const double slack = 1e-9 * std::max(std::abs(numbers.min()), std::abs(numbers.max()));
    if (numbers.mean() < numbers.min() - slack || numbers.mean() > numbers.max() + slack) {
      return Broken("numbers.mean", numbers.mean(), "must be from min to max");
    }
    if (numbers.standard_deviation() < 0) {
      return Broken("numbers.standard_deviation", numbers.standard_deviation(),
                    "must not be negative");
    }
    CAIRN_RETURN_IF_ERROR(CheckQuantiles(numbers));
    return CheckHistogram(numbers);
  }

  absl::Status CheckQuantiles(const NumberStatistics& numbers) const {
    if (numbers.quantiles().empty()) return absl::OkStatus();
    if (numbers.quantiles_size() != kQuantiles) {
      return Broken("numbers.quantiles", int64_t{numbers.quantiles_size()},
                    fmt::format("must be {} or none", kQuantiles));
    }
    double before = numbers.min();
    for (const double quantile : numbers.quantiles()) {
      // Not a number is neither above nor below.
      if (!(quantile >= before && quantile <= numbers.max())) {
        return Broken("numbers.quantiles", quantile, "must ascend and be from min to max");
      }
      before = quantile;
    }
    return absl::OkStatus();
  }

  absl::Status CheckHistogram(const NumberStatistics& numbers) const {
    if (numbers.histogram_size() > kMaxBins) {
      return Broken("numbers.histogram", int64_t{numbers.histogram_size()},
                    fmt::format("must have at most {} bins", kMaxBins));
    }
    int64_t left = values_;
    for (const int64_t bin : numbers.histogram()) {
      if (bin < 0) return Broken("numbers.histogram", bin, "must not be negative");
      if (bin > left) {
        return Broken("numbers.histogram", bin,
                      fmt::format("must sum to at most count - null_count, {}", values_));
      }
      left -= bin;
    }
    return absl::OkStatus();
  }

  absl::Status CheckTexts() const {
    const bool texts = column_.type() == "string" || column_.type() == "bool";
    if (!texts && (!statistics_.min_text().empty() || !statistics_.max_text().empty() ||
                   !statistics_.frequent().empty())) {
      return Broken("frequent", column_.type(), "texts must be left out for this type");
    }
    for (const auto& [field, text] : {std::pair("min_text", &statistics_.min_text()),
                                      std::pair("max_text", &statistics_.max_text())}) {
      if (text->size() > kMaxShownTextBytes) return LongText(field, *text);
    }
    if (statistics_.frequent_size() > kMaxFrequent) {
      return Broken("frequent", int64_t{statistics_.frequent_size()},
                    fmt::format("must be at most {}", kMaxFrequent));
    }
    int64_t left = values_;
    for (const auto& counted : statistics_.frequent()) {
      if (counted.text().size() > kMaxShownTextBytes) {
        return LongText("frequent.text", counted.text());
      }
      if (counted.count() < 1 || counted.count() > left) {
        return Broken(
            "frequent.count", counted.count(),
            fmt::format("must be from 1 and sum to at most count - null_count, {}", values_));
      }
      left -= counted.count();
    }
    return absl::OkStatus();
  }

  absl::Status LongText(std::string_view field, std::string_view text) const {
    return Broken(field, text, fmt::format("must be at most {} bytes long", kMaxShownTextBytes));
  }

  const Column& column_;
  const ColumnStatistics& statistics_;
  const int64_t values_;
  const int64_t row_count_;
  const std::string path_;
};

absl::Status CheckColumn(const Column& column, int index) {
  static const std::set<std::string_view> kTypes = {"int64", "double", "string", "timestamp",
                                                    "bool"};
  if (column.name().empty() || column.name().size() > kMaxNameBytes) {
    return InvalidField(ErrorReason::VALUE_INVALID,
                        fmt::format("dataset_version.columns[{}].name", index), column.name(),
                        fmt::format("must be 1 to {} bytes long", kMaxNameBytes));
  }
  if (kTypes.count(column.type()) == 0) {
    return InvalidField(ErrorReason::VALUE_INVALID,
                        fmt::format("dataset_version.columns[{}].type", index), column.type(),
                        "must be int64, double, string, timestamp or bool");
  }
  return absl::OkStatus();
}

// The sum of all bins.
double Total(const NumberStatistics& numbers) {
  return std::accumulate(numbers.histogram().begin(), numbers.histogram().end(), 0.0);
}

// How much of [low, high] lies in [begin, end], as a share.
double Overlap(double low, double high, double begin, double end) {
  if (high <= low) return low >= begin && low < end ? 1 : 0;
  return std::max(0.0, std::min(high, end) - std::max(low, begin)) / (high - low);
}

// The shares of `to`'s values below `from`'s bins, in each of them, and above. Empty where
// the ranges are too far apart for doubles.
std::vector<double> SharesOver(const NumberStatistics& from, const NumberStatistics& to) {
  const int bins = from.histogram_size();
  const double span = (from.max() / 2) - (from.min() / 2);
  // A single value has bins without a width; one that is next to nothing serves.
  const double unit = span > 0 ? span / bins : std::max(std::abs(from.min()), 1.0) * 1e-12;
  const double half_unit = span > 0 ? 0 : 0.5;
  const auto place = [&](double x) { return (((x / 2) - (from.min() / 2)) / unit) + half_unit; };
  const double first = place(to.min());
  const double width = (place(to.max()) - first) / to.histogram_size();
  if (!std::isfinite(first) || !std::isfinite(width)) return {};
  const double total = Total(to);
  std::vector<double> shares(static_cast<size_t>(bins) + 2);
  for (int i = 0; i < to.histogram_size(); ++i) {
    const double share = static_cast<double>(to.histogram(i)) / total;
    double low = first + (width * i);
    double high = low + width;
    // A constant `from` is a point: a bin that covers it may well consist of it.
    if (span <= 0 && low <= 1 && high >= 0) low = high = half_unit;
    double inside = 0;
    for (int bin = 0; bin < bins; ++bin) {
      // The last bin is closed.
      const double end = bin + 1 == bins && low == high && low == bins ? bins + 1.0 : bin + 1.0;
      const double part = Overlap(low, high, bin, end);
      shares[static_cast<size_t>(bin) + 1] += share * part;
      inside += part;
    }
    const double below = low < 0 ? (high <= 0 ? 1 : -low / (high - low)) : 0;
    shares.front() += share * below;
    shares.back() += share * std::max(0.0, 1 - inside - below);
  }
  return shares;
}

}  // namespace

absl::Status ValidateColumns(const google::protobuf::RepeatedPtrField<Column>& columns,
                             int64_t row_count) {
  if (columns.size() > kMaxColumns) {
    return InvalidField(ErrorReason::TOO_LARGE, "dataset_version.columns",
                        std::to_string(columns.size()),
                        fmt::format("must be at most {}", kMaxColumns));
  }
  std::set<std::string_view> names;
  for (int i = 0; i < columns.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(CheckColumn(columns[i], i));
    if (!names.insert(columns[i].name()).second) {
      return InvalidField(ErrorReason::VALUE_INVALID,
                          fmt::format("dataset_version.columns[{}].name", i), columns[i].name(),
                          "must be the name of one column only");
    }
    if (!columns[i].has_statistics()) continue;
    CAIRN_RETURN_IF_ERROR(Checker(columns[i], i, row_count).Check());
  }
  return absl::OkStatus();
}

std::optional<double> StabilityIndex(const NumberStatistics& from, const NumberStatistics& to) {
  constexpr double kLeastShare = 1e-4;
  const double total = Total(from);
  if (total <= 0 || Total(to) <= 0) return std::nullopt;
  const std::vector<double> shares = SharesOver(from, to);
  if (shares.empty()) return std::nullopt;
  double index = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    const bool outside = i == 0 || i + 1 == shares.size();
    const double before =
        outside ? 0 : static_cast<double>(from.histogram(static_cast<int>(i) - 1)) / total;
    // Less than a value in a trillion is rounding.
    if (before <= 0 && shares[i] < 1e-12) continue;
    const double p = std::max(before, kLeastShare);
    const double q = std::max(shares[i], kLeastShare);
    index += (q - p) * std::log(q / p);
  }
  return index;
}

}  // namespace cairn::datasets

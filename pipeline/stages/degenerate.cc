#include "pipeline/stages/degenerate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <span>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"

namespace cairn::pipeline {
namespace {

constexpr double kSame = 1e-9;

absl::Status NoSegments(const std::string& message, std::string_view customer) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::VALUE_INVALID, message)
      .With("customer", customer)
      .ToStatus();
}

bool Feasible(int k, int64_t rows, int64_t distinct) { return k < rows && k <= distinct; }

}  // namespace

absl::Status CheckCustomerCount(const std::vector<int32_t>& customers, const CustomerNames& names,
                                std::string_view stage) {
  if (static_cast<int64_t>(customers.size()) >= kFewestCustomers) return absl::OkStatus();
  const std::string first = customers.empty() ? "" : CustomerText(customers.front(), names);
  return NoSegments(
      fmt::format("{} there {}{}, and at least {} are needed to find segments", stage,
                  customers.size() == 1 ? "is 1 customer"
                                        : fmt::format("are {} customers", customers.size()),
                  first.empty() ? "" : fmt::format(" (the first is {})", first), kFewestCustomers),
      first);
}

int64_t CountDistinctRows(const RowMajorMatrix& rows) {
  if (rows.rows() == 0) return 0;
  const double largest = rows.cwiseAbs().maxCoeff();
  const double unit = largest > 0 ? largest * kSame : 1;
  const auto width = static_cast<size_t>(rows.cols());
  std::vector<int64_t> cells;
  cells.reserve(static_cast<size_t>(rows.size()));
  for (Eigen::Index i = 0; i < rows.size(); ++i) {
    cells.push_back(std::llround(rows.data()[i] / unit));
  }
  const auto row = [&](uint32_t i) { return std::span(cells).subspan(i * width, width); };
  std::vector<uint32_t> order(static_cast<size_t>(rows.rows()));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::lexicographical_compare(row(a).begin(), row(a).end(), row(b).begin(), row(b).end());
  });
  const auto last = std::unique(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return std::equal(row(a).begin(), row(a).end(), row(b).begin());
  });
  return last - order.begin();
}

absl::Status CheckCustomersDiffer(const FeatureMatrix& features, const std::vector<int32_t>& kept) {
  for (const int32_t row : kept) {
    if (features.values.row(row) != features.values.row(kept.front())) return absl::OkStatus();
  }
  if (kept.empty()) return absl::OkStatus();
  const auto place = static_cast<size_t>(kept.front());
  const std::string customer = CustomerText(features.customer_ids[place], features.customer_names);
  return NoSegments(
      fmt::format("all {} customers to train on are the same as customer {} in every feature ({} = "
                  "{}, …): there are no segments to find",
                  kept.size(), customer, features.columns.back(),
                  ShortestDouble(features.values(kept.front(), features.values.cols() - 1))),
      customer);
}

absl::Status CheckWithinSinglePrecision(const FeatureMatrix& features) {
  for (Eigen::Index i = 0; i < features.values.rows(); ++i) {
    for (Eigen::Index j = 0; j < features.values.cols(); ++j) {
      if (std::isfinite(static_cast<float>(features.values(i, j)))) continue;
      const std::string customer =
          CustomerText(features.customer_ids[static_cast<size_t>(i)], features.customer_names);
      const std::string& feature = features.columns[static_cast<size_t>(j)];
      const std::string value = ShortestDouble(features.values(i, j));
      const std::string rule = fmt::format(
          "must be within ±{:.2g} for an isolation forest; outliers.method=none does "
          "without one",
          std::numeric_limits<float>::max());
      return Error(absl::StatusCode::kInvalidArgument, ErrorReason::VALUE_INVALID,
                   fmt::format("{} of customer {} is {}: {}", feature, customer, value, rule))
          .With("customer", customer)
          .With("field", feature)
          .With("value", value)
          .With("rule", rule);
    }
  }
  return absl::OkStatus();
}

std::vector<GridPoint> FeasiblePoints(const SweepInput& input,
                                      const std::vector<GridPoint>& points) {
  const int64_t distinct = CountDistinctRows(input.training);
  std::vector<GridPoint> out;
  std::copy_if(points.begin(), points.end(), std::back_inserter(out), [&](const GridPoint& point) {
    return Feasible(point.k, input.training.rows(), distinct);
  });
  return out;
}

std::string LeftOutPoints(const SweepInput& input, const std::vector<GridPoint>& points,
                          const std::vector<TrainingRun>& runs) {
  std::set<int> left_out;
  for (const GridPoint& point : points) left_out.insert(point.k);
  for (const TrainingRun& run : runs) left_out.erase(run.point.k);
  if (left_out.empty()) return "";
  return fmt::format(
      "the grid is smaller: k = {} are left out, for there are {} customers to train on, {} of "
      "them different",
      fmt::join(left_out, ", "), input.training.rows(), CountDistinctRows(input.training));
}

bool HasEmptySegment(const TrainingRun& run) {
  return run.training.min_cluster_share <= 0 || run.everyone.min_cluster_share <= 0;
}

}  // namespace cairn::pipeline

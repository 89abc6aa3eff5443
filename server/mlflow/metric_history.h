#ifndef CAIRN_SERVER_MLFLOW_METRIC_HISTORY_H_
#define CAIRN_SERVER_MLFLOW_METRIC_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"

namespace cairn::mlflow {

// A point, in the order of MLflow's histories: by time, step and value; NaN counts as the least.
struct HistoryPoint {
  int64_t time = 0;
  int64_t step = 0;
  double value = 0;

  bool Before(const HistoryPoint& other) const;
};

// Picks one page of a history out of all points, which come in another order: keeps the `most`
// first ones behind where the page before ended, and forgets the others. So it holds a page,
// however long the history is, and what is written meanwhile moves no point to another page.
class HistoryPage {
 public:
  HistoryPage(std::optional<HistoryPoint> after, size_t most) : after_(after), most_(most) {}

  void Add(const v1::MetricColumns& columns);

  // The points in order, once.
  std::vector<HistoryPoint> Take();
  // More points followed.
  bool more() const { return more_; }

 private:
  void Add(const HistoryPoint& point);

  const std::optional<HistoryPoint> after_;
  const size_t most_;
  std::vector<HistoryPoint> heap_;  // the last one on top
  bool more_ = false;
};

// The last point of a page, as clients carry it. INVALID_PARAMETER_VALUE for what is none.
std::string HistoryToken(const HistoryPoint& last);
absl::StatusOr<std::optional<HistoryPoint>> PointOfToken(std::string_view token);  // "": nullopt

// Which of `count` rows a sample of `most` shows: all, or the first one of each of `most` groups
// that are as even as can be, the greater ones first (NTILE in SQL), with the last row in place of
// the last of them. REQUIRES: most >= 1.
std::vector<size_t> SampleOf(size_t count, size_t most);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_METRIC_HISTORY_H_

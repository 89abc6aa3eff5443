#include "lib/evaluation/sampling.h"

#include <algorithm>

#include "lib/clustering/random.h"

namespace cairn::evaluation {

bool IsSampled(size_t count, const MeasureOptions& options) {
  return static_cast<int64_t>(count) > options.exact_rows;
}

std::vector<size_t> DrawRows(size_t count, const MeasureOptions& options) {
  clustering::Mt19937 random(options.sample_seed);
  std::vector<size_t> rows =
      random.ChoiceWithoutReplacement(count, static_cast<size_t>(options.sample_rows));
  std::sort(rows.begin(), rows.end());
  return rows;
}

model::Matrix TakeRows(const model::Matrix& rows, const std::vector<size_t>& places) {
  model::Matrix taken(static_cast<Eigen::Index>(places.size()), rows.cols());
  for (size_t i = 0; i < places.size(); ++i) {
    taken.row(static_cast<Eigen::Index>(i)) = rows.row(static_cast<Eigen::Index>(places[i]));
  }
  return taken;
}

}  // namespace cairn::evaluation

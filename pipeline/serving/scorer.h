#ifndef CAIRN_PIPELINE_SERVING_SCORER_H_
#define CAIRN_PIPELINE_SERVING_SCORER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "lib/model/predictor.h"

namespace cairn::pipeline::serving {

// Assigns rows to segments in one pass over them: what Predictor::Predict does in four steps with
// a matrix after each, for the one answer that serving gives, the own segment and its distance.
//
// The results are those of Predictor::Predict bit for bit: every row is computed by itself, with
// the same operations in the same order; rows of a block only lie side by side, so that the
// processor computes several at a time. Immutable after construction and safe to share; refers to
// the predictor, which must outlive it.
class Scorer {
 public:
  explicit Scorer(const model::Predictor& predictor);

  // `rows` holds segments.size() rows of finite raw features, row-major, in the model's order.
  // `distances` is as long as `segments`. Makes no memory but one scratch of a few rows.
  // A distance is in the model's space and at least 0; of values that are too large to be squared
  // it is infinite or no number.
  void Score(std::span<const double> rows, std::span<int32_t> segments,
             std::span<double> distances) const;

 private:
  using Feature = cairn::v1::SegmentationModel::Feature;

  // One column and what is done to it before the projection.
  struct Column {
    Feature::Transform transform = Feature::IDENTITY;
    bool centred = true;  // else a row norm group divides it
    double center = 0;
    double scale = 1;
    const Feature* feature = nullptr;
  };

  // Rows from `row` on, as many as whole blocks hold; what is left begins at what is returned.
  template <int kLanes>
  size_t ScoreBlocks(std::span<const double> rows, size_t row, std::span<int32_t> segments,
                     std::span<double> distances, double* scratch) const;
  // The same for processors with AVX2.
  size_t ScoreWideBlocks(std::span<const double> rows, size_t row, std::span<int32_t> segments,
                         std::span<double> distances, double* scratch) const;
  template <int kLanes>
  void Prepare(const double* rows, double* prepared) const;
  template <int kLanes>
  void Project(double* prepared, double* components) const;
  template <int kLanes>
  void Assign(const double* points, int32_t* segments, double* distances) const;
  // model::SignedLog, looked up where it can be.
  double SignedLog(double x) const;

  std::vector<Column> columns_;
  std::vector<std::vector<int>> norm_groups_;  // columns of each, ascending
  const double* means_ = nullptr;              // of the projection; null without one
  const double* axes_ = nullptr;               // components × features
  const model::Matrix& centers_;
  int components_ = 0;
  std::vector<double> whole_logs_;  // SignedLog of 0, 1, 2, … which counts are
};

}  // namespace cairn::pipeline::serving

#endif  // CAIRN_PIPELINE_SERVING_SCORER_H_

#ifndef CAIRN_SERVER_EVALUATION_MEASURER_H_
#define CAIRN_SERVER_EVALUATION_MEASURER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "lib/base/mutex.h"
#include "lib/evaluation/feature_table.h"
#include "lib/evaluation/measure.h"
#include "lib/model/predictor.h"
#include "server/evaluation/inputs.h"
#include "server/evaluation/sized_cache.h"

namespace cairn::evaluation {

// The whole of a blob, if it is not larger than so many bytes (artifacts::BlobStore::ReadAll).
// Injected, so that what measures need not know the store of blobs. Blocks on files.
using BlobText =
    std::function<absl::StatusOr<std::string>(const cairn::Digest& digest, int64_t max_bytes)>;

struct MeasurerOptions {
  // What is kept of models and tables that were parsed, together. A measurement that was made is
  // kept beside, of at most a sixteenth of that.
  int64_t cache_bytes = int64_t{64} << 20;
  // Larger tables are not measured.
  int64_t max_table_bytes = int64_t{128} << 20;
  // How many measure at a time; others wait. 0: half as many as the hardware has, at least one.
  int slots = 0;
  int threads = 1;  // of each
};

// Measures models on tables, from the bytes of both. What was read is kept for a while: the
// candidates of a promotion share a table and a champion.
//
// Blocks while it reads and computes, and while others do: call it from a pool whose threads may
// wait. One measurement of 100,000 rows takes well below a second (docs/benchmarks.md). Safe to
// call from any thread.
class Measurer {
 public:
  explicit Measurer(BlobText read, const MeasurerOptions& options = {});
  Measurer(const Measurer&) = delete;
  Measurer& operator=(const Measurer&) = delete;

  // The values of `inputs`: of the model's own space, its stability, or against the reference.
  //
  // - FAILED_PRECONDITION (EVALUATION_UNSUPPORTED): a model of another form or release, a table
  //   that is too large or no CSV, a column that is missing or has a cell that is no number, a
  //   model that cannot be fitted again (lib/evaluation/stability.h)
  // - errors of BlobText
  absl::StatusOr<std::shared_ptr<const Measurement>> Measure(const MeasurementInputs& inputs);

 private:
  // Waits for a turn, and ends it.
  class Turn;

  absl::StatusOr<std::shared_ptr<const Measurement>> Compute(const MeasurementInputs& inputs);
  absl::StatusOr<std::shared_ptr<const model::Predictor>> Model(const MeasuredModel& model);
  absl::StatusOr<std::shared_ptr<const FeatureTable>> Table(const MeasuredData& data);

  const BlobText read_;
  const MeasurerOptions options_;
  SizedCache<model::Predictor> models_;
  SizedCache<FeatureTable> tables_;
  SizedCache<Measurement> results_;
  Mutex mutex_;
  CondVar freed_;
  int free_slots_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::evaluation

#endif  // CAIRN_SERVER_EVALUATION_MEASURER_H_

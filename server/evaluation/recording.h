#ifndef CAIRN_SERVER_EVALUATION_RECORDING_H_
#define CAIRN_SERVER_EVALUATION_RECORDING_H_

#include <optional>

#include "absl/status/statusor.h"
#include "cairn/v1/evaluations.pb.h"
#include "lib/evaluation/measure.h"
#include "server/evaluation/inputs.h"
#include "server/storage/kv_store.h"
#include "server/storage/stamp.h"
#include "server/storage/write_set.h"

namespace cairn::evaluation {

// What the server measured, as records. Pure but for reading.

// The evaluation that says what was measured: FINAL, by the server, without what depends on when it
// is recorded (name, times, who asked).
v1::Evaluation ToEvaluation(const MeasurementInputs& inputs, const Measurement& measurement);

// The evaluation of these inputs, if it was recorded before.
absl::StatusOr<std::optional<v1::Evaluation>> FindRecorded(const storage::Snapshot& snapshot,
                                                           const MeasurementInputs& inputs);

// Adds to `write_set` that the measurement is recorded, and answers the evaluation. Guards that
// model and data are there and that nobody records the same meanwhile. At most once in a write set
// for a version. Errors of records::AppendEvaluations.
absl::StatusOr<v1::Evaluation> AddRecord(const storage::Snapshot& snapshot,
                                         const MeasurementInputs& inputs,
                                         const Measurement& measurement,
                                         const storage::Stamp& stamp, storage::WriteSet& write_set);

}  // namespace cairn::evaluation

#endif  // CAIRN_SERVER_EVALUATION_RECORDING_H_

#include "server/evaluation/evaluation_work.h"

#include <optional>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/evaluation/stability.h"
#include "server/evaluation/inputs.h"
#include "server/evaluation/recording.h"
#include "server/operations/operations.h"
#include "server/records/evaluation_records.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::evaluation {
namespace {

using operations::Step;
using storage::Snapshot;
using v1::EvaluateModelVersionMetadata;
using v1::EvaluateModelVersionRequest;
using v1::EvaluateModelVersionResponse;
using v1::Evaluation;

constexpr std::string_view kBegun = "begun";  // the cursor after the first step

enum class Part { kOwnSpace, kStability, kAgainst };

// What a request asks for, in the order in which it is measured.
std::vector<Part> PartsOf(const EvaluateModelVersionRequest& request) {
  std::vector<Part> parts = {Part::kOwnSpace};
  if (request.repeats() != 0) parts.push_back(Part::kStability);
  if (!request.reference_version().empty()) parts.push_back(Part::kAgainst);
  return parts;
}

absl::StatusOr<MeasurementInputs> InputsOf(const Snapshot& snapshot,
                                           const EvaluateModelVersionRequest& request, Part part) {
  CAIRN_ASSIGN_OR_RETURN(MeasurementInputs inputs,
                         ReadInputs(snapshot, request.name(), request.dataset_version(),
                                    part == Part::kAgainst ? request.reference_version() : ""));
  if (part == Part::kStability) inputs.repeats = request.repeats();
  return inputs;
}

absl::Status CheckRepeats(const EvaluateModelVersionRequest& request) {
  const int repeats = request.repeats();
  if (repeats == 0 || (repeats >= kMinRepeats && repeats <= kMaxRepeats)) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, "repeats", std::to_string(repeats),
                      fmt::format("must be 0 or from {} to {}", kMinRepeats, kMaxRepeats))
      .ToStatus();
}

class EvaluationWork final : public operations::Work {
 public:
  EvaluationWork(Measurer& measurer, const Clock& clock) : measurer_(measurer), clock_(clock) {}

  std::string metadata_type() const override {
    return std::string(EvaluateModelVersionMetadata::descriptor()->full_name());
  }

  absl::StatusOr<Step> Next(const Snapshot& snapshot, const google::protobuf::Any& any,
                            const std::string& cursor) override {
    EvaluateModelVersionMetadata metadata;
    any.UnpackTo(&metadata);
    if (cursor.empty()) {
      // After a restart what was recorded is found.
      metadata.clear_evaluations();
      metadata.set_done_evaluation_count(0);
    }
    const auto done = static_cast<size_t>(metadata.done_evaluation_count());
    Step step;
    CAIRN_ASSIGN_OR_RETURN(const auto inputs, InputsOf(snapshot, metadata.request(),
                                                       PartsOf(metadata.request()).at(done)));
    CAIRN_ASSIGN_OR_RETURN(Evaluation evaluation,
                           FindOrMeasure(snapshot, inputs, metadata.principal(), step.write_set));
    metadata.add_evaluations(evaluation.name());
    metadata.set_done_evaluation_count(metadata.evaluations_size());
    step.cursor = kBegun;
    if (metadata.done_evaluation_count() == metadata.evaluation_count()) {
      CAIRN_ASSIGN_OR_RETURN(step.response, ResponseOf(snapshot, metadata, std::move(evaluation)));
    }
    step.metadata = std::make_unique<EvaluateModelVersionMetadata>(std::move(metadata));
    return step;
  }

 private:
  absl::StatusOr<Evaluation> FindOrMeasure(const Snapshot& snapshot,
                                           const MeasurementInputs& inputs,
                                           const std::string& principal,
                                           storage::WriteSet& write_set) {
    CAIRN_ASSIGN_OR_RETURN(auto known, FindRecorded(snapshot, inputs));
    if (known.has_value()) return *std::move(known);
    CAIRN_ASSIGN_OR_RETURN(const auto measured, measurer_.Measure(inputs));
    return AddRecord(snapshot, inputs, *measured, {clock_.NowUnixNanos(), principal}, write_set);
  }

  // The last of the evaluations is recorded with this step.
  static absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ResponseOf(
      const Snapshot& snapshot, const EvaluateModelVersionMetadata& metadata, Evaluation last) {
    auto response = std::make_unique<EvaluateModelVersionResponse>();
    for (int i = 0; i + 1 < metadata.evaluations_size(); ++i) {
      CAIRN_ASSIGN_OR_RETURN(auto stored,
                             records::ReadEvaluation(snapshot, metadata.evaluations(i)));
      *response->add_evaluations() = std::move(*stored.value.mutable_evaluation());
    }
    *response->add_evaluations() = std::move(last);
    return std::unique_ptr<google::protobuf::Message>(std::move(response));
  }

  Measurer& measurer_;
  const Clock& clock_;
};

// What the operation would answer, and an operation that says so.
absl::StatusOr<storage::Plan> Rehearsed(Measurer& measurer,
                                        const std::vector<MeasurementInputs>& all,
                                        EvaluateModelVersionMetadata metadata, int64_t now) {
  EvaluateModelVersionResponse response;
  for (const MeasurementInputs& inputs : all) {
    CAIRN_ASSIGN_OR_RETURN(const auto measured, measurer.Measure(inputs));
    *response.add_evaluations() = ToEvaluation(inputs, *measured);
  }
  *metadata.mutable_create_time() = ToTimestamp(now);
  operations::Operation operation;
  *operation.mutable_metadata() = operations::Pack(metadata);
  operations::MarkDone(operation, absl::OkStatus(), &response, now);
  return storage::AnswerOnly(std::move(operation));
}

}  // namespace

absl::StatusOr<storage::Plan> PlanEvaluateModelVersion(const Snapshot& snapshot, Measurer& measurer,
                                                       const EvaluateModelVersionRequest& request,
                                                       const EvaluateCall& call) {
  CAIRN_RETURN_IF_ERROR(CheckRepeats(request));
  EvaluateModelVersionMetadata metadata;
  std::vector<MeasurementInputs> all(1);
  CAIRN_ASSIGN_OR_RETURN(all[0], InputsOf(snapshot, request, Part::kOwnSpace));
  if (request.dataset_version().empty()) {
    CAIRN_RETURN_IF_ERROR(call.reads.Require(all[0].data.name, all[0].data.name));
  }
  *metadata.mutable_request() = request;
  EvaluateModelVersionRequest& asked = *metadata.mutable_request();
  asked.clear_request_id();
  asked.set_name(all[0].model.version.name());
  asked.set_dataset_version(all[0].data.name);
  metadata.set_principal(call.stamp.principal);
  *metadata.add_resources() = asked.name();
  *metadata.add_resources() = asked.dataset_version();
  for (const Part part : PartsOf(request)) {
    if (part == Part::kOwnSpace) continue;
    CAIRN_ASSIGN_OR_RETURN(all.emplace_back(), InputsOf(snapshot, asked, part));
    if (part != Part::kAgainst) continue;
    asked.set_reference_version(all.back().reference->version.name());
    *metadata.add_resources() = asked.reference_version();
  }
  metadata.set_evaluation_count(static_cast<int32_t>(all.size()));
  if (request.validate_only()) {
    return Rehearsed(measurer, all, std::move(metadata), call.stamp.unix_nanos);
  }
  return operations::PlanCreate(call.operation_id, call.stamp.unix_nanos, metadata);
}

std::unique_ptr<operations::Work> MakeEvaluationWork(Measurer& measurer, const Clock& clock) {
  return std::make_unique<EvaluationWork>(measurer, clock);
}

}  // namespace cairn::evaluation

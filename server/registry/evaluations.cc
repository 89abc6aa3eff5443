#include "server/registry/evaluations.h"

#include <string>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/evaluation_rules.h"
#include "server/registry/models.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {
namespace {

using cairn::internal::EvaluationRecord;
using cairn::v1::Evaluation;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

constexpr std::string_view kAnyVersion = "-";

Evaluation ToResource(Stored<EvaluationRecord> stored) {
  Evaluation evaluation = std::move(*stored.value.mutable_evaluation());
  evaluation.set_etag(EtagOf(stored.mod_revision));
  return evaluation;
}

}  // namespace

absl::StatusOr<Plan> PlanCreateEvaluation(const Snapshot& snapshot,
                                          const cairn::v1::CreateEvaluationRequest& request,
                                          const storage::Stamp& stamp) {
  CAIRN_ASSIGN_OR_RETURN(const VersionName of, ParseModelVersionName("parent", request.parent()));
  CAIRN_ASSIGN_OR_RETURN(const auto version, ReadModelVersion(snapshot, of.parent_id, of.version));
  WriteSet write_set;
  CAIRN_ASSIGN_OR_RETURN(Evaluation evaluation,
                         CheckReported(snapshot, "evaluation", request.evaluation(), write_set));
  const std::string& name = version.value.version().name();
  CAIRN_ASSIGN_OR_RETURN(const auto counter, records::ReadEvaluationCounter(snapshot, name));
  CAIRN_RETURN_IF_ERROR(records::AppendEvaluations(version.value.version(), counter, stamp,
                                                   {&evaluation, 1}, write_set));
  if (request.validate_only()) return storage::AnswerOnly(std::move(evaluation));
  write_set.RequireExists(storage::ModelVersionKey(of.parent_id, of.version));
  return storage::MakePlan(std::move(write_set), std::move(evaluation));
}

absl::StatusOr<Plan> PlanSealEvaluation(const Snapshot& snapshot,
                                        const cairn::v1::SealEvaluationRequest& request,
                                        const storage::Stamp& stamp) {
  CAIRN_ASSIGN_OR_RETURN(const auto stored, records::ReadEvaluation(snapshot, request.name()));
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(request.name(), request.etag(), stored.mod_revision));
  Evaluation evaluation = stored.value.evaluation();
  if (evaluation.state() == Evaluation::FINAL) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::EVALUATION_FINAL,
                 fmt::format("{} is final: record another one", evaluation.name()))
        .With("evaluation", evaluation.name())
        .Precondition("EVALUATION_FINAL", evaluation.name(), "takes no more values");
  }
  evaluation.mutable_values()->MergeFrom(request.values());
  evaluation.set_state(Evaluation::FINAL);
  WriteSet write_set;
  // Also against what the run logged since.
  CAIRN_ASSIGN_OR_RETURN(const Evaluation checked,
                         CheckReported(snapshot, "values", evaluation, write_set));
  *evaluation.mutable_values() = checked.values();
  *evaluation.mutable_seal_time() = ToTimestamp(stamp.unix_nanos);
  evaluation.set_principal(stamp.principal);
  if (request.validate_only()) return storage::AnswerOnly(std::move(evaluation));
  CAIRN_ASSIGN_OR_RETURN(const EvaluationRef ref, ParseEvaluationName("name", evaluation.name()));
  const storage::Key key =
      storage::EvaluationKey(ref.version.parent_id, ref.version.version, ref.number);
  write_set.RequireRevision(key, stored.mod_revision)
      .PutRecord(key, records::EvaluationPayload(evaluation))
      .Emit(cairn::v1::Event::EVALUATION_SEALED, evaluation);
  return storage::MakePlan(std::move(write_set), std::move(evaluation));
}

absl::StatusOr<Evaluation> GetEvaluation(const Snapshot& snapshot,
                                         const cairn::v1::GetEvaluationRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(auto stored, records::ReadEvaluation(snapshot, request.name()));
  return ToResource(std::move(stored));
}

absl::StatusOr<cairn::v1::ListEvaluationsResponse> ListEvaluations(
    const Snapshot& snapshot, const cairn::v1::ListEvaluationsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(auto ids,
                         ParseResourceName("parent", request.parent(), "models/*/versions/*"));
  storage::Key prefix = storage::AllEvaluationsPrefix(ids[0]);
  if (ids[1] == kAnyVersion) {
    CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, ids[0]).status());
  } else {
    CAIRN_ASSIGN_OR_RETURN(const VersionName of, ParseModelVersionName("parent", request.parent()));
    CAIRN_RETURN_IF_ERROR(ReadModelVersion(snapshot, of.parent_id, of.version).status());
    prefix = storage::EvaluationPrefix(of.parent_id, of.version);
  }
  cairn::v1::ListEvaluationsResponse response;
  CAIRN_ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                         storage::ListPage<EvaluationRecord>(
                             snapshot, request, KeyRange::Prefix(prefix), ScanOrder::kDescending,
                             {}, [&](std::string_view, auto stored) {
                               *response.add_evaluations() = ToResource(std::move(stored));
                               return true;
                             }));
  return response;
}

absl::StatusOr<std::vector<Evaluation>> CheckFirstEvaluations(
    const Snapshot& snapshot, const cairn::v1::CreateModelVersionRequest& request,
    WriteSet& write_set) {
  if (request.evaluations_size() > kMaxFirstEvaluations) {
    return InvalidField(ErrorReason::TOO_LARGE, "evaluations",
                        std::to_string(request.evaluations_size()),
                        fmt::format("must have at most {} entries", kMaxFirstEvaluations))
        .ToStatus();
  }
  std::vector<Evaluation> checked;
  for (int i = 0; i < request.evaluations_size(); ++i) {
    Evaluation asked = request.evaluations(i);
    if (asked.run().empty()) asked.set_run(request.model_version().run());
    CAIRN_ASSIGN_OR_RETURN(
        Evaluation evaluation,
        CheckReported(snapshot, fmt::format("evaluations[{}]", i), asked, write_set));
    checked.push_back(std::move(evaluation));
  }
  return checked;
}

absl::StatusOr<std::vector<promotion::EvaluationRead>> ReadFinalEvaluations(
    const Snapshot& snapshot, std::string_view model, int64_t version) {
  std::vector<promotion::EvaluationRead> reads;
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(
      KeyRange::Prefix(storage::EvaluationPrefix(model, version)), ScanOrder::kAscending,
      [&](std::string_view key, const storage::Record& record) {
        auto parsed = storage::ParseRecord<EvaluationRecord>(key, record.payload);
        failure = parsed.status();
        if (!failure.ok()) return false;
        if (parsed->evaluation().state() == Evaluation::FINAL) {
          reads.push_back({std::move(*parsed->mutable_evaluation()), record.mod_revision,
                           Sha256Hex(record.payload), record.payload});
        }
        return true;
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  return reads;
}

}  // namespace cairn::registry

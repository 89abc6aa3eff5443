#include "server/records/evaluation_records.h"

#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::records {
namespace {

using cairn::internal::CounterRecord;
using cairn::internal::EvaluationRecord;
using cairn::v1::Evaluation;
using cairn::v1::ModelVersion;
using storage::WriteSet;

storage::Key CounterOf(std::string_view version_name) {
  return storage::CounterKey(fmt::format("evaluations:{}", version_name));
}

// What the server says of an evaluation that is recorded now as the `number`th of its version.
void Stamped(const ModelVersion& version, const VersionName& of, int64_t number,
             const storage::Stamp& stamp, Evaluation& evaluation) {
  evaluation.set_name(EvaluationName(of.parent_id, of.version, number));
  evaluation.set_version_sha256(version.sha256());
  evaluation.set_principal(stamp.principal);
  *evaluation.mutable_create_time() = ToTimestamp(stamp.unix_nanos);
  evaluation.clear_seal_time();
  if (evaluation.state() == Evaluation::FINAL) {
    *evaluation.mutable_seal_time() = evaluation.create_time();
  }
}

void PutEvaluation(const VersionName& of, int64_t number, const Evaluation& evaluation,
                   WriteSet& write_set) {
  const storage::Key key = storage::EvaluationKey(of.parent_id, of.version, number);
  write_set.RequireAbsent(key)
      .PutRecord(key, EvaluationPayload(evaluation))
      .Emit(cairn::v1::Event::EVALUATION_CREATED, evaluation);
}

void PutCounter(std::string_view version_name, int64_t number, storage::Revision read_at,
                WriteSet& write_set) {
  CounterRecord record;
  record.set_value(number);
  const storage::Key key = CounterOf(version_name);
  write_set.RequireRevision(key, read_at).PutRecord(key, record.SerializeAsString());
}

absl::Status DeleteBelow(const storage::Snapshot& snapshot, const storage::Key& prefix,
                         WriteSet& write_set) {
  return snapshot.Scan(storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
                       [&](std::string_view key, const storage::Record&) {
                         write_set.Delete({prefix.family, std::string(key)});
                         return true;
                       });
}

}  // namespace

absl::StatusOr<EvaluationCounter> ReadEvaluationCounter(const storage::Snapshot& snapshot,
                                                        std::string_view version_name) {
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<CounterRecord>(snapshot, CounterOf(version_name)));
  if (!stored.has_value()) return EvaluationCounter();
  return EvaluationCounter{stored->value.value(), stored->mod_revision};
}

absl::StatusOr<storage::Stored<EvaluationRecord>> ReadEvaluation(const storage::Snapshot& snapshot,
                                                                 std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(const EvaluationRef ref, ParseEvaluationName("name", name));
  CAIRN_ASSIGN_OR_RETURN(
      auto stored, storage::ReadRecord<EvaluationRecord>(
                       snapshot, storage::EvaluationKey(ref.version.parent_id, ref.version.version,
                                                        ref.number)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::EVALUATION_NOT_FOUND, "Evaluation", name).ToStatus();
  }
  return *std::move(stored);
}

std::string EvaluationPayload(Evaluation evaluation) {
  evaluation.clear_etag();
  EvaluationRecord record;
  *record.mutable_evaluation() = std::move(evaluation);
  return record.SerializeAsString();
}

absl::Status AppendEvaluations(const ModelVersion& version, const EvaluationCounter& counter,
                               const storage::Stamp& stamp, std::span<Evaluation> evaluations,
                               WriteSet& write_set) {
  if (evaluations.empty()) return absl::OkStatus();
  const std::string& name = version.name();
  CAIRN_ASSIGN_OR_RETURN(const VersionName of, ParseModelVersionName("name", name));
  int64_t number = counter.value;
  if (number + static_cast<int64_t>(evaluations.size()) > kMaxEvaluations) {
    return Error(absl::StatusCode::kResourceExhausted, ErrorReason::TOO_LARGE,
                 fmt::format("{} has {} evaluations, of {} there may be", name, number,
                             kMaxEvaluations))
        .With("version", name)
        .With("max", std::to_string(kMaxEvaluations));
  }
  for (Evaluation& evaluation : evaluations) {
    Stamped(version, of, ++number, stamp, evaluation);
    PutEvaluation(of, number, evaluation, write_set);
  }
  PutCounter(name, number, counter.revision, write_set);
  return absl::OkStatus();
}

absl::Status CopyEvaluations(const ModelVersion& version, std::span<Evaluation> evaluations,
                             WriteSet& write_set) {
  if (evaluations.empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const VersionName of, ParseModelVersionName("name", version.name()));
  int64_t number = 0;
  for (Evaluation& evaluation : evaluations) {
    evaluation.set_name(EvaluationName(of.parent_id, of.version, ++number));
    PutEvaluation(of, number, evaluation, write_set);
  }
  PutCounter(version.name(), number, /*read_at=*/0, write_set);
  return absl::OkStatus();
}

absl::Status DeleteEvaluations(const storage::Snapshot& snapshot, const VersionName& version,
                               WriteSet& write_set) {
  const auto& [model, number] = version;
  const std::string name = ModelVersionName(model, number);
  CAIRN_ASSIGN_OR_RETURN(const EvaluationCounter counter, ReadEvaluationCounter(snapshot, name));
  CAIRN_RETURN_IF_ERROR(DeleteBelow(snapshot, storage::EvaluationPrefix(model, number), write_set));
  CAIRN_RETURN_IF_ERROR(
      DeleteBelow(snapshot, storage::EvaluationByInputsPrefix(model, number), write_set));
  write_set.RequireRevision(CounterOf(name), counter.revision);
  if (counter.revision != 0) write_set.Delete(CounterOf(name));
  return absl::OkStatus();
}

}  // namespace cairn::records

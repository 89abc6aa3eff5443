#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/migrations/migrations.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::migrations {
namespace {

using cairn::internal::CounterRecord;
using cairn::internal::EvaluationRecord;
using cairn::internal::ModelVersionRecord;
using cairn::internal::ModelVersionRecordV1;
using cairn::v1::Evaluation;
using cairn::v1::ModelVersion;
using storage::WriteSet;

// Versions of one commit: large enough for speed, small enough for its limits.
constexpr size_t kVersionsPerCommit = 100;

struct OldVersion {
  storage::Revision mod_revision = 0;
  ModelVersion version;  // without what was measured
  ModelVersionRecordV1::Version measured;
};

// The evaluations that a version's evidence makes, by the data set that it was measured on.
std::vector<Evaluation> EvaluationsOf(const OldVersion& old) {
  std::map<std::pair<std::string, std::string>, Evaluation> by_dataset;
  for (const auto& evidence : old.measured.evidence()) {
    Evaluation& evaluation = by_dataset[{evidence.dataset_sha256(), evidence.dataset_version()}];
    evaluation.set_dataset_version(evidence.dataset_version());
    evaluation.set_dataset_sha256(evidence.dataset_sha256());
    auto& value = *evaluation.add_values();
    value.set_metric(evidence.metric());
    value.set_definition(evidence.definition());
    value.set_value(evidence.value());
  }
  std::vector<Evaluation> evaluations;
  for (auto& [key, evaluation] : by_dataset) {
    evaluation.set_source(Evaluation::REPORTED);
    evaluation.set_state(Evaluation::FINAL);
    evaluation.set_principal(old.version.principal());
    evaluation.set_run(old.version.run());
    evaluation.set_version_sha256(old.version.sha256());
    *evaluation.mutable_create_time() = old.version.create_time();
    *evaluation.mutable_seal_time() = old.version.create_time();
    evaluations.push_back(std::move(evaluation));
  }
  return evaluations;
}

absl::Status Move(const OldVersion& old, WriteSet& write_set) {
  CAIRN_ASSIGN_OR_RETURN(const VersionName name, ParseModelVersionName("name", old.version.name()));
  int64_t number = 0;
  for (Evaluation& evaluation : EvaluationsOf(old)) {
    evaluation.set_name(EvaluationName(name.parent_id, name.version, ++number));
    EvaluationRecord record;
    *record.mutable_evaluation() = std::move(evaluation);
    write_set.PutRecord(storage::EvaluationKey(name.parent_id, name.version, number),
                        record.SerializeAsString());
  }
  CounterRecord counter;
  counter.set_value(number);
  write_set.PutRecord(storage::CounterKey(fmt::format("evaluations:{}", old.version.name())),
                      counter.SerializeAsString());
  ModelVersionRecord record;
  *record.mutable_version() = old.version;
  const storage::Key key = storage::ModelVersionKey(name.parent_id, name.version);
  write_set.RequireRevision(key, old.mod_revision).PutRecord(key, record.SerializeAsString());
  return absl::OkStatus();
}

// Up to `limit` versions that hold what was measured of them.
absl::StatusOr<std::vector<OldVersion>> OldVersions(const storage::Snapshot& snapshot,
                                                    size_t limit) {
  std::vector<OldVersion> found;
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(
      storage::KeyRange::Prefix(storage::AllModelVersionsPrefix()), storage::ScanOrder::kAscending,
      [&](std::string_view key, const storage::Record& record) {
        auto old = storage::ParseRecord<ModelVersionRecordV1>(key, record.payload);
        auto version = storage::ParseRecord<ModelVersionRecord>(key, record.payload);
        failure = old.ok() ? version.status() : old.status();
        if (!failure.ok()) return false;
        if (old->version().evidence().empty()) return true;
        version->mutable_version()->DiscardUnknownFields();
        found.push_back({record.mod_revision, std::move(*version->mutable_version()),
                         std::move(*old->mutable_version())});
        return found.size() < limit;
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  return found;
}

}  // namespace

absl::StatusOr<int64_t> MoveEvidence(storage::KvStore& store) {
  int64_t moved = 0;
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const auto versions,
                           OldVersions(*store.GetSnapshot(), kVersionsPerCommit));
    if (versions.empty()) return moved;
    WriteSet write_set;
    for (const OldVersion& old : versions) CAIRN_RETURN_IF_ERROR(Move(old, write_set));
    CAIRN_RETURN_IF_ERROR(store.CommitAndWait(std::move(write_set)).status());
    moved += static_cast<int64_t>(versions.size());
  }
}

}  // namespace cairn::migrations

#include "server/registry/situation.h"

#include <set>
#include <string>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/alias_names.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/read_values.h"
#include "server/core/tag_mask.h"
#include "server/records/dataset_refs.h"
#include "server/registry/channel_change.h"
#include "server/registry/evaluations.h"
#include "server/registry/limits.h"
#include "server/registry/models.h"
#include "server/registry/policies.h"
#include "server/registry/policy_cache.h"
#include "server/registry/version_state.h"
#include "server/storage/keyspace.h"

namespace cairn::registry {

using cairn::internal::DatasetVersionRecord;
using cairn::internal::ModelVersionRecord;
using cairn::internal::ModelVersionStateRecord;
using cairn::internal::RunRecord;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;

namespace {

// A word of Run.State; DELETED for a run that is deleted or gone. Empty for no run.
absl::StatusOr<std::string> ReadRunState(const Snapshot& snapshot, const std::string& name) {
  if (name.empty()) return std::string();
  CAIRN_ASSIGN_OR_RETURN(const RunName run, ParseRunName("run", name));
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<RunRecord>(snapshot, storage::RunKey(run.run_id)));
  if (!stored.has_value() || stored->value.run().has_delete_time()) return std::string("DELETED");
  return cairn::v1::Run::State_Name(stored->value.run().state());
}

// A version with its final evaluations, from the bytes of its record.
absl::StatusOr<promotion::VersionRead> ToRead(const Snapshot& snapshot, std::string_view key,
                                              const storage::Record& record) {
  CAIRN_ASSIGN_OR_RETURN(auto parsed,
                         storage::ParseRecord<ModelVersionRecord>(key, record.payload));
  promotion::VersionRead read;
  read.version = std::move(*parsed.mutable_version());
  CAIRN_ASSIGN_OR_RETURN(const VersionName name,
                         ParseModelVersionName("name", read.version.name()));
  read.mod_revision = record.mod_revision;
  const core::Tags registered_tags = read.version.tags();
  CAIRN_ASSIGN_OR_RETURN(const auto state,
                         ReadVersionState(snapshot, name.parent_id, name.version));
  if (state.has_value()) ApplyState(state->value, read.version);
  CAIRN_ASSIGN_OR_RETURN(read.run_state, ReadRunState(snapshot, read.version.run()));
  read.value = promotion::VersionValue(
      record.payload, read.version.state(), read.run_state,
      core::SameTags(registered_tags, read.version.tags()) ? nullptr : &read.version.tags());
  read.sha256 = Sha256Hex(read.value);
  CAIRN_ASSIGN_OR_RETURN(read.evaluations,
                         ReadFinalEvaluations(snapshot, name.parent_id, name.version));
  return read;
}

absl::Status ReadHead(const Snapshot& snapshot, std::string_view channel_name,
                      Situation& situation) {
  CAIRN_ASSIGN_OR_RETURN(ChannelState state, FindChannel(snapshot, channel_name));
  situation.guards.emplace_back(storage::ChannelKey(state.ref.model, state.ref.channel),
                                state.mod_revision);
  situation.channel = std::move(state.channel);
  situation.input.head_epoch = situation.channel.epoch();
  const auto& holds = situation.channel.holds();
  situation.input.holds.assign(holds.begin(), holds.end());
  if (situation.channel.version().empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const VersionName head,
                         ParseModelVersionName("version", situation.channel.version()));
  situation.input.head_version = head.version;
  CAIRN_ASSIGN_OR_RETURN(situation.input.champion,
                         ReadVersion(snapshot, head.parent_id, head.version));
  return absl::OkStatus();
}

// What keys of a version's record and of its state have in common.
std::string VersionPart(std::string_view key) { return std::string(key.substr(1)); }

absl::StatusOr<std::set<std::string>> ArchivedVersions(const Snapshot& snapshot,
                                                       const std::string& model) {
  std::set<std::string> archived;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ModelVersionStateRecord>(
      snapshot, KeyRange::Prefix(storage::ModelVersionStatePrefix(model)), ScanOrder::kAscending,
      [&](std::string_view key, const auto& stored) {
        if (stored.value.state() == cairn::v1::ModelVersion::ARCHIVED) {
          archived.insert(VersionPart(key));
        }
        return true;
      }));
  return archived;
}

// What of a version a decision would name in its read set, in bytes.
int64_t ReadBytes(const promotion::VersionRead& read) {
  constexpr int64_t kAround = 90;  // digest, revision and framing
  int64_t bytes = kAround + static_cast<int64_t>(read.version.name().size());
  for (const promotion::EvaluationRead& item : read.evaluations) {
    bytes += kAround + static_cast<int64_t>(item.evaluation.name().size());
  }
  return bytes;
}

absl::Status CheckReads(const std::string& model, int64_t bytes) {
  if (bytes <= kMaxReadSetBytes) return absl::OkStatus();
  const std::string name = ModelName(model);
  return Error(
             absl::StatusCode::kFailedPrecondition, ErrorReason::TOO_MANY_CANDIDATES,
             fmt::format("{} has more versions, and evaluations of them, than a decision may read: "
                         "their names and digests have more than {} bytes; archive versions that "
                         "are no candidates any more",
                         name, kMaxReadSetBytes))
      .With("model", name)
      .With("limit", std::to_string(kMaxReadSetBytes))
      .Precondition("TOO_MANY_CANDIDATES", name, "too many versions are not archived");
}

// Versions that are archived are not read: a model may have had any number.
absl::Status ReadAllVersions(const Snapshot& snapshot, Situation& situation) {
  const std::string& model = situation.ref.model;
  CAIRN_ASSIGN_OR_RETURN(const std::set<std::string> archived, ArchivedVersions(snapshot, model));
  int64_t bytes = 0;
  absl::Status failure;
  const auto add = [&](std::string_view key, const storage::Record& record) {
    if (archived.contains(VersionPart(key))) return true;
    auto read = ToRead(snapshot, key, record);
    failure = read.status();
    if (!failure.ok()) return false;
    bytes += ReadBytes(*read);
    failure = CheckReads(model, bytes);
    situation.input.candidates.push_back(*std::move(read));
    return failure.ok();
  };
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(KeyRange::Prefix(storage::ModelVersionPrefix(model)),
                                      ScanOrder::kDescending, add));
  return failure;
}

absl::Status ReadCandidates(const Snapshot& snapshot, const std::string& only_version,
                            Situation& situation) {
  const std::string& model = situation.ref.model;
  CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, model).status());
  if (!only_version.empty()) {
    CAIRN_ASSIGN_OR_RETURN(situation.input.only_version,
                           NumberOfVersion(situation.ref, only_version));
    CAIRN_ASSIGN_OR_RETURN(auto read, ReadVersion(snapshot, model, situation.input.only_version));
    const auto& champion = situation.input.champion;
    const int64_t bytes = ReadBytes(read) + (champion ? ReadBytes(*champion) : 0);
    situation.input.candidates.push_back(std::move(read));
    return CheckReads(model, bytes);
  }
  return ReadAllVersions(snapshot, situation);
}

// Resolves the policy's data set once: the newest version, the one of the number, or the one that
// the alias points at. One that is not there leaves `evidence` empty, and then checks are ERROR.
absl::Status ReadEvidence(const Snapshot& snapshot, Situation& situation) {
  const std::string& dataset = situation.policy.evidence_dataset;
  if (dataset.empty()) return absl::OkStatus();
  const std::string& wanted = situation.policy.evidence_version;
  const auto resolved = records::ResolveDatasetVersion(
      snapshot, "evidence.dataset",
      ResourceName({"datasets", dataset, "versions", wanted.empty() ? kLatestAlias : wanted}));
  if (resolved.status().code() == absl::StatusCode::kNotFound) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(resolved.status());
  CAIRN_ASSIGN_OR_RETURN(const auto version,
                         storage::ReadRecord<DatasetVersionRecord>(
                             snapshot, storage::DatasetVersionKey(dataset, resolved->version)));
  if (!version.has_value()) return absl::OkStatus();
  situation.input.evidence =
      promotion::DatasetRead{DatasetVersionName(dataset, resolved->version), version->mod_revision,
                             version->value.version().sha256()};
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<promotion::VersionRead> ReadVersion(const Snapshot& snapshot, std::string_view model,
                                                   int64_t number) {
  const storage::Key key = storage::ModelVersionKey(model, number);
  CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot.Get(key));
  if (!record.has_value()) return ReadModelVersion(snapshot, model, number).status();
  return ToRead(snapshot, key.bytes, *record);
}

std::map<std::string, std::string> TakeValues(promotion::DecisionInput& input) {
  std::map<std::string, std::string> values;
  const auto keep = [&values](std::string value) {
    std::string sha256 = Sha256Hex(value);
    values.insert_or_assign(std::move(sha256), std::move(value));
  };
  const auto collect = [&values](promotion::VersionRead& read) {
    values.insert_or_assign(read.sha256, std::move(read.value));
    for (promotion::EvaluationRead& item : read.evaluations) {
      values.insert_or_assign(item.sha256, std::move(item.value));
    }
  };
  std::vector<std::string> names;
  for (promotion::VersionRead& read : input.candidates) {
    names.push_back(read.version.name());
    collect(read);
  }
  if (input.champion) collect(*input.champion);
  if (input.head_epoch != 0) keep(promotion::HeadValue(input.head_version, input.head_epoch));
  if (input.only_version == 0) keep(promotion::VersionsValue(std::move(names)));
  if (!input.holds.empty()) keep(promotion::HoldsValue(input.holds));
  return values;
}

absl::StatusOr<Situation> ReadSituation(const Snapshot& snapshot, std::string_view channel_name,
                                        const std::string& only_version) {
  Situation situation;
  CAIRN_ASSIGN_OR_RETURN(situation.ref, ParseChannelName("name", channel_name));
  CAIRN_ASSIGN_OR_RETURN(situation.policy_record,
                         ReadGoverningPolicy(snapshot, situation.ref.model, situation.ref.channel));
  const cairn::v1::Policy& stored = situation.policy_record.value.policy();
  CAIRN_ASSIGN_OR_RETURN(situation.policy, ParsedPolicies().Get(stored.source()));
  situation.guards.emplace_back(storage::PolicyKey(situation.policy.name),
                                situation.policy_record.mod_revision);
  situation.input.policy_sha256 = stored.sha256();
  situation.input.policy_revision = stored.revision();
  CAIRN_RETURN_IF_ERROR(ReadHead(snapshot, channel_name, situation));
  CAIRN_RETURN_IF_ERROR(ReadCandidates(snapshot, only_version, situation));
  CAIRN_RETURN_IF_ERROR(ReadEvidence(snapshot, situation));
  situation.values = TakeValues(situation.input);
  situation.values.insert_or_assign(Sha256Hex(stored.source()), stored.source());
  return situation;
}

}  // namespace cairn::registry

#include "server/registry/promotion.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/decide.h"
#include "lib/promotion/policy_parser.h"
#include "server/registry/models.h"
#include "server/registry/policies.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {
namespace {

using cairn::internal::AuditHeadRecord;
using cairn::internal::AuditRecord;
using cairn::internal::ChannelRecord;
using cairn::internal::DatasetRecord;
using cairn::internal::DatasetVersionRecord;
using cairn::internal::DecisionRecord;
using cairn::internal::ModelVersionRecord;
using cairn::internal::PointerRecord;
using cairn::internal::PolicyRecord;
using cairn::v1::Channel;
using cairn::v1::Decision;
using storage::KeyRange;
using storage::Plan;
using storage::Revision;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

// Everything a decision is made from, with the revisions that guard its commit.
struct Situation {
  ChannelRef ref;
  promotion::Policy policy;
  Stored<PolicyRecord> policy_record;
  Channel channel;
  Revision channel_revision = 0;
  promotion::DecisionInput input;
  Revision collection_revision = 0;
  // Record revisions of what was read, for the guards.
  std::vector<std::pair<storage::Key, Revision>> guards;
};

std::string AuditCounter(const ChannelRef& ref) {
  return "audit:" + ChannelName(ref.model, ref.channel);
}

promotion::VersionRead ToRead(const Stored<ModelVersionRecord>& stored) {
  return promotion::VersionRead{stored.value.version(), stored.mod_revision};
}

absl::Status ReadChannel(const Snapshot& snapshot, Situation& situation) {
  const storage::Key key = storage::ChannelKey(situation.ref.model, situation.ref.channel);
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<ChannelRecord>(snapshot, key));
  if (stored.has_value()) {
    situation.channel = stored->value.channel();
    situation.channel_revision = stored->mod_revision;
  }
  situation.guards.emplace_back(key, situation.channel_revision);
  situation.input.head_epoch = situation.channel.epoch();
  if (situation.channel.version().empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(const VersionName head,
                         ParseModelVersionName("version", situation.channel.version()));
  situation.input.head_version = head.version;
  CAIRN_ASSIGN_OR_RETURN(const auto champion,
                         ReadModelVersion(snapshot, head.parent_id, head.version));
  situation.input.champion = ToRead(champion);
  return absl::OkStatus();
}

absl::Status ReadCandidates(const Snapshot& snapshot, const std::string& only_version,
                            Situation& situation) {
  const std::string& model = situation.ref.model;
  CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, model).status());
  if (!only_version.empty()) {
    CAIRN_ASSIGN_OR_RETURN(const VersionName name, ParseModelVersionName("version", only_version));
    if (name.parent_id != model) {
      return InvalidField(ErrorReason::VALUE_INVALID, "version", only_version,
                          fmt::format("must be a version of {}", ModelName(model)));
    }
    CAIRN_ASSIGN_OR_RETURN(const auto stored, ReadModelVersion(snapshot, model, name.version));
    situation.input.only_version = name.version;
    situation.input.candidates.push_back(ToRead(stored));
    return absl::OkStatus();
  }
  const storage::Key collection = storage::CollectionKey(VersionsCollection(model));
  CAIRN_ASSIGN_OR_RETURN(const auto touched, snapshot.Get(collection));
  situation.collection_revision = touched.has_value() ? touched->mod_revision : 0;
  situation.guards.emplace_back(collection, situation.collection_revision);
  return storage::ScanRecords<ModelVersionRecord>(
      snapshot, KeyRange::Prefix(storage::ModelVersionPrefix(model)), ScanOrder::kDescending,
      [&](std::string_view, const auto& stored) {
        situation.input.candidates.push_back(ToRead(stored));
        return true;
      });
}

// Resolves the policy's data set once, to its newest version.
absl::Status ReadEvidence(const Snapshot& snapshot, Situation& situation) {
  const std::string& dataset = situation.policy.evidence_dataset;
  if (dataset.empty()) return absl::OkStatus();
  const storage::Key key = storage::DatasetKey(dataset);
  CAIRN_ASSIGN_OR_RETURN(const auto parent, storage::ReadRecord<DatasetRecord>(snapshot, key));
  situation.guards.emplace_back(key, parent.has_value() ? parent->mod_revision : 0);
  if (!parent.has_value() || parent->value.dataset().latest_version() == 0) return absl::OkStatus();
  const int64_t number = parent->value.dataset().latest_version();
  CAIRN_ASSIGN_OR_RETURN(const auto version,
                         storage::ReadRecord<DatasetVersionRecord>(
                             snapshot, storage::DatasetVersionKey(dataset, number)));
  if (!version.has_value()) return absl::OkStatus();
  situation.input.evidence =
      promotion::DatasetRead{DatasetVersionName(dataset, number), version->mod_revision,
                             version->value.version().sha256()};
  return absl::OkStatus();
}

absl::StatusOr<Situation> ReadSituation(const Snapshot& snapshot, std::string_view channel_name,
                                        const std::string& only_version) {
  Situation situation;
  CAIRN_ASSIGN_OR_RETURN(situation.ref, ParseChannelName("name", channel_name));
  CAIRN_ASSIGN_OR_RETURN(situation.policy_record,
                         ReadGoverningPolicy(snapshot, situation.ref.model, situation.ref.channel));
  const cairn::v1::Policy& stored = situation.policy_record.value.policy();
  CAIRN_ASSIGN_OR_RETURN(situation.policy, promotion::ParsePolicy(stored.source()));
  situation.guards.emplace_back(storage::PolicyKey(situation.policy.name),
                                situation.policy_record.mod_revision);
  situation.input.policy_sha256 = stored.sha256();
  situation.input.policy_revision = stored.revision();
  CAIRN_RETURN_IF_ERROR(ReadChannel(snapshot, situation));
  CAIRN_RETURN_IF_ERROR(ReadCandidates(snapshot, only_version, situation));
  CAIRN_RETURN_IF_ERROR(ReadEvidence(snapshot, situation));
  return situation;
}

absl::Status EpochMoved(const Channel& channel, int64_t expected) {
  return Error(absl::StatusCode::kAborted, ErrorReason::EPOCH_MISMATCH,
               fmt::format("{} moved meanwhile: it is at epoch {} ({}), not {}", channel.name(),
                           channel.epoch(), channel.version(), expected))
      .With("channel", channel.name())
      .With("expectedEpoch", std::to_string(expected))
      .With("currentEpoch", std::to_string(channel.epoch()))
      .With("decision", channel.decision())
      .With("version", channel.version());
}

absl::StatusOr<std::optional<Decision>> FindDecision(const Snapshot& snapshot,
                                                     const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids,
                         ParseResourceName("name", name, "models/*/channels/*/decisions/*"));
  CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<DecisionRecord>(
                                          snapshot, storage::DecisionKey(ids[0], ids[1], ids[2])));
  if (!stored.has_value()) return std::optional<Decision>();
  return std::make_optional(std::move(*stored->value.mutable_decision()));
}

// Moves the head as the decision says.
void MoveHead(const Situation& situation, const Decision& decision, int64_t now_unix_nanos,
              WriteSet& write_set) {
  ChannelRecord record;
  Channel& channel = *record.mutable_channel();
  channel = situation.channel;
  channel.set_name(decision.channel());
  channel.set_version(decision.chosen_version());
  channel.set_epoch(decision.epoch());
  channel.set_decision(decision.name());
  channel.set_policy(decision.policy());
  *channel.mutable_promote_time() = ToTimestamp(now_unix_nanos);
  for (const promotion::VersionRead& candidate : situation.input.candidates) {
    if (candidate.version.name() == decision.chosen_version()) {
      channel.set_version_sha256(candidate.version.sha256());
    }
  }
  if (!decision.previous_version().empty()) {
    write_set.Delete(storage::LineageDownKey(decision.previous_version(), channel.name()));
  }
  write_set
      .PutRecord(storage::ChannelKey(situation.ref.model, situation.ref.channel),
                 record.SerializeAsString())
      .PutRecord(storage::LineageDownKey(decision.chosen_version(), channel.name()), "")
      .Emit(cairn::v1::Event::CHANNEL_MOVED, channel);
}

// Appends the decision to the channel's chain: record, order, audit entry.
absl::Status AppendDecision(const Snapshot& snapshot, const Situation& situation,
                            Decision& decision, WriteSet& write_set) {
  const ChannelRef& ref = situation.ref;
  const storage::Key head_key = storage::CounterKey(AuditCounter(ref));
  CAIRN_ASSIGN_OR_RETURN(const auto head, storage::ReadRecord<AuditHeadRecord>(snapshot, head_key));
  const AuditHeadRecord last = head.has_value() ? head->value : AuditHeadRecord();
  const int64_t sequence = last.decision_count() + 1;
  decision.set_previous_audit_sha256(last.sha256());

  AuditRecord audit;
  audit.set_previous_sha256(last.sha256());
  audit.set_sha256(Sha256Hex(last.sha256() + DeterministicBytes(decision)));
  audit.set_decision(decision.name());
  AuditHeadRecord next;
  next.set_decision_count(sequence);
  next.set_sha256(audit.sha256());
  DecisionRecord record;
  *record.mutable_decision() = decision;
  record.set_sequence(sequence);
  PointerRecord pointer;
  pointer.set_name(decision.name());
  const std::string id = decision.name().substr(decision.name().rfind('/') + 1);
  write_set.RequireRevision(head_key, head.has_value() ? head->mod_revision : 0)
      .PutRecord(head_key, next.SerializeAsString())
      .RequireAbsent(storage::DecisionKey(ref.model, ref.channel, id))
      .PutOnce(storage::DecisionKey(ref.model, ref.channel, id), record.SerializeAsString())
      .PutOnce(storage::DecisionBySequenceKey(ref.model, ref.channel, sequence),
               pointer.SerializeAsString())
      .PutOnce(storage::AuditKey(ref.model, ref.channel, sequence), audit.SerializeAsString())
      .Emit(cairn::v1::Event::DECISION_MADE, decision);
  return absl::OkStatus();
}

absl::StatusOr<Decision> MakeDecision(const Snapshot& snapshot, const Situation& situation,
                                      const storage::Stamp& stamp) {
  CAIRN_ASSIGN_OR_RETURN(Decision decision, promotion::Decide(situation.policy, situation.input));
  *decision.mutable_decide_time() = ToTimestamp(stamp.unix_nanos);
  decision.set_principal(stamp.principal);
  decision.set_store_revision(snapshot.revision());
  return decision;
}

// What a refused or served version's part of a decision says, in sentences.
void AddSentences(const Channel& channel, const cairn::v1::CandidateResult& candidate,
                  cairn::v1::ExplainResponse& response) {
  response.add_sentences(channel.version().empty()
                             ? fmt::format("{} has never served a version.", channel.name())
                             : fmt::format("{} serves {} since epoch {}.", channel.name(),
                                           channel.version(), channel.epoch()));
  if (!candidate.message().empty()) response.add_sentences(candidate.message());
  for (const auto& check : candidate.checks()) {
    if (check.verdict() == cairn::v1::PASS || check.verdict() == cairn::v1::SKIPPED) continue;
    response.add_sentences(fmt::format("{} is {}: {}", check.id(),
                                       cairn::v1::Verdict_Name(check.verdict()), check.message()));
  }
  if (candidate.verdict() == cairn::v1::PASS) return;
  for (const std::string& change : candidate.would_flip()) {
    response.add_sentences("This alone would turn the verdict: " + change);
  }
}

}  // namespace

absl::StatusOr<Plan> PlanPromote(const Snapshot& snapshot, const cairn::v1::PromoteRequest& request,
                                 const storage::Stamp& stamp, std::optional<int64_t>& first_epoch) {
  CAIRN_ASSIGN_OR_RETURN(const Situation situation,
                         ReadSituation(snapshot, request.name(), request.version()));
  const int64_t epoch = situation.input.head_epoch;
  if (request.has_expected_epoch() && request.expected_epoch() != epoch) {
    return EpochMoved(situation.channel, request.expected_epoch());
  }
  if (first_epoch.value_or(epoch) != epoch) return EpochMoved(situation.channel, *first_epoch);
  first_epoch = epoch;

  CAIRN_ASSIGN_OR_RETURN(Decision decision, MakeDecision(snapshot, situation, stamp));
  CAIRN_ASSIGN_OR_RETURN(auto known, FindDecision(snapshot, decision.name()));
  if (known.has_value()) return storage::AnswerOnly(*std::move(known));
  if (request.validate_only()) return storage::AnswerOnly(std::move(decision));

  WriteSet write_set;
  for (const auto& [key, revision] : situation.guards) write_set.RequireRevision(key, revision);
  decision.set_committed(true);
  CAIRN_RETURN_IF_ERROR(AppendDecision(snapshot, situation, decision, write_set));
  if (decision.outcome() == Decision::PROMOTED) {
    MoveHead(situation, decision, stamp.unix_nanos, write_set);
  }
  return storage::MakePlan(std::move(write_set), std::move(decision));
}

absl::StatusOr<Decision> GetDecision(const Snapshot& snapshot,
                                     const cairn::v1::GetDecisionRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(auto decision, FindDecision(snapshot, request.name()));
  if (!decision.has_value()) {
    return NotFound(ErrorReason::DECISION_NOT_FOUND, "Decision", request.name()).ToStatus();
  }
  return *std::move(decision);
}

absl::StatusOr<cairn::v1::ListDecisionsResponse> ListDecisions(
    const Snapshot& snapshot, const cairn::v1::ListDecisionsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("parent", request.parent()));
  cairn::v1::ListDecisionsResponse response;
  absl::Status failure;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<PointerRecord>(
          snapshot, request,
          KeyRange::Prefix(storage::DecisionBySequencePrefix(ref.model, ref.channel)),
          ScanOrder::kDescending, {},
          [&](std::string_view, const auto& pointer, storage::PageRoom& room) {
            if (!failure.ok()) return false;
            auto decision = FindDecision(snapshot, pointer.value.name());
            failure = decision.status();
            if (!failure.ok() || !decision->has_value()) return false;
            (*decision)->clear_read_set();
            if (!room.Take((*decision)->ByteSizeLong())) return false;
            *response.add_decisions() = **std::move(decision);
            return true;
          }));
  CAIRN_RETURN_IF_ERROR(failure);
  if (response.decisions().empty() && request.page_token().empty()) {
    cairn::v1::GetChannelRequest get;
    get.set_name(request.parent());
    CAIRN_RETURN_IF_ERROR(GetChannel(snapshot, get).status());
  }
  return response;
}

absl::StatusOr<cairn::v1::ExplainResponse> Explain(const Snapshot& snapshot,
                                                   const cairn::v1::ExplainRequest& request,
                                                   int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("name", request.name()));
  cairn::v1::GetChannelRequest get;
  get.set_name(request.name());
  cairn::v1::ExplainResponse response;
  CAIRN_ASSIGN_OR_RETURN(*response.mutable_channel(), GetChannel(snapshot, get));
  const Channel& channel = response.channel();
  const bool about_head = request.version().empty() || request.version() == channel.version();
  const std::string version = about_head ? channel.version() : request.version();
  if (about_head && !channel.decision().empty()) {
    CAIRN_ASSIGN_OR_RETURN(auto stored, FindDecision(snapshot, channel.decision()));
    if (stored.has_value()) *response.mutable_decision() = *std::move(stored);
  } else {
    CAIRN_ASSIGN_OR_RETURN(const Situation situation,
                           ReadSituation(snapshot, request.name(), version));
    CAIRN_ASSIGN_OR_RETURN(*response.mutable_decision(),
                           MakeDecision(snapshot, situation, now_unix_nanos));
  }
  for (const auto& candidate : response.decision().candidates()) {
    if (candidate.version() == version) *response.mutable_candidate() = candidate;
  }
  AddSentences(channel, response.candidate(), response);
  return response;
}

}  // namespace cairn::registry

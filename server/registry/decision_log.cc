#include "server/registry/decision_log.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/stored_candidates.h"
#include "server/registry/decision_candidates.h"
#include "server/registry/models.h"
#include "server/registry/promotion.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

using cairn::internal::AuditHeadRecord;
using cairn::internal::DecisionRecord;
using cairn::internal::PointerRecord;
using cairn::v1::Decision;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;
using storage::WriteSet;

namespace {

std::string DecisionCounter(const ChannelRef& ref) {
  return "audit:" + ChannelName(ref.model, ref.channel);
}

absl::StatusOr<std::optional<storage::Stored<DecisionRecord>>> ReadDecisionRecord(
    const Snapshot& snapshot, const DecisionRef& ref) {
  return storage::ReadRecord<DecisionRecord>(snapshot,
                                             storage::DecisionKey(ref.model, ref.channel, ref.id));
}

// Puts what is not there yet. Content has its digest as its key, so writing it twice harms nothing.
absl::Status KeepValues(const Snapshot& snapshot, const std::map<std::string, std::string>& values,
                        WriteSet& write_set) {
  std::vector<storage::Key> keys;
  keys.reserve(values.size());
  for (const auto& [sha256, value] : values) keys.push_back(storage::KeptValueKey(sha256));
  CAIRN_ASSIGN_OR_RETURN(const auto kept, snapshot.MultiGet(keys));
  size_t place = 0;
  for (const auto& [sha256, value] : values) {
    if (!kept[place].has_value()) write_set.PutRecord(std::move(keys[place]), value);
    ++place;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<Decision>> FindDecision(const Snapshot& snapshot,
                                                     const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const DecisionRef ref, ParseDecisionName("name", name));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadDecisionRecord(snapshot, ref));
  if (!stored.has_value()) return std::optional<Decision>();
  CAIRN_RETURN_IF_ERROR(ReadCandidates(snapshot, ref, stored->value));
  return std::make_optional(std::move(*stored->value.mutable_decision()));
}

absl::StatusOr<std::optional<Decision>> FindDecisionHeader(const Snapshot& snapshot,
                                                           const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(const DecisionRef ref, ParseDecisionName("name", name));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadDecisionRecord(snapshot, ref));
  if (!stored.has_value()) return std::optional<Decision>();
  promotion::CountCandidates(stored->value);
  stored->value.mutable_decision()->clear_candidates();
  return std::make_optional(std::move(*stored->value.mutable_decision()));
}

bool SpeaksOf(const Decision& decision, std::string_view version) {
  return std::any_of(decision.candidates().begin(), decision.candidates().end(),
                     [&](const auto& candidate) { return candidate.version() == version; });
}

absl::StatusOr<KeyRange> DecisionsUpTo(const Snapshot& snapshot, const ChannelRef& ref,
                                       const std::optional<Moment>& moment) {
  KeyRange range = KeyRange::Prefix(storage::DecisionBySequencePrefix(ref.model, ref.channel));
  if (!moment) return range;
  CAIRN_ASSIGN_OR_RETURN(
      const auto count,
      storage::ReadRecord<AuditHeadRecord>(snapshot, storage::CounterKey(DecisionCounter(ref))));
  CAIRN_ASSIGN_OR_RETURN(
      const int64_t made,
      CountWhile(
          count ? count->value.decision_count() : 0, [&](int64_t place) -> absl::StatusOr<bool> {
            CAIRN_ASSIGN_OR_RETURN(const auto pointer, snapshot.Get(storage::DecisionBySequenceKey(
                                                           ref.model, ref.channel, place)));
            return pointer && pointer->mod_revision <= moment->revision;
          }));
  range.end = storage::DecisionBySequenceKey(ref.model, ref.channel, made + 1).bytes;
  return range;
}

absl::StatusOr<Decision> LastDecisionAbout(const Snapshot& snapshot, const ChannelRef& ref,
                                           const std::string& version, const Moment& moment) {
  CAIRN_ASSIGN_OR_RETURN(const KeyRange range, DecisionsUpTo(snapshot, ref, moment));
  std::optional<Decision> found;
  absl::Status failure;
  int looked_through = 0;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<PointerRecord>(
      snapshot, range, ScanOrder::kDescending, [&](std::string_view, const auto& pointer) {
        if (++looked_through > kLookedThrough) return false;
        auto decision = FindDecision(snapshot, pointer.value.name());
        failure = decision.status();
        if (!failure.ok()) return false;
        if (decision->has_value() && SpeaksOf(**decision, version)) found = **std::move(decision);
        return !found.has_value();
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  if (found) return *std::move(found);
  const std::string channel = ChannelName(ref.model, ref.channel);
  return Error(absl::StatusCode::kNotFound, ErrorReason::DECISION_NOT_FOUND,
               fmt::format("no decision about {} speaks of {}, of the {} newest up to revision {}",
                           channel, version, kLookedThrough, moment.revision))
      .With("channel", channel)
      .With("version", version)
      .Resource("Decision", channel + "/decisions")
      .ToStatus();
}

absl::Status AppendDecision(const Snapshot& snapshot, const ChannelRef& ref,
                            const Decision& decision, const DecisionGrounds& grounds,
                            WriteSet& write_set) {
  const storage::Key count_key = storage::CounterKey(DecisionCounter(ref));
  CAIRN_ASSIGN_OR_RETURN(const auto count,
                         storage::ReadRecord<AuditHeadRecord>(snapshot, count_key));
  AuditHeadRecord next = count.has_value() ? count->value : AuditHeadRecord();
  next.set_decision_count(next.decision_count() + 1);
  DecisionRecord record;
  *record.mutable_decision() = decision;
  record.set_sequence(next.decision_count());
  CAIRN_ASSIGN_OR_RETURN(const DecisionRef place, ParseDecisionName("name", decision.name()));
  PutCandidates(place, promotion::SplitCandidates(record), write_set);
  PointerRecord pointer;
  pointer.set_name(decision.name());
  const std::string payload = record.SerializeAsString();
  write_set.RequireRevision(count_key, count.has_value() ? count->mod_revision : 0)
      .PutRecord(count_key, next.SerializeAsString())
      .RequireAbsent(storage::DecisionKey(ref.model, ref.channel, place.id))
      .PutOnce(storage::DecisionKey(ref.model, ref.channel, place.id), payload)
      .PutOnce(storage::DecisionBySequenceKey(ref.model, ref.channel, next.decision_count()),
               pointer.SerializeAsString())
      .Emit(cairn::v1::Event::DECISION_MADE, decision)
      .Audit(cairn::v1::Event::DECISION_MADE, decision.name(), payload,
             grounds.policy_source.empty() ? "" : Sha256Hex(grounds.policy_source));
  return grounds.values == nullptr ? absl::OkStatus()
                                   : KeepValues(snapshot, *grounds.values, write_set);
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
  CAIRN_ASSIGN_OR_RETURN(const auto moment, MomentOf(snapshot, request));
  CAIRN_ASSIGN_OR_RETURN(const KeyRange range, DecisionsUpTo(snapshot, ref, moment));
  cairn::v1::ListDecisionsResponse response;
  absl::Status failure;
  CAIRN_ASSIGN_OR_RETURN(*response.mutable_next_page_token(),
                         storage::ListPage<PointerRecord>(
                             snapshot, request, range, ScanOrder::kDescending, {},
                             [&](std::string_view, const auto& pointer, storage::PageRoom& room) {
                               if (!failure.ok()) return false;
                               auto decision = FindDecisionHeader(snapshot, pointer.value.name());
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
    get.set_as_of_revision(request.as_of_revision());
    if (request.has_as_of_time()) *get.mutable_as_of_time() = request.as_of_time();
    CAIRN_RETURN_IF_ERROR(GetChannel(snapshot, get).status());
  }
  return response;
}

}  // namespace cairn::registry

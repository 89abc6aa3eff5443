#include "server/registry/decision_log.h"

#include <utility>

#include "cairn/internal/records.pb.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/registry/models.h"
#include "server/registry/promotion.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

using cairn::internal::AuditHeadRecord;
using cairn::internal::AuditRecord;
using cairn::internal::DecisionRecord;
using cairn::internal::PointerRecord;
using cairn::v1::Decision;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;
using storage::WriteSet;

namespace {

std::string AuditCounter(const ChannelRef& ref) {
  return "audit:" + ChannelName(ref.model, ref.channel);
}

}  // namespace

absl::StatusOr<std::optional<Decision>> FindDecision(const Snapshot& snapshot,
                                                     const std::string& name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids,
                         ParseResourceName("name", name, "models/*/channels/*/decisions/*"));
  CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<DecisionRecord>(
                                          snapshot, storage::DecisionKey(ids[0], ids[1], ids[2])));
  if (!stored.has_value()) return std::optional<Decision>();
  return std::make_optional(std::move(*stored->value.mutable_decision()));
}

absl::Status AppendDecision(const Snapshot& snapshot, const ChannelRef& ref, Decision& decision,
                            WriteSet& write_set) {
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

}  // namespace cairn::registry

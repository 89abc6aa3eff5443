#include "server/registry/rollouts.h"

#include <optional>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/status_macros.h"
#include "server/registry/decision_log.h"
#include "server/registry/models.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

using cairn::internal::PointerRecord;
using cairn::internal::RolloutRecord;
using cairn::v1::Channel;
using cairn::v1::Decision;
using cairn::v1::Rollout;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;
using storage::WriteSet;

namespace {

std::string RolloutName(const ChannelRef& ref, int64_t epoch) {
  return fmt::format("{}/rollouts/{}", ChannelName(ref.model, ref.channel), epoch);
}

std::string Payload(const Rollout& rollout) {
  RolloutRecord record;
  *record.mutable_rollout() = rollout;
  return record.SerializeAsString();
}

// The rollout of the head, as it is kept or, of a channel from before there were any, as it would
// be.
absl::StatusOr<Rollout> RolloutOfHead(const Snapshot& snapshot, const ChannelRef& ref,
                                      const Channel& head) {
  const storage::Key key = storage::RolloutKey(ref.model, ref.channel, head.epoch());
  CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<RolloutRecord>(snapshot, key));
  if (stored.has_value()) return std::move(*stored->value.mutable_rollout());
  Rollout rollout;
  rollout.set_name(RolloutName(ref, head.epoch()));
  rollout.set_state(kFirstRolloutState);
  rollout.set_version(head.version());
  rollout.set_decision(head.decision());
  *rollout.mutable_create_time() = head.promote_time();
  return rollout;
}

bool Moved(const Decision& decision) { return decision.epoch() != decision.epoch_seen(); }

// The versions of epochs before `epoch`, by the decisions that moved the head.
absl::Status VisitByDecisions(const Snapshot& snapshot, const ChannelRef& ref, int64_t epoch,
                              const ServedVisitor& visit) {
  absl::Status failure;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<PointerRecord>(
      snapshot, KeyRange::Prefix(storage::DecisionBySequencePrefix(ref.model, ref.channel)),
      ScanOrder::kDescending, [&](std::string_view, const auto& pointer) {
        const auto decision = FindDecisionHeader(snapshot, pointer.value.name());
        failure = decision.status();
        if (!failure.ok()) return false;
        if (!decision->has_value() || !Moved(**decision) || (*decision)->epoch() >= epoch) {
          return true;
        }
        const std::string& version = (*decision)->chosen_version();
        return version.empty() || visit(version, (*decision)->epoch());
      }));
  return failure;
}

}  // namespace

absl::Status TurnRollout(const Snapshot& snapshot, const ChannelRef& ref, const Channel& before,
                         const Decision& decision, int64_t now_unix_nanos, WriteSet& write_set) {
  const auto now = ToTimestamp(now_unix_nanos);
  if (before.epoch() > 0) {
    CAIRN_ASSIGN_OR_RETURN(Rollout ended, RolloutOfHead(snapshot, ref, before));
    ended.set_state(decision.kind() == Decision::ROLLBACK ? Rollout::ROLLED_BACK
                                                          : Rollout::SUPERSEDED);
    ended.set_end_decision(decision.name());
    *ended.mutable_end_time() = now;
    write_set.PutRecord(storage::RolloutKey(ref.model, ref.channel, before.epoch()),
                        Payload(ended));
  }
  Rollout begun;
  begun.set_name(RolloutName(ref, decision.epoch()));
  begun.set_state(kFirstRolloutState);
  begun.set_version(decision.chosen_version());
  begun.set_decision(decision.name());
  *begun.mutable_create_time() = now;
  write_set.PutRecord(storage::RolloutKey(ref.model, ref.channel, decision.epoch()),
                      Payload(begun));
  return absl::OkStatus();
}

absl::Status VisitServedBefore(const Snapshot& snapshot, const ChannelRef& ref,
                               const Channel& channel, const ServedVisitor& visit) {
  for (int64_t epoch = channel.epoch() - 1; epoch > 0; --epoch) {
    const storage::Key key = storage::RolloutKey(ref.model, ref.channel, epoch);
    CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<RolloutRecord>(snapshot, key));
    if (!stored.has_value()) return VisitByDecisions(snapshot, ref, epoch + 1, visit);
    const std::string& version = stored->value.rollout().version();
    if (!version.empty() && !visit(version, epoch)) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<cairn::v1::ListRolloutsResponse> ListRollouts(
    const Snapshot& snapshot, const cairn::v1::ListRolloutsRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("parent", request.parent()));
  cairn::v1::GetChannelRequest get;
  get.set_name(request.parent());
  CAIRN_RETURN_IF_ERROR(GetChannel(snapshot, get).status());
  cairn::v1::ListRolloutsResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<RolloutRecord>(
          snapshot, request, KeyRange::Prefix(storage::RolloutPrefix(ref.model, ref.channel)),
          ScanOrder::kDescending, {}, [&](std::string_view, auto stored) {
            *response.add_rollouts() = std::move(*stored.value.mutable_rollout());
            return true;
          }));
  return response;
}

}  // namespace cairn::registry

#include "server/registry/policies.h"

#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/policy_parser.h"
#include "server/registry/models.h"
#include "server/registry/past.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"

namespace cairn::registry {
namespace {

using cairn::internal::ChannelRecord;
using cairn::internal::PointerRecord;
using cairn::internal::PolicyRecord;
using cairn::v1::ApplyPolicyResponse;
using cairn::v1::Policy;
using storage::Plan;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

Policy ToResource(Stored<PolicyRecord> stored) {
  Policy policy = std::move(*stored.value.mutable_policy());
  policy.set_etag(EtagOf(stored.mod_revision));
  return policy;
}

std::string Payload(const Policy& policy) {
  PolicyRecord record;
  *record.mutable_policy() = policy;
  record.mutable_policy()->clear_etag();
  return record.SerializeAsString();
}

absl::Status ChannelGoverned(std::string_view channel, std::string_view holder) {
  return Error(absl::StatusCode::kAlreadyExists, ErrorReason::CHANNEL_GOVERNED,
               fmt::format("{} is governed by policy \"{}\"", channel, holder))
      .With("channel", channel)
      .With("policy", holder)
      .Resource("Policy", PolicyName(holder));
}

// Lets the policy govern its channel: the pointer to it and the channel's own
// record, which is created with the first policy.
absl::Status GovernChannel(const Snapshot& snapshot, const promotion::Policy& rule,
                           WriteSet& write_set) {
  const storage::Key pointer_key = storage::PolicyByChannelKey(rule.model, rule.channel);
  CAIRN_ASSIGN_OR_RETURN(const auto pointer,
                         storage::ReadRecord<PointerRecord>(snapshot, pointer_key));
  if (pointer.has_value() && pointer->value.name() != rule.name) {
    return ChannelGoverned(ChannelName(rule.model, rule.channel), pointer->value.name());
  }
  if (pointer.has_value()) return absl::OkStatus();
  PointerRecord holder;
  holder.set_name(rule.name);
  write_set.RequireAbsent(pointer_key).PutRecord(pointer_key, holder.SerializeAsString());

  const storage::Key channel_key = storage::ChannelKey(rule.model, rule.channel);
  CAIRN_ASSIGN_OR_RETURN(const auto channel,
                         storage::ReadRecord<ChannelRecord>(snapshot, channel_key));
  ChannelRecord record = channel.has_value() ? channel->value : ChannelRecord();
  record.mutable_channel()->set_name(ChannelName(rule.model, rule.channel));
  record.mutable_channel()->set_policy(PolicyName(rule.name));
  write_set.RequireRevision(channel_key, channel.has_value() ? channel->mod_revision : 0)
      .PutRecord(channel_key, record.SerializeAsString())
      .Audit(cairn::v1::Event::CHANNEL_UPDATED, record.channel().name(),
             record.SerializeAsString());
  return absl::OkStatus();
}

// A policy that moves to another channel leaves the old one ungoverned.
absl::Status LeaveChannel(const Snapshot& snapshot, const std::string& channel_name,
                          WriteSet& write_set) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("channel", channel_name));
  const storage::Key channel_key = storage::ChannelKey(ref.model, ref.channel);
  CAIRN_ASSIGN_OR_RETURN(const auto channel,
                         storage::ReadRecord<ChannelRecord>(snapshot, channel_key));
  write_set.Delete(storage::PolicyByChannelKey(ref.model, ref.channel));
  if (!channel.has_value()) return absl::OkStatus();
  ChannelRecord record = channel->value;
  record.mutable_channel()->clear_policy();
  write_set.RequireRevision(channel_key, channel->mod_revision)
      .PutRecord(channel_key, record.SerializeAsString())
      .Audit(cairn::v1::Event::CHANNEL_UPDATED, record.channel().name(),
             record.SerializeAsString());
  return absl::OkStatus();
}

bool Sees(const auth::Sight& sight, const Policy& policy) {
  return sight.Sees(policy.name()) || sight.Sees(policy.channel());
}

ApplyPolicyResponse Response(Policy policy, ApplyPolicyResponse::Change change) {
  ApplyPolicyResponse response;
  *response.mutable_policy() = std::move(policy);
  response.set_change(change);
  return response;
}

}  // namespace

absl::StatusOr<Policy> GetPolicy(const Snapshot& snapshot,
                                 const cairn::v1::GetPolicyRequest& request,
                                 const auth::Allowance& reads) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName("name", request.name(), "policies/*"));
  CAIRN_ASSIGN_OR_RETURN(auto stored,
                         storage::ReadRecord<PolicyRecord>(snapshot, storage::PolicyKey(ids[0])));
  CAIRN_RETURN_IF_ERROR(RefusePast(request));
  if (request.revision() != 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "revision", std::to_string(request.revision()),
                        "not supported yet: must be 0")
        .ToStatus();
  }
  if (!stored.has_value() || !Sees(reads.sight, stored->value.policy())) {
    CAIRN_RETURN_IF_ERROR(reads.Require(PolicyName(ids[0]), request.name()));
  }
  if (!stored.has_value()) {
    return NotFound(ErrorReason::POLICY_NOT_FOUND, "Policy", request.name()).ToStatus();
  }
  return ToResource(*std::move(stored));
}

absl::StatusOr<cairn::v1::ListPoliciesResponse> ListPolicies(
    const Snapshot& snapshot, const cairn::v1::ListPoliciesRequest& request,
    const auth::Sight& sight) {
  cairn::v1::ListPoliciesResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPageOf<PolicyRecord>(
          snapshot, request, storage::KeyRange::Prefix(storage::PolicyPrefix()),
          storage::ScanOrder::kAscending, {},
          [&](const PolicyRecord& record) { return Sees(sight, record.policy()); },
          [&](std::string_view, auto stored) {
            *response.add_policies() = ToResource(std::move(stored));
            return true;
          }));
  return response;
}

absl::StatusOr<cairn::v1::RenderPolicyResponse> RenderPolicy(
    const cairn::v1::RenderPolicyRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const promotion::Policy rule, promotion::ParsePolicy(request.source()));
  cairn::v1::RenderPolicyResponse response;
  response.set_rendered(promotion::RenderPolicy(rule));
  response.set_sha256(promotion::PolicyDigest(rule));
  return response;
}

absl::StatusOr<Plan> PlanApplyPolicy(const Snapshot& snapshot,
                                     const cairn::v1::ApplyPolicyRequest& request,
                                     const storage::Stamp& stamp, const auth::Allowance& promotes) {
  CAIRN_ASSIGN_OR_RETURN(const promotion::Policy rule, promotion::ParsePolicy(request.source()));
  const std::string channel = ChannelName(rule.model, rule.channel);
  CAIRN_RETURN_IF_ERROR(promotes.Require(channel));
  const storage::Key key = storage::PolicyKey(rule.name);
  CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<PolicyRecord>(snapshot, key));
  Policy policy = stored.has_value() ? stored->value.policy() : Policy();
  if (stored.has_value()) {
    CAIRN_RETURN_IF_ERROR(promotes.Require(policy.channel(), policy.name()));
  }
  const std::string digest = promotion::PolicyDigest(rule);
  if (stored.has_value() && policy.sha256() == digest) {
    return storage::AnswerOnly(
        Response(ToResource(*std::move(stored)), ApplyPolicyResponse::UNCHANGED));
  }

  WriteSet write_set;
  if (stored.has_value() && policy.channel() != channel) {
    CAIRN_RETURN_IF_ERROR(LeaveChannel(snapshot, policy.channel(), write_set));
  }
  CAIRN_RETURN_IF_ERROR(GovernChannel(snapshot, rule, write_set));
  policy.set_name(PolicyName(rule.name));
  policy.set_source(request.source());
  policy.set_sha256(digest);
  policy.set_revision(policy.revision() + 1);
  policy.set_channel(channel);
  if (!policy.has_create_time()) *policy.mutable_create_time() = ToTimestamp(stamp.unix_nanos);
  *policy.mutable_update_time() = ToTimestamp(stamp.unix_nanos);
  policy.set_principal(stamp.principal);
  const auto change =
      stored.has_value() ? ApplyPolicyResponse::CONFIGURED : ApplyPolicyResponse::CREATED;
  if (request.validate_only()) return storage::AnswerOnly(Response(std::move(policy), change));

  const std::string payload = Payload(policy);
  write_set.RequireRevision(key, stored.has_value() ? stored->mod_revision : 0)
      .PutRecord(key, payload)
      .PutRecord(storage::PolicyRevisionKey(rule.name, digest), payload)
      .Emit(cairn::v1::Event::POLICY_APPLIED, policy)
      .Audit(cairn::v1::Event::POLICY_APPLIED, policy.name(), payload);
  return storage::MakePlan(std::move(write_set), Response(std::move(policy), change));
}

absl::StatusOr<Stored<PolicyRecord>> ReadGoverningPolicy(const Snapshot& snapshot,
                                                         std::string_view model,
                                                         std::string_view channel) {
  CAIRN_ASSIGN_OR_RETURN(
      const auto pointer,
      storage::ReadRecord<PointerRecord>(snapshot, storage::PolicyByChannelKey(model, channel)));
  if (pointer.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<PolicyRecord>(
                                            snapshot, storage::PolicyKey(pointer->value.name())));
    if (stored.has_value()) return *std::move(stored);
  }
  CAIRN_RETURN_IF_ERROR(ReadModel(snapshot, model).status());
  const std::string name = ChannelName(model, channel);
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::CHANNEL_UNGOVERNED,
               fmt::format("no policy governs {}: apply one first", name))
      .With("channel", name)
      .Precondition("POLICY", name, "no policy governs the channel")
      .ToStatus();
}

}  // namespace cairn::registry

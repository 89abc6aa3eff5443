#include "server/registry/policies.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/policy_parser.h"
#include "server/registry/channel_head.h"
#include "server/registry/limits.h"
#include "server/registry/models.h"
#include "server/registry/past.h"
#include "server/registry/policy_cache.h"
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

// Lets the policy govern its channel: the pointer to it and the channel's own record, which is
// created with the first policy. Another rule is a change of the channel as well.
absl::Status GovernChannel(const Snapshot& snapshot, const promotion::Policy& rule,
                           WriteSet& write_set) {
  const storage::Key pointer_key = storage::PolicyByChannelKey(rule.model, rule.channel);
  CAIRN_ASSIGN_OR_RETURN(const auto pointer,
                         storage::ReadRecord<PointerRecord>(snapshot, pointer_key));
  if (pointer.has_value() && pointer->value.name() != rule.name) {
    return ChannelGoverned(ChannelName(rule.model, rule.channel), pointer->value.name());
  }
  if (!pointer.has_value()) {
    PointerRecord holder;
    holder.set_name(rule.name);
    write_set.RequireAbsent(pointer_key).PutRecord(pointer_key, holder.SerializeAsString());
  }
  const storage::Key channel_key = storage::ChannelKey(rule.model, rule.channel);
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<ChannelRecord>(snapshot, channel_key));
  cairn::v1::Channel channel = stored.has_value() ? stored->value.channel() : cairn::v1::Channel();
  channel.set_name(ChannelName(rule.model, rule.channel));
  channel.set_policy(PolicyName(rule.name));
  write_set.RequireRevision(channel_key, stored.has_value() ? stored->mod_revision : 0);
  PutChannel({rule.model, rule.channel}, std::move(channel), cairn::v1::Event::CHANNEL_UPDATED,
             write_set);
  return absl::OkStatus();
}

absl::Status LeftUngoverned(const cairn::v1::Channel& channel, std::string_view way_out) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::CHANNEL_LEFT_UNGOVERNED,
               fmt::format("{} serves {} and would be left without a policy: {}", channel.name(),
                           channel.version(), way_out))
      .With("channel", channel.name())
      .With("version", channel.version())
      .With("instead", way_out)
      .Precondition("POLICY", channel.name(), "the channel serves a version");
}

// Takes the policy from its channel. CHANNEL_LEFT_UNGOVERNED, telling the way out, if the channel
// serves a version; an empty way out allows it.
absl::Status LeaveChannel(const Snapshot& snapshot, const std::string& channel_name,
                          std::string_view way_out, WriteSet& write_set) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("channel", channel_name));
  const storage::Key channel_key = storage::ChannelKey(ref.model, ref.channel);
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<ChannelRecord>(snapshot, channel_key));
  write_set.Delete(storage::PolicyByChannelKey(ref.model, ref.channel));
  if (!stored.has_value()) return absl::OkStatus();
  cairn::v1::Channel channel = stored->value.channel();
  if (!way_out.empty() && !channel.version().empty()) return LeftUngoverned(channel, way_out);
  channel.clear_policy();
  write_set.RequireRevision(channel_key, stored->mod_revision);
  PutChannel(ref, std::move(channel), cairn::v1::Event::CHANNEL_UPDATED, write_set);
  return absl::OkStatus();
}

// Of fixed length, so that they ascend as the numbers do. Beside them stand those by digest.
constexpr size_t kRevisionDigits = 20;

storage::Key RevisionKey(std::string_view policy, int64_t revision) {
  return storage::PolicyRevisionKey(policy, fmt::format("{:0{}}", revision, kRevisionDigits));
}

bool IsByNumber(std::string_view policy, std::string_view key_bytes) {
  const auto last = storage::LastStringOf(storage::PolicyRevisionPrefix(policy), key_bytes);
  return last.ok() && last->size() == kRevisionDigits;
}

// The number of the newest revision there ever was, also of a policy that was deleted since.
absl::StatusOr<int64_t> LastRevision(const Snapshot& snapshot, std::string_view policy) {
  int64_t last = 0;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<PolicyRecord>(
      snapshot, storage::KeyRange::Prefix(storage::PolicyRevisionPrefix(policy)),
      storage::ScanOrder::kDescending, [&](std::string_view key, const auto& stored) {
        if (IsByNumber(policy, key)) last = stored.value.policy().revision();
        return last == 0;
      }));
  return last;
}

bool Sees(const auth::Sight& sight, const Policy& policy) {
  return sight.Sees(policy.name()) || sight.Sees(policy.channel());
}

// May READ it, whether or not there is one of that name.
absl::Status RequireRead(const std::optional<Stored<PolicyRecord>>& stored, std::string_view policy,
                         std::string_view as, const auth::Allowance& reads) {
  if (stored.has_value() && Sees(reads.sight, stored->value.policy())) return absl::OkStatus();
  return reads.Require(PolicyName(policy), as);
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
  CAIRN_RETURN_IF_ERROR(RequireRead(stored, ids[0], request.name(), reads));
  CAIRN_ASSIGN_OR_RETURN(const auto moment, MomentOf(snapshot, request));
  if (request.revision() == 0) {
    CAIRN_ASSIGN_OR_RETURN(stored, ReadAsOf<PolicyRecord>(snapshot, storage::PolicyKey(ids[0]),
                                                          PolicyName(ids[0]), moment));
  } else if (!stored.has_value() || stored->value.policy().revision() != request.revision()) {
    CAIRN_ASSIGN_OR_RETURN(stored, storage::ReadRecord<PolicyRecord>(
                                       snapshot, RevisionKey(ids[0], request.revision())));
  }
  // A revision is never written over.
  const bool came_later = moment && stored && stored->mod_revision > moment->revision;
  if (!stored.has_value() || came_later) {
    return NotThere(ErrorReason::POLICY_NOT_FOUND, "Policy", request.name(), moment);
  }
  return ToResource(*std::move(stored));
}

absl::StatusOr<cairn::v1::ListPolicyRevisionsResponse> ListPolicyRevisions(
    const Snapshot& snapshot, const cairn::v1::ListPolicyRevisionsRequest& request,
    const auth::Allowance& reads) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName("parent", request.parent(), "policies/*"));
  CAIRN_ASSIGN_OR_RETURN(auto stored,
                         storage::ReadRecord<PolicyRecord>(snapshot, storage::PolicyKey(ids[0])));
  CAIRN_RETURN_IF_ERROR(RequireRead(stored, ids[0], request.parent(), reads));
  cairn::v1::ListPolicyRevisionsResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<PolicyRecord>(
          snapshot, request, storage::KeyRange::Prefix(storage::PolicyRevisionPrefix(ids[0])),
          storage::ScanOrder::kDescending, {}, [&](std::string_view key, auto revision) {
            if (!IsByNumber(ids[0], key)) return false;
            *response.add_policies() = ToResource(std::move(revision));
            return true;
          }));
  if (response.policies().empty() && request.page_token().empty() && !stored.has_value()) {
    return NotFound(ErrorReason::POLICY_NOT_FOUND, "Policy", request.parent()).ToStatus();
  }
  return response;
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
  CAIRN_ASSIGN_OR_RETURN(const promotion::Policy rule, ParsedPolicies().Get(request.source()));
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
    CAIRN_RETURN_IF_ERROR(LeaveChannel(
        snapshot, policy.channel(),
        fmt::format("apply the rule for {} under another name; DeletePolicy with leave_ungoverned "
                    "gives the old channel up",
                    channel),
        write_set));
  }
  CAIRN_RETURN_IF_ERROR(GovernChannel(snapshot, rule, write_set));
  policy.set_name(PolicyName(rule.name));
  policy.set_source(request.source());
  policy.set_sha256(digest);
  CAIRN_ASSIGN_OR_RETURN(const int64_t last, LastRevision(snapshot, rule.name));
  policy.set_revision(std::max(policy.revision(), last) + 1);
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
      .PutRecord(RevisionKey(rule.name, policy.revision()), payload)
      .Emit(cairn::v1::Event::POLICY_APPLIED, policy)
      .Audit(cairn::v1::Event::POLICY_APPLIED, policy.name(), payload);
  return storage::MakePlan(std::move(write_set), Response(std::move(policy), change));
}

absl::StatusOr<Plan> PlanDeletePolicy(const Snapshot& snapshot,
                                      const cairn::v1::DeletePolicyRequest& request,
                                      const storage::Stamp& stamp,
                                      const auth::Allowance& promotes) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName("name", request.name(), "policies/*"));
  const storage::Key key = storage::PolicyKey(ids[0]);
  CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<PolicyRecord>(snapshot, key));
  CAIRN_RETURN_IF_ERROR(promotes.Require(
      stored.has_value() ? stored->value.policy().channel() : PolicyName(ids[0]), request.name()));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::POLICY_NOT_FOUND, "Policy", request.name()).ToStatus();
  }
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(request.name(), request.etag(), stored->mod_revision));
  if (request.reason().empty() || request.reason().size() > kMaxTextBytes) {
    return InvalidField(ErrorReason::VALUE_INVALID, "reason", request.reason(),
                        fmt::format("must be 1 to {} bytes long", kMaxTextBytes));
  }
  Policy policy = stored->value.policy();
  WriteSet write_set;
  CAIRN_RETURN_IF_ERROR(LeaveChannel(
      snapshot, policy.channel(),
      request.leave_ungoverned() ? "" : "set leave_ungoverned to delete it all the same",
      write_set));
  if (request.validate_only()) return storage::AnswerOnly(google::protobuf::Empty());
  policy.set_source("# Deleted: " + request.reason() + "\n");
  policy.clear_sha256();
  policy.set_revision(policy.revision() + 1);
  policy.set_principal(stamp.principal);
  *policy.mutable_update_time() = ToTimestamp(stamp.unix_nanos);
  write_set.RequireRevision(key, stored->mod_revision)
      .Delete(key)
      .PutRecord(RevisionKey(ids[0], policy.revision()), Payload(policy))
      .Emit(policy.name(), cairn::v1::Event::POLICY_DELETED)
      .Audit(cairn::v1::Event::POLICY_DELETED, policy.name(), Payload(policy));
  return storage::MakePlan(std::move(write_set), google::protobuf::Empty());
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

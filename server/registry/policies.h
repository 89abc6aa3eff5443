#ifndef CAIRN_SERVER_REGISTRY_POLICIES_H_
#define CAIRN_SERVER_REGISTRY_POLICIES_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/promotion.pb.h"
#include "server/auth/allowance.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/storage/stamp.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

// Use cases on promotion policies. Pure but for reading. Errors are those of
// PromotionService's methods of the same name.
//
// A policy governs one channel; a channel has at most one policy. A rule that
// renders to the same text is the same rule, however it was written.

// Whoever may READ a channel may READ the policy that governs it. PERMISSION_DENIED for others,
// whether or not there is one of that name.
absl::StatusOr<cairn::v1::Policy> GetPolicy(const storage::Snapshot& snapshot,
                                            const cairn::v1::GetPolicyRequest& request,
                                            const auth::Allowance& reads = {});

// One page, by name; without those that `sight` does not see.
absl::StatusOr<cairn::v1::ListPoliciesResponse> ListPolicies(
    const storage::Snapshot& snapshot, const cairn::v1::ListPoliciesRequest& request,
    const auth::Sight& sight = auth::Sight::All());

// The rule in its one canonical form, and the SHA-256 that stands for it. Reads nothing
// of the store.
absl::StatusOr<cairn::v1::RenderPolicyResponse> RenderPolicy(
    const cairn::v1::RenderPolicyRequest& request);

// One page of a policy's revisions, newest first; as readable as the policy is now.
absl::StatusOr<cairn::v1::ListPolicyRevisionsResponse> ListPolicyRevisions(
    const storage::Snapshot& snapshot, const cairn::v1::ListPolicyRevisionsRequest& request,
    const auth::Allowance& reads = {});

// Creates or replaces a policy; the same rule again changes nothing and makes no
// revision. Each revision stays readable by its number and its SHA-256, because decisions name
// them; a policy that is made anew counts on.
//
// A rule that names another channel than before leaves the old one ungoverned:
// FAILED_PRECONDITION (CHANNEL_LEFT_UNGOVERNED) if that one serves a version.
// ALREADY_EXISTS (CHANNEL_GOVERNED) if another policy has the channel.
// PERMISSION_DENIED unless `promotes` covers the channel that the text names, and the one that the
// policy of this name governs until now.
absl::StatusOr<storage::Plan> PlanApplyPolicy(const storage::Snapshot& snapshot,
                                              const cairn::v1::ApplyPolicyRequest& request,
                                              const storage::Stamp& stamp,
                                              const auth::Allowance& promotes = {});

// Deletes a policy; a last revision says why and by whom. Guards the records of policy and channel.
// CHANNEL_LEFT_UNGOVERNED as above, unless the request says that it may be. PERMISSION_DENIED
// unless `promotes` covers the channel that it governs.
absl::StatusOr<storage::Plan> PlanDeletePolicy(const storage::Snapshot& snapshot,
                                               const cairn::v1::DeletePolicyRequest& request,
                                               const storage::Stamp& stamp,
                                               const auth::Allowance& promotes = {});

// The policy that governs a channel. FAILED_PRECONDITION (CHANNEL_UNGOVERNED) when
// there is none; metadata `channel`. NOT_FOUND (MODEL_NOT_FOUND) if the model is not
// there either.
absl::StatusOr<storage::Stored<cairn::internal::PolicyRecord>> ReadGoverningPolicy(
    const storage::Snapshot& snapshot, std::string_view model, std::string_view channel);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_POLICIES_H_

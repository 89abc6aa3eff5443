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

absl::StatusOr<cairn::v1::ListPoliciesResponse> ListPolicies(
    const storage::Snapshot& snapshot, const cairn::v1::ListPoliciesRequest& request,
    const auth::Sight& sight = auth::Sight::All());

absl::StatusOr<cairn::v1::RenderPolicyResponse> RenderPolicy(
    const cairn::v1::RenderPolicyRequest& request);

// PERMISSION_DENIED unless `promotes` covers the channel that the text names, and the one that the
// policy of this name governs until now.
absl::StatusOr<storage::Plan> PlanApplyPolicy(const storage::Snapshot& snapshot,
                                              const cairn::v1::ApplyPolicyRequest& request,
                                              const storage::Stamp& stamp,
                                              const auth::Allowance& promotes = {});

// The policy that governs a channel. FAILED_PRECONDITION (CHANNEL_UNGOVERNED)
// when there is none; metadata `channel`.
absl::StatusOr<storage::Stored<cairn::internal::PolicyRecord>> ReadGoverningPolicy(
    const storage::Snapshot& snapshot, std::string_view model, std::string_view channel);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_POLICIES_H_

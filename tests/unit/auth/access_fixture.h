#ifndef CAIRN_TESTS_UNIT_AUTH_ACCESS_FIXTURE_H_
#define CAIRN_TESTS_UNIT_AUTH_ACCESS_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/empty.pb.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "server/auth/access_control.h"
#include "server/auth/role_bindings.h"
#include "server/auth/tokens.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::auth {

// Tokens and bindings in a store in memory that an AccessControl follows.
class AccessTest : public ::testing::Test {
 protected:
  static constexpr int64_t kNow = 1'700'000'000 * kNanosPerSecond;

  AccessTest() : store_(storage::MakeMemoryStore()), access_(*store_) {
    EXPECT_THAT(access_.Load(), testing::IsOk());
  }

  // Commits a plan once and returns its answer.
  template <typename Response>
  absl::StatusOr<Response> Apply(absl::StatusOr<storage::Plan> plan) {
    if (!plan.ok()) return plan.status();
    const auto committed = store_->CommitAndWait(std::move(plan->write_set));
    if (!committed.ok()) return committed.status();
    return static_cast<const Response&>(*plan->response);
  }

  TokenCall Call() { return {kNow, "tester", DrawToken(*ids_)}; }

  // The answer of a token for `principal`, who belongs to `groups`.
  v1::CreateTokenResponse Create(const std::string& principal,
                                 const std::vector<std::string>& groups = {}, int64_t ttl = 0) {
    v1::CreateTokenRequest request;
    request.mutable_token()->set_principal(principal);
    for (const std::string& group : groups) request.mutable_token()->add_groups(group);
    if (ttl > 0) request.mutable_ttl()->set_seconds(ttl);
    const auto made =
        Apply<v1::CreateTokenResponse>(PlanCreateToken(*store_->GetSnapshot(), request, Call()));
    EXPECT_THAT(made, testing::IsOk());
    return made.value_or(v1::CreateTokenResponse());
  }

  absl::StatusOr<v1::RoleBinding> Bind(const std::string& member, v1::RoleBinding::Role role,
                                       const std::string& resource,
                                       const std::vector<v1::Verb>& verbs = {},
                                       bool force = false) {
    v1::SetRoleBindingRequest request;
    request.mutable_role_binding()->set_member(member);
    request.mutable_role_binding()->set_role(role);
    request.mutable_role_binding()->set_resource(resource);
    for (const v1::Verb verb : verbs) request.mutable_role_binding()->add_verbs(verb);
    request.set_force(force);
    return Apply<v1::RoleBinding>(PlanSetRoleBinding(*store_->GetSnapshot(), request, kNow));
  }

  absl::Status Unbind(const std::string& name, bool force = false) {
    v1::DeleteRoleBindingRequest request;
    request.set_name(name);
    request.set_force(force);
    return Apply<google::protobuf::Empty>(
               PlanDeleteRoleBinding(*store_->GetSnapshot(), request, kNow))
        .status();
  }

  absl::Status Revoke(const std::string& name, bool force = false) {
    v1::RevokeTokenRequest request;
    request.set_name(name);
    request.set_force(force);
    return Apply<google::protobuf::Empty>(PlanRevokeToken(*store_->GetSnapshot(), request, kNow))
        .status();
  }

  static Identity Named(const std::string& principal, std::vector<std::string> groups = {}) {
    return MakeIdentity(principal, std::move(groups), v1::WhoAmIResponse::TOKEN);
  }

  const std::unique_ptr<IdSource> ids_ = MakeSequentialIds(7);
  const std::unique_ptr<storage::KvStore> store_;
  AccessControl access_;
};

}  // namespace cairn::auth

#endif  // CAIRN_TESTS_UNIT_AUTH_ACCESS_FIXTURE_H_

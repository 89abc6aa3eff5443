#include "server/auth/role_bindings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/auth/roles.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/auth/access_fixture.h"

namespace cairn::auth {
namespace {

using Role = v1::RoleBinding;
using testing::IsOk;

class RoleBindingsTest : public AccessTest {};

TEST_F(RoleBindingsTest, EveryRoleHasItsVerbs) {
  const VerbSet read = SetOf(v1::READ);
  EXPECT_EQ(VerbsOf(Role::READER), read);
  EXPECT_EQ(VerbsOf(Role::LOGGER), read | SetOf(v1::LOG));
  EXPECT_EQ(VerbsOf(Role::PROMOTER), read | SetOf(v1::PROMOTE));
  EXPECT_EQ(VerbsOf(Role::APPROVER), read | SetOf(v1::APPROVE));
  EXPECT_EQ(VerbsOf(Role::ADMIN), read | SetOf(v1::LOG) | SetOf(v1::PROMOTE) | SetOf(v1::APPROVE) |
                                      SetOf(v1::ADMIN) | SetOf(v1::OVERRIDE));
  EXPECT_EQ(VerbsOf(Role::ROLE_UNSPECIFIED), 0u);
  EXPECT_EQ(VerbsOf(static_cast<Role::Role>(99)), 0u);
  EXPECT_EQ(SetOf(v1::VERB_UNSPECIFIED), 0u);
}

TEST_F(RoleBindingsTest, SettingTwiceIsSettingOnce) {
  const auto first = Bind("group:crm", Role::LOGGER, "models/Customer Segments");
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->resource(), "models/Customer%20Segments");
  const auto second = Bind("group:crm", Role::LOGGER, "models/Customer%20Segments", {v1::READ});
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->name(), first->name());
  const auto list = ListRoleBindings(*store_->GetSnapshot(), {});
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->role_bindings_size(), 1);
  EXPECT_EQ(list->role_bindings(0).verbs_size(), 1);
  EXPECT_FALSE(access_.CouldAny(Named("x", {"crm"}), v1::LOG, "*"));
}

// docs/storage-format.md, "Tokens and role bindings"; worked out by another program.
TEST_F(RoleBindingsTest, TheIdIsAsDocumented) {
  v1::RoleBinding binding;
  binding.set_member("group:crm");
  binding.set_role(Role::LOGGER);
  binding.set_resource("models/m");
  EXPECT_EQ(RoleBindingName(binding), "roleBindings/944f1d0d3fda0b3f");
}

TEST_F(RoleBindingsTest, WhatIsWrongWithABindingIsNamed) {
  const auto field_of = [](const auto& refused) { return MetadataOf(refused.status(), "field"); };
  for (const char* member : {"", "alice", "principal:", "user:alice", "principal:local", "**"}) {
    EXPECT_EQ(field_of(Bind(member, Role::READER, "*")), "role_binding.member") << member;
  }
  EXPECT_EQ(field_of(Bind("*", Role::ROLE_UNSPECIFIED, "*")), "role_binding.role");
  EXPECT_EQ(field_of(Bind("*", static_cast<Role::Role>(99), "*")), "role_binding.role");
  EXPECT_EQ(field_of(Bind("*", Role::READER, "models/m/versions/1")), "role_binding.resource");
  EXPECT_EQ(field_of(Bind("*", Role::READER, "")), "role_binding.resource");
  EXPECT_EQ(field_of(Bind("*", Role::READER, "*", {v1::LOG})), "role_binding.verbs");
  EXPECT_EQ(field_of(Bind("*", Role::ADMIN, "*", {v1::VERB_UNSPECIFIED})), "role_binding.verbs");
}

TEST_F(RoleBindingsTest, TheLastAdministratorIsNotUnboundUnlessForced) {
  ASSERT_THAT(
      Apply<v1::CreateTokenResponse>(PlanFirstAdmin(*store_->GetSnapshot(), "root", Call())),
      IsOk());
  const auto list = ListRoleBindings(*store_->GetSnapshot(), {});
  ASSERT_EQ(list->role_bindings_size(), 1);
  const std::string name = list->role_bindings(0).name();
  EXPECT_TRUE(HasReason(Unbind(name), ErrorReason::LAST_ADMIN));
  EXPECT_TRUE(HasReason(Bind("principal:root", Role::ADMIN, "*", {v1::READ}).status(),
                        ErrorReason::LAST_ADMIN));
  ASSERT_THAT(Bind("principal:bob", Role::ADMIN, "*"), IsOk());
  EXPECT_TRUE(HasReason(Unbind(name), ErrorReason::LAST_ADMIN)) << "bob has no token";
  EXPECT_THAT(Unbind(name, /*force=*/true), IsOk());
  EXPECT_TRUE(HasReason(Unbind(name), ErrorReason::ROLE_BINDING_NOT_FOUND));
}

}  // namespace
}  // namespace cairn::auth

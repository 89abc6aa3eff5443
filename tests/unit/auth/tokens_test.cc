#include "server/auth/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "cairn/internal/records.pb.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/auth/access_fixture.h"

namespace cairn::auth {
namespace {

using testing::IsOk;
using testing::StatusIs;

class TokensTest : public AccessTest {
 protected:
  absl::Status Refused(const v1::CreateTokenRequest& request) {
    return PlanCreateToken(*store_->GetSnapshot(), request, Call()).status();
  }
  absl::StatusOr<v1::CreateTokenResponse> FirstAdmin() {
    return Apply<v1::CreateTokenResponse>(PlanFirstAdmin(*store_->GetSnapshot(), "root", Call()));
  }
};

TEST_F(TokensTest, ATokenIsToldOnceAndStoredByItsDigestOnly) {
  const auto made = Create("alice", {"crm", "crm"});
  const auto parts = ParseToken(made.text());
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(made.token().name(), "tokens/" + std::string(parts->id));
  EXPECT_EQ(made.token().groups_size(), 1);
  EXPECT_EQ(made.token().creator(), "tester");
  const auto record = store_->GetSnapshot()->Get(storage::TokenKey(parts->id));
  ASSERT_TRUE(record.ok() && record->has_value());
  EXPECT_EQ((*record)->payload.find(parts->secret), std::string::npos);
  internal::TokenRecord stored;
  ASSERT_TRUE(stored.ParseFromString((*record)->payload));
  EXPECT_EQ(stored.secret_sha256(), SecretDigest(parts->secret));
  const auto list = ListTokens(*store_->GetSnapshot(), {});
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->tokens_size(), 1);
  EXPECT_FALSE(list->tokens(0).etag().empty());
}

TEST_F(TokensTest, ACheckTellsNoText) {
  v1::CreateTokenRequest request;
  request.mutable_token()->set_principal("alice");
  request.set_validate_only(true);
  const auto plan = PlanCreateToken(*store_->GetSnapshot(), request, Call());
  ASSERT_THAT(plan, IsOk());
  EXPECT_TRUE(static_cast<const v1::CreateTokenResponse&>(*plan->response).text().empty());
}

TEST_F(TokensTest, ARequestMakesOneTokenAndItsRepetitionNamesIt) {
  v1::CreateTokenRequest request;
  request.mutable_token()->set_principal("alice");
  request.set_request_id("6ba7b810-9dad-41d1-80b4-00c04fd430c8");
  const auto made =
      Apply<v1::CreateTokenResponse>(PlanCreateToken(*store_->GetSnapshot(), request, Call()));
  ASSERT_THAT(made, IsOk());
  EXPECT_TRUE(ParseToken(made->text()).has_value());
  const absl::Status again = Refused(request);
  EXPECT_THAT(again, StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_TRUE(HasReason(again, ErrorReason::TOKEN_EXISTS));
  EXPECT_EQ(MetadataOf(again, "token"), made->token().name());
  EXPECT_EQ(again.ToString().find(made->text()), std::string::npos);
  TokenCall other = Call();
  other.creator = "somebody else";
  EXPECT_THAT(PlanCreateToken(*store_->GetSnapshot(), request, other), IsOk())
      << "request ids are those of their callers";
  request.set_request_id("not one");
  EXPECT_TRUE(HasReason(Refused(request), ErrorReason::REQUEST_ID_INVALID));
}

TEST_F(TokensTest, WhatIsWrongWithATokenIsNamed) {
  for (const char* principal : {"", "local", "anonymous", "a\nb"}) {
    v1::CreateTokenRequest request;
    request.mutable_token()->set_principal(principal);
    EXPECT_TRUE(HasReason(Refused(request), ErrorReason::NAME_INVALID)) << principal;
  }
  v1::CreateTokenRequest request;
  request.mutable_token()->set_principal("a");
  request.mutable_ttl()->set_seconds(-1);
  EXPECT_EQ(MetadataOf(Refused(request), "field"), "ttl");
  request.mutable_ttl()->set_seconds(int64_t{101} * 365 * 24 * 3600);
  EXPECT_EQ(MetadataOf(Refused(request), "field"), "ttl");
  request.mutable_ttl()->set_seconds(60);
  *request.mutable_token()->mutable_expire_time() = ToTimestamp(kNow + 1);
  EXPECT_EQ(MetadataOf(Refused(request), "field"), "ttl");
  request.clear_ttl();
  EXPECT_THAT(Refused(request), IsOk());
  *request.mutable_token()->mutable_expire_time() = ToTimestamp(kNow);
  EXPECT_EQ(MetadataOf(Refused(request), "field"), "token.expire_time");
  request.mutable_token()->mutable_expire_time()->set_seconds(INT64_MAX);
  EXPECT_EQ(MetadataOf(Refused(request), "field"), "token.expire_time");
}

TEST_F(TokensTest, TheFirstAdministratorMayDoEverythingAndIsTheOnlyFirst) {
  const auto admin = FirstAdmin();
  ASSERT_THAT(admin, IsOk());
  const auto identity = access_.Authenticate(admin->text(), kNow);
  ASSERT_THAT(identity, IsOk());
  for (const v1::Verb verb :
       {v1::READ, v1::LOG, v1::PROMOTE, v1::APPROVE, v1::ADMIN, v1::OVERRIDE}) {
    EXPECT_THAT(access_.Authorize(**identity, verb, {}), IsOk());
  }
  EXPECT_TRUE(HasReason(FirstAdmin().status(), ErrorReason::ADMIN_EXISTS));
}

TEST_F(TokensTest, WithoutAValidTokenOfAnAdministratorThereMayBeAFirstAgain) {
  const auto admin = FirstAdmin();
  ASSERT_THAT(admin, IsOk());
  ASSERT_THAT(Revoke(admin->token().name(), /*force=*/true), IsOk());
  EXPECT_THAT(FirstAdmin(), IsOk());
}

TEST_F(TokensTest, TheLastAdministratorIsNotRevokedUnlessForced) {
  const auto admin = FirstAdmin();
  ASSERT_THAT(admin, IsOk());
  Create("alice");
  const absl::Status last = Revoke(admin->token().name());
  EXPECT_TRUE(HasReason(last, ErrorReason::LAST_ADMIN)) << last;
  EXPECT_NE(last.message().find("set force in the request (mlctl: --force)"), std::string::npos);
  ASSERT_TRUE(Bind("group:admins", v1::RoleBinding::ADMIN, "*").ok());
  Create("bob", {"admins"});
  EXPECT_THAT(Revoke(admin->token().name()), IsOk());
}

TEST_F(TokensTest, TwoRevocationsThatLeaveEachOtherDoNotBothHold) {
  const auto admin = FirstAdmin();
  ASSERT_THAT(admin, IsOk());
  const auto second = Create("root");
  const auto snapshot = store_->GetSnapshot();
  v1::RevokeTokenRequest one;
  one.set_name(admin->token().name());
  v1::RevokeTokenRequest other;
  other.set_name(second.token().name());
  auto plan_one = PlanRevokeToken(*snapshot, one, kNow);
  auto plan_other = PlanRevokeToken(*snapshot, other, kNow);
  EXPECT_THAT(Apply<google::protobuf::Empty>(std::move(plan_one)), IsOk());
  EXPECT_TRUE(HasReason(Apply<google::protobuf::Empty>(std::move(plan_other)).status(),
                        ErrorReason::COMMIT_CONFLICT));
  EXPECT_TRUE(HasReason(Revoke(other.name()), ErrorReason::LAST_ADMIN));
}

TEST_F(TokensTest, RevokingWhatIsNotThereOrChanged) {
  const auto made = Create("alice");
  EXPECT_TRUE(HasReason(Revoke("tokens/ffffffffffffffff"), ErrorReason::TOKEN_NOT_FOUND));
  EXPECT_TRUE(HasReason(Revoke("models/m"), ErrorReason::NAME_INVALID));
  v1::RevokeTokenRequest request;
  request.set_name(made.token().name());
  request.set_etag("\"zz\"");
  EXPECT_TRUE(HasReason(PlanRevokeToken(*store_->GetSnapshot(), request, kNow).status(),
                        ErrorReason::ETAG_MISMATCH));
}

}  // namespace
}  // namespace cairn::auth

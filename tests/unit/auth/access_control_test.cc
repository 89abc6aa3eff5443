#include "server/auth/access_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/testing/status_matchers.h"
#include "tests/testing/tally.h"
#include "tests/unit/auth/access_fixture.h"

namespace cairn::auth {
namespace {

using Role = v1::RoleBinding;
using testing::IsOk;
using testing::StatusIs;

class AccessControlTest : public AccessTest {
 protected:
  bool May(const Identity& identity, v1::Verb verb, const std::string& name) const {
    return access_.Authorize(identity, verb, {name}).ok();
  }
  ErrorReason ReasonOfToken(const std::string& text, int64_t now) const {
    const auto status = access_.Authenticate(text, now).status();
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kUnauthenticated) << status;
    ErrorReason reason = ErrorReason::ERROR_REASON_UNSPECIFIED;
    v1::ErrorReason_Parse(ReasonOf(status), &reason);
    return reason;
  }
};

TEST_F(AccessControlTest, ATokenSaysWhoCalls) {
  const auto made = Create("alice", {"crm", "ops"});
  const auto identity = access_.Authenticate(made.text(), kNow);
  ASSERT_THAT(identity, IsOk());
  EXPECT_EQ((*identity)->principal, "alice");
  EXPECT_EQ((*identity)->groups, (std::vector<std::string>{"crm", "ops"}));
  EXPECT_EQ((*identity)->token, made.token().name());
  EXPECT_FALSE((*identity)->local);
}

TEST_F(AccessControlTest, NobodyIsToldWhyATokenIsInvalid) {
  const auto made = Create("alice");
  std::string other_secret = made.text();
  other_secret.back() = other_secret.back() == '0' ? '1' : '0';
  std::string other_id = made.text();
  other_id[6] = other_id[6] == 'f' ? 'e' : 'f';
  EXPECT_EQ(ReasonOfToken("", kNow), ErrorReason::TOKEN_MISSING);
  for (const std::string& text : {std::string("x"), other_secret, other_id}) {
    const auto status = access_.Authenticate(text, kNow).status();
    EXPECT_TRUE(HasReason(status, ErrorReason::TOKEN_INVALID));
    EXPECT_EQ(status.message(), "the token is not valid");
  }
}

TEST_F(AccessControlTest, ATokenIsValidUntilItExpiresAndOnlyItsHolderIsTold) {
  const auto made = Create("alice", {}, 60);
  const int64_t end = kNow + 60 * kNanosPerSecond;
  EXPECT_THAT(access_.Authenticate(made.text(), end - 1), IsOk());
  EXPECT_EQ(ReasonOfToken(made.text(), end), ErrorReason::TOKEN_EXPIRED);
  std::string other_secret = made.text();
  other_secret.back() = other_secret.back() == '0' ? '1' : '0';
  EXPECT_EQ(ReasonOfToken(other_secret, end), ErrorReason::TOKEN_INVALID);
}

// The listener runs before the commit is acknowledged.
TEST_F(AccessControlTest, ARevocationHoldsOnceItIsAcknowledged) {
  const auto made = Create("alice");
  ASSERT_THAT(Bind("principal:alice", Role::READER, "models/m"), IsOk());
  const auto identity = access_.Authenticate(made.text(), kNow);
  ASSERT_THAT(identity, IsOk());
  ASSERT_THAT(Revoke(made.token().name()), IsOk());
  EXPECT_EQ(ReasonOfToken(made.text(), kNow), ErrorReason::TOKEN_INVALID);
  // Whoever was let in before is asked again what he may.
  EXPECT_TRUE(May(**identity, v1::READ, "models/m"));
  const auto list = ListRoleBindings(*store_->GetSnapshot(), {});
  ASSERT_THAT(Unbind(list->role_bindings(0).name()), IsOk());
  EXPECT_FALSE(May(**identity, v1::READ, "models/m"));
}

TEST_F(AccessControlTest, AStartFindsWhatWasStored) {
  const auto made = Create("alice");
  const auto gone = Create("bob");
  ASSERT_THAT(Bind("principal:alice", Role::LOGGER, "experiments/7"), IsOk());
  ASSERT_THAT(Revoke(gone.token().name()), IsOk());
  AccessControl again(*store_);
  EXPECT_TRUE(
      HasReason(again.Authenticate(made.text(), kNow).status(), ErrorReason::TOKEN_INVALID));
  const auto report = again.Load();
  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->tokens, 1u);
  EXPECT_EQ(report->bindings, 1u);
  EXPECT_EQ(report->unreadable, 0u);
  const auto identity = again.Authenticate(made.text(), kNow);
  ASSERT_THAT(identity, IsOk());
  EXPECT_THAT(again.Authorize(**identity, v1::LOG, {"experiments/7/runs/x"}), IsOk());
  EXPECT_THAT(again.Authenticate(gone.text(), kNow), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(AccessControlTest, ATokenIsOverForCallsThatLast) {
  const auto made = Create("alice", {}, 60);
  const auto identity = access_.Authenticate(made.text(), kNow);
  ASSERT_THAT(identity, IsOk());
  EXPECT_THAT(access_.StillValid(**identity, kNow), IsOk());
  EXPECT_TRUE(HasReason(access_.StillValid(**identity, kNow + 60 * kNanosPerSecond),
                        ErrorReason::TOKEN_EXPIRED));
  ASSERT_THAT(Revoke(made.token().name()), IsOk());
  EXPECT_TRUE(HasReason(access_.StillValid(**identity, kNow), ErrorReason::TOKEN_INVALID));
  EXPECT_THAT(access_.StillValid(*LocalIdentity(), kNow), IsOk());
}

TEST_F(AccessControlTest, WhatIsStoredIsSeenByWhomItIsBoundTo) {
  ASSERT_THAT(Bind("principal:alice", Role::READER, "models/m"), IsOk());
  EXPECT_TRUE(access_.Sees(Named("alice"), "models/m/versions/3"));
  EXPECT_FALSE(access_.Sees(Named("alice"), "models/m2"));
  EXPECT_TRUE(access_.Sees(*LocalIdentity(), "models/m2"));
}

TEST_F(AccessControlTest, EventsTellOfTokensWithoutTheirSecrets) {
  const auto made = Create("alice");
  std::vector<storage::Event> events;
  ASSERT_THAT(store_->ScanEvents(1,
                                 [&events](const storage::StoredEvent& stored) {
                                   events.push_back(stored.event);
                                   return true;
                                 }),
              IsOk());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, v1::Event::TOKEN_CREATED);
  v1::Event told;
  ASSERT_TRUE(told.ParseFromString(events[0].image));
  EXPECT_EQ(told.token().principal(), "alice");
  const auto parts = ParseToken(made.text());
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(events[0].image.find(SecretDigest(parts->secret)), std::string::npos);
}

TEST_F(AccessControlTest, ARefusalNamesWhatWasAskedAndNothingElse) {
  ASSERT_THAT(Bind("principal:alice", Role::READER, "models/Customer Segments"), IsOk());
  const Identity alice = Named("alice");
  EXPECT_TRUE(May(alice, v1::READ, "models/%43ustomer%20Segments/versions/3"));
  const absl::Status refused = access_.Authorize(alice, v1::LOG, {"models/%43ustomer%20Segments"});
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_TRUE(HasReason(refused, ErrorReason::PERMISSION_DENIED));
  EXPECT_EQ(MetadataOf(refused, "resource"), "models/%43ustomer%20Segments");
  EXPECT_EQ(MetadataOf(refused, "verb"), "LOG");
  EXPECT_EQ(MetadataOf(refused, "principal"), "alice");
  EXPECT_EQ(MetadataOf(access_.Authorize(alice, v1::READ, {}), "resource"), "*");
}

TEST_F(AccessControlTest, OfSeveralNamesAllMustBeAllowed) {
  ASSERT_THAT(Bind("*", Role::READER, "experiments/7"), IsOk());
  ASSERT_THAT(Bind("group:crm", Role::READER, "experiments/8"), IsOk());
  const Identity alice = Named("alice", {"crm"});
  EXPECT_THAT(access_.Authorize(alice, v1::READ, {"experiments/7", "experiments/8"}), IsOk());
  EXPECT_EQ(MetadataOf(access_.Authorize(alice, v1::READ, {"experiments/7", "experiments/9"}),
                       "resource"),
            "experiments/9");
  EXPECT_THAT(access_.Authorize(Named("bob"), v1::READ, {"experiments/8"}),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(AccessControlTest, ANameThatIsNoneIsAllowedToThoseWhoMayEverything) {
  ASSERT_THAT(Bind("principal:root", Role::ADMIN, "*"), IsOk());
  ASSERT_THAT(Bind("principal:alice", Role::ADMIN, "models/-"), IsOk());
  for (const char* name : {"", "models", "models//m", "models/..", "models/m/../x/y"}) {
    EXPECT_TRUE(May(Named("root"), v1::READ, name)) << name;
    EXPECT_FALSE(May(Named("alice"), v1::READ, name)) << name;
  }
  EXPECT_TRUE(May(Named("alice"), v1::READ, "models/-"));
  EXPECT_FALSE(May(Named("alice"), v1::READ, "*"));
}

TEST_F(AccessControlTest, AKindIsOpenToWhomSomethingOfItIs) {
  ASSERT_THAT(Bind("principal:alice", Role::PROMOTER, "models/m/channels/production"), IsOk());
  const Identity alice = Named("alice");
  EXPECT_TRUE(access_.CouldAny(alice, v1::READ, "models/-"));
  EXPECT_TRUE(access_.CouldAny(alice, v1::PROMOTE, "*"));
  EXPECT_FALSE(access_.CouldAny(alice, v1::LOG, "models/-"));
  EXPECT_FALSE(access_.CouldAny(alice, v1::READ, "experiments/-"));
  EXPECT_TRUE(HasReason(access_.AuthorizeAny(alice, v1::READ, "experiments/-"),
                        ErrorReason::PERMISSION_DENIED));
}

TEST_F(AccessControlTest, TheRefusalOfAKindSpeaksOfWhatWasAskedFor) {
  const auto refused =
      access_.AuthorizeAny(Named("bob"), v1::READ, "*", {"models/m", "policies/p"});
  EXPECT_EQ(refused.message(),
            "\"bob\" may not READ models/m, policies/p: no role binding gives it READ on anything");
  EXPECT_EQ(access_.AuthorizeAny(Named("bob"), v1::READ, "*").message(),
            "\"bob\" may not READ anything: no role binding gives it READ on anything");
  EXPECT_EQ(access_.AuthorizeAny(Named("bob"), v1::LOG, "models/-").message(),
            "\"bob\" may not LOG any of models/-: no role binding gives it LOG on any of models/-");
}

TEST_F(AccessControlTest, BlobsAreReadByWhoMayReadOrLogAnything) {
  ASSERT_THAT(Bind("principal:writer", Role::LOGGER, "experiments/7", {v1::LOG}), IsOk());
  ASSERT_THAT(Bind("principal:reader", Role::READER, "models/m"), IsOk());
  ASSERT_THAT(Bind("principal:judge", Role::APPROVER, "*", {v1::APPROVE}), IsOk());
  EXPECT_THAT(access_.AuthorizeAnywhere(Named("writer"), v1::READ), IsOk());
  EXPECT_THAT(access_.AuthorizeAnywhere(Named("writer"), v1::LOG), IsOk());
  EXPECT_THAT(access_.AuthorizeAnywhere(Named("reader"), v1::READ), IsOk());
  EXPECT_THAT(access_.AuthorizeAnywhere(Named("reader"), v1::LOG),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(access_.AuthorizeAnywhere(Named("judge"), v1::READ),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(access_.AuthorizeAnywhere(Named("nobody"), v1::READ),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST_F(AccessControlTest, WithoutAuthenticationEverythingIsAllowed) {
  const Identity& local = *LocalIdentity();
  EXPECT_EQ(local.principal, "local");
  EXPECT_THAT(access_.Authorize(local, v1::ADMIN, {}), IsOk());
  EXPECT_TRUE(access_.CouldAny(local, v1::LOG, "*"));
  EXPECT_THAT(access_.AuthorizeAnywhere(local, v1::LOG), IsOk());
  EXPECT_TRUE(access_.SightOf(local, v1::READ).everything());
  // The name alone is nobody.
  EXPECT_THAT(access_.Authorize(Named("local"), v1::READ, {}),
              StatusIs(absl::StatusCode::kPermissionDenied));
}

// What the words of docs/security.md say, as slowly as they say it.
struct Model {
  struct Bound {
    std::string member;
    VerbSet verbs;
    std::string resource;
  };
  std::vector<Bound> bounds;

  static std::vector<std::string> Parts(const std::string& name) {
    std::vector<std::string> parts(1);
    for (const char c : name) {
      if (c == '/') {
        parts.emplace_back();
      } else {
        parts.back().push_back(c);
      }
    }
    return parts;
  }
  static bool Matches(const std::string& resource, const std::string& name) {
    if (resource == "*") return true;
    const auto wanted = Parts(resource);
    const auto given = Parts(name);
    if (given.size() < wanted.size()) return false;
    for (size_t i = 0; i < wanted.size(); ++i) {
      const bool any = wanted[i] == "-" && i == 1;
      if (!any && wanted[i] != given[i]) return false;
    }
    return true;
  }
  bool May(const Identity& identity, v1::Verb verb, const std::string& name) const {
    for (const Bound& bound : bounds) {
      const auto& members = identity.members;
      const bool is_member =
          std::find(members.begin(), members.end(), bound.member) != members.end();
      if (is_member && (bound.verbs & SetOf(verb)) != 0 && Matches(bound.resource, name)) {
        return true;
      }
    }
    return false;
  }
};

TEST_F(AccessControlTest, BindingsMatchAsTheNaiveModelDoes) {
  const std::vector<std::string> members = {"principal:a", "principal:b", "group:a", "group:g",
                                            "*"};
  const std::vector<std::string> patterns = {
      "*",          "experiments/-", "experiments/1", "experiments/11",      "datasets/d",
      "models/-",   "models/m",      "models/mm",     "models/m/channels/p", "policies/-",
      "datasets/-", "operations/-"};
  const std::vector<std::string> names = {"*",
                                          "experiments/-",
                                          "experiments/1",
                                          "experiments/1/runs/r",
                                          "experiments/11",
                                          "models/m",
                                          "models/mm",
                                          "models/-",
                                          "models/m/channels/p",
                                          "models/m/channels/pp",
                                          "models/m/channels/p/decisions/1",
                                          "datasets/d/versions/1",
                                          "policies/p",
                                          "experiments/-/runs/r",
                                          "operations/1",
                                          "models/m/versions/2"};
  const std::vector<Identity> callers = {Named("a"), Named("b", {"g"}), Named("c", {"a", "g"}),
                                         Named("d")};
  std::mt19937 random(1);
  const auto pick = [&random](const auto& from) { return from[random() % from.size()]; };
  const std::vector<Role::Role> roles = {Role::READER, Role::LOGGER, Role::PROMOTER, Role::APPROVER,
                                         Role::ADMIN};
  for (int round = 0; round < 150; ++round) {
    Grants grants;
    Model model;
    std::vector<v1::RoleBinding> added;
    for (size_t i = 0; i < 1 + random() % 6; ++i) {
      v1::RoleBinding binding;
      binding.set_member(pick(members));
      binding.set_role(pick(roles));
      binding.set_resource(pick(patterns));
      if (random() % 3 == 0) binding.add_verbs(v1::READ);
      binding.set_name(RoleBindingName(binding) + std::to_string(i));
      grants.Set(binding);
      added.push_back(binding);
    }
    // Some are removed again, and some replaced.
    for (const v1::RoleBinding& binding : added) {
      const auto fate = random() % 4;
      if (fate == 0) grants.Remove(binding.name());
      if (fate == 1) grants.Set(binding);
      if (fate != 0) {
        model.bounds.push_back({binding.member(), VerbsOf(binding), binding.resource()});
      }
    }
    EXPECT_EQ(grants.size(), model.bounds.size());
    for (const Identity& caller : callers) {
      for (int verb = v1::READ; verb <= v1::OVERRIDE; ++verb) {
        const auto asked = static_cast<v1::Verb>(verb);
        const Sight sight = grants.SightOf(caller.members, asked);
        for (const std::string& name : names) {
          const bool may = model.May(caller, asked, name);
          EXPECT_EQ(grants.Find(caller.members, asked, name) != nullptr, may)
              << caller.principal << " " << verb << " " << name;
          EXPECT_EQ(sight.Sees(name), may) << caller.principal << " " << verb << " " << name;
        }
        EXPECT_EQ(sight.nothing(), grants.FindWithin(caller.members, asked, "") == nullptr);
      }
    }
  }
}

// Readers see one state or the other, and each acknowledged change.
TEST_F(AccessControlTest, ReadersRunBesideChanges) {
  const auto made = Create("alice");
  std::atomic<bool> stop{false};
  testing::Tally answers;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        const auto identity = access_.Authenticate(made.text(), kNow);
        ASSERT_THAT(identity, IsOk());
        static_cast<void>(access_.Authorize(**identity, v1::READ, {"models/m"}));
        static_cast<void>(access_.SightOf(**identity, v1::READ).Sees("models/m"));
        answers.Add();
      }
    });
  }
  const Identity alice = Named("alice");
  answers.WaitFor(1);
  for (int i = 0; i < 200; ++i) {
    const auto bound = Bind("principal:alice", Role::READER, "models/m");
    ASSERT_THAT(bound, IsOk());
    EXPECT_TRUE(May(alice, v1::READ, "models/m"));
    ASSERT_THAT(Unbind(bound->name()), IsOk());
    EXPECT_FALSE(May(alice, v1::READ, "models/m"));
  }
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace cairn::auth

// A decision is a header and a record for each candidate; those from before read alike.

#include "server/registry/decision_candidates.h"

#include <functional>
#include <string>
#include <vector>

#include "lib/audit/verifier.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/promotion/replay.h"
#include "lib/promotion/stored_candidates.h"
#include "server/audit/audit_log.h"
#include "server/audit/auditor.h"
#include "server/registry/decision_log.h"
#include "server/registry/rollouts.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "tests/unit/server/channel_fixture.h"

namespace cairn::registry {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOk;
using internal::DecisionRecord;
using v1::Decision;

constexpr int kVersions = 5;

class DecisionCandidatesTest : public ChannelTest {
 protected:
  // Of five versions, of which two pass.
  void SetUp() override {
    ASSERT_THAT(Govern("production", 0.4), IsOk());
    for (int i = 1; i <= kVersions; ++i) ASSERT_THAT(Register(0.1 * i + 0.05), IsOk());
  }

  DecisionRef RefOf(const Decision& decision) {
    return *ParseDecisionName("name", decision.name());
  }
  storage::Key KeyOf(const Decision& decision) {
    const DecisionRef ref = RefOf(decision);
    return storage::DecisionKey(ref.model, ref.channel, ref.id);
  }

  // Promotes as a server did that kept the candidates in the decision.
  Decision PromoteAsBefore() {
    v1::PromoteRequest request;
    request.set_name(kProduction);
    std::optional<int64_t> epoch;
    auto plan = PlanPromote(*Now(), request, By("bot"), epoch);
    EXPECT_THAT(plan, IsOk());
    const auto decision = static_cast<const Decision&>(*plan->response);
    DecisionRecord record;
    *record.mutable_decision() = decision;
    record.mutable_decision()->clear_candidate_count();
    record.set_sequence(1);
    const std::string payload = record.SerializeAsString();
    auto& set = plan->write_set;
    const std::string candidates = storage::AllDecisionCandidatesPrefix().bytes;
    std::erase_if(set.puts, [&](const auto& put) { return put.key.bytes.starts_with(candidates); });
    for (auto& put : set.puts) {
      if (put.key.bytes == KeyOf(decision).bytes) put.payload = payload;
    }
    for (auto& note : set.audits) {
      if (note.kind == v1::Event::DECISION_MADE) note.image = payload;
    }
    EXPECT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
    return decision;
  }

  absl::StatusOr<Decision> Get(const Decision& decision) {
    v1::GetDecisionRequest request;
    request.set_name(decision.name());
    return GetDecision(*Now(), request);
  }

  // All pages of so many.
  std::vector<std::string> Versions(const Decision& decision, int page_size) {
    v1::ListDecisionCandidatesRequest request;
    request.set_parent(decision.name());
    request.set_page_size(page_size);
    std::vector<std::string> versions;
    do {
      const auto page = ListDecisionCandidates(*Now(), request);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) break;
      EXPECT_LE(page->candidates_size(), page_size);
      for (const auto& candidate : page->candidates()) versions.push_back(candidate.version());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return versions;
  }

  // What the reads say of the decision that is served: by any form the same.
  std::vector<std::string> Reads(const Decision& decision) {
    std::vector<std::string> read = {DeterministicBytes(*Get(decision))};
    v1::ExplainRequest why;
    why.set_name(kProduction);
    read.push_back(DeterministicBytes(*Explain(*Now(), why, Tick())->mutable_decision()));
    read.push_back(DeterministicBytes(Explain(*Now(), why, Tick())->candidate()));
    v1::ListDecisionsRequest list;
    list.set_parent(kProduction);
    read.push_back(DeterministicBytes(*ListDecisions(*Now(), list)));
    for (const std::string& version : Versions(decision, 2)) read.push_back(version);
    return read;
  }

  absl::StatusOr<audit::VerifiedAudit> Verify(const std::function<bool(v1::AuditPart&)>& keeps =
                                                  [](v1::AuditPart&) { return true; }) {
    const auto auditor = audit::Auditor::Open(*store_, "");
    EXPECT_THAT(auditor, IsOk());
    audit::Export parts(store_->GetSnapshot(), auditor->get());
    audit::Verifier verifier((*auditor)->verifier());
    const absl::Status taken = parts.ForEach([&](v1::AuditPart part) {
      return keeps(part) ? verifier.Take(std::move(part)) : absl::OkStatus();
    });
    if (!taken.ok()) return taken;
    return verifier.Finish();
  }
};

TEST_F(DecisionCandidatesTest, TheHeaderHoldsNoCandidateAndSaysHowManyThereAre) {
  const auto decision = Promote(kProduction);
  ASSERT_THAT(decision, IsOk());
  ASSERT_EQ(decision->candidates_size(), kVersions);
  EXPECT_EQ(decision->candidate_count(), kVersions);
  const auto stored = storage::ReadRecord<DecisionRecord>(*Now(), KeyOf(*decision));
  ASSERT_TRUE(stored.ok() && stored->has_value());
  EXPECT_TRUE((*stored)->value.decision().candidates().empty());
  EXPECT_EQ((*stored)->value.decision().candidate_count(), kVersions);
  EXPECT_EQ((*stored)->value.candidates_sha256().size(), 64u);
  // The whole is answered where one decision is asked for.
  EXPECT_EQ(DeterministicBytes(*Get(*decision)), DeterministicBytes(*decision));
}

TEST_F(DecisionCandidatesTest, AListTellsHeadersAndReadsNoCandidate) {
  const auto decision = Promote(kProduction);
  ASSERT_THAT(decision, IsOk());
  // As if the candidates could not be read at all.
  const DecisionRef ref = RefOf(*decision);
  storage::WriteSet set;
  set.PutRecord(storage::DecisionCandidateKey(ref.model, ref.channel, ref.id, 1), "\xFF");
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  v1::ListDecisionsRequest request;
  request.set_parent(kProduction);
  const auto list = ListDecisions(*Now(), request);
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->decisions_size(), 1);
  EXPECT_TRUE(list->decisions(0).candidates().empty());
  EXPECT_EQ(list->decisions(0).candidate_count(), kVersions);
  EXPECT_THAT(Get(*decision), FailsWith(ErrorReason::RECORD_CORRUPT));
}

TEST_F(DecisionCandidatesTest, PagesTellEachCandidateOnceNewestFirst) {
  const auto decision = Promote(kProduction);
  ASSERT_THAT(decision, IsOk());
  std::vector<std::string> expected;
  for (int i = kVersions; i >= 1; --i) expected.push_back(ChurnVersion(i));
  for (const int size : {1, 2, 4, 5, 100}) EXPECT_EQ(Versions(*decision, size), expected) << size;
}

TEST_F(DecisionCandidatesTest, DecisionsFromBeforeReadAndPageLikeNewOnes) {
  const Decision decision = PromoteAsBefore();
  std::vector<std::string> expected;
  for (int i = kVersions; i >= 1; --i) expected.push_back(ChurnVersion(i));
  for (const int size : {1, 2, 4, 5, 100}) EXPECT_EQ(Versions(decision, size), expected) << size;
  const auto before = Reads(decision);
  EXPECT_EQ(Get(decision)->candidate_count(), kVersions);

  // The same decision in the form of today.
  DecisionRecord record;
  *record.mutable_decision() = *Get(decision);
  record.set_sequence(1);
  storage::WriteSet set;
  PutCandidates(RefOf(decision), promotion::SplitCandidates(record), set);
  set.PutRecord(KeyOf(decision), record.SerializeAsString());
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  EXPECT_EQ(Reads(decision), before);
}

TEST_F(DecisionCandidatesTest, UnknownDecisionsAndForeignTokensAreRefused) {
  const auto decision = Promote(kProduction);
  v1::ListDecisionCandidatesRequest request;
  request.set_parent(std::string(kProduction) + "/decisions/none");
  EXPECT_THAT(ListDecisionCandidates(*Now(), request), FailsWith(ErrorReason::DECISION_NOT_FOUND));
  request.set_parent(kProduction);
  EXPECT_THAT(ListDecisionCandidates(*Now(), request), FailsWith(ErrorReason::NAME_INVALID));
  request.set_parent(decision->name());
  request.set_page_token("foreign");
  EXPECT_THAT(ListDecisionCandidates(*Now(), request), FailsWith(ErrorReason::PAGE_TOKEN_INVALID));
}

TEST_F(DecisionCandidatesTest, AMissingCandidateIsNotPassedOver) {
  const auto decision = Promote(kProduction);
  const DecisionRef ref = RefOf(*decision);
  storage::WriteSet set;
  set.Delete(storage::DecisionCandidateKey(ref.model, ref.channel, ref.id, kVersions));
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  EXPECT_THAT(Get(*decision), FailsWith(ErrorReason::RECORD_CORRUPT));
}

TEST_F(DecisionCandidatesTest, WhatAPersonDecidesHasNoCandidateRecords) {
  ASSERT_THAT(Promote(kProduction), IsOk());
  const auto held = Hold(kProduction, 1);
  ASSERT_THAT(held, IsOk());
  EXPECT_EQ(held->candidate_count(), 0);
  EXPECT_TRUE(Versions(*held, 10).empty());
  const auto stored = storage::ReadRecord<DecisionRecord>(*Now(), KeyOf(*held));
  EXPECT_EQ((*stored)->value.candidates_sha256(), "");
}

TEST_F(DecisionCandidatesTest, AnExportHasTheCandidatesAndIsVerifiedInBothForms) {
  PromoteAsBefore();
  ASSERT_THAT(Register(0.7), IsOk());
  ASSERT_THAT(Promote(kProduction), IsOk());
  ASSERT_THAT(Override(kProduction, 1), IsOk());
  ASSERT_THAT(Hold(kProduction, 2), IsOk());
  const auto found = Verify();
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->decisions, 3) << "the policy judged in the override, too";
  EXPECT_EQ(found->other_decisions, 1);
}

TEST_F(DecisionCandidatesTest, ThePolicysVerdictInAnOverrideIsMadeAgain) {
  ASSERT_THAT(Promote(kProduction), IsOk());
  auto overridden = Override(kProduction, 1);
  ASSERT_THAT(overridden, IsOk());
  v1::GetPolicyRequest get;
  get.set_name(overridden->policy());
  const std::string source = GetPolicy(*Now(), get)->source();
  const auto kept = [this](const std::string& sha256) -> std::optional<std::string> {
    const auto record = Now()->Get(storage::KeptValueKey(sha256));
    return record->has_value() ? std::make_optional((*record)->payload) : std::nullopt;
  };
  EXPECT_TRUE(promotion::IsReplayable(*overridden));
  EXPECT_THAT(promotion::Replay(*overridden, source, kept), IsOk());
  EXPECT_THAT(promotion::CheckIdentity(*overridden), IsOk());
  overridden->set_verdict(overridden->verdict() == v1::PASS ? v1::FAIL : v1::PASS);
  EXPECT_THAT(promotion::Replay(*overridden, source, kept),
              FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
  overridden->set_reason("another");
  EXPECT_THAT(promotion::CheckIdentity(*overridden), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
}

TEST_F(DecisionCandidatesTest, DecisionsOfAnotherEditionAreNotMadeAgainAndAreNoDamage) {
  const auto decision = Promote(kProduction);
  ASSERT_THAT(decision, IsOk());
  v1::Decision older = *decision;
  older.set_edition(promotion::kEdition + 1);
  EXPECT_FALSE(promotion::IsReplayable(older));
  EXPECT_TRUE(promotion::IsOfAnotherEdition(older));
  EXPECT_THAT(promotion::CheckIdentity(older), IsOk());
}

TEST_F(DecisionCandidatesTest, OtherCandidatesThanThoseOfTheChainAreFound) {
  const auto decision = Promote(kProduction);
  ASSERT_THAT(Verify(), IsOk());
  const auto stored = storage::ReadRecord<DecisionRecord>(*Now(), KeyOf(*decision));
  const std::string sha256 = (*stored)->value.candidates_sha256();
  int seen = 0;
  EXPECT_THAT(Verify([&](v1::AuditPart& part) {
                const bool is_it = part.has_value() && part.value().sha256() == sha256;
                seen += is_it ? 1 : 0;
                return !is_it;
              }),
              FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
  EXPECT_EQ(seen, 1);

  // One that passes where it failed.
  const DecisionRef ref = RefOf(*decision);
  internal::DecisionCandidateRecord forged;
  *forged.mutable_candidate() = decision->candidates(kVersions - 1);
  forged.mutable_candidate()->set_verdict(v1::PASS);
  storage::WriteSet set;
  set.PutRecord(storage::DecisionCandidateKey(ref.model, ref.channel, ref.id, kVersions),
                forged.SerializeAsString());
  ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  EXPECT_THAT(Verify(), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
}

}  // namespace
}  // namespace cairn::registry

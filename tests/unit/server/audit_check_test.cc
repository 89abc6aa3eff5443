// What `cairnd check` finds in the audit of a store.

#include "server/audit/audit_check.h"

#include <string>

#include "server/audit/auditor.h"
#include "server/storage/keyspace.h"
#include "tests/unit/server/channel_fixture.h"

namespace cairn::registry {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOk;

class AuditCheckTest : public ChannelTest {
 protected:
  absl::StatusOr<audit::CheckedAudit> Check() { return audit::CheckAudit(store_->GetSnapshot()); }

  // A channel that was promoted to, with nothing signed yet.
  void Decide() {
    ASSERT_THAT(audit::Auditor::Open(*store_, ""), IsOk());
    ASSERT_THAT(Govern("production", 0.4), IsOk());
    ASSERT_THAT(Register(0.6), IsOk());
    ASSERT_THAT(Promote(kProduction), IsOk());
  }

  void Put(const storage::Key& key, const std::string& payload) {
    storage::WriteSet set;
    set.PutRecord(key, payload);
    ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  }
};

TEST_F(AuditCheckTest, AStoreWithoutAnAuditHasNone) {
  const auto checked = Check();
  ASSERT_THAT(checked, IsOk());
  EXPECT_EQ(checked->entries, 0);
}

TEST_F(AuditCheckTest, DecisionsAreMadeAgainThoughNoCheckpointCoversThem) {
  Decide();
  const auto checked = Check();
  ASSERT_THAT(checked, IsOk());
  EXPECT_GT(checked->entries, 2);
  EXPECT_EQ(checked->decisions, 1);
}

TEST_F(AuditCheckTest, AKeyThatWasLostIsToldAndIsNoDamage) {
  for (int start = 0; start < 2; ++start) {
    const auto auditor = audit::Auditor::Open(*store_, "");  // its key goes with it
    ASSERT_THAT(auditor, IsOk());
    ASSERT_THAT((*auditor)->Stop(), IsOk());
  }
  const auto checked = Check();
  ASSERT_THAT(checked, IsOk());
  EXPECT_EQ(checked->lost_keys, std::vector<int64_t>{2});
}

TEST_F(AuditCheckTest, WhatADecisionReadMustBeThere) {
  Decide();
  std::string first;
  ASSERT_THAT(Now()->Scan(storage::KeyRange::Prefix(storage::KeptValuePrefix()),
                          storage::ScanOrder::kAscending,
                          [&](std::string_view key, const auto&) {
                            first = key;
                            return false;
                          }),
              IsOk());
  const auto sha256 = storage::LastStringOf(storage::KeptValuePrefix(), first);
  ASSERT_THAT(sha256, IsOk());
  Put(storage::KeptValueKey(*sha256), "another value");
  EXPECT_THAT(Check(), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
}

}  // namespace
}  // namespace cairn::registry

#include "server/audit/auditor.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/audit/verifier.h"
#include "server/audit/audit_log.h"
#include "server/audit/key_file.h"
#include "server/storage/audit_chain.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::audit {
namespace {

using testing::FailsWith;
using testing::IsOk;

class AuditorTest : public ::testing::Test {
 protected:
  AuditorTest() { std::filesystem::create_directories(directory_); }
  ~AuditorTest() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Auditor> Opened() {
    auto auditor = Auditor::Open(*store_, directory_);
    EXPECT_THAT(auditor, IsOk());
    return auditor.ok() ? *std::move(auditor) : nullptr;
  }
  int64_t Entries() { return storage::ReadAuditEnd(*store_->GetSnapshot())->sequence; }

  absl::StatusOr<VerifiedAudit> Verify(std::optional<VerifierKey> pinned) {
    const auto auditor = Opened();
    Export parts(store_->GetSnapshot(), auditor.get());
    Verifier verifier(std::move(pinned));
    const absl::Status taken =
        parts.ForEach([&](v1::AuditPart part) { return verifier.Take(std::move(part)); });
    if (!taken.ok()) return taken;
    return verifier.Finish();
  }

  const std::string directory_ = ::testing::TempDir() + "/auditor_" +
                                 ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::unique_ptr<storage::KvStore> store_ = storage::MakeMemoryStore();
};

TEST_F(AuditorTest, TheKeyIsMadeOnceForItsOwnerAndStandsInTheChain) {
  const VerifierKey key = Opened()->verifier();
  EXPECT_EQ(Entries(), 1);
  EXPECT_EQ(Opened()->verifier(), key);
  EXPECT_EQ(Entries(), 1);
  struct stat info {};
  ASSERT_EQ(::stat(KeyPath(directory_).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_THAT(Verify(key), IsOk());
}

TEST_F(AuditorTest, AKeyThatOthersMayReadOrThatIsNoneIsRefused) {
  Opened();
  ASSERT_EQ(::chmod(KeyPath(directory_).c_str(), 0640), 0);
  EXPECT_THAT(Auditor::Open(*store_, directory_), FailsWith(ErrorReason::AUDIT_KEY_UNUSABLE));
  ASSERT_EQ(::chmod(KeyPath(directory_).c_str(), 0600), 0);
  std::ofstream(KeyPath(directory_)) << "something else\n";
  EXPECT_THAT(Auditor::Open(*store_, directory_), FailsWith(ErrorReason::AUDIT_KEY_UNUSABLE));
  EXPECT_EQ(Entries(), 1);
}

TEST_F(AuditorTest, ARotatedKeyIsVouchedForByTheOneBefore) {
  const VerifierKey first = Opened()->verifier();
  const auto second = Auditor::Rotate(*store_, directory_);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->name, first.name);
  EXPECT_NE(second->public_key, first.public_key);
  EXPECT_EQ(Opened()->verifier(), *second);
  for (const VerifierKey& pinned : {first, *second}) {
    const auto found = Verify(pinned);
    ASSERT_THAT(found, IsOk());
    EXPECT_TRUE(found->lost_keys.empty());
    EXPECT_EQ(found->key, *second);
  }
}

TEST_F(AuditorTest, AfterALostKeyOnlyWhoNamesTheNewOneBelievesIt) {
  const VerifierKey first = Opened()->verifier();
  std::filesystem::remove(KeyPath(directory_));
  const VerifierKey second = Opened()->verifier();
  EXPECT_EQ(Entries(), 2);
  EXPECT_THAT(Verify(first), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
  EXPECT_THAT(Verify(std::nullopt), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
  const auto found = Verify(second);
  ASSERT_THAT(found, IsOk());
  EXPECT_THAT(found->lost_keys, ::testing::ElementsAre(2));
}

TEST_F(AuditorTest, AnInterruptedRotationIsFinishedOrForgottenByTheNextStart) {
  const VerifierKey first = Opened()->verifier();
  const SignerKey stray{first.name, *Ed25519Key::Generate()};
  ASSERT_THAT(StageKeyFile(directory_, stray), IsOk());
  EXPECT_EQ(Opened()->verifier(), first);
  EXPECT_EQ(Entries(), 1);

  const auto second = Auditor::Rotate(*store_, directory_);
  ASSERT_THAT(second, IsOk());
  const auto key = ReadKeyFile(directory_);
  ASSERT_THAT(key, IsOk());
  std::filesystem::remove(KeyPath(directory_));
  ASSERT_THAT(StageKeyFile(directory_, **key), IsOk());
  EXPECT_EQ(Opened()->verifier(), *second);
  EXPECT_EQ(Entries(), 2);
}

TEST_F(AuditorTest, ACheckpointIsKeptEveryThousandEntriesAndAtTheEnd) {
  const auto auditor = Opened();
  auditor->Start();
  for (int64_t i = Entries(); i < Auditor::kEntriesPerCheckpoint; ++i) {
    storage::WriteSet set;
    set.Audit(v1::Event::ALIAS_SET, "models/m/aliases/a", "x")
        .Emit("models/m/aliases/a", v1::Event::ALIAS_SET);
    ASSERT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
  }
  // Stopping finishes what is due.
  storage::WriteSet last;
  last.Audit(v1::Event::ALIAS_SET, "models/m/aliases/a", "x");
  ASSERT_THAT(store_->CommitAndWait(std::move(last)), IsOk());
  ASSERT_THAT(auditor->Stop(), IsOk());
  for (const int64_t size : {int64_t{1000}, int64_t{1001}}) {
    EXPECT_TRUE(store_->GetSnapshot()->Get(storage::AuditCheckpointKey(size))->has_value()) << size;
  }
  EXPECT_THAT(Verify(auditor->verifier()), IsOk());
}

}  // namespace
}  // namespace cairn::audit

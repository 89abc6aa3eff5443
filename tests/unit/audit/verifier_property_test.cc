#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/audit/export_file.h"
#include "lib/audit/verifier.h"
#include "server/audit/audit_log.h"
#include "server/audit/auditor.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::audit {
namespace {

using testing::FailsWith;
using testing::IsOk;

constexpr uint64_t kAuditSeed = 20261130;
constexpr int kChanges = 40;

// An export of a store in which much was changed.
class AuditPropertyTest : public ::testing::Test {
 protected:
  AuditPropertyTest() {
    for (int i = 0; i < kChanges; ++i) {
      storage::WriteSet set;
      set.principal = "somebody";
      const std::string name = "models/m/aliases/a" + std::to_string(i % 3);
      const bool deletes = i % 5 == 4;
      // One in ten is too large for its entry.
      const std::string image(i % 10 == 0 ? 60'000 : 10, static_cast<char>('a' + i % 26));
      set.Audit(deletes ? v1::Event::ALIAS_DELETED : v1::Event::ALIAS_SET, name,
                deletes ? "" : image);
      EXPECT_THAT(store_->CommitAndWait(std::move(set)), IsOk());
    }
    Export source(store_->GetSnapshot(), auditor_.get());
    EXPECT_THAT(source.ForEach([this](v1::AuditPart part) {
      parts_.push_back(std::move(part));
      return absl::OkStatus();
    }),
                IsOk());
  }

  static absl::Status Verify(const std::vector<v1::AuditPart>& parts, const VerifierKey& key) {
    Verifier verifier(key);
    for (const v1::AuditPart& part : parts) {
      if (absl::Status taken = verifier.Take(part); !taken.ok()) return taken;
    }
    return verifier.Finish().status();
  }
  absl::Status Verify(const std::vector<v1::AuditPart>& parts) const {
    return Verify(parts, auditor_->verifier());
  }

  std::vector<size_t> PlacesOf(v1::AuditPart::PartCase kind) const {
    std::vector<size_t> places;
    for (size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i].part_case() == kind) places.push_back(i);
    }
    return places;
  }

  std::unique_ptr<storage::KvStore> store_ = storage::MakeMemoryStore();
  std::unique_ptr<Auditor> auditor_ = *Auditor::Open(*store_, "");
  std::vector<v1::AuditPart> parts_;
  std::mt19937_64 rng_{kAuditSeed};
};

TEST_F(AuditPropertyTest, AnExportHoldsAsItIsAndAsAFile) {
  EXPECT_THAT(Verify(parts_), IsOk());
  EXPECT_EQ(PlacesOf(v1::AuditPart::kEntry).size(), kChanges + 1);
  std::string file(kExportHeader);
  for (const v1::AuditPart& part : parts_) file += EncodePart(part);
  std::vector<v1::AuditPart> read;
  ASSERT_THAT(ForEachPart(file,
                          [&](v1::AuditPart part) {
                            read.push_back(std::move(part));
                            return absl::OkStatus();
                          }),
              IsOk());
  EXPECT_THAT(Verify(read), IsOk());
}

TEST_F(AuditPropertyTest, AChangedByteOfAnyEntryIsFound) {
  for (const size_t place : PlacesOf(v1::AuditPart::kEntry)) {
    for (size_t at = 0; at < std::min<size_t>(parts_[place].entry().size(), 200); ++at) {
      auto changed = parts_;
      std::string& bytes = *changed[place].mutable_entry();
      bytes[at] ^= static_cast<char>(1 << (rng_() % 8));
      ASSERT_THAT(Verify(changed), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN))
          << place << " at " << at;
    }
  }
}

TEST_F(AuditPropertyTest, AMissingDoubledOrMovedEntryIsFound) {
  const auto places = PlacesOf(v1::AuditPart::kEntry);
  for (size_t i = 0; i < places.size(); ++i) {
    const auto at = static_cast<std::ptrdiff_t>(places[i]);
    auto missing = parts_;
    missing.erase(missing.begin() + at);
    ASSERT_THAT(Verify(missing), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN)) << i;
    auto doubled = parts_;
    doubled.insert(doubled.begin() + at, doubled[places[i]]);
    ASSERT_THAT(Verify(doubled), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN)) << i;
    for (size_t other = i + 1; other < places.size(); ++other) {
      auto moved = parts_;
      std::swap(moved[places[i]], moved[places[other]]);
      ASSERT_THAT(Verify(moved), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN)) << i << " " << other;
    }
  }
}

TEST_F(AuditPropertyTest, AChainCutAnywhereIsFound) {
  const auto places = PlacesOf(v1::AuditPart::kEntry);
  for (size_t keep = 0; keep < places.size(); ++keep) {
    auto cut = parts_;
    cut.erase(cut.begin() + static_cast<std::ptrdiff_t>(places[keep]),
              cut.begin() + static_cast<std::ptrdiff_t>(places.back()) + 1);
    ASSERT_THAT(Verify(cut), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN)) << keep;
  }
}

TEST_F(AuditPropertyTest, AFileCutAnywhereIsFound) {
  std::string file(kExportHeader);
  for (const v1::AuditPart& part : parts_) file += EncodePart(part);
  for (size_t size = 0; size < file.size(); size += 1 + rng_() % 999) {
    Verifier verifier(auditor_->verifier());
    absl::Status status = ForEachPart(
        file.substr(0, size), [&](v1::AuditPart part) { return verifier.Take(std::move(part)); });
    if (status.ok()) status = verifier.Finish().status();
    ASSERT_THAT(status, FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN)) << size;
  }
}

TEST_F(AuditPropertyTest, ANoteOrAKeyOfSomebodyElseIsFound) {
  const auto other_store = storage::MakeMemoryStore();
  const auto thief = *Auditor::Open(*other_store, "");
  EXPECT_THAT(Verify(parts_, thief->verifier()), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
  auto unsigned_parts = parts_;
  unsigned_parts.pop_back();
  EXPECT_THAT(Verify(unsigned_parts), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
  auto forged = parts_;
  forged.back().set_note(thief->Sign(*store_->GetSnapshot())->note());
  EXPECT_THAT(Verify(forged), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
}

TEST_F(AuditPropertyTest, ACheckpointKeptElsewhereFindsAChainThatWasCutAndSignedAgain) {
  const std::string kept = auditor_->Sign(*store_->GetSnapshot())->note();
  const auto shorter_store = storage::MakeMemoryStore();
  const auto shorter = *Auditor::Open(*shorter_store, "");
  Export source(shorter_store->GetSnapshot(), shorter.get());
  Verifier verifier;
  verifier.Expect(kept);
  ASSERT_THAT(source.ForEach([&](v1::AuditPart part) { return verifier.Take(std::move(part)); }),
              IsOk());
  EXPECT_THAT(verifier.Finish(), FailsWith(ErrorReason::AUDIT_CHAIN_BROKEN));
}

}  // namespace
}  // namespace cairn::audit

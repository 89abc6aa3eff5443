#include "server/storage/synced_files.h"

#include <filesystem>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/files.h"
#include "server/storage/witnessed_files.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::storage {
namespace {

using testing::IsOk;

SyncedState TwoFiles() {
  return {7,
          {{SyncedKind::kLog, 12, 4096, 0x01020304}, {SyncedKind::kManifest, 5, 300, 0xA0B0C0D0}}};
}

// The vector of docs/storage-format.md.
TEST(SyncedFiles, AStateHasTheDocumentedBytes) {
  EXPECT_EQ(
      HexEncode(EncodeSyncedState(TwoFiles())),
      "434149524e53593100000000000000070000000201000000000000000c000000000000100001020304020000"
      "000000000005000000000000012ca0b0c0d0628d5bf9");
}

TEST(SyncedFiles, AStateComesBackFromItsBytes) {
  const SyncedState state = TwoFiles();
  const auto decoded = DecodeSyncedState(EncodeSyncedState(state) + std::string(100, '\0'));
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->ordinal, 7u);
  EXPECT_EQ(decoded->files, state.files);
  EXPECT_EQ(decoded->Find(SyncedKind::kLog, 12)->bytes, 4096u);
  EXPECT_EQ(decoded->Find(SyncedKind::kManifest, 12), nullptr);
}

TEST(SyncedFiles, AnyDamagedBitIsNoState) {
  const std::string bytes = EncodeSyncedState(TwoFiles());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] ^= static_cast<char>(1 << (bit % 8));
    EXPECT_FALSE(DecodeSyncedState(damaged).has_value()) << "bit " << bit;
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeSyncedState(bytes.substr(0, size)).has_value()) << "size " << size;
  }
}

TEST(SyncedFiles, OfTooManyFilesTheOldestLogsAreLeftOut) {
  SyncedState state;
  for (uint64_t i = 0; i < kMaxSyncedFiles + 10; ++i) {
    state.files.push_back({SyncedKind::kLog, i, 1, 0});
  }
  state.files.push_back({SyncedKind::kManifest, 1, 1, 0});
  const std::string bytes = EncodeSyncedState(state);
  EXPECT_LE(bytes.size(), kSyncedSlotBytes);
  const auto decoded = DecodeSyncedState(bytes);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(decoded->files.size(), kMaxSyncedFiles);
  EXPECT_EQ(decoded->files.front().number, 11u);
  EXPECT_EQ(decoded->files.back().kind, SyncedKind::kManifest);
}

class SyncedFilesOnDiskTest : public ::testing::Test {
 protected:
  SyncedFilesOnDiskTest() { std::filesystem::create_directory(scratch_.Join("kv")); }

  ScratchDirectory scratch_;
};

TEST_F(SyncedFilesOnDiskTest, NothingIsWrittenBeforeThereIsSomethingToTell) {
  { SyncedFiles files(scratch_.path(), TwoFiles(), nullptr); }
  EXPECT_FALSE(ReadNewestSyncedState(scratch_.path()).has_value());
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.Join("kv")));
}

TEST_F(SyncedFilesOnDiskTest, WhatWasToldIsFoundAtOnceAndFromEitherCopy) {
  SyncedFiles files(scratch_.path(), {}, nullptr);
  for (uint64_t bytes = 1; bytes <= 5; ++bytes) {
    files.Record({SyncedKind::kLog, 9, bytes, 0});
    for (const std::string& path : SyncedStatePaths(scratch_.path())) {
      const auto state = ReadSyncedState(path);
      ASSERT_TRUE(state.has_value());
      EXPECT_EQ(state->ordinal, bytes);
      EXPECT_EQ(state->Find(SyncedKind::kLog, 9)->bytes, bytes);
    }
  }
  files.Forget(SyncedKind::kLog, 9);
  EXPECT_TRUE(ReadNewestSyncedState(scratch_.path())->files.empty());
}

TEST_F(SyncedFilesOnDiskTest, ADamagedSlotLeavesTheStateBeforeAndTheOtherCopyHasTheNewest) {
  {
    SyncedFiles files(scratch_.path(), {}, nullptr);
    files.Record({SyncedKind::kLog, 9, 1, 0});
    files.Record({SyncedKind::kLog, 9, 2, 0});
  }
  const std::string path = SyncedStatePaths(scratch_.path())[0];
  std::string bytes = ReadFile(path).value();
  bytes[20] ^= 1;  // the slot of even ordinals
  ASSERT_THAT(WriteFileAtomically(path, bytes), IsOk());
  EXPECT_EQ(ReadSyncedState(path)->ordinal, 1u);
  EXPECT_EQ(ReadNewestSyncedState(scratch_.path())->ordinal, 2u);
}

TEST_F(SyncedFilesOnDiskTest, ACopyThatCannotBeWrittenIsToldOnce) {
  std::filesystem::remove(scratch_.Join("kv"));
  int failures = 0;
  SyncedFiles files(scratch_.path(), {}, [&failures](const absl::Status&) { ++failures; });
  files.Record({SyncedKind::kLog, 9, 1, 0});
  files.Record({SyncedKind::kLog, 9, 2, 0});
  EXPECT_EQ(failures, 1);
}

TEST(SyncedNames, AreThoseOfLogsAndManifests) {
  EXPECT_EQ(ParseSyncedName("/d/kv/000012.log")->second, 12u);
  EXPECT_EQ(ParseSyncedName("/d/kv/MANIFEST-000005")->first, SyncedKind::kManifest);
  for (const char* other : {"12.sst", ".log", "x12.log", "MANIFEST-", "MANIFEST-5x", "CURRENT"}) {
    EXPECT_FALSE(ParseSyncedName(other).has_value()) << other;
  }
  EXPECT_EQ(ParseCurrent("MANIFEST-000005\n"), 5u);
  for (const char* other :
       {"", "MANIFEST-000005", "MANIFEST-\n", "MANIFEST-5 \n", "manifest-5\n"}) {
    EXPECT_FALSE(ParseCurrent(other).has_value()) << other;
  }
}

}  // namespace
}  // namespace cairn::storage

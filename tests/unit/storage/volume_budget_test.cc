#include "server/storage/volume_budget.h"

#include <sys/stat.h>

#include <filesystem>
#include <limits>

#include "gtest/gtest.h"
#include "server/storage/ballast.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::storage {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

TEST(VolumeBudget, AFlushOfTheWholeLogAndACompactionFitIntoHalfOfTheReserve) {
  for (int64_t mebibytes : {64, 100, 400, 1000, 1500}) {
    const VolumeBudget budget = VolumeBudget::For(mebibytes * kMiB);
    const int64_t compaction = budget.l0_files * budget.max_log_bytes + budget.level_bytes;
    EXPECT_LE(budget.max_log_bytes + compaction, budget.reserve_bytes / 2) << mebibytes;
    EXPECT_LE(budget.compaction_bytes, compaction) << mebibytes;
    EXPECT_LE(budget.write_buffer_bytes, budget.max_log_bytes) << mebibytes;
    EXPECT_LE(budget.pack_bytes, budget.reserve_bytes / 8) << mebibytes;
  }
}

TEST(VolumeBudget, TheReserveIsAnEighthOfASmallVolumeAndATwentiethOfALargerOne) {
  EXPECT_EQ(VolumeBudget::For(64 * kMiB).reserve_bytes, 8 * kMiB);
  EXPECT_EQ(VolumeBudget::For(2000 * kMiB).reserve_bytes, 192 * kMiB);
  EXPECT_EQ(VolumeBudget::For(8000 * kMiB).reserve_bytes, 400 * kMiB);
  EXPECT_EQ(VolumeBudget::For(1'000'000 * kMiB).reserve_bytes, 512 * kMiB);
}

int64_t SizeOf(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? -1 : static_cast<int64_t>(size);
}

TEST(Ballast, ComesBackAndIsGivenUpOnlyWhereThereIsTooLittleRoom) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Join("ballast");
  Ballast ballast(scratch.path(), kMiB);
  ballast.Release();  // there is none
  ballast.Restore();
  EXPECT_EQ(SizeOf(path), kMiB);
  ballast.Release();
  EXPECT_EQ(SizeOf(path), kMiB) << "there is room";
  Ballast more_than_is_free(scratch.path(), std::numeric_limits<int64_t>::max() / 2);
  more_than_is_free.Release();
  EXPECT_EQ(SizeOf(path), -1);
}

}  // namespace
}  // namespace cairn::storage

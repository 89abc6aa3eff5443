#include "client-cli/commands/transfer_meter.h"

#include <gtest/gtest.h>

namespace cairn::cli {
namespace {

client::TransferProgress Counts(int64_t total, int64_t transferred) {
  client::TransferProgress progress;
  progress.total_files = 1;
  progress.total_bytes = total;
  progress.transferred_bytes = transferred;
  return progress;
}

TEST(TransferMeterTest, AFileUnderWayShowsRateAndWhatIsLeft) {
  EXPECT_EQ(ProgressLine(Counts(100 << 20, 25 << 20), 5),
            "25.0 MiB of 100.0 MiB, 5.0 MiB/s, 15 s left");
}

TEST(TransferMeterTest, SeveralFilesAreCountedAndLongTimesAreWritten) {
  client::TransferProgress progress = Counts(100 << 20, 10 << 20);
  progress.total_files = 20;
  progress.done_files = 3;
  EXPECT_EQ(ProgressLine(progress, 100),
            "10.0 MiB of 100.0 MiB, 3 of 20 files, 102.4 KiB/s, 15 min 0 s left");
  EXPECT_EQ(ProgressLine(progress, 1000),
            "10.0 MiB of 100.0 MiB, 3 of 20 files, 10.2 KiB/s, 2 h 30 min left");
}

TEST(TransferMeterTest, BeforeAnythingIsSentTheHashingShows) {
  client::TransferProgress progress = Counts(100 << 20, 0);
  EXPECT_EQ(ProgressLine(progress, 1), "0 B of 100.0 MiB, 0 B/s");
  progress.examined_bytes = 50 << 20;
  EXPECT_EQ(ProgressLine(progress, 1), "50.0 MiB of 100.0 MiB hashed, 50.0 MiB/s");
}

TEST(TransferMeterTest, WhatNeedNotTravelIsSaid) {
  client::TransferProgress progress = Counts(100 << 20, 25 << 20);
  progress.skipped_bytes = 50 << 20;
  progress.deduplicated_bytes = 25 << 20;
  EXPECT_EQ(SummaryLine(progress, 2, "sent"),
            "1 file, 100.0 MiB in 2.0 s (50.0 MiB/s): 25.0 MiB sent, 75.0 % deduplicated");
  progress = Counts(100 << 20, 0);
  progress.total_files = 7;
  progress.cached_bytes = 100 << 20;
  EXPECT_EQ(SummaryLine(progress, 1, "received"),
            "7 files, 100.0 MiB in 1.0 s (100.0 MiB/s): 0 B received, 100.0 MiB from the cache");
}

TEST(TransferMeterTest, NothingAtAllIsNoDivisionByZero) {
  EXPECT_EQ(SummaryLine(Counts(0, 0), 0, "sent"), "1 file, 0 B in 0.0 s (0 B/s): 0 B sent");
}

}  // namespace
}  // namespace cairn::cli

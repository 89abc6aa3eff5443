#include "pipeline/stages/byte_codec.h"

#include <gtest/gtest.h>

#include "pipeline/stages/cached_values.h"

namespace cairn::pipeline {
namespace {

std::vector<TrainingRun> TwoRunsOfOneOutcome() {
  auto fit = std::make_shared<FitOutcome>();
  fit->centers = RowMajorMatrix::Random(2, 3);
  fit->training_labels = {0, 1, 1};
  fit->all_labels = {0, 1, 1, 0};
  fit->inertia = 1.25;
  fit->iterations = 4;
  fit->converged = true;
  std::vector<TrainingRun> runs(2);
  for (TrainingRun& run : runs) run.fit = fit;
  runs[0].point.k = 2;
  runs[0].training.silhouette = 0.5;
  runs[0].training.silhouette_error = 0.25;
  runs[0].training.silhouette_sample = 2;
  runs[0].silhouettes = std::make_shared<const std::vector<double>>(std::vector<double>{0.75, 0.5});
  runs[0].silhouette_rows =
      std::make_shared<const std::vector<int32_t>>(std::vector<int32_t>{0, 2});
  runs[1].point.init = CenterInit::kRandom;
  runs[1].shared_from = runs[0].point.Id();
  runs[1].fit_seconds = 0.125;
  return runs;
}

TEST(ByteCodecTest, RunsRoundTripAndShareAgain) {
  std::vector<StageRecord> records(2);
  records[0].cpu_seconds = 1.5;
  records[0].bytes_read = 77;
  std::vector<TrainingRun> runs;
  std::vector<StageRecord> back;
  ASSERT_TRUE(DecodeRuns(EncodeRuns(TwoRunsOfOneOutcome(), records), &runs, &back));
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].fit, runs[1].fit);
  EXPECT_EQ(runs[0].fit->all_labels, (std::vector<int32_t>{0, 1, 1, 0}));
  EXPECT_EQ(runs[0].training.silhouette, 0.5);
  EXPECT_TRUE(std::isnan(runs[1].training.silhouette));
  EXPECT_EQ(runs[1].point.init, CenterInit::kRandom);
  EXPECT_EQ(runs[1].shared_from, runs[0].point.Id());
  EXPECT_EQ(runs[0].training.silhouette_error, 0.25);
  EXPECT_EQ(runs[0].training.silhouette_sample, 2);
  ASSERT_NE(runs[0].silhouettes, nullptr);
  EXPECT_EQ(*runs[0].silhouettes, (std::vector<double>{0.75, 0.5}));
  EXPECT_EQ(*runs[0].silhouette_rows, (std::vector<int32_t>{0, 2}));
  EXPECT_EQ(runs[1].silhouettes, nullptr);
  EXPECT_TRUE(back[0].cached);
  EXPECT_EQ(back[0].cpu_seconds, 1.5);
  EXPECT_EQ(back[0].bytes_read, 77);
}

TEST(ByteCodecTest, EveryPrefixIsRefused) {
  const std::string bytes = EncodeRuns(TwoRunsOfOneOutcome(), std::vector<StageRecord>(2));
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::vector<TrainingRun> runs;
    std::vector<StageRecord> records;
    EXPECT_FALSE(DecodeRuns(std::string_view(bytes).substr(0, size), &runs, &records)) << size;
  }
}

TEST(ByteCodecTest, ALengthBeyondTheBytesIsRefused) {
  ByteWriter writer;
  writer.Int(int64_t{1} << 60);
  const std::string bytes = writer.Take();
  ByteReader text(bytes);
  EXPECT_EQ(text.Text(), "");
  EXPECT_FALSE(text.ok());
  ByteReader array(bytes);
  EXPECT_TRUE(array.Array<double>().empty());
  EXPECT_FALSE(array.ok());
}

TEST(ByteCodecTest, AMatrixBeyondTheBytesIsRefused) {
  for (const auto& [rows, cols] : {std::pair<int64_t, int64_t>{1 << 30, 1 << 30}, {-1, 2}}) {
    ByteWriter writer;
    writer.Int(rows);
    writer.Int(cols);
    const std::string bytes = writer.Take();
    ByteReader reader(bytes);
    EXPECT_EQ(reader.Matrix().size(), 0);
    EXPECT_FALSE(reader.ok());
  }
}

}  // namespace
}  // namespace cairn::pipeline

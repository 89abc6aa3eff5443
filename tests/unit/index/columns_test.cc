#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/index/column.h"
#include "server/index/dictionary.h"
#include "server/index/kernels.h"
#include "server/index/run_columns.h"
#include "server/index/words.h"

namespace cairn::index {
namespace {

TEST(Bitmap, HoldsBitsAcrossChunksAndIsEmptyBeyondItsEnd) {
  Bitmap bits;
  for (const Row row : {0u, 63u, 64u, 4095u, 4096u, 9000u}) bits.Set(row, true);
  EXPECT_EQ(bits.Count(), 6u);
  EXPECT_TRUE(bits.Get(4096));
  EXPECT_FALSE(bits.Get(4097));
  EXPECT_FALSE(bits.Get(1'000'000));
  bits.Set(4096, false);
  EXPECT_EQ(bits.Count(), 5u);
  EXPECT_EQ(bits.Chunk(3), nullptr);
}

TEST(Kernels, EveryRangeKernelAgreesWithTheDefinition) {
  std::mt19937_64 random(7);
  std::vector<uint64_t> words(kChunkRows);
  const std::vector<uint64_t> edges = {0, 1, 1ull << 63, (1ull << 63) - 1, ~0ull, ~0ull - 1};
  for (size_t i = 0; i < words.size(); ++i) words[i] = i % 3 == 0 ? edges[i % 6] : random();
  std::vector<uint64_t> bounds = edges;
  for (int i = 0; i < 6; ++i) bounds.push_back(random());
  for (const uint64_t lo : bounds) {
    for (const uint64_t hi : bounds) {
      if (lo > hi) continue;
      Mask fast{}, portable{};
      RangeMask(words.data(), lo, hi, fast);
      RangeMaskPortable(words.data(), lo, hi, portable);
      EXPECT_EQ(fast, portable);
      for (size_t i = 0; i < words.size(); ++i) {
        const bool inside = lo <= words[i] && words[i] <= hi;
        ASSERT_EQ((portable[i / 64] >> (i % 64) & 1) != 0, inside) << lo << " " << hi;
      }
    }
  }
}

TEST(Kernels, EqualBytesAreFound) {
  std::vector<uint8_t> codes(kChunkRows);
  for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<uint8_t>(i * 7);
  Mask mask{};
  EqualMask(codes.data(), 200, mask);
  for (size_t i = 0; i < codes.size(); ++i) {
    ASSERT_EQ((mask[i / 64] >> (i % 64) & 1) != 0, codes[i] == 200);
  }
}

TEST(CodeColumn, WidensAChunkWhenACodeNeedsIt) {
  CodeColumn column;
  column.Set(1, 255);
  column.Set(2, 256);
  column.Set(3, 65'536);
  column.Set(5'000, 7);
  EXPECT_EQ(column.Get(0), 0u);
  EXPECT_EQ(column.Get(1), 255u);
  EXPECT_EQ(column.Get(2), 256u);
  EXPECT_EQ(column.Get(3), 65'536u);
  EXPECT_EQ(column.Get(5'000), 7u);
  EXPECT_EQ(column.Find(0)->width, 4);
  EXPECT_EQ(column.Find(1)->width, 1);
}

TEST(MetricColumn, KeepsExtremesOnlyWhereTheyDiffer) {
  MetricColumn column;
  EXPECT_TRUE(column.Set(1, {5, 5, 5}));
  EXPECT_TRUE(column.Set(5'000, {6, 6, 6}));
  const size_t before = column.bytes();
  EXPECT_TRUE(column.Set(2, {5, 4, 5}));
  EXPECT_GT(column.bytes(), before);
  EXPECT_EQ(column.Get(MetricColumn::kMin, 1), 5u);
  EXPECT_EQ(column.Get(MetricColumn::kMin, 2), 4u);
  EXPECT_EQ(column.Get(MetricColumn::kMax, 2), 5u);
  EXPECT_EQ(column.Get(MetricColumn::kMin, 3), 0u);
  EXPECT_EQ(column.Get(MetricColumn::kMin, 5'000), 6u);
  EXPECT_FALSE(column.Set(2, {5, 4, 5}));
  EXPECT_TRUE(column.Set(2, {0, 0, 0}));
  EXPECT_EQ(column.Get(MetricColumn::kMin, 2), 0u);
}

TEST(Dictionary, ReusesTheCodeOfATextThatNobodyHas) {
  Dictionary dictionary(true);
  const uint32_t a = dictionary.Acquire("a");
  EXPECT_EQ(dictionary.Acquire("a"), a);
  const uint32_t number = dictionary.Acquire("1.0");
  EXPECT_EQ(dictionary.sort_word(number), NumberWord(1));
  dictionary.Release(a);
  EXPECT_EQ(dictionary.Find("a"), a);
  dictionary.Release(a);
  EXPECT_EQ(dictionary.Find("a"), 0u);
  EXPECT_EQ(dictionary.Acquire("a text longer than a small string"), a);
  EXPECT_EQ(dictionary.text(a), "a text longer than a small string");
}

TEST(Dictionary, ATagThatAlwaysChangesDoesNotGrowIt) {
  TextColumn column(true);
  for (int i = 0; i < 10'000; ++i) column.Set(3, true, std::to_string(i));
  EXPECT_LE(column.dictionary.code_limit(), 4u);
}

TEST(Words, OrderAsTheClassesOfAnOrderDo) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<uint64_t> ascending = {NumberWord(-infinity),
                                           NumberWord(-1),
                                           NumberWord(0),
                                           NumberWord(infinity),
                                           MetricSortWord(NumberWord(nan)),
                                           TextSortWord("a"),
                                           TextSortWord("b"),
                                           MetricSortWord(kNoValue)};
  EXPECT_TRUE(std::is_sorted(ascending.begin(), ascending.end()));
  EXPECT_EQ(NumberWord(-0.0), NumberWord(0.0));
  EXPECT_GT(Descending(NumberWord(-infinity)), Descending(NumberWord(infinity)));
  EXPECT_LT(Descending(NumberWord(-infinity)), Descending(kNanSort));
  EXPECT_GT(Descending(TextSortWord("a")), Descending(TextSortWord("b")));
  EXPECT_LT(Descending(TextSortWord("a")), Descending(kMissingSort));
}

TEST(RunColumns, TellsWhichRowsChangedSince) {
  RunColumns columns;
  const Row a = columns.RowFor(*RunId::Parse(std::string(32, 'a')));
  const Row b = columns.RowFor(*RunId::Parse(std::string(32, 'b')));
  const auto changed = [&](uint64_t since, ChangeKind kind) {
    std::vector<Row> rows;
    columns.ForEachChanged(since, kind, [&](Row row) { rows.push_back(row); });
    return rows;
  };
  const uint64_t start = columns.sequence();
  columns.NextSequence();
  cairn::v1::MetricSummary summary;
  summary.set_key("m");
  columns.SetMetric(a, summary);
  EXPECT_EQ(changed(start, ChangeKind::kRecord), std::vector<Row>{});
  EXPECT_EQ(changed(start, ChangeKind::kMetrics), std::vector<Row>{a});
  columns.SetText(b, core::RunField::kTag, "t", "x");
  EXPECT_EQ(changed(start, ChangeKind::kRecord), std::vector<Row>{b});
  const uint64_t now = columns.sequence();
  columns.NextSequence();
  columns.SetText(b, core::RunField::kTag, "t", "x");
  columns.SetMetric(a, summary);
  EXPECT_EQ(changed(now, ChangeKind::kMetrics), std::vector<Row>{});
}

TEST(RunColumns, GivesTheRowOfAPurgedRunToALaterOneWithoutItsValues) {
  RunColumns columns;
  const Row row = columns.RowFor(*RunId::Parse(std::string(32, 'a')));
  columns.SetText(row, core::RunField::kParam, "p", "x");
  columns.Remove(row);
  EXPECT_FALSE(columns.Find(*RunId::Parse(std::string(32, 'a'))).has_value());
  EXPECT_EQ(columns.RowFor(*RunId::Parse(std::string(32, 'b'))), row);
  EXPECT_EQ(columns.text(core::RunField::kParam, "p")->codes.Get(row), 0u);
  EXPECT_EQ(columns.row_limit(), 1u);
}

}  // namespace
}  // namespace cairn::index

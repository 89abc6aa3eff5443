#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/load.h"
#include "pipeline/data/zip_archive.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;
using testing::Csv;
using testing::Gzip;
using ::testing::HasSubstr;
using testing::Zip;
using testing::ZipMember;
using testing::Zstd;

std::string ManyRows(int count) {
  return Csv(std::vector<testing::Row>(static_cast<size_t>(count)));
}

TEST(LoadPacked, EveryPackingGivesTheSameTable) {
  const std::string csv = ManyRows(5000);
  const auto plain = LoadTransactionsFromBytes(csv);
  ASSERT_THAT(plain, IsOk());
  const std::pair<std::string, std::string> packed[] = {
      {Gzip(csv), "csv.gzip"},
      {Zstd(csv), "csv.zstd"},
      {Zip({{"folder/", "", false}, {"folder/data.CSV", csv}, {"readme.txt", "hi"}}), "csv.zip"},
      {Zip({{"__MACOSX/._data.csv", "junk"}, {"data.csv", csv, false}}), "csv.zip"}};
  for (const auto& [bytes, format] : packed) {
    const auto loaded = LoadTransactionsFromBytes(bytes);
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->format, format);
    EXPECT_TRUE(SameRows(loaded->table, plain->table));
    EXPECT_EQ(loaded->unpacked_bytes, csv.size());
    EXPECT_EQ(loaded->file_bytes, bytes.size());
  }
}

// Rows that no packing makes small, a few megabytes of them.
std::string UnlikeRows(int count) {
  std::vector<testing::Row> rows(static_cast<size_t>(count));
  uint32_t state = 1;
  for (testing::Row& row : rows) {
    row.description.clear();
    for (int i = 0; i < 60; ++i) {
      state = state * 1664525 + 1013904223;
      row.description.push_back(static_cast<char>('A' + (state >> 24) % 26));
    }
  }
  return Csv(rows);
}

TEST(LoadPacked, TellsHowFarItIsInPackedBytesAndRows) {
  constexpr int kRows = 30'000;
  const std::string csv = UnlikeRows(kRows);
  for (const std::string& bytes : {csv, Gzip(csv), Zstd(csv), Zip({{"data.csv", csv}})}) {
    std::vector<LoadProgress> told;
    LoadOptions options;
    options.threads = 2;
    options.watch = [&told](const LoadProgress& now) { told.push_back(now); };
    const auto loaded = LoadTransactionsFromBytes(bytes, options);
    ASSERT_THAT(loaded, IsOk());
    SCOPED_TRACE(loaded->format);
    ASSERT_GT(told.size(), 4u);
    for (size_t i = 0; i < told.size(); ++i) {
      EXPECT_LE(told[i].bytes, told[i].total);
      if (i == 0) continue;
      EXPECT_GE(told[i].bytes, told[i - 1].bytes);
      EXPECT_GE(told[i].rows, told[i - 1].rows);
    }
    EXPECT_LE(told.front().bytes, bytes.size() / 2);
    EXPECT_GE(told.back().bytes, bytes.size() * 3 / 4);
    EXPECT_LE(told.back().bytes, bytes.size());
    // What is behind the last piece is not told.
    EXPECT_GT(told.back().rows, static_cast<uint64_t>(kRows / 2));
    EXPECT_LE(told.back().rows, static_cast<uint64_t>(kRows));
  }
}

TEST(LoadPacked, ASecondPassBeginsAtNothingAgain) {
  // The rows say at their end that the day stands first.
  std::string csv = UnlikeRows(20'000);
  for (size_t at = csv.find("2010-12-01 08:26:00"); at != csv.npos;
       at = csv.find("2010-12-01 08:26:00", at)) {
    csv.replace(at, 19, "01/12/2010 08:26");
  }
  csv += "536365,85123A,HEART,6,31/12/2010 08:26,2.55,17850,United Kingdom\n";
  for (const std::string& bytes : {csv, Gzip(csv)}) {
    std::vector<LoadProgress> told;
    LoadOptions options;
    options.watch = [&told](const LoadProgress& now) { told.push_back(now); };
    const auto loaded = LoadTransactionsFromBytes(bytes, options);
    ASSERT_THAT(loaded, IsOk());
    SCOPED_TRACE(loaded->format);
    int passes = 1;
    for (size_t i = 1; i < told.size(); ++i) passes += told[i].bytes < told[i - 1].bytes ? 1 : 0;
    EXPECT_EQ(passes, 2);
    EXPECT_LE(told.back().rows, 20'001u);
  }
}

TEST(LoadMeter, APartThatIsParsedAgainLeavesTheEndTheEnd) {
  std::vector<LoadProgress> told;
  const LoadWatch watch = [&told](const LoadProgress& now) { told.push_back(now); };
  LoadMeter meter(watch, 100);
  meter.Add(60, 6);
  meter.Add(40, 4);
  meter.Add(40, 4);
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[1].bytes, 100u);
  EXPECT_EQ(told[2].bytes, 100u);
  meter.Begin();
  meter.Add(60, 6);
  EXPECT_EQ(told.back().bytes, 60u);
  EXPECT_EQ(told.back().rows, 6u);
}

// Long enough for several threads, one of which waits for the bytes behind its cut; quoted line
// feeds make some cuts wrong guesses.
TEST(LoadPacked, ThreadsThatParseWhatStillArrivesChangeNothing) {
  std::string csv(testing::kHeader);
  for (int i = 0; csv.size() < (size_t{3} << 20); ++i) {
    csv += std::to_string(536365 + i / 7) + ",S" + std::to_string(i % 977) + ",\"TWO\nLINES, " +
           std::to_string(i % 31) + "\nTHREE\"," + std::to_string(i % 50 + 1) +
           ",2010-12-01 08:26:00,2.55," + std::to_string(12'000 + i % 400) + ",France\n";
  }
  const auto load = [](const std::string& bytes, int threads) {
    LoadOptions options;
    options.threads = threads;
    return LoadTransactionsFromBytes(bytes, options);
  };
  const auto expected = load(csv, 1);
  ASSERT_THAT(expected, IsOk());
  const std::string packed = testing::Zstd(csv);
  for (const int threads : {1, 2, 3, 8}) {
    SCOPED_TRACE(threads);
    const auto loaded = load(packed, threads);
    ASSERT_THAT(loaded, IsOk());
    EXPECT_TRUE(SameRows(loaded->table, expected->table));
    EXPECT_EQ(*loaded->table.columns().invoice.codes, *expected->table.columns().invoice.codes);
    EXPECT_EQ(*loaded->table.columns().description.codes,
              *expected->table.columns().description.codes);
    // Two frames do not say how much they hold together.
    const auto two =
        load(testing::Zstd(csv.substr(0, 1000)) + testing::Zstd(csv.substr(1000)), threads);
    ASSERT_THAT(two, IsOk());
    EXPECT_TRUE(SameRows(two->table, expected->table));
    EXPECT_FALSE(load(packed.substr(0, packed.size() - 100), threads).ok());
  }
}

TEST(LoadPacked, ReadsConcatenatedMembersAsOne) {
  const std::string csv = ManyRows(10);
  const std::string tail = "1,A12,TEA,6,2010-12-01,1,5,UK\n";
  for (const std::string& bytes : {Gzip(csv) + Gzip(tail), Zstd(csv) + Zstd(tail)}) {
    const auto loaded = LoadTransactionsFromBytes(bytes);
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(loaded->table.rows(), 11u);
  }
}

TEST(LoadPacked, CutOffOrDamagedBytesAreDataLoss) {
  const std::string csv = ManyRows(2000);
  for (std::string bytes : {Gzip(csv), Zstd(csv)}) {
    const std::string cut = bytes.substr(0, bytes.size() - 5);
    EXPECT_THAT(LoadTransactionsFromBytes(cut), StatusIs(absl::StatusCode::kDataLoss));
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
    const absl::Status damaged = LoadTransactionsFromBytes(bytes).status();
    EXPECT_THAT(damaged, StatusIs(absl::StatusCode::kDataLoss));
  }
  std::string wrong = Gzip(csv);
  wrong[wrong.size() - 6] = static_cast<char>(wrong[wrong.size() - 6] ^ 1);  // In the checksum.
  EXPECT_EQ(InputErrorKind(LoadTransactionsFromBytes(wrong).status()), kInputDamaged);
}

TEST(LoadPacked, ABombIsRefusedByRatioAndBySize) {
  const std::string zeros = Csv({}) + std::string(4 << 20, '\n');
  LoadOptions ratio;
  ratio.limits.ratio_floor_bytes = 1000;
  ratio.limits.max_ratio = 20;
  LoadOptions size;
  size.limits.max_decompressed_bytes = 1 << 20;
  for (const std::string& bytes : {Gzip(zeros), Zstd(zeros), Zip({{"a.csv", zeros}})}) {
    for (const LoadOptions& options : {ratio, size}) {
      const absl::Status status = LoadTransactionsFromBytes(bytes, options).status();
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
      EXPECT_EQ(InputErrorKind(status), kInputTooLarge);
    }
  }
}

absl::Status ZipError(const std::vector<ZipMember>& members) {
  return LoadTransactionsFromBytes(Zip(members)).status();
}

TEST(LoadZip, NamesWhatItDoesNotSupport) {
  const std::string csv = ManyRows(3);
  EXPECT_THAT(std::string(ZipError({{"a.csv", csv, true, 1}}).message()),
              HasSubstr("\"a.csv\" is encrypted"));
  EXPECT_THAT(std::string(ZipError({{"a.csv", csv, true, 0, 14}}).message()),
              HasSubstr("unsupported method 14"));
  EXPECT_THAT(std::string(ZipError({{"a.txt", csv}}).message()), HasSubstr("no .csv or .xlsx"));
  EXPECT_THAT(std::string(ZipError({{"a.csv", csv}, {"b.csv", csv}}).message()),
              HasSubstr("more than one data file"));
  EXPECT_THAT(std::string(ZipError({{"a.csv", csv}, {"a.csv", csv}}).message()),
              HasSubstr("two members have one name"));
}

TEST(LoadZip, AFalseChecksumOrSizeIsDataLoss) {
  const std::string csv = ManyRows(3);
  for (const bool deflate : {true, false}) {
    ZipMember member{"a.csv", csv, deflate};
    member.wrong_crc = true;
    EXPECT_EQ(InputErrorKind(ZipError({member})), kInputDamaged);
    member.wrong_crc = false;
    for (const int64_t change : {-1, 1}) {
      member.claimed_size = static_cast<int64_t>(csv.size()) + change;
      EXPECT_EQ(InputErrorKind(ZipError({member})), kInputDamaged);
    }
  }
}

TEST(LoadZip, EveryTruncationIsAnErrorAndNeverACrash) {
  const std::string bytes = Zip({{"a.csv", ManyRows(3)}, {"b.txt", "x", false}});
  ASSERT_THAT(LoadTransactionsFromBytes(bytes), IsOk());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THAT(LoadTransactionsFromBytes(bytes.substr(0, size)),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << size;
  }
}

TEST(ZipArchive, ListsMembersButNotFolders) {
  const std::string bytes = Zip({{"d/", "", false}, {"d/a", "one"}, {"b", "two", false}});
  const auto archive = ZipArchive::Open(bytes, InputLimits{});
  ASSERT_THAT(archive, IsOk());
  ASSERT_EQ(archive->entries().size(), 2u);
  ASSERT_NE(archive->Find("d/a"), nullptr);
  EXPECT_EQ(archive->Find("d/"), nullptr);
  EXPECT_EQ(archive->Find("d/a")->size, 3u);
  EXPECT_FALSE(IsWorkbook(*archive));
}

TEST(ZipArchive, FindsTheDirectoryBeforeAComment) {
  std::string bytes = Zip({{"a", "one"}});
  bytes[bytes.size() - 2] = 5;
  bytes += "hello";
  EXPECT_THAT(ZipArchive::Open(bytes, InputLimits{}), IsOk());
}

}  // namespace
}  // namespace cairn::pipeline

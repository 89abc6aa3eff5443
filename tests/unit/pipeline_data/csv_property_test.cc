#include <algorithm>
#include <random>
#include <string>
#include <thread>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/data/byte_feed.h"
#include "pipeline/data/csv_reader.h"
#include "pipeline/data/csv_scan.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/table_csv.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;

std::string RandomText(std::mt19937& random) {
  static constexpr std::string_view kPieces[] = {"A", "TEA",      ",", "\"",   "\n", "\r\n",
                                                 " ", "\xc2\xa3", "x", "\"\"", ",,", "7"};
  std::string text;
  const int pieces = static_cast<int>(random() % 12);
  for (int i = 0; i < pieces; ++i) text += kPieces[random() % std::size(kPieces)];
  return text;
}

// Rows with every nasty text a field may hold, written by the writer under test.
TransactionTable RandomTable(std::mt19937& random, size_t rows) {
  std::string csv(testing::kHeader);
  for (size_t i = 0; i < rows; ++i) {
    AppendCsvField(fmt::format("{}{}", random() % 9 == 0 ? "C" : "", 536'000 + random() % 40),
                   &csv);
    for (int field = 0; field < 2; ++field) {
      csv.push_back(',');
      AppendCsvField(RandomText(random), &csv);
    }
    csv += fmt::format(",{},", static_cast<int32_t>(random()) >> (random() % 30));
    csv += FormatDateTime(1'291'191'960 + static_cast<int64_t>(random() % 32'000'000));
    csv.push_back(',');
    AppendCsvNumber(
        static_cast<double>(static_cast<int32_t>(random())) / (random() % 2 == 0 ? 100.0 : 7.0),
        &csv);
    csv += random() % 4 == 0 ? std::string(",") : fmt::format(",{}", 12'000 + random() % 50);
    csv.push_back(',');
    AppendCsvField(RandomText(random), &csv);
    csv.push_back('\n');
  }
  auto loaded = LoadTransactionsFromBytes(csv);
  EXPECT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->table.rows(), rows);
  return loaded->table;
}

TEST(CsvProperty, ATableWrittenAndReadAgainIsTheSame) {
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const TransactionTable table = RandomTable(random, 1 + random() % 200);
    const std::string csv = TransactionsCsv(table);
    const auto again = LoadTransactionsFromBytes(csv);
    ASSERT_THAT(again, IsOk());
    EXPECT_TRUE(SameRows(table, again->table));
    EXPECT_EQ(TransactionsCsv(again->table), csv);
  }
}

// Good rows, quoted line feeds and damaged lines mixed.
std::string MessyCsv(std::mt19937& random) {
  std::string csv = TransactionsCsv(RandomTable(random, 60));
  for (int i = 0; i < 4; ++i) {
    const size_t at = csv.find('\n') + 1 + random() % (csv.size() - 200);
    csv.insert(at, random() % 2 == 0 ? "\"" : "\n");
  }
  return csv;
}

void ExpectSame(const LoadedTransactions& a, const LoadedTransactions& b) {
  EXPECT_TRUE(SameRows(a.table, b.table));
  EXPECT_EQ(a.rejects, b.rejects);
  EXPECT_EQ(a.rows_read, b.rows_read);
  EXPECT_EQ(*a.table.columns().description.codes, *b.table.columns().description.codes);
  EXPECT_EQ(*a.table.columns().invoice.codes, *b.table.columns().invoice.codes);
}

TEST(CsvProperty, CutsWindowsAndInstructionSetsDoNotChangeTheResult) {
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::string csv = MessyCsv(random);
    const LoadOptions options;
    ByteFeed whole(csv);
    const auto expected = ReadCsv(whole, options, CsvPlan{});
    ASSERT_THAT(expected, IsOk());
    for (int variant = 0; variant < 8; ++variant) {
      CsvPlan plan;
      plan.level = variant % 2 == 0 ? ScanLevel::kPortable : BestScanLevel();
      plan.window = 1 + random() % 300;
      for (uint32_t i = random() % 6; i > 0; --i) plan.cuts.push_back(random() % csv.size());
      std::sort(plan.cuts.begin(), plan.cuts.end());
      ByteFeed feed(csv);
      const auto actual = ReadCsv(feed, options, plan);
      ASSERT_THAT(actual, IsOk());
      ExpectSame(*expected, *actual);
    }
  }
}

// Gives out a text in pieces of random size.
class PiecewiseStream : public ByteStream {
 public:
  PiecewiseStream(std::string_view text, uint32_t seed, size_t most = 100)
      : text_(text), random_(seed), most_(most) {}
  absl::StatusOr<size_t> Read(char* out, size_t capacity) override {
    const size_t count = std::min({capacity, text_.size(), size_t{1} + random_() % most_});
    text_.copy(out, count);
    text_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view text_;
  std::mt19937 random_;
  const size_t most_;
};

TEST(CsvProperty, BytesThatArriveInPiecesGiveTheSameTable) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const std::string csv = MessyCsv(random);
    ByteFeed whole(csv);
    const auto expected = ReadCsv(whole, {}, CsvPlan{});
    ASSERT_THAT(expected, IsOk());
    ByteFeed feed(uint64_t{csv.size()});
    PiecewiseStream stream(csv, seed);
    absl::Status filled;
    absl::StatusOr<LoadedTransactions> actual = absl::UnknownError("");
    {
      const std::jthread producer([&] { filled = feed.Fill(stream); });
      CsvPlan plan;
      plan.window = 64;
      actual = ReadCsv(feed, {}, plan);
    }
    ASSERT_THAT(filled, IsOk());
    ASSERT_THAT(actual, IsOk());
    ExpectSame(*expected, *actual);
  }
}

// Text that goes through a ring for every pass.
class RingText : public CsvText {
 public:
  explicit RingText(std::string_view text) : text_(text) {}
  absl::Status Read(bool utf16, absl::FunctionRef<absl::Status(ByteFeed&)> use) override {
    EXPECT_FALSE(utf16);
    ++passes;
    ByteFeed feed;
    EXPECT_TRUE(feed.ok());
    PiecewiseStream stream(text_, 1, 300'000);
    const std::jthread producer([&] { EXPECT_THAT(feed.Fill(stream), IsOk()); });
    const absl::Status used = use(feed);
    feed.Cancel();
    return used;
  }

  int passes = 0;

 private:
  const std::string_view text_;
};

// Rows of transactions with `number` as the price, a line that is too long among them.
std::string ManyRows(int rows, std::string_view separator, std::string_view number) {
  std::string csv = fmt::format(
      "InvoiceNo{0}StockCode{0}Description{0}Quantity{0}InvoiceDate{0}"
      "UnitPrice{0}CustomerID{0}Country\n",
      separator);
  for (int i = 0; i < rows; ++i) {
    if (i == rows / 2) csv += "\"" + std::string(3 * ByteFeed::kRingBytes, 'x') + "\n";
    csv +=
        fmt::format("{1}{0}{2}A{0}GOODS {2}{0}3{0}2011-03-{3:02} 10:00:00{0}{4}{0}{5}{0}France\n",
                    separator, 100 + i / 7, i % 97, 1 + i % 28, number, 1000 + i % 50);
  }
  return csv;
}

TEST(CsvProperty, TextLongerThanARingGivesTheSameTable) {
  const std::string csv = ManyRows(100'000, ",", "2.55");
  ASSERT_GT(csv.size(), 4 * ByteFeed::kRingBytes);
  ByteFeed whole(csv);
  const auto expected = ReadCsv(whole, {}, CsvPlan{});
  ASSERT_THAT(expected, IsOk());
  RingText ring(csv);
  const auto actual = ReadCsv(ring, {}, CsvPlan{});
  ASSERT_THAT(actual, IsOk());
  ExpectSame(*expected, *actual);
  EXPECT_EQ(actual->rows_rejected, 1U);
  EXPECT_EQ(actual->unpacked_bytes, csv.size());
  EXPECT_EQ(ring.passes, 1);
}

TEST(CsvProperty, AnotherDialectTakesASecondPassThroughTheRing) {
  const std::string csv = ManyRows(50'000, ";", "2,55");
  RingText ring(csv);
  const auto loaded = ReadCsv(ring, {}, CsvPlan{});
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(ring.passes, 2);
  EXPECT_EQ(loaded->table.rows(), 50'000U);
  EXPECT_EQ(loaded->table.unit_price(0), 2.55);
}

TEST(Utf16Decoder, PiecesOfAnySizeGiveTheSameText) {
  std::string text = "\xff\xfe";
  for (const char16_t unit : u"a\u00e9\u20ac\U0001f600z\xd800q\xdc00") {
    text.push_back(static_cast<char>(unit & 0xff));
    text.push_back(static_cast<char>(unit >> 8));
  }
  const std::string expected = Utf16ToUtf8(text);
  EXPECT_TRUE(expected.starts_with("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z\xef\xbf\xbdq"));
  for (size_t size = 1; size <= 7; ++size) {
    SCOPED_TRACE(size);
    Utf16Decoder decoder;
    std::string decoded;
    for (size_t at = 0; at < text.size(); at += size) {
      decoder.Decode(std::string_view(text).substr(at, size), false, &decoded);
    }
    decoder.Decode("", true, &decoded);
    EXPECT_EQ(decoded, expected);
  }
}

TEST(ByteFeed, RefusesMoreThanItMayHold) {
  ByteFeed feed(uint64_t{10});
  PiecewiseStream stream("12345678901", 1);
  EXPECT_THAT(feed.Fill(stream), StatusIs(absl::StatusCode::kResourceExhausted));
  ByteFeed exact(uint64_t{11});
  PiecewiseStream same("12345678901", 1);
  EXPECT_THAT(exact.Fill(same), IsOk());
  EXPECT_EQ(exact.WaitForAll(), "12345678901");
}

TEST(FindStructure, FindsTheSameAtEveryLevel) {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string text(random() % 500, 'a');
    for (char& c : text) c = ",\"\nab\r\x8c\xac,-+#!"[random() % 13];
    std::vector<uint32_t> expected;
    for (uint32_t i = 0; i < text.size(); ++i) {
      if (text[i] == ',' || text[i] == '"' || text[i] == '\n') expected.push_back(i);
    }
    for (const ScanLevel level : {ScanLevel::kPortable, BestScanLevel()}) {
      std::vector<uint32_t> positions;
      positions.resize(FindStructure(text, level, &positions));
      EXPECT_EQ(positions, expected);
    }
  }
}

}  // namespace
}  // namespace cairn::pipeline

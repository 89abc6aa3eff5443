#include "lib/tables/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::tables {
namespace {

using Rows = std::vector<std::vector<std::string>>;
using testing::IsOk;

absl::StatusOr<Rows> ReadRows(std::string_view text, size_t piece = SIZE_MAX,
                              const CsvOptions& options = {}) {
  CsvReader reader(FromText(text, piece), options);
  std::vector<std::string_view> fields;
  Rows rows;
  while (true) {
    const auto more = reader.Next(fields);
    if (!more.ok()) return more.status();
    if (!*more) return rows;
    rows.emplace_back(fields.begin(), fields.end());
  }
}

void ExpectLine(std::string_view text, const std::string& line, const std::string& rule) {
  for (const size_t piece : {size_t{1}, size_t{5}, SIZE_MAX}) {
    const auto rows = ReadRows(text, piece);
    EXPECT_EQ(ReasonOf(rows.status()), "VALUE_INVALID") << text;
    EXPECT_EQ(MetadataOf(rows.status(), "line"), line) << rows.status();
    EXPECT_NE(rows.status().message().find(rule), std::string::npos) << rows.status();
  }
}

TEST(CsvReaderTest, FieldsAndLineEnds) {
  EXPECT_EQ(*ReadRows("a,b\n1,2\r\n3,4"), (Rows{{"a", "b"}, {"1", "2"}, {"3", "4"}}));
  EXPECT_EQ(*ReadRows("a,b\n,\n"), (Rows{{"a", "b"}, {"", ""}}));
  EXPECT_EQ(*ReadRows(""), Rows());
  EXPECT_EQ(*ReadRows("\n\r\n\n"), Rows());
  EXPECT_EQ(*ReadRows("a\n\nb\n\"\"\n"), (Rows{{"a"}, {"b"}, {""}}));
  EXPECT_EQ(*ReadRows("a,b\r"), (Rows{{"a", "b"}}));
  EXPECT_EQ(*ReadRows("a\rb,c\n"), (Rows{{"a\rb", "c"}}));
}

TEST(CsvReaderTest, QuotesHoldCommasLineEndsAndQuotes) {
  EXPECT_EQ(*ReadRows("\"a,1\",\"b\r\nc\",\"say \"\"hi\"\"\"\n"),
            (Rows{{"a,1", "b\r\nc", "say \"hi\""}}));
  EXPECT_EQ(*ReadRows("\"\"\"\",\"\"\r\n"), (Rows{{"\"", ""}}));
  EXPECT_EQ(*ReadRows("5\" disk,x\"\"y\n"), (Rows{{"5\" disk", "x\"\"y"}}));
}

TEST(CsvReaderTest, AByteOrderMarkIsSkippedAndUtf16Refused) {
  EXPECT_EQ(*ReadRows("\xef\xbb\xbf\"a\",b\n", 1), (Rows{{"a", "b"}}));
  EXPECT_EQ(*ReadRows("\xef\xbb"), (Rows{{"\xef\xbb"}}));
  ExpectLine(
      "\xff\xfe"
      "a",
      "1", "UTF-16");
}

TEST(CsvReaderTest, ErrorsNameTheLine) {
  ExpectLine("a,b\n1,2\n3\n", "3", "1 fields instead of 2");
  ExpectLine("a,b\n\n\"x\ny\",2\n1,2,3\n", "5", "3 fields instead of 2");
  ExpectLine("a\n\"b\nc\" d\n", "3", "text follows a closing quote");
  ExpectLine("a\n\"b\"\rc\n", "2", "text follows a closing quote");
  ExpectLine("a,b\nc,\"d\ne\nf\n", "2", "a quote that never closes");
}

TEST(CsvReaderTest, ARecordBeyondTheLimitIsAnError) {
  CsvOptions options;
  options.buffer_bytes = 8;
  options.max_record_bytes = 64;
  EXPECT_THAT(ReadRows("a\n" + std::string(60, 'x') + "\n", 7, options), IsOk());
  const auto rows = ReadRows("a\n" + std::string(100, 'x') + "\n", 7, options);
  EXPECT_EQ(MetadataOf(rows.status(), "line"), "2") << rows.status();
}

TEST(CsvReaderTest, WhatIsWrittenReadsBackHoweverItIsCut) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    const std::vector<std::string> alphabet = {"a", ",",    "\"",   "\n", "\r",
                                               "ä", "\xff", "\xef", " "};
    const size_t width = 1 + random() % 4;
    Rows rows;
    std::string text;
    for (size_t row = 0; row < 1 + random() % 20; ++row) {
      std::vector<std::string> fields(width);
      for (std::string& field : fields) {
        for (size_t i = random() % 6; i > 0; --i) field += alphabet[random() % alphabet.size()];
      }
      const std::vector<std::string_view> views(fields.begin(), fields.end());
      AppendCsvRecord(views, text);
      rows.push_back(std::move(fields));
    }
    CsvOptions small;
    small.buffer_bytes = 4;
    for (const size_t piece : {size_t{1}, size_t{1 + random() % 9}, SIZE_MAX}) {
      const auto read = ReadRows(text, piece, piece == SIZE_MAX ? CsvOptions() : small);
      ASSERT_THAT(read, IsOk()) << read.status() << "\n" << text;
      ASSERT_EQ(*read, rows) << text;
    }
  }
}

}  // namespace
}  // namespace cairn::tables

#include "pipeline/data/table_csv.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/files.h"
#include "pipeline/data/cleaning.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::FailsWith;
using cairn::testing::IsOk;
using testing::Table;

std::string Number(double value) {
  std::string out;
  AppendCsvNumber(value, &out);
  return out;
}

TEST(AppendCsvNumber, WritesTheShortestTextThatReadsBack) {
  EXPECT_EQ(Number(0.0), "0");
  EXPECT_EQ(Number(-0.0), "-0");
  EXPECT_EQ(Number(2.55), "2.55");
  EXPECT_EQ(Number(-11062.06), "-11062.06");
  EXPECT_EQ(Number(10), "10");
  EXPECT_EQ(Number(0.5), "0.5");
  EXPECT_EQ(Number(100000), "100000");
  EXPECT_EQ(Number(1.0 / 3.0), "0.3333333333333333");
  EXPECT_EQ(Number(1e300), "1e+300");
  EXPECT_EQ(Number(std::nan("")), "");
  EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "inf");
}

TEST(AppendCsvNumber, EveryDoubleRoundTripsAndNoShorterTextExists) {
  const uint32_t seed = 11;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 50'000; ++i) {
    double value = 0.0;
    const uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof(value));
    if (i % 2 == 0) value = static_cast<double>(static_cast<int64_t>(bits >> 30)) / 100.0;
    if (!std::isfinite(value)) continue;
    const std::string text = Number(value);
    ASSERT_EQ(std::strtod(text.c_str(), nullptr), value) << text;
    if (std::abs(value) >= 1e-5 && std::abs(value) < 1e15) {
      char shortest[64];
      const auto end = std::to_chars(shortest, shortest + 64, value, std::chars_format::fixed).ptr;
      ASSERT_EQ(text, std::string(shortest, end));
    }
  }
}

TEST(AppendCsvField, QuotesOnlyWhatNeedsIt) {
  std::string out;
  for (const char* text : {"plain", "a,b", "say \"hi\"", "two\nlines", "", " blank "}) {
    AppendCsvField(text, &out);
    out.push_back('|');
  }
  EXPECT_EQ(out, "plain|\"a,b\"|\"say \"\"hi\"\"\"|\"two\nlines\"|| blank |");
}

TEST(TransactionsCsv, WritesTheColumnsOfTheInput) {
  const TransactionTable table =
      Table({{.customer = "17850.0"}, {.invoice = "C2", .customer = ""}});
  EXPECT_EQ(TransactionsCsv(table),
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
            "536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
            "C2,85123A,HEART,6,2010-12-01 08:26:00,2.55,,United Kingdom\n");
  const std::string marked = TransactionsCsv(MarkTransactionStatus(table).table);
  EXPECT_NE(marked.find("United Kingdom,Completed\nC2,"), std::string::npos);
  EXPECT_NE(marked.find("United Kingdom,Cancelled\n"), std::string::npos);
  EXPECT_THAT(LoadTransactionsFromBytes(marked), IsOk());
}

TEST(TransactionsCsv, ThreadsChangeNothing) {
  const TransactionTable table = Table(std::vector<testing::Row>(120'000));
  EXPECT_EQ(TransactionsCsv(table, 1), TransactionsCsv(table, 3));
  std::string written;
  ASSERT_TRUE(WriteTransactionsCsv(table, [&](std::string_view piece) {
                written += piece;
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(written, TransactionsCsv(table, 1));
}

TEST(TransactionsCsv, LongTextsAndNamesNeedNoRoomThatIsNotThere) {
  std::string expected(testing::kHeader);
  std::vector<testing::Row> rows;
  for (size_t size = 1; size < 400; ++size) {
    testing::Row row;
    row.description = std::string(size, 'D');
    row.customer = "u" + std::string(400 - size, 'c');
    row.country = std::string(size % 40 + 1, 'L');
    row.price = "1e-300";
    row.quantity = "-2147483647";
    expected += row.invoice + "," + row.stock_code + "," + row.description + "," + row.quantity +
                "," + row.date + "," + row.price + "," + row.customer + "," + row.country + "\n";
    rows.push_back(std::move(row));
  }
  EXPECT_EQ(TransactionsCsv(Table(rows)), expected);
}

TEST(FeaturesCsv, PutsTheCustomerFirst) {
  FeatureMatrix features;
  features.customer_ids = {5, 7};
  features.columns = {"A", "B,C"};
  features.values.resize(2, 2);
  features.values << 1.5, 2, -3, 0.1;
  EXPECT_EQ(FeaturesCsv(features), "CustomerID,A,\"B,C\"\n5,1.5,2\n7,-3,0.1\n");
}

TEST(LabelsCsv, WritesOneLabelPerCustomer) {
  const std::vector<int32_t> ids = {5, 7};
  const std::vector<int32_t> labels = {0, -1};
  EXPECT_EQ(LabelsCsv("CustomerID", ids, "Segment", labels), "CustomerID,Segment\n5,0\n7,-1\n");
}

TEST(RejectsCsv, KeepsLineColumnValueAndReason) {
  const std::vector<RejectedRow> rejects = {{3, "Quantity", "a,\"b", "not a whole number"}};
  EXPECT_EQ(RejectsCsv(rejects),
            "Line,Column,Value,Reason\n3,Quantity,\"a,\"\"b\",not a whole number\n");
  EXPECT_EQ(RejectsCsv({}), "Line,Column,Value,Reason\n");
}

TEST(WriteOutputFile, ReplacesTheFileOrLeavesItAsItWas) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.File("out.csv");
  ASSERT_THAT(WriteOutputFile(path, "one"), IsOk());
  ASSERT_THAT(WriteOutputFile(path, "two"), IsOk());
  EXPECT_EQ(*ReadFile(path), "two");
  EXPECT_THAT(WriteOutputFile(folder.File("missing/out.csv"), "x"),
              FailsWith(ErrorReason::FILE_ERROR));
}

}  // namespace
}  // namespace cairn::pipeline

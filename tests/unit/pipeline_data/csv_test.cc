#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/load.h"
#include "pipeline/data/transaction_builder.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;
using testing::Csv;
using ::testing::HasSubstr;
using testing::kHeader;
using testing::LoadRows;

constexpr std::string_view kGood = "1,A12,TEA,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n";

std::string Joined(std::string_view a, std::string_view b) {
  return std::string(a) + std::string(b);
}

absl::Status LoadError(std::string_view bytes, const LoadOptions& options = {}) {
  return LoadTransactionsFromBytes(bytes, options).status();
}

TEST(LoadCsv, ReadsEveryColumnOfARow) {
  const LoadedTransactions loaded = LoadRows(kGood);
  ASSERT_EQ(loaded.table.rows(), 1u);
  EXPECT_EQ(loaded.table.invoice(0), "1");
  EXPECT_EQ(loaded.table.stock_code(0), "A12");
  EXPECT_EQ(loaded.table.description(0), "TEA");
  EXPECT_EQ(loaded.table.quantity(0), 6);
  EXPECT_EQ(FormatDateTime(loaded.table.time(0)), "2010-12-01 08:26:00");
  EXPECT_EQ(loaded.table.unit_price(0), 2.55);
  EXPECT_EQ(loaded.table.customer_id(0), 17850);
  EXPECT_EQ(loaded.table.country(0), "United Kingdom");
  EXPECT_EQ(loaded.format, "csv");
  EXPECT_EQ(loaded.rows_read, 1u);
  EXPECT_FALSE(loaded.transcoded);
}

TEST(LoadCsv, AcceptsQuotedCommasQuotesAndLineFeeds) {
  const LoadedTransactions loaded = LoadRows(
      "1,A12,\"CAKE, \"\"3\"\" TIER\nTALL\",6,2010-12-01 08:26:00,2.55,1,\"UK\"\r\n"
      "2,A13,bad,x,2010-12-01 08:26:00,2.55,1,UK\n");
  ASSERT_EQ(loaded.table.rows(), 1u);
  EXPECT_EQ(loaded.table.description(0), "CAKE, \"3\" TIER\nTALL");
  EXPECT_EQ(loaded.table.country(0), "UK");
  ASSERT_EQ(loaded.rejects.size(), 1u);
  EXPECT_EQ(loaded.rejects[0].line, 4u);  // The record before takes two lines.
}

TEST(LoadCsv, TakesAQuoteInsideAnUnquotedFieldAsItIs) {
  const LoadedTransactions loaded = LoadRows("1,A12,6\" RULER,6,2010-12-01 08:26:00,1,2,UK\n");
  ASSERT_EQ(loaded.table.rows(), 1u);
  EXPECT_EQ(loaded.table.description(0), "6\" RULER");
}

TEST(LoadCsv, AcceptsCrLfABomBlankLinesAndAMissingLastLineEnd) {
  const std::string text =
      "\xef\xbb\xbfInvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,"
      "Country"
      "\r\n\r\n1,A12,TEA,6,12/13/2010 8:26,2.55,17850,UK\r\n\n2,A12,TEA,6,12/13/2010 8:26,2.55,,UK";
  const auto loaded = LoadTransactionsFromBytes(text);
  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ(loaded->table.rows(), 2u);
  EXPECT_EQ(loaded->rows_read, 2u);
  EXPECT_EQ(loaded->table.country(1), "UK");
  EXPECT_EQ(loaded->table.customer_id(1), kMissingCustomer);
}

TEST(LoadCsv, FindsColumnsWithoutCaseInAnyOrderBesideOthers) {
  const auto loaded = LoadTransactionsFromBytes(
      "Country,extra,PRICE,Customer ID,invoice,stockcode,quantity,invoicedate,DESCRIPTION\n"
      "France,?,1.5,12,C7,X1,-3,2011-01-02 03:04:05,CUP\n");
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->table.invoice(0), "C7");
  EXPECT_EQ(loaded->table.country(0), "France");
  EXPECT_EQ(loaded->table.quantity(0), -3);
  EXPECT_EQ(loaded->table.customer_id(0), 12);
}

TEST(LoadCsv, TakesCustomerIdsWithAndWithoutPointAsTheSame) {
  const LoadedTransactions loaded = LoadRows(
      "1,A12,TEA,6,2010-12-01,1,17850,UK\n1,A12,TEA,6,2010-12-01,1,17850.0,UK\n"
      "1,A12,TEA,6,2010-12-01,1,17850.00,UK\n1,A12,TEA,6,2010-12-01,1, 17850 ,UK\n"
      "1,A12,TEA,6,2010-12-01,1,nan,UK\n");
  ASSERT_EQ(loaded.table.rows(), 5u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(loaded.table.customer_id(i), 17850);
  EXPECT_EQ(loaded.table.customer_id(4), kMissingCustomer);
}

TEST(LoadCsv, TranscodesWhenAnyTextIsNotUtf8) {
  const std::string row = "1,A12,\xa3 TIN,6,2010-12-01,1,5,UK\n";
  const LoadedTransactions latin = LoadRows(row);
  EXPECT_TRUE(latin.transcoded);
  EXPECT_EQ(latin.table.description(0), "\xc2\xa3 TIN");
  const LoadedTransactions utf8 = LoadRows("1,A12,\xc2\xa3 TIN,6,2010-12-01,1,5,UK\n");
  EXPECT_FALSE(utf8.transcoded);
  EXPECT_EQ(utf8.table.description(0), "\xc2\xa3 TIN");
  LoadOptions strict;
  strict.dialect.encoding = TextEncoding::kUtf8;
  const LoadedTransactions refused = LoadRows(row, strict);
  ASSERT_EQ(refused.rejects.size(), 1u);
  EXPECT_EQ(refused.rejects[0].column, "Description");
}

TEST(LoadCsv, RejectsARowWithLineColumnValueAndReason) {
  const LoadedTransactions loaded =
      LoadRows(Joined(kGood,
                      "2,A12,TEA,6.5,2010-12-01,1,5,UK\n3,A12,TEA,6,2010-02-30,1,5,UK\n"
                      "4,A12,TEA,6,2010-12-01,1p,5,UK\n5,A12,TEA,6,2010-12-01,1,1.5,UK\n"
                      "6,A12,TEA,6,2010-12-01,1,5\n,A12,TEA,6,2010-12-01,1,5,UK\n"
                      "8,A12,TEA,6,2010-12-01,1,-5,UK\n9,A12,TEA,,2010-12-01,1,5,UK\n"));
  const std::vector<RejectedRow> expected = {
      {3, "Quantity", "6.5", "not a whole number"},
      {4, "InvoiceDate", "2010-02-30", "not a date"},
      {5, "UnitPrice", "1p", "not a number"},
      {6, "CustomerID", "1.5", "not a customer number"},
      {7, "", "6,A12,TEA,6,2010-12-01,1,5", "7 fields instead of 8"},
      {8, "InvoiceNo", "", "empty"},
      {9, "CustomerID", "-5", "not a customer number"},
      {10, "Quantity", "", "not a whole number"}};
  EXPECT_EQ(loaded.rejects, expected);
  EXPECT_EQ(loaded.rows_read, 9u);
  EXPECT_EQ(loaded.rows_rejected, 8u);
  EXPECT_EQ(loaded.table.rows(), 1u);
}

TEST(LoadCsv, AnUnclosedQuoteCostsOnlyItsLine) {
  const LoadedTransactions loaded = LoadRows(
      "1,A12,\"TEA,6,2010-12-01,1,5,UK\n2,A12,TEA,6,2010-12-01,1,5,UK\n"
      "3,A12,\"TEA\"x,6,2010-12-01,1,5,UK\n4,A12,TEA,6,2010-12-01,1,5,UK\n");
  ASSERT_EQ(loaded.table.rows(), 2u);
  EXPECT_EQ(loaded.table.invoice(0), "2");
  EXPECT_EQ(loaded.table.invoice(1), "4");
  ASSERT_EQ(loaded.rejects.size(), 2u);
  EXPECT_EQ(loaded.rejects[0].line, 2u);
  EXPECT_EQ(loaded.rejects[1].line, 4u);
}

TEST(LoadCsv, AFileThatWasCutOffIsRefused) {
  const std::string header =
      "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
  for (const char* tail :
       {"2,A12,TEA,6,2010-1", "2", "2,A12,\"TEA", "2,A12,TEA,6,2010-12-01,1,5"}) {
    for (const int threads : {1, 3}) {
      LoadOptions options;
      options.threads = threads;
      const absl::Status status = LoadError(header + std::string(kGood) + tail, options);
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << tail;
      EXPECT_THAT(std::string(status.message()), HasSubstr("ends in the middle of line 3")) << tail;
    }
  }
}

TEST(LoadCsv, ARecordBeyondTheLimitIsRejectedAndTheRestRead) {
  const std::string huge(3 << 20, 'x');
  const LoadedTransactions loaded = LoadRows(Joined("1,A12," + huge + "\n", kGood));
  EXPECT_EQ(loaded.table.rows(), 1u);
  ASSERT_EQ(loaded.rejects.size(), 1u);
  EXPECT_EQ(loaded.rejects[0].line, 2u);
  EXPECT_LE(loaded.rejects[0].value.size(), 200u);
}

TEST(LoadCsv, NamesTheMissingColumnAndTheHeaderFound) {
  const absl::Status status =
      LoadError("InvoiceNo,StockCode,Description,Quantity,When\n1,2,3,4,5\n");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(InputErrorKind(status), kColumnMissing);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("InvoiceDate, UnitPrice, CustomerID, Country missing"));
  EXPECT_THAT(message, HasSubstr("InvoiceNo, StockCode, Description, Quantity, When"));
}

TEST(LoadCsv, RefusesAColumnThatIsThereTwice) {
  const absl::Status status = LoadError(
      "InvoiceNo,Invoice,StockCode,Description,Quantity,InvoiceDate,UnitPrice,"
      "CustomerID,Country\n1,1,1,1,1,1,1,1,1\n");
  EXPECT_EQ(InputErrorKind(status), kInputUnreadable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("InvoiceNo twice"));
}

TEST(LoadCsv, RefusesEmptyBinaryAndHeaderOnlyInput) {
  for (const std::string& text : {std::string(), std::string("\n\n"), std::string(kHeader),
                                  std::string("\x7f"
                                              "ELF\0\0\0",
                                              7)}) {
    const absl::Status status = LoadError(text);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(InputErrorKind(status), kInputUnreadable) << status;
  }
}

TEST(LoadCsv, StopsWhenTooManyRowsAreRejected) {
  std::string rows;
  for (int i = 0; i < 98; ++i) rows += kGood;
  const std::string bad = "9,A12,TEA,many,2010-12-01,1,5,UK\n";
  EXPECT_TRUE(LoadError(Joined(kHeader, rows + bad)).code() == absl::StatusCode::kInvalidArgument);
  LoadOptions lenient;
  lenient.max_reject_share = 0.02;
  EXPECT_THAT(LoadError(Joined(kHeader, rows + bad), lenient), IsOk());
  const absl::Status status = LoadError(Joined(kHeader, rows + bad + bad));
  EXPECT_EQ(InputErrorKind(status), kTooManyRejects);
  EXPECT_THAT(std::string(status.message()), HasSubstr("2 of 100 rows were rejected"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("line 100: Quantity \"many\" is not a whole number"));
}

TEST(LoadCsv, ExactlyTheAllowedShareIsAccepted) {
  std::string rows;
  for (int i = 0; i < 99; ++i) rows += kGood;
  EXPECT_THAT(LoadError(Joined(kHeader, rows + "9,A12,TEA,many,2010-12-01,1,5,UK\n")), IsOk());
}

TEST(LoadCsv, CountsRejectsBeyondThoseItKeeps) {
  LoadOptions options;
  options.max_kept_rejects = 1;
  const LoadedTransactions loaded = LoadRows("bad\nbad\nbad\n", options);
  EXPECT_EQ(loaded.rejects.size(), 1u);
  EXPECT_EQ(loaded.rows_rejected, 3u);
}

TEST(LoadCsv, RefusesOptionsOutOfRange) {
  LoadOptions options;
  options.threads = 65;
  EXPECT_EQ(InputErrorKind(LoadError(kHeader, options)), kOptionOutOfRange);
  options.threads = 0;
  options.max_reject_share = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(InputErrorKind(LoadError(kHeader, options)), kOptionOutOfRange);
}

TEST(LoadTransactions, SaysWhenTheFileIsMissing) {
  EXPECT_THAT(LoadTransactions("/nonexistent/x.csv"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(LoadTransactions("/"), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ParseDecimal, ReadsExactlyWhatTheLibraryReads) {
  for (const char* text : {"0", "2.55", "-11062.06", "0.001", "8142.75", "123456789012345",
                           "2.5499999999999998", "1e3", "+7.5", "-0", ".5", "5.", "0.1234567890123",
                           "179769313486231570000000", "4.9e-324"}) {
    SCOPED_TRACE(text);
    double value = 0.0;
    ASSERT_TRUE(ParseDecimal(text, &value));
    EXPECT_EQ(value, std::strtod(text, nullptr));
  }
  for (const char* text :
       {"", ".", "-", "1.2.3", "1,5", "inf", "nan", "0x10", "1e999", "--1", "e5"}) {
    SCOPED_TRACE(text);
    double value = 0.0;
    EXPECT_FALSE(ParseDecimal(text, &value));
  }
}

TEST(ParseWholeNumber, AcceptsTheWholeRangeAndNothingBeyond) {
  int32_t value = 0;
  EXPECT_TRUE(ParseWholeNumber("-2147483648", &value));
  EXPECT_EQ(value, std::numeric_limits<int32_t>::min());
  EXPECT_TRUE(ParseWholeNumber("2147483647.0", &value));
  EXPECT_EQ(value, std::numeric_limits<int32_t>::max());
  EXPECT_TRUE(ParseWholeNumber("1E2", &value));
  EXPECT_EQ(value, 100);
  for (const char* text :
       {"2147483648", "-2147483649", "99999999999", "1.5", "", "-", "12a", "1.0.0"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(ParseWholeNumber(text, &value));
  }
}

TEST(IsUtf8, RefusesOverlongSurrogateAndCutOffSequences) {
  EXPECT_TRUE(IsUtf8("plain \xc2\xa3 \xe2\x82\xac \xf0\x9f\x8d\xb5"));
  for (const char* text : {"\xa3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80",
                           "\xf4\x90\x80\x80", "\xe2\x82", "\xc2"}) {
    EXPECT_FALSE(IsUtf8(text));
  }
}

}  // namespace
}  // namespace cairn::pipeline

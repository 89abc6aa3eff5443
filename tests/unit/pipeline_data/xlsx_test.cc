#include <string>
#include <string_view>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/load.h"
#include "pipeline/data/sheet_rows.h"
#include "pipeline/data/table_csv.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;
using ::testing::HasSubstr;
using testing::Workbook;
using testing::Zip;

constexpr std::string_view kStrings =
    "<si><t>InvoiceNo</t></si><si><t>StockCode</t></si><si><t>Description</t></si>"
    "<si><t>Quantity</t></si><si><t>InvoiceDate</t></si><si><t>UnitPrice</t></si>"
    "<si><t>CustomerID</t></si><si><t>Country</t></si>"
    "<si><r><t>TEA &amp; </t></r><r><t xml:space=\"preserve\">CUP</t></r><rPh><t>no</t></rPh></si>"
    "<si><t>85123A</t></si><si><t>United Kingdom</t></si>";
constexpr std::string_view kHeaderRow =
    "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>"
    "<c r=\"C1\" t=\"s\"><v>2</v></c><c r=\"D1\" t=\"s\"><v>3</v></c><c r=\"E1\" "
    "t=\"s\"><v>4</v></c>"
    "<c r=\"F1\" t=\"s\"><v>5</v></c><c r=\"G1\" t=\"s\"><v>6</v></c><c r=\"H1\" "
    "t=\"s\"><v>7</v></c>"
    "</row>";
constexpr std::string_view kDataRow =
    "<row r=\"2\"><c r=\"A2\"><v>536365</v></c><c r=\"B2\" t=\"s\"><v>9</v></c>"
    "<c r=\"C2\" t=\"s\"><v>8</v></c><c r=\"D2\"><v>6</v></c>"
    "<c r=\"E2\" s=\"1\"><v>40513.351388888892</v></c><c r=\"F2\"><v>2.5499999999999998</v></c>"
    "<c r=\"G2\"><v>17850</v></c><c r=\"H2\" t=\"s\"><v>10</v></c></row>";

std::string Sheet(std::string_view rows) { return std::string(kHeaderRow) + std::string(rows); }

TEST(LoadXlsx, ReadsSharedStringsNumbersAndSerials) {
  const auto loaded = LoadTransactionsFromBytes(Workbook(Sheet(kDataRow), kStrings));
  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ(loaded->table.rows(), 1u);
  EXPECT_EQ(loaded->format, "xlsx");
  EXPECT_EQ(loaded->table.invoice(0), "536365");
  EXPECT_EQ(loaded->table.stock_code(0), "85123A");
  EXPECT_EQ(loaded->table.description(0), "TEA & CUP");
  EXPECT_EQ(loaded->table.quantity(0), 6);
  EXPECT_EQ(FormatDateTime(loaded->table.time(0)), "2010-12-01 08:26:00");
  EXPECT_EQ(loaded->table.unit_price(0), 2.55);
  EXPECT_EQ(loaded->table.customer_id(0), 17850);
  EXPECT_EQ(loaded->table.country(0), "United Kingdom");
}

TEST(LoadXlsx, ReadsInlineStringsAbsentCellsAndIsoDates) {
  const auto loaded = LoadTransactionsFromBytes(Workbook(
      Sheet("<row><c t=\"inlineStr\"><is><t>C1</t></is></c><c t=\"str\"><f>A1</f><v>M</v></c>"
            "<c r=\"D9\"><v>-1</v></c><c t=\"d\"><v>2011-01-02T03:04:05</v></c><c><v>1E1</v></c>"
            "<c r=\"H9\" t=\"inlineStr\"><is><t>EIRE</t></is></c></row><row/>"),
      kStrings));
  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ(loaded->table.rows(), 1u);
  EXPECT_EQ(loaded->table.invoice(0), "C1");
  EXPECT_EQ(loaded->table.stock_code(0), "M");
  EXPECT_EQ(loaded->table.description(0), "");
  EXPECT_EQ(loaded->table.quantity(0), -1);
  EXPECT_EQ(FormatDateTime(loaded->table.time(0)), "2011-01-02 03:04:05");
  EXPECT_EQ(loaded->table.unit_price(0), 10.0);
  EXPECT_EQ(loaded->table.customer_id(0), kMissingCustomer);
  EXPECT_EQ(loaded->table.country(0), "EIRE");
}

TEST(LoadXlsx, FollowsThe1904Epoch) {
  const auto loaded = LoadTransactionsFromBytes(Workbook(Sheet(kDataRow), kStrings, true));
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(FormatDateTime(loaded->table.time(0)), "2014-12-02 08:26:00");
}

TEST(LoadXlsx, ReadsAWorkbookInsideAZipAsUciServesIt) {
  const auto loaded =
      LoadTransactionsFromBytes(Zip({{"Online Retail.xlsx", Workbook(Sheet(kDataRow), kStrings)}}));
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->format, "xlsx.zip");
  EXPECT_EQ(loaded->table.rows(), 1u);
}

TEST(LoadXlsx, TellsHowFarItIsThroughAllPartsOfTheWorkbook) {
  std::vector<LoadProgress> told;
  LoadOptions options;
  options.watch = [&told](const LoadProgress& now) { told.push_back(now); };
  ASSERT_THAT(LoadTransactionsFromBytes(Workbook(Sheet(kDataRow), kStrings), options), IsOk());
  ASSERT_GT(told.size(), 2u);
  for (size_t i = 1; i < told.size(); ++i) EXPECT_GE(told[i].bytes, told[i - 1].bytes);
  EXPECT_GT(told.back().bytes, told.back().total / 2);
  EXPECT_LE(told.back().bytes, told.back().total);
}

TEST(LoadXlsx, RejectsARowByItsNumberOnTheSheet) {
  LoadOptions options;
  options.max_reject_share = 1.0;
  const auto loaded = LoadTransactionsFromBytes(
      Workbook(Sheet("<row r=\"7\"><c r=\"A7\"><v>1</v></c></row>"), kStrings), options);
  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ(loaded->rejects.size(), 1u);
  EXPECT_EQ(loaded->rejects[0].line, 7u);
  EXPECT_EQ(loaded->rejects[0].column, "Quantity");
}

TEST(LoadXlsx, RefusesWhatIsNotWellFormedOrPointsNowhere) {
  const auto message = [](const std::string& bytes) {
    const absl::Status status = LoadTransactionsFromBytes(bytes).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    return std::string(status.message());
  };
  EXPECT_THAT(message(Workbook("<row>", kStrings)), HasSubstr("not well-formed"));
  EXPECT_THAT(message(Workbook("", kStrings)), HasSubstr("\"Online Retail\" empty"));
  EXPECT_THAT(message(Workbook(kHeaderRow, kStrings)), HasSubstr("no rows"));
  EXPECT_THAT(message(Workbook(kHeaderRow)), HasSubstr("shared text that does not exist"));
  EXPECT_THAT(message(Zip({{"[Content_Types].xml", ""}, {"xl/workbook.xml", "<w/>"}})),
              HasSubstr("xl/_rels/workbook.xml.rels"));
}

TEST(LoadXlsx, RefusesEntityBombsAndDeepNesting) {
  const std::string bomb =
      "<!DOCTYPE w [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><w>&b;</w>";
  const absl::Status status =
      LoadTransactionsFromBytes(Zip({{"[Content_Types].xml", ""}, {"xl/workbook.xml", bomb}}))
          .status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("document type declaration"));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  EXPECT_THAT(std::string(LoadTransactionsFromBytes(Workbook(deep, kStrings)).status().message()),
              HasSubstr("nested too deeply"));
}

TEST(LoadXlsx, RefusesAGiantCell) {
  const std::string giant =
      "<row><c t=\"inlineStr\"><is><t>" + std::string(1 << 20, 'x') + "</t></is></c></row>";
  EXPECT_EQ(InputErrorKind(LoadTransactionsFromBytes(Workbook(giant, kStrings)).status()),
            kInputTooLarge);
}

// The sheet's columns A to G; `quote` decides whether the parser must read the row.
std::string RowOf(int number, char quote) {
  const std::string q(1, quote);
  const auto cell = [&](char column, std::string_view type, std::string_view value) {
    return fmt::format("<c r={0}{1}{2}{0}{3}><v>{4}</v></c>", q, column, number,
                       type.empty() ? "" : fmt::format(" t={0}{1}{0}", q, type), value);
  };
  return fmt::format("<row r={0}{1}{0} x:y={0}1{0}>", q, number) +
         cell('A', "", fmt::format("{}", 536000 + number % 97)) + cell('B', "s", "9") +
         cell('C', "s", "8") + cell('D', "", fmt::format("{}", number % 11 - 3)) +
         cell('E', "", fmt::format("40513.{}", number)) +
         cell('F', "", fmt::format("{}.5", number % 7)) +
         (number % 5 == 0 ? "" : cell('G', "", fmt::format("{}", 12000 + number % 13))) +
         fmt::format("<c r={0}H{1}{0} t={0}inlineStr{0}><is><t>Land {2}</t></is></c></row>\n", q,
                     number, number % 4);
}

// More than the reader holds at a time, so that rows lie across its ends.
TEST(LoadXlsx, RowsAreTheSameWhoeverReadsThem) {
  constexpr int kRows = 6000;
  std::string plain;
  std::string parsed;
  std::string mixed;
  for (int i = 2; i < kRows + 2; ++i) {
    plain += RowOf(i, '"');
    parsed += RowOf(i, '\'');
    mixed += RowOf(i, i % 3 == 0 ? '\'' : '"');
    if (i % 1000 == 0) mixed += "<!-- <row r=\"1\"><c><v>1</v></c></row> -->";
  }
  const auto expected = LoadTransactionsFromBytes(Workbook(Sheet(parsed), kStrings));
  ASSERT_THAT(expected, IsOk());
  ASSERT_EQ(expected->table.rows(), static_cast<size_t>(kRows));
  for (const std::string* rows : {&plain, &mixed}) {
    const auto loaded = LoadTransactionsFromBytes(Workbook(Sheet(*rows), kStrings));
    ASSERT_THAT(loaded, IsOk());
    EXPECT_EQ(TransactionsCsv(loaded->table), TransactionsCsv(expected->table));
  }
}

TEST(LoadXlsx, RowsWithinCommentsAndTextAreNoRows) {
  const auto loaded = LoadTransactionsFromBytes(Workbook(
      Sheet("<!--" + RowOf(2, '"') + "--><x><![CDATA[" + RowOf(3, '"') + "]]></x>" + RowOf(4, '"')),
      kStrings));
  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ(loaded->table.rows(), 1u);
  EXPECT_EQ(loaded->table.invoice(0), "536004");
}

TEST(LoadXlsx, WhatOnlyAParserReadsIsReadAmongPlainRows) {
  const std::string odd =
      "<row r=\"3\"><c r=\"A3\" t=\"str\"><f>1&lt;2</f><v>A&amp;B</v></c><c r=\"B3\" "
      "t=\"s\"><v>9</v></c><c r=\"C3\" t=\"inlineStr\"><is><t>TASSE F\u00dcR "
      "</t><rPh><t>no</t></rPh></is></c><c r=\"D3\"><v>4</v></c><c r=\"E3\"><v>40513</v></c>"
      "<c r=\"F3\"><v>1</v></c><c r=\"H3\" t=\"s\"><v>10</v></c></row>";
  const auto loaded =
      LoadTransactionsFromBytes(Workbook(Sheet(RowOf(2, '"') + odd + RowOf(4, '"')), kStrings));
  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ(loaded->table.rows(), 3u);
  EXPECT_EQ(loaded->table.invoice(0), "536002");
  EXPECT_EQ(loaded->table.invoice(1), "A&B");
  EXPECT_EQ(loaded->table.description(1), "TASSE F\u00dcR ");
  EXPECT_EQ(loaded->table.customer_id(1), kMissingCustomer);
  EXPECT_EQ(loaded->table.invoice(2), "536004");
}

TEST(LoadXlsx, NamesTheLineOfAFaultBehindPlainRows) {
  std::string rows;
  for (int i = 2; i < 12; ++i) rows += RowOf(i, '"');
  const std::string fault = "<row r=\"12\"><c r=\"A12\" r=\"B12\"><v>1</v></c></row>";
  const absl::Status status =
      LoadTransactionsFromBytes(Workbook(Sheet(rows + fault), kStrings)).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()), HasSubstr("duplicate attribute in line 11"));
}

TEST(ScanPlainRow, TakesARowOffTheFront) {
  std::string_view text =
      " \n<row r=\"7\" spans=\"1:3\"><c r=\"A7\" s=\"2\" t=\"s\"><v>12</v></c><c r=\"B7\"/>"
      "<c><is><t xml:space=\"preserve\"> x </t></is></c><c></c></row><row/>rest";
  PlainRow row;
  ASSERT_EQ(ScanPlainRow(&text, &row), PlainRowResult::kRow);
  EXPECT_EQ(row.number, "7");
  ASSERT_EQ(row.cells.size(), 4u);
  EXPECT_EQ(row.cells[0].reference, "A7");
  EXPECT_EQ(row.cells[0].type, "s");
  EXPECT_EQ(row.cells[0].value, "12");
  EXPECT_EQ(row.cells[1].reference, "B7");
  EXPECT_EQ(row.cells[1].value, "");
  EXPECT_EQ(row.cells[2].value, " x ");
  ASSERT_EQ(ScanPlainRow(&text, &row), PlainRowResult::kRow);
  EXPECT_EQ(row.number, "");
  EXPECT_TRUE(row.cells.empty());
  EXPECT_EQ(text, "rest");
  EXPECT_EQ(ScanPlainRow(&text, &row), PlainRowResult::kNotPlain);
  EXPECT_EQ(text, "rest");
}

TEST(ScanPlainRow, SaysThatATextEndsTooEarlyWhereverItIsCut) {
  const std::string whole =
      "<row r=\"7\"><c r=\"A7\" t=\"s\"><v>12</v></c><c t=\"str\"><is><t>x</t></is></c></row>";
  PlainRow row;
  for (size_t size = 0; size < whole.size(); ++size) {
    std::string_view text(whole.data(), size);
    EXPECT_EQ(ScanPlainRow(&text, &row), PlainRowResult::kEnds) << size;
    EXPECT_EQ(text.size(), size);
  }
}

TEST(ScanPlainRow, LeavesToTheParserWhateverIsNotPlain) {
  PlainRow row;
  for (const std::string_view odd :
       {"</sheetData>", "<rows/>", "<x:row/>", "<row r='1'/>", "<row r=\"1\" r=\"1\"/>",
        "<row r=\"&lt;\"/>", "<row r=\"<\"/>", "<row><d/></row>", "<row>x</row>",
        "<row><c><v>a&amp;b</v></c></row>", "<row><c><v>\u00e9</v></c></row>",
        "<row><c><v>a\nb</v></c></row>", "<row><c><v>a]]>b</v></c></row>",
        "<row><c><f>1</f><v>1</v></c></row>", "<row><c><v/></c></row>", "<row><c></row></c>",
        "<row><!-- --></row>", "<row r=\"1\"x=\"2\"/>",
        "<row><c><is><t a=\"1\">x</t></is></c></row>"}) {
    std::string_view text = odd;
    EXPECT_EQ(ScanPlainRow(&text, &row), PlainRowResult::kNotPlain) << odd;
    EXPECT_EQ(text, odd);
  }
}

}  // namespace
}  // namespace cairn::pipeline

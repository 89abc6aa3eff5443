#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/load.h"
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

}  // namespace
}  // namespace cairn::pipeline

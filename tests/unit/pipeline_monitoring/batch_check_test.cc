#include "pipeline/monitoring/batch_check.h"

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "pipeline/monitoring/drift_json.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Row;
using testing::Table;

// A month of `days` days with five invoices of four lines each.
std::vector<Row> Month(int month, int days = 20) {
  std::vector<Row> rows;
  for (int day = 1; day <= days; ++day) {
    for (int invoice = 0; invoice < 5; ++invoice) {
      for (int line = 0; line < 4; ++line) {
        rows.push_back({.invoice = fmt::format("{}", 536000 + 1000 * month + 5 * day + invoice),
                        .stock_code = fmt::format("100{}", line),
                        .date = fmt::format("2011-{:02}-{:02} 10:00:00", month, day),
                        .price = fmt::format("{}.5", 1 + line)});
      }
    }
  }
  return rows;
}

std::vector<BatchFigures> Before() {
  return {FiguresOf(Table(Month(1)), "2011-01"), FiguresOf(Table(Month(2)), "2011-02")};
}

BatchReport Check(const std::vector<Row>& rows, bool complete = true) {
  return CheckBatch(FiguresOf(Table(rows), "2011-03"), Before(), complete, {});
}

std::vector<std::string> Checks(const BatchReport& report) {
  std::vector<std::string> out;
  for (const BatchFinding& finding : report.findings) out.push_back(finding.check);
  return out;
}

TEST(BatchFigures, AreThoseOfTheRows) {
  const BatchFigures figures = FiguresOf(Table(Month(1)), "2011-01");
  EXPECT_EQ(figures.rows, 400);
  EXPECT_EQ(figures.trading_days, 20);
  EXPECT_EQ(figures.invoices, 100);
  EXPECT_DOUBLE_EQ(figures.rows_per_day, 20);
  EXPECT_DOUBLE_EQ(figures.lines_per_invoice, 4);
  EXPECT_DOUBLE_EQ(figures.median_price, 3);
  EXPECT_THAT(figures.country_rows, ElementsAre(::testing::Pair("United Kingdom", 400)));
}

TEST(BatchCheck, AMonthLikeThoseBeforeHasNoFinding) {
  EXPECT_THAT(Check(Month(3)).findings, IsEmpty());
  EXPECT_EQ(Check(Month(3)).verdict, DriftVerdict::kStable);
}

TEST(BatchCheck, TheFirstDeliveryHasNothingToBeComparedWith) {
  EXPECT_THAT(CheckBatch(FiguresOf(Table(Month(1, 2)), "2011-01"), {}, true, {}).findings,
              IsEmpty());
}

TEST(BatchCheck, HalfOfTheRowsMissingIsFoundHoweverTheyWereLost) {
  std::vector<Row> lines;
  std::vector<Row> invoices;
  const std::vector<Row> whole = Month(3);
  for (size_t i = 0; i < whole.size(); ++i) {
    if (i % 2 == 0) lines.push_back(whole[i]);
    if (i / 4 % 2 == 0) invoices.push_back(whole[i]);
  }
  EXPECT_THAT(Checks(Check(lines)), ElementsAre("rows_per_day", "lines_per_invoice"));
  // Five invoices a day: every other one leaves fewer rows a day, and gaps between numbers.
  EXPECT_THAT(Checks(Check(invoices)), ElementsAre("rows_per_day", "invoice_density"));
  EXPECT_THAT(Checks(Check(Month(3, 10))), ElementsAre("trading_days"));
}

TEST(BatchCheck, InvoicesThatAreMissingShowInABusyMonthToo) {
  // Twice the lines of the months before, of which half of the invoices were lost.
  std::vector<Row> rows;
  for (Row row : Month(3)) {
    const int number = std::stoi(row.invoice) - 536000 - 3000;
    row.invoice = std::to_string(600000 + 2 * number);
    rows.push_back(row);
  }
  EXPECT_THAT(Checks(Check(rows)), ElementsAre("invoice_density"));
}

TEST(BatchCheck, InvoicesThatAreNoNumbersAreNotJudgedByThem) {
  std::vector<Row> rows = Month(3);
  for (Row& row : rows) row.invoice = "R-" + row.invoice + "-X";
  EXPECT_THAT(Check(rows).findings, ::testing::IsEmpty());
}

TEST(BatchCheck, AMonthThatIsNotOverMayBeShort) {
  EXPECT_THAT(Check(Month(3, 10), false).findings, IsEmpty());
}

TEST(BatchCheck, PricesThatWereMultipliedAreFound) {
  std::vector<Row> rows = Month(3);
  for (Row& row : rows) row.price = std::to_string(100 * std::stod(row.price));
  const BatchReport report = Check(rows);
  EXPECT_THAT(Checks(report), ElementsAre("median_price"));
  EXPECT_EQ(report.verdict, DriftVerdict::kBroken);
  EXPECT_THAT(report.findings[0].says, HasSubstr("1e+02 times"));
}

TEST(BatchCheck, CountriesNeverSeenBeforeAreNamed) {
  std::vector<Row> rows = Month(3);
  for (size_t i = 0; i < rows.size(); i += 10) rows[i].country = "Atlantis";
  const BatchReport report = Check(rows);
  EXPECT_THAT(Checks(report), ElementsAre("new_country_share"));
  EXPECT_THAT(report.findings[0].says, HasSubstr("10.0 %"));
  EXPECT_THAT(report.findings[0].says, HasSubstr("Atlantis"));
}

TEST(BatchCheck, CustomersThatAreMissingAndCancellationsAreFound) {
  std::vector<Row> nobody = Month(3);
  for (size_t i = 0; i < nobody.size(); i += 2) nobody[i].customer = "";
  EXPECT_THAT(Checks(Check(nobody)), ElementsAre("missing_customer_share"));
  std::vector<Row> cancelled = Month(3);
  for (size_t i = 0; i < cancelled.size() / 4; ++i) {
    cancelled[i].invoice.insert(0, "C");
    cancelled[i].quantity = "-1";
  }
  EXPECT_THAT(Checks(Check(cancelled)), ElementsAre("cancelled_share"));
}

TEST(DriftFindings, AreJsonWithEveryPartAndReasonsInOrder) {
  std::vector<Row> rows = Month(3);
  for (Row& row : rows) row.country = "Atlantis";
  DriftFindings findings;
  findings.batch = Check(rows);
  findings.decay = IndexDecay{0.3, 0.2, 1, 1, DriftVerdict::kDrifted, "silhouette fell"};
  EXPECT_EQ(VerdictOf(findings), DriftVerdict::kBroken);
  EXPECT_THAT(ReasonsOf(findings), ElementsAre(HasSubstr("new_country_share"), "silhouette fell"));
  const std::string json = DriftJson(findings);
  EXPECT_THAT(json, HasSubstr("\"verdict\": \"broken\""));
  EXPECT_THAT(json, HasSubstr("\"features\": null"));
  EXPECT_THAT(DriftMetrics(findings),
              ElementsAre(::testing::Pair("drift_verdict", 3), ::testing::Pair("batch_findings", 1),
                          ::testing::Pair("silhouette_decay", ::testing::DoubleNear(0.1, 1e-12)),
                          ::testing::Pair("davies_bouldin_rise", 0)));
}

}  // namespace
}  // namespace cairn::pipeline

// Files that no shop should send. Each run ends in an error that says what is wrong with the input,
// or in a result that is right: never in a fault, a number that is none, or a customer lost.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_stages/test_pipeline.h"

namespace cairn::pipeline {
namespace {

constexpr std::string_view kHeader =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

// One line of a file, every field as it is written.
struct Line {
  std::string invoice = "536365";
  std::string code = "85123A";
  std::string description = "HOLDER";
  std::string quantity = "6";
  std::string date = "2010-12-01 08:26:00";
  std::string price = "2.55";
  std::string customer = "17850";
  std::string country = "United Kingdom";
};

std::string Written(const std::vector<Line>& lines) {
  std::string csv(kHeader);
  for (const Line& line : lines) {
    csv += fmt::format("{},{},{},{},{},{},{},{}\n", line.invoice, line.code, line.description,
                       line.quantity, line.date, line.price, line.customer, line.country);
  }
  return csv;
}

// An ordinary shop: the i-th customer has 2 + i % 4 invoices of two lines, all different.
std::vector<Line> Shop(int customers) {
  std::vector<Line> lines;
  for (int i = 0; i < customers; ++i) {
    for (int j = 0; j < 2 * (2 + i % 4); ++j) {
      Line line;
      line.invoice = std::to_string(500'000 + 100 * i + j / 2);
      line.code = std::to_string(20'000 + (7 * i + j) % 50);
      line.quantity = std::to_string(1 + (3 * i + j) % 12);
      line.date = fmt::format("2011-{:02}-{:02} {:02}:{:02}:00", 1 + (i + j) % 12,
                              1 + (5 * i + 3 * j) % 28, 8 + (i + j) % 10, j);
      line.price = fmt::format("{}.{:02}", 1 + i % 9, (13 * i + j) % 100);
      line.customer = std::to_string(12'000 + i);
      line.country = i % 3 == 0 ? "France" : "United Kingdom";
      lines.push_back(line);
    }
  }
  return lines;
}

// A shop of which every line, or every n-th, is changed.
std::string Changed(int customers, const std::function<void(Line&, int)>& change, int every = 1) {
  std::vector<Line> lines = Shop(customers);
  for (int i = 0; i < static_cast<int>(lines.size()); i += every) {
    change(lines[static_cast<size_t>(i)], i);
  }
  return Written(lines);
}

// What has to come of a file.
enum class Ends { kRefused, kRight };

struct AdversarialCase {
  std::string name;
  std::function<std::string()> csv;
  Ends ends;
  std::function<void(PipelineConfig&)> configure = [](PipelineConfig&) {};
};

std::function<std::string()> Every(const std::function<void(Line&, int)>& change, int every = 1,
                                   int customers = 40) {
  return [=] { return Changed(customers, change, every); };
}

std::function<std::string()> Fixed(const std::string& text) {
  return [=] { return text; };
}

std::function<std::string()> Customers(int count) {
  return [=] { return Written(Shop(count)); };
}

// The files whose form is the matter.
std::vector<AdversarialCase> FormCases() {
  const std::string plain = Written(Shop(40));
  std::string quoted_end = plain + "536365,85123A,\"HOLDER";
  return {
      {"AnEmptyFile", Fixed(""), Ends::kRefused},
      {"OneLineEnd", Fixed("\n"), Ends::kRefused},
      {"AHeaderAlone", Fixed(std::string(kHeader)), Ends::kRefused},
      {"NoHeader", Fixed(plain.substr(kHeader.size())), Ends::kRefused},
      {"ZeroBytes", Fixed(std::string(4096, '\0')), Ends::kRefused},
      {"AColumnIsMissing", Fixed("InvoiceNo,StockCode\n1,2\n"), Ends::kRefused},
      {"AnOpenQuoteAtTheEnd", Fixed(quoted_end), Ends::kRefused},
      {"AByteOrderMark", Fixed("\xEF\xBB\xBF" + plain), Ends::kRight},
      {"ManyEmptyFields", Every([](Line& l, int) { l = {"", "", "", "", "", "", "", ""}; }),
       Ends::kRefused},
      {"ALongDescription",
       Every([](Line& l, int) { l.description = std::string(100'000, 'x'); }, 50), Ends::kRight},
      {"QuotesAndLineEndsInDescriptions",
       Every([](Line& l, int i) { l.description = fmt::format("\"a \"\"{}\"\",\n b\"", i); }),
       Ends::kRight},
  };
}

// Too few, or too much alike.
std::vector<AdversarialCase> DegenerateCases() {
  const auto alike = [](Line& l, int) {
    const std::string customer = l.customer;
    l = Line();
    l.customer = customer;
    l.invoice = "9" + customer;
  };
  return {
      {"OneCustomer", Customers(1), Ends::kRefused},
      {"TwoCustomers", Customers(2), Ends::kRefused},
      {"ThreeCustomers", Customers(3), Ends::kRefused},
      {"FourCustomers", Customers(4), Ends::kRight},
      {"FewerCustomersThanSegments", Customers(5), Ends::kRight,
       [](PipelineConfig& c) {
         c.sweep.grid.k = {2, 9};
       }},
      {"NoKCanBeFilled", Customers(5), Ends::kRefused,
       [](PipelineConfig& c) {
         c.sweep.grid.k = {8, 9};
       }},
      {"OneRow", Fixed(Written({Line()})), Ends::kRefused},
      {"AllRowsAreEqual", Fixed(Written(std::vector<Line>(200))), Ends::kRefused},
      {"AllCustomersAreAlike", Every(alike), Ends::kRefused},
      {"MostLinesAreRepeated",
       [=] {
         std::vector<Line> lines = Shop(40);
         for (size_t i = 4; i < lines.size(); ++i) alike(lines[i], 0);
         return Written(lines);
       },
       Ends::kRefused, [](PipelineConfig& c) { c.outliers.method = OutlierMethod::kNone; }},
      {"OneInvoiceOfAll", Every([](Line& l, int) { l.invoice = "500000"; }), Ends::kRight},
      {"OneProduct", Every([](Line& l, int) { l.code = "85123A"; }), Ends::kRight},
      {"OneInstant", Every([](Line& l, int) { l.date = "2011-01-01 00:00:00"; }), Ends::kRight},
      {"OnePrice", Every([](Line& l, int) { l.price = "1"; }), Ends::kRight},
      {"OneCountry", Every([](Line& l, int) { l.country = "Japan"; }), Ends::kRight},
      {"EveryRowTwice",
       [] {
         std::vector<Line> lines = Shop(40);
         const std::vector<Line> again = lines;
         lines.insert(lines.end(), again.begin(), again.end());
         return Written(lines);
       },
       Ends::kRight, [](PipelineConfig& c) { c.cleaning.max_set_aside_share = 1; }},
      {"EverythingCancelled", Every([](Line& l, int) {
         l.invoice = "C" + l.invoice;
         l.quantity = "-" + l.quantity;
       }),
       Ends::kRight},
      {"EverythingCancelledToNothing",
       [] {
         std::vector<Line> lines = Shop(40);
         const size_t count = lines.size();
         for (size_t i = 0; i < count; ++i) {
           Line back = lines[i];
           back.invoice = "C" + back.invoice;
           back.quantity = "-" + back.quantity;
           lines.push_back(back);
         }
         return Written(lines);
       },
       Ends::kRight},
  };
}

// Numbers at the ends of what can be written.
std::vector<AdversarialCase> NumberCases() {
  const auto price = [](const std::string& text) { return [=](Line& l, int) { l.price = text; }; };
  const auto quantity = [](const std::string& text) {
    return [=](Line& l, int) { l.quantity = text; };
  };
  return {
      {"PricesOf1e308", Every(price("1e308")), Ends::kRefused},
      {"OnePriceOf1e308", Every(price("1e308"), 1000), Ends::kRefused},
      {"OnePriceOf1e200", Every(price("1e200"), 1000), Ends::kRefused},
      {"PricesOf1e150", Every(price("1e150")), Ends::kRefused},
      {"OnePriceOf1e100", Every(price("1e100"), 1000), Ends::kRefused},
      {"OnePriceOf1e30", Every(price("1e30"), 1000), Ends::kRight},
      {"DenormalPrices", Every(price("4.9e-324")), Ends::kRight},
      {"PricesBelowEveryDouble", Every(price("1e-400")), Ends::kRefused},
      {"PricesAboveEveryDouble", Every(price("1e400")), Ends::kRefused},
      {"PricesOfZero", Every(price("0")), Ends::kRefused},
      {"NegativePrices", Every(price("-5")), Ends::kRefused},
      {"NanPrices", Every(price("NaN")), Ends::kRefused},
      {"InfinitePrices", Every(price("inf")), Ends::kRefused},
      {"HexadecimalPrices", Every(price("0x10")), Ends::kRefused},
      {"PricesInWords", Every(price("cheap")), Ends::kRefused},
      {"QuantitiesAtTheUpperEnd", Every(quantity("2147483647")), Ends::kRight},
      {"QuantitiesAtTheLowerEnd", Every(quantity("-2147483648")), Ends::kRight},
      {"QuantitiesBeyondTheEnd", Every(quantity("2147483648")), Ends::kRefused},
      {"QuantitiesOfZero", Every(quantity("0")), Ends::kRight},
      {"NanQuantities", Every(quantity("nan")), Ends::kRefused},
      {"QuantitiesWithAFraction", Every(quantity("1.5")), Ends::kRefused},
      {"QuantitiesThatCancelOut",
       Every([](Line& l, int i) { l.quantity = i % 2 ? "2147483647" : "-2147483647"; }),
       Ends::kRight},
  };
}

// Texts, ids and dates.
std::vector<AdversarialCase> TextCases() {
  const auto date = [](const std::string& text) { return [=](Line& l, int) { l.date = text; }; };
  return {
      {"DatesInTheYear1", Every(date("0001-01-01 00:00:00"), 1000), Ends::kRight},
      {"DatesInTheYear9999", Every(date("9999-12-31 23:59:59"), 1000), Ends::kRight},
      {"DatesThatDoNotExist", Every(date("2011-02-30 10:00:00")), Ends::kRefused},
      {"DatesOfALeapDay", Every(date("2012-02-29 23:59:59"), 3), Ends::kRight},
      {"DatesInWords", Every(date("yesterday")), Ends::kRefused},
      {"NoDates", Every(date("")), Ends::kRefused},
      {"NoCustomers", Every([](Line& l, int) { l.customer = ""; }), Ends::kRefused},
      {"NoDescriptions", Every([](Line& l, int) { l.description = ""; }), Ends::kRefused},
      {"BlankDescriptions", Every([](Line& l, int) { l.description = "   "; }), Ends::kRefused},
      {"NoCountries", Every([](Line& l, int) { l.country = ""; }), Ends::kRight},
      {"NoInvoices", Every([](Line& l, int) { l.invoice = ""; }), Ends::kRefused},
      {"CustomersAtTheEndOfInt32", Every([](Line& l, int) {
         l.customer = std::to_string(2'147'471'000 + std::stoi(l.customer) - 12'000);
       }),
       Ends::kRight},
      {"CustomersBeyondEveryInteger",
       Every([](Line& l, int) { l.customer = "99999999999999999999" + l.customer; }), Ends::kRight},
      {"CustomersOfNegativeNumbers", Every([](Line& l, int) { l.customer = "-" + l.customer; }),
       Ends::kRefused},
      {"CustomersInUnicode",
       Every([](Line& l, int) { l.customer = "客" + l.customer + "\U0001F6D2"; }), Ends::kRight},
      {"ProductsInUnicode", Every([](Line& l, int i) {
         l.description = "Ünïcödé \u202E " + std::to_string(i);
         l.country = "Côte d’Ivoire";
       }),
       Ends::kRight},
      {"ServiceCodesOnly", Every([](Line& l, int) { l.code = "POST"; }), Ends::kRight},
      {"LongInvoices", Every([](Line& l, int) { l.invoice += std::string(5'000, '7'); }, 20),
       Ends::kRight},
  };
}

std::vector<AdversarialCase> AllCases() {
  std::vector<AdversarialCase> all;
  for (const auto& cases : {FormCases(), DegenerateCases(), NumberCases(), TextCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

void ExpectRightFeatures(const FeatureMatrix& features) {
  EXPECT_TRUE(features.values.allFinite());
  for (Eigen::Index i = 0; i < features.values.rows(); ++i) {
    const auto row = features.values.row(i);
    const double spend = row(kTotalSpend);
    EXPECT_NEAR(row(kAverageTransactionValue) * row(kTotalTransactions), spend,
                1e-9 * std::fabs(spend) + 1e-300);
    EXPECT_NEAR(row(kCancellationRate) * row(kTotalTransactions), row(kCancellationFrequency),
                1e-9);
    EXPECT_GE(row(kTotalTransactions), 1);
    EXPECT_GE(row(kUniqueProductsPurchased), 1);
    EXPECT_GE(row(kDaysSinceLastPurchase), 0);
    EXPECT_GE(row(kMonthlySpendingStd), 0);
  }
}

void ExpectRightRun(const TrainingRun& run, Eigen::Index customers) {
  const int32_t k = static_cast<int32_t>(run.fit->centers.rows());
  EXPECT_TRUE(run.fit->centers.allFinite());
  EXPECT_TRUE(std::isfinite(run.fit->inertia) && run.fit->inertia >= 0) << run.fit->inertia;
  ASSERT_EQ(static_cast<Eigen::Index>(run.fit->all_labels.size()), customers);
  std::map<int32_t, int> sizes;
  for (const int32_t label : run.fit->all_labels) {
    EXPECT_TRUE(label >= 0 && label < k) << label;
    ++sizes[label];
  }
  int most = 0;
  for (const auto& [label, size] : sizes) most = std::max(most, size);
  EXPECT_NEAR(run.everyone.max_cluster_share,
              static_cast<double>(most) / static_cast<double>(customers), 1e-12);
  if (!std::isnan(run.training.silhouette)) {
    EXPECT_LE(std::fabs(run.training.silhouette), 1 + 1e-12);
  }
}

// No customer and no row is lost on the way without being counted.
void ExpectRightResult(const RunOutcome& outcome) {
  const Eigen::Index customers = outcome.features.values.rows();
  ExpectRightFeatures(outcome.features);
  EXPECT_EQ(outcome.outliers.kept.size() + outcome.outliers.removed.size(),
            static_cast<size_t>(customers));
  EXPECT_TRUE(outcome.preparation.prepared.allFinite());
  EXPECT_TRUE(outcome.preparation.all_components.allFinite());
  EXPECT_FALSE(outcome.runs.empty());
  for (const TrainingRun& run : outcome.runs) ExpectRightRun(run, customers);
  for (const StageRecord& record : outcome.stages) {
    if (record.set_aside.empty()) continue;
    int64_t gone = 0;
    for (const SetAside& reason : record.set_aside) gone += static_cast<int64_t>(reason.rows);
    EXPECT_EQ(record.rows_in - record.rows_out, gone) << record.name;
  }
}

// An error is the input's: it has a reason, says something, and is none of a fault.
void ExpectClearError(const absl::Status& status) {
  EXPECT_FALSE(status.ok()) << "this file has no right result";
  EXPECT_TRUE(absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status)) << status;
  EXPECT_FALSE(ReasonOf(status).empty()) << status;
  EXPECT_GT(status.message().size(), 10u) << status;
}

class AdversarialTest : public ::testing::TestWithParam<AdversarialCase> {};

TEST_P(AdversarialTest, EndsInAClearErrorOrARightResult) {
  std::string name = ::testing::TempDir() + "/adversarial_" + GetParam().name;
  ASSERT_THAT(WriteFileAtomically(name + ".csv", GetParam().csv()), cairn::testing::IsOk());
  RunRequest request;
  request.data = name + ".csv";
  request.config = PresetConfig("default").value();
  request.config.threads = 2;
  request.config.sweep.grid.k = {2, 3};
  request.config.sweep.grid.seeds = {1};
  request.config.outliers.trees = 20;
  GetParam().configure(request.config);
  const auto outcome = RunPipeline(request, {}, nullptr);
  std::filesystem::remove(request.data);
  if (GetParam().ends == Ends::kRefused) {
    ExpectClearError(outcome.status());
    return;
  }
  ASSERT_THAT(outcome, cairn::testing::IsOk());
  ExpectRightResult(*outcome);
}

INSTANTIATE_TEST_SUITE_P(Files, AdversarialTest, ::testing::ValuesIn(AllCases()),
                         [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace cairn::pipeline

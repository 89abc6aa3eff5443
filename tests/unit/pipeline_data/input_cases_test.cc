// Kinds of files as other programs and countries write them: each must give the features of the
// plain file with the same content, or an error that names the way out.

#include <functional>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/csv_reader.h"
#include "pipeline/data/features.h"
#include "pipeline/data/input_error.h"
#include "pipeline/data/load.h"
#include "pipeline/data/table_csv.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_data/test_support.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;
using ::testing::HasSubstr;
using testing::kHeader;
using testing::Row;
using ::testing::SizeIs;

constexpr int kCustomers = 20;

struct Day {
  int year;
  int month;
  int day;
};

// Three lines for each customer, one of them a cancellation. `highest` is the largest day.
std::vector<std::pair<Row, Day>> BaseRows(int highest) {
  std::vector<std::pair<Row, Day>> rows;
  for (int i = 0; i < kCustomers * 3; ++i) {
    const Day day{2011, 1 + i * 5 % 12, 1 + i * 7 % highest};
    const bool cancelled = i % 7 == 2;
    rows.emplace_back(
        Row{.invoice = fmt::format("{}{}", cancelled ? "C" : "", 500'000 + i),
            .stock_code = std::to_string(20'000 + i % 9),
            .description = "WALL CLOCK",
            .quantity = cancelled ? "-1" : std::to_string(1 + i % 8),
            .date = fmt::format("{}-{:02}-{:02} 10:00:00", day.year, day.month, day.day),
            .price = "2.5",
            .customer = std::to_string(13'000 + i / 3),
            .country = i / 3 % 4 == 0 ? "France" : "United Kingdom"},
        day);
  }
  return rows;
}

using Change = std::function<void(Row&, Day, int)>;

std::string CsvWith(const Change& change, int highest = 12) {
  std::vector<Row> rows;
  for (const auto& [row, day] : BaseRows(highest)) {
    rows.push_back(row);
    if (change) change(rows.back(), day, static_cast<int>(rows.size()) - 1);
  }
  return testing::Csv(rows);
}

absl::StatusOr<LoadedTransactions> Load(std::string_view bytes,
                                        const DialectSettings& dialect = {}) {
  LoadOptions options;
  options.dialect = dialect;
  return LoadTransactionsFromBytes(bytes, options);
}

std::string Features(const LoadedTransactions& loaded) {
  const auto features =
      ComputeFeatures(CleanTransactions(loaded.table).table, FeaturePreset::kDefault);
  EXPECT_THAT(features, IsOk());
  return features.ok() ? FeaturesCsv(*features) : std::string();
}

// The line that says what was decided; the error of a file that is refused.
std::string Decided(const absl::StatusOr<LoadedTransactions>& loaded) {
  return loaded.ok() ? loaded->dialect : loaded.status().ToString();
}

void ExpectSame(std::string_view bytes, std::string_view plain,
                const DialectSettings& dialect = {}) {
  const auto loaded = Load(bytes, dialect);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(loaded->rejects, SizeIs(0));
  const auto truth = Load(plain);
  ASSERT_THAT(truth, IsOk());
  EXPECT_EQ(loaded->rows_read, truth->rows_read);
  EXPECT_EQ(Features(*loaded), Features(*truth));
}

void ExpectNames(std::string_view bytes, std::string_view setting) {
  const absl::Status status = Load(bytes).status();
  EXPECT_EQ(InputErrorKind(status), kDialectAmbiguous) << status;
  EXPECT_EQ(MetadataOf(status, "subject"), setting);
  EXPECT_THAT(std::string(status.message()), HasSubstr(setting));
}

Change DateAs(std::string_view form) {
  return [form = std::string(form)](Row& row, Day date, int) {
    row.date = fmt::format(fmt::runtime(form), fmt::arg("d", date.day), fmt::arg("m", date.month),
                           fmt::arg("y", date.year), fmt::arg("s", date.year % 100));
  };
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

TEST(InputCase, DayFirstDatesAreDecidedForTheWholeFile) {
  const std::string truth = CsvWith({}, 28);
  for (const char* form : {"{d:02}/{m:02}/{y} 10:00", "{d:02}-{m:02}-{y} 10:00",
                           "{d}.{m}.{y} 10:00", "{d:02}/{m:02}/{s} 10:00"}) {
    SCOPED_TRACE(form);
    ExpectSame(CsvWith(DateAs(form), 28), truth);
  }
  EXPECT_THAT(Decided(Load(CsvWith(DateAs("{d:02}/{m:02}/{y} 10:00"), 28))),
              HasSubstr("dates day first"));
}

TEST(InputCase, DayFirstIsTheSameForAnyDivisionAmongThreads) {
  std::string many = CsvWith(DateAs("{d:02}/{m:02}/{y} 10:00"), 12);
  const std::string rows = many.substr(kHeader.size());
  while (many.size() < (size_t{1} << 20) + 4096) many += rows;
  // The only day above 12 stands in the last line.
  many += "1,20000,CLOCK,1,25/01/2011 10:00,2.5,13000,France\n";
  for (const int threads : {1, 4}) {
    LoadOptions options;
    options.threads = threads;
    const auto loaded = LoadTransactionsFromBytes(many, options);
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->dialect, HasSubstr("day first"));
    EXPECT_EQ(
        loaded->table.time(1) - loaded->table.time(0),
        *ParseDateTime(BaseRows(12)[1].first.date) - *ParseDateTime(BaseRows(12)[0].first.date));
  }
}

TEST(InputCase, AmbiguousDatesNameTheSettingThatDecides) {
  const std::string day_first = CsvWith(DateAs("{d:02}/{m:02}/{y} 10:00"));
  ExpectNames(day_first, "input.date_order");
  DialectSettings settings;
  settings.date_order = DateOrder::kDayFirst;
  ExpectSame(day_first, CsvWith({}), settings);
  const std::string month_first = CsvWith(DateAs("{m:02}/{d:02}/{s:02} 10:00"));
  ExpectNames(month_first, "input.date_order");
  settings.date_order = DateOrder::kMonthFirst;
  ExpectSame(month_first, CsvWith({}), settings);
}

TEST(InputCase, ASetOrderRejectsDatesOfTheOther) {
  DialectSettings settings;
  settings.date_order = DateOrder::kMonthFirst;
  const auto loaded = Load(CsvWith(DateAs("{d:02}/{m:02}/{y} 10:00"), 28), settings);
  EXPECT_EQ(InputErrorKind(loaded.status()), kTooManyRejects) << loaded.status();
}

TEST(InputCase, CancellationsMayHaveASmallCOrABlankBefore) {
  const std::string truth = CsvWith({});
  ExpectSame(CsvWith([](Row& row, Day, int) {
               if (row.invoice[0] == 'C') row.invoice[0] = 'c';
             }),
             truth);
  ExpectSame(CsvWith([](Row& row, Day, int) { row.invoice = " " + row.invoice; }), truth);
}

TEST(InputCase, CountriesAreComparedWithoutCaseAndBlanks) {
  ExpectSame(CsvWith([](Row& row, Day, int i) {
               if (i % 3 == 0) row.country += " ";
               if (i % 3 == 1) row.country = LowerAscii(row.country);
             }),
             CsvWith({}));
  ExpectSame(CsvWith([](Row& row, Day, int) { row.country = LowerAscii(row.country); }),
             CsvWith({}));
}

TEST(InputCase, ProductCodesAreComparedWithoutCaseAndBlanks) {
  const auto codes = [](bool mixed) {
    return CsvWith([mixed](Row& row, Day, int i) {
      row.stock_code = mixed && i % 2 == 0 ? " 8512a " : "8512A";
    });
  };
  ExpectSame(codes(true), codes(false));
}

TEST(InputCase, AGroupedQuantityIsANumber) {
  const auto loaded = Load(CsvWith([](Row& row, Day, int i) {
    if (i == 3) row.quantity = "\"1,200\"";
  }));
  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(loaded->rejects, SizeIs(0));
  EXPECT_EQ(loaded->table.quantity(3), 1200);
}

TEST(InputCase, BlankRecordsAtTheEndAreNoRows) {
  std::string text = CsvWith({});
  for (int i = 0; i < 20; ++i) text += ",,, ,,,,\n";
  ExpectSame(text, CsvWith({}));
}

TEST(InputCase, SemicolonsWithDecimalCommasTabsAndBars) {
  const std::string truth = CsvWith({});
  std::string semicolons = Replaced(truth, ",", ";");
  ExpectSame(Replaced(semicolons, "2.5", "2,5"), truth);
  ExpectSame("sep=;\r\n" + semicolons, truth);
  ExpectSame(Replaced(truth, ",", "\t"), truth);
  ExpectSame(Replaced(truth, ",", "|"), truth);
  EXPECT_EQ(Decided(Load(Replaced(semicolons, "2.5", "2,5"))),
            "UTF-8, separator `;`, decimal mark `,`, dates year first");
}

TEST(InputCase, ASetSeparatorIsTheOnlyOneTried) {
  DialectSettings settings;
  settings.separator = ';';
  EXPECT_EQ(InputErrorKind(Load(CsvWith({}), settings).status()), kColumnMissing);
}

TEST(InputCase, TextsAndLongNumbersAreCustomers) {
  for (const char* form : {"u{}", "12345678{}", "{}-A"}) {
    SCOPED_TRACE(form);
    const auto loaded = Load(CsvWith(
        [&](Row& row, Day, int) { row.customer = fmt::format(fmt::runtime(form), row.customer); }));
    ASSERT_THAT(loaded, IsOk());
    EXPECT_THAT(loaded->rejects, SizeIs(0));
    EXPECT_THAT(loaded->table.CustomerIds(), SizeIs(kCustomers));
    EXPECT_EQ(CustomerText(loaded->table.customer_id(4), loaded->table.columns().customer_names),
              fmt::format(fmt::runtime(form), "13001"));
  }
}

TEST(InputCase, TextCustomersKeepTheirNamesForAnyDivisionOfTheFile) {
  // Names ascend to the middle and repeat backwards behind it.
  const std::string text =
      CsvWith([](Row& row, Day, int i) { row.customer = fmt::format("u{}", i < 30 ? i : 59 - i); });
  LoadOptions options;
  for (size_t cut = kHeader.size(); cut < text.size(); cut += 97) {
    ByteFeed feed(text);
    CsvPlan plan;
    plan.cuts = {cut, cut + 500};
    const auto loaded = ReadCsv(feed, options, plan);
    ASSERT_THAT(loaded, IsOk());
    ASSERT_EQ(loaded->table.rows(), 60u);
    for (size_t i = 0; i < 60; ++i) {
      ASSERT_EQ(CustomerText(loaded->table.customer_id(i), loaded->table.columns().customer_names),
                fmt::format("u{}", i < 30 ? i : 59 - i));
    }
  }
}

TEST(InputCase, WordsForNothingAreNoCustomersAndZeroIsWarnedOf) {
  const char* words[] = {"nan", "None", "<NA>", "#N/A", "NULL", "", "0"};
  const auto loaded = Load(CsvWith([&](Row& row, Day, int i) {
    if (i < 7) row.customer = words[i];
  }));
  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(loaded->rejects, SizeIs(0));
  for (size_t i = 0; i < 7; ++i) EXPECT_EQ(loaded->table.customer_id(i), kMissingCustomer);
  ASSERT_THAT(loaded->warnings, SizeIs(1));
  EXPECT_THAT(loaded->warnings[0], HasSubstr("1 rows have customer 0"));
}

TEST(InputCase, SetNullWordsReplaceTheKnownOnes) {
  DialectSettings settings;
  settings.null_values = {"guest"};
  const auto loaded = Load(CsvWith([&](Row& row, Day, int i) {
                             if (i == 0) row.customer = "Guest";
                             if (i == 1) row.customer = "0";
                           }),
                           settings);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->table.customer_id(0), kMissingCustomer);
  EXPECT_EQ(loaded->table.customer_id(1), 0);
  EXPECT_THAT(loaded->warnings, SizeIs(1));
}

TEST(InputCase, Windows1252IsToldFromLatin1) {
  const auto with = [](const char* text) {
    return Load(CsvWith([&](Row& row, Day, int) { row.description = text; }));
  };
  const auto windows = with(
      "CAF\xc9 \x96 \x80"
      "5");
  ASSERT_THAT(windows, IsOk());
  EXPECT_EQ(windows->table.description(0),
            "CAF\xc3\x89 \xe2\x80\x93 \xe2\x82\xac"
            "5");
  EXPECT_THAT(windows->dialect, HasSubstr("Windows-1252"));
  EXPECT_THAT(Decided(with("CAF\xc9")), HasSubstr("ISO-8859-1"));
  EXPECT_EQ(MetadataOf(with("CAF\xc9 \x81").status(), "subject"), "input.encoding");
}

TEST(InputCase, Utf16IsReadWithAndWithoutMark) {
  const std::string truth = CsvWith({});
  std::string wide;
  for (const char c : truth) wide += {c, '\0'};
  ExpectSame("\xff\xfe" + wide, truth);
  ExpectSame(wide, truth);
  EXPECT_THAT(Decided(Load(wide)), HasSubstr("UTF-16"));
}

struct TestSheet {
  std::string name;
  std::string rows;  // XML of <sheetData>.
  std::string state = "visible";
  bool chart = false;
};

std::string WorkbookOf(const std::vector<TestSheet>& sheets) {
  std::vector<testing::ZipMember> members = {{"[Content_Types].xml", "<Types/>"}};
  std::string list;
  std::string relations;
  for (size_t i = 0; i < sheets.size(); ++i) {
    const TestSheet& sheet = sheets[i];
    list += fmt::format("<sheet name=\"{}\" sheetId=\"{}\" state=\"{}\" r:id=\"rId{}\"/>",
                        sheet.name, i + 1, sheet.state, i + 1);
    relations += fmt::format(
        "<Relationship Type=\"http://x/{}\" Id=\"rId{}\" Target=\"/xl/worksheets/sheet{}.xml\"/>",
        sheet.chart ? "chartsheet" : "worksheet", i + 1, i + 1);
    members.push_back(
        {fmt::format("xl/worksheets/sheet{}.xml", i + 1),
         fmt::format("<worksheet><sheetData>{}</sheetData></worksheet>", sheet.rows)});
  }
  members.push_back(
      {"xl/workbook.xml",
       fmt::format("<workbook xmlns:r=\"rel\"><sheets>{}</sheets></workbook>", list)});
  members.push_back(
      {"xl/_rels/workbook.xml.rels", fmt::format("<Relationships>{}</Relationships>", relations)});
  return testing::Zip(members);
}

std::string Words(const std::vector<std::string>& cells) {
  std::string xml = "<row>";
  for (const std::string& cell : cells) {
    xml += fmt::format("<c t=\"inlineStr\"><is><t>{}</t></is></c>", cell);
  }
  return xml + "</row>";
}

const std::vector<std::string> kSecondEdition = {"Invoice",     "StockCode",   "Description",
                                                 "Quantity",    "InvoiceDate", "Price",
                                                 "Customer ID", "Country"};

// Rows [begin, end) with serials for dates unless `text_dates`, and numbers as numbers.
std::string SheetRows(size_t begin, size_t end, bool text_dates = false) {
  std::string xml = Words(kSecondEdition);
  const auto rows = BaseRows(12);
  for (size_t i = begin; i < end; ++i) {
    const auto& [row, day] = rows[i];
    const auto text = [](const std::string& value) {
      return fmt::format("<c t=\"inlineStr\"><is><t>{}</t></is></c>", value);
    };
    const auto number = [](const std::string& value) {
      return fmt::format("<c t=\"n\"><v>{}</v></c>", value);
    };
    const int64_t days =
        DaysFromCivil({day.year, day.month, day.day}) - DaysFromCivil({1899, 12, 30});
    xml += "<row>" + text(row.invoice) + number(row.stock_code) + text(row.description) +
           number(row.quantity) +
           (text_dates ? text(fmt::format("{:02}/{:02}/{} 10:00", day.day, day.month, day.year))
                       : number(fmt::format("{}.41666666666", days))) +
           number(row.price) + number(row.customer) + text(row.country) + "</row>";
  }
  return xml;
}

constexpr size_t kAll = size_t{kCustomers} * 3;

TEST(InputCase, MonthsOnTwoSheetsAreReadWholeAndNamed) {
  const std::string bytes =
      WorkbookOf({{"Year 2009-2010", SheetRows(0, 25)}, {"Year 2010-2011", SheetRows(25, kAll)}});
  ExpectSame(bytes, CsvWith({}));
  EXPECT_THAT(Decided(Load(bytes)),
              HasSubstr("sheets \"Year 2009-2010\" (25 rows), \"Year 2010-2011\" (35 rows)"));
}

TEST(InputCase, CoverHiddenEmptyAndChartSheetsAreSteppedOverAndNamed) {
  const std::string bytes = WorkbookOf({{"README", Words({"Exported by ERP"})},
                                        {"Old", SheetRows(0, 9), "hidden"},
                                        {"Data", SheetRows(0, kAll)},
                                        {"Blank", ""},
                                        {"Sales", "", "visible", true}});
  ExpectSame(bytes, CsvWith({}));
  EXPECT_THAT(Decided(Load(bytes)),
              HasSubstr("sheet \"Data\" (60 rows); stepped over: \"README\" without header, "
                        "\"Old\" hidden, \"Blank\" empty, \"Sales\" a chart"));
}

TEST(InputCase, TitleRowsAboveTheHeaderAreSteppedOver) {
  const std::string bytes =
      WorkbookOf({{"Data", Words({"Online retail, 2010-2011"}) + "<row/>" + SheetRows(0, kAll)}});
  ExpectSame(bytes, CsvWith({}));
  EXPECT_THAT(Decided(Load(bytes)), HasSubstr("below a title"));
}

TEST(InputCase, ASetSheetIsReadAloneAlsoWhenHidden) {
  const std::string bytes =
      WorkbookOf({{"Draft", SheetRows(0, 25)}, {"Final", SheetRows(0, kAll), "veryHidden"}});
  DialectSettings settings;
  settings.sheet = "Final";
  ExpectSame(bytes, CsvWith({}), settings);
  settings.sheet = "Last";
  const absl::Status status = Load(bytes, settings).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("input.sheet"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("Draft"));
  settings.sheet = "final";
  EXPECT_THAT(std::string(Load(bytes, settings).status().message()),
              HasSubstr("did you mean \"Final\"?"));
}

// Kind of fault: a row that one part of the dialect sets aside is not heard on the others.
TEST(InputCase, TheOrderOfDatesIsDecidedFromRowsWhosePricesNeedADecimalComma) {
  const auto csv = [](const std::string& date) {
    std::string text =
        "InvoiceNo;StockCode;Description;Quantity;InvoiceDate;UnitPrice;CustomerID;Country\n";
    for (int i = 0; i < 40; ++i) {
      text += fmt::format("{};22423;CAKE;1;{} 10:00;2,55;{};UK\n", 500 + i, date, 1251 + i % 5);
    }
    return text;
  };
  const absl::Status open = Load(csv("05/03/2011")).status();
  EXPECT_THAT(std::string(open.message()), HasSubstr("input.date_order"));
  const auto decided = Load(csv("25/03/2011"));
  ASSERT_THAT(decided, IsOk());
  EXPECT_EQ(decided->rows_rejected, 0u);
  EXPECT_THAT(decided->dialect, HasSubstr("day first"));
  DialectSettings settings;
  settings.date_order = DateOrder::kDayFirst;
  const auto set = Load(csv("05/03/2011"), settings);
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->dialect, HasSubstr("day first"));
}

TEST(InputCase, ASettingThatTheInputHasNoUseForIsSaid) {
  DialectSettings settings;
  settings.sheet = "Final";
  const auto text = Load(CsvWith({}), settings);
  ASSERT_THAT(text, IsOk());
  EXPECT_THAT(text->warnings, ::testing::Contains(HasSubstr("input.sheet")));
  settings = {};
  settings.separator = ';';
  const auto workbook = Load(WorkbookOf({{"Data", SheetRows(0, kAll)}}), settings);
  ASSERT_THAT(workbook, IsOk());
  EXPECT_THAT(workbook->warnings, ::testing::Contains(HasSubstr("input.separator")));
}

TEST(InputCase, ASheetWithHalfAHeaderIsAnErrorNotALoss) {
  std::vector<std::string> half = kSecondEdition;
  half[6] = "Client";
  const absl::Status status =
      Load(WorkbookOf({{"A", SheetRows(0, kAll)}, {"B", Words(half)}})).status();
  EXPECT_EQ(InputErrorKind(status), kColumnMissing) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("sheet \"B\""));
}

TEST(InputCase, TextDatesOfAWorkbookFollowTheSetting) {
  const std::string bytes = WorkbookOf({{"Sheet", SheetRows(0, kAll, true)}});
  ExpectNames(bytes, "input.date_order");
  DialectSettings settings;
  settings.date_order = DateOrder::kDayFirst;
  ExpectSame(bytes, CsvWith({}), settings);
}

TEST(InputCase, TrueIsNoQuantityAndBlankRowsOfASheetAreNone) {
  const std::string row =
      "<row><c><v>1</v></c><c><v>20000</v></c><c t=\"inlineStr\"><is><t>CUP</t></is></c>"
      "<c t=\"b\"><v>1</v></c><c><v>40544</v></c><c><v>2.5</v></c><c><v>13000</v></c></row>";
  LoadOptions options;
  options.max_reject_share = 1;
  const auto loaded = LoadTransactionsFromBytes(
      WorkbookOf(
          {{"A", SheetRows(0, 3) + row + Words({"", " ", "", "", "", "", "", ""})}, {"Note", ""}}),
      options);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->rows_read, 4u);
  ASSERT_THAT(loaded->rejects, SizeIs(1));
  EXPECT_EQ(loaded->rejects[0].value, "TRUE");
  EXPECT_EQ(loaded->rejects[0].reason, "not a whole number (sheet \"A\")");
}

}  // namespace
}  // namespace cairn::pipeline

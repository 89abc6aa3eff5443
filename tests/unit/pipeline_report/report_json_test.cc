#include "pipeline/report/report_json.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "lib/base/errors.h"
#include "tests/unit/pipeline_report/sample_report.h"

namespace cairn::pipeline {
namespace {

void ExpectMalformed(const std::string& text, std::string_view part) {
  const auto data = ParseReportJson(text);
  ASSERT_FALSE(data.ok()) << text.substr(0, 100);
  EXPECT_EQ(data.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(HasReason(data.status(), ErrorReason::DATA_MALFORMED));
  EXPECT_NE(data.status().ToString().find(part), std::string::npos) << data.status();
}

TEST(ReportJsonTest, AReportComesBackWithTheSameBytes) {
  for (const ReportData& data : {SampleReport(), SampleReport(1, 1), SampleReport(40, 100),
                                 ReportOfTexts("\"quotes\" \\ </script> €"), ReportData{}}) {
    const std::string text = ReportJson(data);
    const auto back = ParseReportJson(text);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(ReportJson(*back), text);
  }
}

TEST(ReportJsonTest, FieldsComeBackInTheirPlaces) {
  const ReportData data = SampleReport(3, 50);
  const ReportData back = ParseReportJson(ReportJson(data)).value();
  EXPECT_EQ(back.title, data.title);
  EXPECT_EQ(back.profiles.segments[2].products[9].quantity,
            data.profiles.segments[2].products[9].quantity);
  EXPECT_EQ(back.profiles.segments[1].hours, data.profiles.segments[1].hours);
  EXPECT_EQ(back.quality[0].counts, data.quality[0].counts);
  EXPECT_EQ(back.points.outliers, data.points.outliers);
  EXPECT_EQ(back.points.points, data.points.points);
  EXPECT_EQ(back.sweep[7].metrics, data.sweep[7].metrics);
  EXPECT_EQ(back.migration->spend, data.migration->spend);
  EXPECT_EQ(back.recommendations->item_hit_rate, data.recommendations->item_hit_rate);
}

TEST(ReportJsonTest, EveryFiniteDoubleComesBackExactly) {
  std::mt19937_64 random(11);
  ReportData data;
  while (data.variance_ratios.size() < 20000) {
    const auto value = std::bit_cast<double>(random());
    if (std::isfinite(value)) data.variance_ratios.push_back(value);
  }
  for (const double value : {-0.0, 5e-324, 1.7976931348623157e308, 0.1, 1e21, 123456789.0}) {
    data.variance_ratios.push_back(value);
  }
  const ReportData back = ParseReportJson(ReportJson(data)).value();
  ASSERT_EQ(back.variance_ratios.size(), data.variance_ratios.size());
  for (size_t i = 0; i < data.variance_ratios.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint64_t>(back.variance_ratios[i]),
              std::bit_cast<uint64_t>(data.variance_ratios[i]));
  }
}

TEST(ReportJsonTest, WhatIsNotFiniteIsNullAndBecomesNan) {
  ReportData data;
  data.variance_ratios = {std::nan(""), std::numeric_limits<double>::infinity(), 0.5};
  const std::string text = ReportJson(data);
  EXPECT_NE(text.find("\"variance_ratios\":[null,null,0.5]"), std::string::npos);
  const ReportData back = ParseReportJson(text).value();
  EXPECT_TRUE(std::isnan(back.variance_ratios[0]));
  EXPECT_TRUE(std::isnan(back.variance_ratios[1]));
}

TEST(ReportJsonTest, TextThatIsNoUtf8DoesNotBreakTheFile) {
  ReportData data;
  data.title = "\xFF";
  EXPECT_EQ(ParseReportJson(ReportJson(data)).value().title, "\xEF\xBF\xBD");
}

TEST(ReportJsonTest, ProfilesAreTheSameObject) {
  const ReportData data = SampleReport(2, 50);
  const auto alone = nlohmann::json::parse(ProfilesJson(data.profiles));
  auto within = nlohmann::json::parse(ReportJson(data))["profiles"];
  within["format"] = 1;
  EXPECT_EQ(alone, within);
}

TEST(ParseReportJsonTest, ANewerFormatIsRefusedClearly) {
  std::string text = ReportJson(ReportData{});
  text.replace(text.find("\"format\":1"), 10, "\"format\":2");
  ExpectMalformed(text, "a newer program wrote it");
}

TEST(ParseReportJsonTest, UnknownKeysArePassedOver) {
  std::string text = ReportJson(ReportData{});
  text.insert(1, "\"colour\":[{}],");
  EXPECT_TRUE(ParseReportJson(text).ok());
}

TEST(ParseReportJsonTest, WhatIsNoReportIsAnError) {
  for (const char* text : {"", "{", "[]", "null", "3", "{}", "{\"format\":null}", "{\"format\":0}",
                           "{\"format\":-1}", "{\"format\":1}", "{\"format\":1e99}"}) {
    EXPECT_EQ(ParseReportJson(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
  ExpectMalformed(std::string(200000, '['), "not a JSON object");
}

TEST(ParseReportJsonTest, EveryFieldIsNeededAndHasItsType) {
  // One leaf of each place (list elements are alike) is taken away, then made what it cannot be.
  const auto whole = nlohmann::json::parse(ReportJson(SampleReport(2, 3)));
  const auto flat = whole.flatten();
  std::set<std::string> tried;
  for (const auto& [path, value] : flat.items()) {
    std::string kind = path;
    std::erase_if(kind, [](char c) { return c >= '0' && c <= '9'; });
    if (!tried.insert(kind).second) continue;
    const nlohmann::json::json_pointer place(path);
    const bool named_by_data =
        path.find("/params/") != std::string::npos || path.find("/metrics/") != std::string::npos;
    nlohmann::json lacking = whole;
    nlohmann::json& parent = lacking[place.parent_pointer()];
    if (parent.is_object() && !named_by_data) {
      parent.erase(place.back());
      EXPECT_FALSE(ParseReportJson(lacking.dump()).ok()) << path;
    }
    nlohmann::json wrong = whole;
    wrong[place] = nlohmann::json::object({{"x", 1}});
    EXPECT_FALSE(ParseReportJson(wrong.dump()).ok()) << path;
  }
  EXPECT_GT(tried.size(), 100U);
}

TEST(ParseReportJsonTest, CountsAreWholeAndNotTooLarge) {
  const auto whole = nlohmann::json::parse(ReportJson(SampleReport(2, 3)));
  const nlohmann::json::json_pointer place("/profiles/segments/1/customers");
  for (const auto& value : {nlohmann::json(-1), nlohmann::json(1.5), nlohmann::json(1e300),
                            nlohmann::json(uint64_t{1} << 60), nlohmann::json("3")}) {
    nlohmann::json wrong = whole;
    wrong[place] = value;
    ExpectMalformed(wrong.dump(), "profiles.segments[1].customers");
  }
}

TEST(ParseReportJsonTest, ListsThatStandBesideEachOtherAreEquallyLong) {
  const ReportData good = SampleReport(3, 10);
  const auto refused = [&](const auto& change, std::string_view part) {
    ReportData data = good;
    change(&data);
    ExpectMalformed(ReportJson(data), part);
  };
  refused([](ReportData* d) { d->points.segments.pop_back(); }, "points.segments");
  refused([](ReportData* d) { d->points.segments[0] = 3; }, "points.segments[0]");
  refused([](ReportData* d) { d->histograms[1].edges.clear(); }, "histograms[1].counts");
  refused([](ReportData* d) { d->histograms[1].counts.pop_back(); }, "histograms[1].counts");
  refused([](ReportData* d) { d->pearson[2].pop_back(); }, "pearson[2]");
  refused([](ReportData* d) { d->profiles.features.pop_back(); }, "profiles.features");
  refused([](ReportData* d) { d->profiles.segments[1].features.clear(); }, "segments[1].features");
  refused([](ReportData* d) { d->silhouettes[0].samples.pop_back(); }, "silhouettes[0].samples");
  refused([](ReportData* d) { d->migration->customers[1].push_back(1); }, "migration.customers[1]");
  refused([](ReportData* d) { d->outliers[3].segment = 9; }, "outliers[3].segment");
}

TEST(ParseReportJsonTest, DamagedBytesNeverCrash) {
  const std::string good = ReportJson(SampleReport(2, 5));
  std::mt19937_64 random(3);
  for (int round = 0; round < 300; ++round) {
    std::string bad = good;
    for (int i = 0; i < 3; ++i) {
      bad[random() % bad.size()] = static_cast<char>(random());
    }
    if (round % 3 == 0) bad.resize(random() % bad.size());
    const auto data = ParseReportJson(bad);
    if (!data.ok()) {
      EXPECT_EQ(data.status().code(), absl::StatusCode::kInvalidArgument);
    }
  }
}

}  // namespace
}  // namespace cairn::pipeline

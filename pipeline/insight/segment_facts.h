#ifndef CAIRN_PIPELINE_INSIGHT_SEGMENT_FACTS_H_
#define CAIRN_PIPELINE_INSIGHT_SEGMENT_FACTS_H_

// What names and sentences of segments are made from (segment_names.h). Internal to the folder;
// pure.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/insight/feature_order.h"

namespace cairn::pipeline {

// Levels are bits, so that a rule can ask for several.
enum NameLevel : unsigned { kLow = 1, kMid = 2, kHigh = 4, kTop = 8, kUp = 12, kAny = 15 };

inline constexpr std::array<std::string_view, 7> kWeekdayNames = {
    "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"};
// A day that is a quarter of the customers' favourite, and a time that is four tenths', are
// typical.
inline constexpr double kTypicalDay = 0.25;
inline constexpr double kTypicalTime = 0.4;

struct Daytime {
  int first_hour;
  std::string_view words;
};
inline constexpr std::array<Daytime, 7> kDaytimes = {{{0, "at night"},
                                                      {6, "early in the morning"},
                                                      {9, "in the morning"},
                                                      {11, "around noon"},
                                                      {14, "in the afternoon"},
                                                      {17, "in the evening"},
                                                      {21, "late in the evening"}}};

// The time of day of an hour 0..23, as its place in kDaytimes.
uint8_t DaytimeOf(double hour);

// One segment beside all customers.
struct SegmentFacts {
  int64_t customers = 0;
  double spend = 0;
  double returns = 0;  // Sum, then mean of the rates.
  double home = 0;     // The same.
  std::array<int64_t, 7> weekdays{};
  std::array<int64_t, kDaytimes.size()> daytimes{};
  double days = 0;  // Medians from here on.
  double invoices = 0;
  double median_spend = 0;
  double order_value = 0;
  NameLevel days_level = kMid;
  NameLevel frequency_level = kMid;
  NameLevel spend_level = kMid;
  bool abroad = false;
  bool many_returns = false;
};

// The place of the largest count, the first of equal ones.
template <size_t N>
size_t Largest(const std::array<int64_t, N>& counts) {
  return static_cast<size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

// Whether so many of the customers have the most frequent one.
template <size_t N>
bool IsTypical(const std::array<int64_t, N>& counts, int64_t customers, double share) {
  return static_cast<double>(counts[Largest(counts)]) >= share * static_cast<double>(customers);
}

// Fills the three levels from the medians, by where these lie among all customers.
void SetLevels(const FeatureOrder& recency, const FeatureOrder& frequency,
               const FeatureOrder& spend, SegmentFacts* facts);

// The name by the table of rules, not yet unique.
std::string BaseName(const SegmentFacts& facts);

// The sentences beside the name.
std::string SegmentSummary(const SegmentFacts& facts);

// Gives segments that share a name what tells them apart. `names` beside the facts.
void MakeNamesUnique(const std::vector<SegmentFacts>& facts, std::vector<std::string>* names);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_SEGMENT_FACTS_H_

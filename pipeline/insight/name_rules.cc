// The table of names, and the levels that its rows ask for.

#include <string_view>

#include "pipeline/insight/segment_facts.h"

namespace cairn::pipeline {
namespace {

enum NamePurchases : unsigned { kOnce = 1, kMore = 2, kEither = 3 };

// Days since the last purchase are the level of recency: low is recent, up is lapsed.
struct NameRule {
  unsigned days;
  unsigned purchases;
  unsigned frequency;
  unsigned spend;
  std::string_view name;
};

constexpr NameRule kNameRules[] = {
    {kUp, kOnce, kAny, kAny, "Lapsed one-time buyers"},
    {kLow, kOnce, kAny, kAny, "New one-time buyers"},
    {kAny, kOnce, kAny, kAny, "One-time buyers"},
    {kUp, kMore, kUp, kUp, "Lapsed loyal spenders"},
    {kUp, kMore, kUp, kAny, "Lapsed regulars"},
    {kUp, kMore, kAny, kUp, "Lapsed big spenders"},
    {kUp, kMore, kAny, kLow, "Lapsed small spenders"},
    {kUp, kMore, kAny, kAny, "Lapsed buyers"},
    {kAny, kMore, kUp, kTop, "Loyal big spenders"},
    {kAny, kMore, kUp, kUp, "Loyal spenders"},
    {kAny, kMore, kUp, kAny, "Frequent buyers"},
    {kAny, kMore, kLow, kUp, "Occasional big spenders"},
    {kAny, kMore, kAny, kUp, "Big spenders"},
    {kLow, kMore, kLow, kAny, "Occasional recent buyers"},
    {kLow, kMore, kAny, kLow, "Recent small spenders"},
    {kLow, kMore, kAny, kAny, "Recent buyers"},
    {kAny, kMore, kLow, kLow, "Occasional small spenders"},
    {kAny, kMore, kLow, kAny, "Occasional buyers"},
    {kAny, kMore, kAny, kLow, "Small spenders"},
    {kAny, kEither, kAny, kAny, "Regular buyers"},
};

constexpr double kLeastDaysLapsed = 30;
constexpr double kMostDaysRecent = 90;

NameLevel LevelOf(double rank) {
  if (rank < 0.35) return kLow;
  if (rank < 0.65) return kMid;
  return rank < 0.8 ? kHigh : kTop;
}

}  // namespace

void SetLevels(const FeatureOrder& recency, const FeatureOrder& frequency,
               const FeatureOrder& spend, SegmentFacts* facts) {
  facts->days_level = LevelOf(recency.Rank(facts->days));
  if (facts->days_level == kLow && facts->days > kMostDaysRecent) facts->days_level = kMid;
  if ((facts->days_level & kUp) != 0 && facts->days < kLeastDaysLapsed) facts->days_level = kMid;
  facts->frequency_level = LevelOf(frequency.Rank(facts->invoices));
  facts->spend_level = LevelOf(spend.Rank(facts->median_spend));
}

std::string BaseName(const SegmentFacts& facts) {
  if (facts.customers == 0) return "Empty segment";
  const unsigned purchases = facts.invoices <= 1 ? kOnce : kMore;
  std::string name;
  for (const NameRule& rule : kNameRules) {
    const bool fits = (rule.days & facts.days_level) != 0 && (rule.purchases & purchases) != 0 &&
                      (rule.frequency & facts.frequency_level) != 0 &&
                      (rule.spend & facts.spend_level) != 0;
    if (!fits) continue;
    name = rule.name;
    break;
  }
  if (facts.abroad) name += " abroad";
  if (facts.many_returns) name += ", many returns";
  return name;
}

}  // namespace cairn::pipeline

#include "pipeline/insight/segment_names.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {
namespace {

// Levels are bits, so that a rule can ask for several.
enum NameLevel : unsigned { kLow = 1, kMid = 2, kHigh = 4, kTop = 8, kUp = 12, kAny = 15 };

NameLevel LevelOf(double rank) {
  if (rank < 0.35) return kLow;
  if (rank < 0.65) return kMid;
  return rank < 0.8 ? kHigh : kTop;
}

enum Purchases : unsigned { kOnce = 1, kMore = 2, kEither = 3 };

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

// "Many returns": a quarter of the invoices, and twice what is usual.
constexpr double kManyReturns = 0.25;
constexpr double kTimesUsualReturns = 2;

constexpr std::array<std::string_view, 7> kWeekdayNames = {
    "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"};
// A day that is a quarter of the customers' favourite, and a time that is four tenths', are
// typical.
constexpr double kTypicalDay = 0.25;
constexpr double kTypicalTime = 0.4;

struct Daytime {
  int first_hour;
  std::string_view words;
};
constexpr std::array<Daytime, 7> kDaytimes = {{{0, "at night"},
                                               {6, "early in the morning"},
                                               {9, "in the morning"},
                                               {11, "around noon"},
                                               {14, "in the afternoon"},
                                               {17, "in the evening"},
                                               {21, "late in the evening"}}};

uint8_t DaytimeOf(double hour) {
  uint8_t place = 0;
  while (place + 1u < kDaytimes.size() && hour >= kDaytimes[place + 1u].first_hour) ++place;
  return place;
}

// What a name and a summary are made from.
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

template <size_t N>
size_t Largest(const std::array<int64_t, N>& counts) {
  return static_cast<size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

template <size_t N>
bool IsTypical(const std::array<int64_t, N>& counts, int64_t customers, double share) {
  return static_cast<double>(counts[Largest(counts)]) >= share * static_cast<double>(customers);
}

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

// A median that may tell two or three segments apart, from the largest to the smallest.
struct Comparison {
  double SegmentFacts::*value;
  std::array<std::string_view, 2> of_two;
  std::array<std::string_view, 3> of_three;
};
constexpr Comparison kComparisons[] = {
    {&SegmentFacts::median_spend,
     {"higher spend", "lower spend"},
     {"high spend", "medium spend", "low spend"}},
    {&SegmentFacts::invoices,
     {"more frequent", "less frequent"},
     {"most frequent", "medium frequency", "least frequent"}},
    {&SegmentFacts::days,
     {"longer ago", "more recent"},
     {"longest ago", "some time ago", "most recent"}},
    {&SegmentFacts::order_value,
     {"larger orders", "smaller orders"},
     {"large orders", "medium orders", "small orders"}},
};
constexpr double kTellingRatio = 1.25;

using Group = std::vector<size_t>;

// Sorts the group from the largest value down; whether each is clearly larger than the next.
bool SortedApart(const std::vector<SegmentFacts>& facts, double SegmentFacts::*value,
                 Group* group) {
  std::sort(group->begin(), group->end(), [&](size_t a, size_t b) {
    return std::pair(-(facts[a].*value), a) < std::pair(-(facts[b].*value), b);
  });
  for (size_t i = 1; i < group->size(); ++i) {
    const double next = facts[(*group)[i]].*value;
    if (!(next >= 0 && facts[(*group)[i - 1]].*value > next * kTellingRatio)) return false;
  }
  return true;
}

bool TellApartByMedian(const std::vector<SegmentFacts>& facts, Group* group,
                       std::vector<NamedSegment>* named) {
  if (group->size() > 3) return false;
  for (const Comparison& comparison : kComparisons) {
    if (!SortedApart(facts, comparison.value, group)) continue;
    for (size_t i = 0; i < group->size(); ++i) {
      const std::string_view words =
          group->size() == 2 ? comparison.of_two[i] : comparison.of_three[i];
      (*named)[(*group)[i]].name += fmt::format(", {}", words);
    }
    return true;
  }
  return false;
}

bool TellApartByWeekday(const std::vector<SegmentFacts>& facts, const Group& group,
                        std::vector<NamedSegment>* named) {
  std::array<bool, 7> taken{};
  for (const size_t s : group) {
    const size_t day = Largest(facts[s].weekdays);
    if (taken[day] || !IsTypical(facts[s].weekdays, facts[s].customers, kTypicalDay)) return false;
    taken[day] = true;
  }
  for (const size_t s : group) {
    (*named)[s].name += fmt::format(", {}", kWeekdayNames[Largest(facts[s].weekdays)]);
  }
  return true;
}

void MakeUnique(const std::vector<SegmentFacts>& facts, std::vector<NamedSegment>* named) {
  std::map<std::string, Group> groups;
  for (size_t s = 0; s < named->size(); ++s) groups[(*named)[s].name].push_back(s);
  for (auto& [name, group] : groups) {
    if (group.size() == 1) continue;
    const bool empty = facts[group[0]].customers == 0;
    if (!empty && TellApartByMedian(facts, &group, named)) continue;
    if (!empty && TellApartByWeekday(facts, group, named)) continue;
    SortedApart(facts, &SegmentFacts::spend, &group);
    for (size_t i = 0; i < group.size(); ++i) {
      (*named)[group[i]].name += fmt::format(" {}", i + 1);
    }
  }
}

std::string_view FrequencyWords(const SegmentFacts& facts) {
  if (facts.invoices <= 1) return "One purchase";
  switch (facts.frequency_level) {
    case kLow:
      return "Few purchases";
    case kMid:
      return "Some purchases";
    case kHigh:
      return "Frequent";
    default:
      return "Very frequent";
  }
}

std::string_view SpendWords(NameLevel level) {
  switch (level) {
    case kLow:
      return "low spend";
    case kMid:
      return "medium spend";
    case kHigh:
      return "high spend";
    default:
      return "very high spend";
  }
}

std::string_view RecencyWords(NameLevel level) {
  if (level == kLow) return "bought recently";
  return level == kMid ? "bought some time ago" : "not seen for long";
}

std::string HabitWords(const SegmentFacts& facts) {
  std::string words;
  if (IsTypical(facts.weekdays, facts.customers, kTypicalDay)) {
    words += fmt::format(" on {}", kWeekdayNames[Largest(facts.weekdays)]);
  }
  if (IsTypical(facts.daytimes, facts.customers, kTypicalTime)) {
    words += fmt::format(" {}", kDaytimes[Largest(facts.daytimes)].words);
  }
  return words.empty() ? words : fmt::format("; often buys{}", words);
}

// A whole number with commas after every third digit.
std::string WholeWords(double value) {
  std::string digits = fmt::format("{:.0f}", std::abs(value));
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return fmt::format("{}{}", value < -0.5 ? "-" : "", digits);
}

std::string CountedWords(double value, std::string_view one) {
  const std::string number = WholeWords(value);
  return fmt::format("{} {}{}", number, one, number == "1" ? "" : "s");
}

// Pennies of small amounts only.
std::string AmountWords(double value) {
  return std::abs(value) < 99.995 ? fmt::format("{:.2f}", value) : WholeWords(value);
}

std::string Summary(const SegmentFacts& facts) {
  if (facts.customers == 0) return "No customers.";
  return fmt::format("{}, {}, {}{}{}{}. Medians: {}, {} spent, last purchase {} ago.",
                     FrequencyWords(facts), SpendWords(facts.spend_level),
                     RecencyWords(facts.days_level), facts.many_returns ? ", many returns" : "",
                     facts.abroad ? ", mostly outside the home country" : "", HabitWords(facts),
                     CountedWords(facts.invoices, "invoice"), AmountWords(facts.median_spend),
                     CountedWords(facts.days, "day"));
}

double Mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

uint8_t SmallNumber(double value, int most) {
  return static_cast<uint8_t>(std::clamp(value, 0.0, static_cast<double>(most)));
}

}  // namespace

absl::StatusOr<SegmentNamer> SegmentNamer::Create(const FeatureMatrix& features) {
  const auto column = [&](Feature feature) {
    return FeatureColumn(features, kFeatureNames[static_cast<size_t>(feature)]);
  };
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> days, column(kDaysSinceLastPurchase));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> invoices, column(kTotalTransactions));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> order_value, column(kAverageTransactionValue));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> weekday, column(kDayOfWeek));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> hour, column(kHour));
  CAIRN_ASSIGN_OR_RETURN(const std::vector<double> home, column(kIsUk));
  SegmentNamer namer;
  CAIRN_ASSIGN_OR_RETURN(namer.total_spend_, column(kTotalSpend));
  CAIRN_ASSIGN_OR_RETURN(namer.return_rate_, column(kCancellationRate));
  namer.recency_ = OrderOf(days);
  namer.frequency_ = OrderOf(invoices);
  namer.spend_ = OrderOf(namer.total_spend_);
  namer.order_value_ = OrderOf(order_value);
  for (size_t i = 0; i < days.size(); ++i) {
    namer.home_.push_back(home[i] >= 0.5 ? 1 : 0);
    namer.weekday_.push_back(SmallNumber(weekday[i], 6));
    namer.daytime_.push_back(DaytimeOf(hour[i]));
  }
  namer.whole_return_rate_ = Mean(namer.return_rate_);
  namer.whole_home_share_ = Mean(home);
  return namer;
}

absl::StatusOr<std::vector<NamedSegment>> SegmentNamer::Name(
    std::span<const int32_t> segment_of_customer, int k) const {
  CAIRN_RETURN_IF_ERROR(
      CheckSegments(segment_of_customer, total_spend_.size(), k, "segment_of_customer"));
  std::vector<SegmentFacts> facts(static_cast<size_t>(k));
  double whole_spend = 0;
  for (size_t i = 0; i < segment_of_customer.size(); ++i) {
    SegmentFacts& own = facts[static_cast<size_t>(segment_of_customer[i])];
    ++own.customers;
    own.spend += total_spend_[i];
    own.returns += return_rate_[i];
    own.home += home_[i];
    ++own.weekdays[weekday_[i]];
    ++own.daytimes[daytime_[i]];
    whole_spend += total_spend_[i];
  }
  std::vector<int64_t> sizes;
  for (const SegmentFacts& own : facts) sizes.push_back(own.customers);
  const auto set_medians = [&](const FeatureOrder& order, double SegmentFacts::*median) {
    const std::vector<double> medians = MediansBySegment(order, segment_of_customer, sizes);
    for (size_t s = 0; s < facts.size(); ++s) facts[s].*median = medians[s];
  };
  set_medians(recency_, &SegmentFacts::days);
  set_medians(frequency_, &SegmentFacts::invoices);
  set_medians(spend_, &SegmentFacts::median_spend);
  set_medians(order_value_, &SegmentFacts::order_value);
  std::vector<NamedSegment> named(facts.size());
  for (size_t s = 0; s < facts.size(); ++s) {
    SegmentFacts& own = facts[s];
    const double customers = static_cast<double>(std::max<int64_t>(own.customers, 1));
    own.returns /= customers;
    own.home /= customers;
    own.abroad = own.customers > 0 && own.home < 0.5 && whole_home_share_ >= 0.5;
    own.many_returns =
        own.returns >= kManyReturns && own.returns >= kTimesUsualReturns * whole_return_rate_;
    if (own.customers > 0) SetLevels(recency_, frequency_, spend_, &own);
    named[s].customer_share = static_cast<double>(own.customers) /
                              static_cast<double>(std::max<size_t>(segment_of_customer.size(), 1));
    named[s].spend_share = whole_spend == 0 ? 0 : own.spend / whole_spend;
    named[s].name = BaseName(own);
    named[s].summary = Summary(own);
  }
  MakeUnique(facts, &named);
  return named;
}

absl::StatusOr<std::vector<NamedSegment>> NameSegments(const NamingInput& input) {
  CAIRN_ASSIGN_OR_RETURN(const SegmentNamer namer, SegmentNamer::Create(input.features));
  return namer.Name(input.segment_of_customer, input.k);
}

void ApplyNames(const std::vector<NamedSegment>& named, SegmentProfiles* profiles) {
  for (size_t s = 0; s < std::min(named.size(), profiles->segments.size()); ++s) {
    profiles->segments[s].name = named[s].name;
    profiles->segments[s].summary = named[s].summary;
  }
}

std::string UniqueName(const std::string& name, std::span<const std::string> taken) {
  const auto is_taken = [&](const std::string& candidate) {
    return std::find(taken.begin(), taken.end(), candidate) != taken.end();
  };
  std::string candidate = name;
  for (int number = 2; is_taken(candidate); ++number) {
    candidate = fmt::format("{} {}", name, number);
  }
  return candidate;
}

}  // namespace cairn::pipeline

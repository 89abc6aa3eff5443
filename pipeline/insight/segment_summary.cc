// The sentences that stand beside the name of a segment.

#include <cmath>
#include <span>

#include "fmt/format.h"
#include "pipeline/insight/segment_facts.h"

namespace cairn::pipeline {
namespace {

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

}  // namespace

uint8_t DaytimeOf(double hour) {
  uint8_t place = 0;
  while (place + 1u < kDaytimes.size() && hour >= kDaytimes[place + 1u].first_hour) ++place;
  return place;
}

std::string SegmentSummary(const SegmentFacts& facts) {
  if (facts.customers == 0) return "No customers.";
  return fmt::format("{}, {}, {}{}{}{}. Medians: {}, {} spent, last purchase {} ago.",
                     FrequencyWords(facts), SpendWords(facts.spend_level),
                     RecencyWords(facts.days_level), facts.many_returns ? ", many returns" : "",
                     facts.abroad ? ", mostly outside the home country" : "", HabitWords(facts),
                     CountedWords(facts.invoices, "invoice"), AmountWords(facts.median_spend),
                     CountedWords(facts.days, "day"));
}

}  // namespace cairn::pipeline

// What tells segments apart that would have the same name.

#include <algorithm>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "pipeline/insight/segment_facts.h"

namespace cairn::pipeline {
namespace {

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

using NameGroup = std::vector<size_t>;

// Sorts the group from the largest value down; whether each is clearly larger than the next.
bool SortedApart(const std::vector<SegmentFacts>& facts, double SegmentFacts::*value,
                 NameGroup* group) {
  std::sort(group->begin(), group->end(), [&](size_t a, size_t b) {
    return std::pair(-(facts[a].*value), a) < std::pair(-(facts[b].*value), b);
  });
  for (size_t i = 1; i < group->size(); ++i) {
    const double next = facts[(*group)[i]].*value;
    if (!(next >= 0 && facts[(*group)[i - 1]].*value > next * kTellingRatio)) return false;
  }
  return true;
}

bool TellApartByMedian(const std::vector<SegmentFacts>& facts, NameGroup* group,
                       std::vector<std::string>* names) {
  if (group->size() > 3) return false;
  for (const Comparison& comparison : kComparisons) {
    if (!SortedApart(facts, comparison.value, group)) continue;
    for (size_t i = 0; i < group->size(); ++i) {
      const std::string_view words =
          group->size() == 2 ? comparison.of_two[i] : comparison.of_three[i];
      (*names)[(*group)[i]] += fmt::format(", {}", words);
    }
    return true;
  }
  return false;
}

bool TellApartByWeekday(const std::vector<SegmentFacts>& facts, const NameGroup& group,
                        std::vector<std::string>* names) {
  std::array<bool, 7> taken{};
  for (const size_t s : group) {
    const size_t day = Largest(facts[s].weekdays);
    if (taken[day] || !IsTypical(facts[s].weekdays, facts[s].customers, kTypicalDay)) return false;
    taken[day] = true;
  }
  for (const size_t s : group) {
    (*names)[s] += fmt::format(", {}", kWeekdayNames[Largest(facts[s].weekdays)]);
  }
  return true;
}

}  // namespace

void MakeNamesUnique(const std::vector<SegmentFacts>& facts, std::vector<std::string>* names) {
  std::map<std::string, NameGroup> groups;
  for (size_t s = 0; s < names->size(); ++s) groups[(*names)[s]].push_back(s);
  for (auto& [name, group] : groups) {
    if (group.size() == 1) continue;
    const bool empty = facts[group[0]].customers == 0;
    if (!empty && TellApartByMedian(facts, &group, names)) continue;
    if (!empty && TellApartByWeekday(facts, group, names)) continue;
    SortedApart(facts, &SegmentFacts::spend, &group);
    for (size_t i = 0; i < group.size(); ++i) {
      (*names)[group[i]] += fmt::format(" {}", i + 1);
    }
  }
}

}  // namespace cairn::pipeline

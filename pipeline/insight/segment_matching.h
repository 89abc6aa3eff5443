#ifndef CAIRN_PIPELINE_INSIGHT_SEGMENT_MATCHING_H_
#define CAIRN_PIPELINE_INSIGHT_SEGMENT_MATCHING_H_

// Numbers and names that stay with the same customers from version to version.
//
// k-means numbers its segments at random: "segment 2" of today need not be that of yesterday.
// Segments are paired with the champion's so that as many common customers as possible are in
// pairs (Hungarian method); pairs that share nobody are none. Pure functions.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::pipeline {

// The segments of the version in use. Customers are texts (CustomerText), each once.
struct ChampionSegments {
  std::vector<std::string> customers;
  std::vector<int32_t> segments;   // 0..names.size()-1, beside the customers.
  std::vector<std::string> names;  // By segment.
};

// `number_of` is a permutation of 0..k-1; the other vectors go by the numbers it gives.
struct SegmentMatching {
  std::vector<int32_t> number_of;    // The number of each of the new segments as they came.
  std::vector<int32_t> champion_of;  // Segment of the champion it is paired with, or -1.
  std::vector<std::string> names;    // Unique.
  std::vector<bool> keeps_name;      // Whether the name is the champion's.
  int64_t common_customers = 0;
};

// The partner of the champion's segment j gets number j when j < k. The others, in descending
// order of spend, get the lowest numbers that are free. A pair keeps the champion's name when its
// shared customers are at least half of the common customers of the one and half of those of the
// other: less would call a small part, or a mere part of something larger, by the name of the
// whole. Any other segment has its own name, with a number behind it where that is taken.
// INVALID_ARGUMENT (VALUE_INVALID): lengths that do not fit, a segment out of range, a customer of
// the champion that is there twice.
//
// For many clusterings of the same customers: who is in both versions is found once. Immutable
// after Create; any number of threads may match.
class SegmentMatcher {
 public:
  // `customers` as texts, each once.
  static absl::StatusOr<SegmentMatcher> Create(const ChampionSegments& champion,
                                               std::span<const std::string> customers);

  // `segments` beside the customers, 0..names.size()-1. By segment: `names`, what they would be
  // called (SegmentNamer), and `spend`, of which only the order counts.
  absl::StatusOr<SegmentMatching> Match(std::span<const int32_t> segments,
                                        std::span<const double> spend,
                                        std::span<const std::string> names) const;

 private:
  std::vector<int32_t> champion_of_customer_;  // -1: not a customer of the champion.
  std::vector<std::string> champion_names_;
};

// Without a champion: numbers by descending spend, own names. `spend` and `names` by segment.
SegmentMatching NumberBySpend(std::span<const double> spend, std::span<const std::string> names);

// The labels under their new numbers. REQUIRES: labels are below number_of.size().
std::vector<int32_t> Renumbered(std::span<const int32_t> labels,
                                std::span<const int32_t> number_of);

// What was listed by segment (names, centres, …), in the order of the new numbers.
template <typename T>
std::vector<T> Reordered(const std::vector<T>& by_segment, std::span<const int32_t> number_of) {
  std::vector<T> out(by_segment.size());
  for (size_t s = 0; s < by_segment.size(); ++s) {
    out[static_cast<size_t>(number_of[s])] = by_segment[s];
  }
  return out;
}

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_SEGMENT_MATCHING_H_

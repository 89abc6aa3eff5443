#ifndef CAIRN_PIPELINE_INSIGHT_SEGMENT_NAMES_H_
#define CAIRN_PIPELINE_INSIGHT_SEGMENT_NAMES_H_

// Names of segments in plain words.
//
// A name says how the typical (median) customer of a segment compares with all customers: when they
// last bought, how often, for how much; and that they live abroad or return much where that stands
// out. A level is where a segment's median lies among all customers: low below 35 %, high from
// 65 %, top from 80 %. "Lapsed" needs 30 days besides, and "recent" at most 90. How long somebody
// has been a customer is known from features only of those who bought once: they are "new" when
// that was recent. The first row of a table that fits gives the name; the table is in
// name_rules.cc. Segments that would share a name get what tells them apart: spend, frequency,
// recency, size of orders or weekday, and a number when nothing does. Names are ASCII.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/data/features.h"
#include "pipeline/insight/feature_order.h"
#include "pipeline/insight/profiles.h"

namespace cairn::pipeline {

struct SegmentFacts;  // segment_facts.h

struct NamedSegment {
  std::string name;  // `Loyal big spenders`; unique among the segments of one model.
  std::string
      summary;  // `Frequent, high spend, bought recently; often buys on Thursdays around noon. …`
  double customer_share = 0;  // 0..1
  double spend_share = 0;     // Of Total_Spend; below 0 or above 1 where returns outweigh sales.
};

// Names the segments of any number of clusterings of the same customers: what depends on the
// customers alone is worked out once. Immutable after Create; any number of threads may name.
class SegmentNamer {
 public:
  // INVALID_ARGUMENT (VALUE_INVALID) when a column that names rest on is missing or not finite.
  static absl::StatusOr<SegmentNamer> Create(const FeatureMatrix& features);

  // Errors are those of CheckSegments. A tenth of a millisecond for some thousand customers.
  absl::StatusOr<std::vector<NamedSegment>> Name(std::span<const int32_t> segment_of_customer,
                                                 int k) const;

 private:
  // Sums and medians of each segment. REQUIRES: labels were checked.
  std::vector<SegmentFacts> Count(std::span<const int32_t> segment_of_customer, int k) const;
  // Turns sums into means, and says how the segment compares with all customers.
  void Judge(SegmentFacts* facts) const;

  FeatureOrder recency_;
  FeatureOrder frequency_;
  FeatureOrder spend_;
  FeatureOrder order_value_;
  std::vector<double> total_spend_;  // By customer, as the next four.
  std::vector<double> return_rate_;
  std::vector<uint8_t> home_;
  std::vector<uint8_t> weekday_;  // 0..6
  std::vector<uint8_t> daytime_;  // Place in the table of times of day.
  double whole_return_rate_ = 0;
  double whole_home_share_ = 0;
};

// Puts names and summaries into profiles of as many segments.
void ApplyNames(const std::vector<NamedSegment>& named, SegmentProfiles* profiles);

// `name`, or the first of `name 2`, `name 3`, … that is not among `taken`.
std::string UniqueName(const std::string& name, std::span<const std::string> taken);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_SEGMENT_NAMES_H_

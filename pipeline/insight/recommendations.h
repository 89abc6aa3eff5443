#ifndef CAIRN_PIPELINE_INSIGHT_RECOMMENDATIONS_H_
#define CAIRN_PIPELINE_INSIGHT_RECOMMENDATIONS_H_

// Three products for every customer: the best-selling of their segment that they have not bought.
//
// The rule is simple so that everybody can follow it: by segment the ten products of which most
// pieces were sold, cancelled lines left out (BestSellers), and of them the first three that the
// customer has no line of. A product that was bought and cancelled counts as not bought. Customers
// who were outliers take part through their nearest segment, which the labels already say. What
// the rule is worth is measured beside two others: recommendation_quality.h.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/data/features.h"
#include "pipeline/data/transaction_table.h"

namespace cairn::pipeline {

inline constexpr size_t kRecommendations = 3;

struct RecommendedProduct {
  std::string code;
  std::string description;  // The one that most lines of the code have.
};

// Places in the list of the customer's segment, ascending; -1 where nothing is left.
using RecommendedPlaces = std::array<int8_t, kRecommendations>;

struct Recommendations {
  std::vector<std::vector<RecommendedProduct>> of_segment;  // At most ten, the most sold first.
  std::vector<RecommendedPlaces> of_customer;               // By row of features.
  std::vector<int32_t> segments;                            // By row of features.

  // Null where nothing is left.
  const RecommendedProduct* At(size_t customer, size_t rank) const;
};

// Recommendations for all customers of `features` from all of `cleaned`. The result does not depend
// on `threads` (1..64, 0 = one per processor). Errors are those of GroupBySegment.
absl::StatusOr<Recommendations> ComputeRecommendations(const TransactionTable& cleaned,
                                                       const FeatureMatrix& features,
                                                       std::span<const int32_t> segment_of_customer,
                                                       int k, int threads);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_RECOMMENDATIONS_H_

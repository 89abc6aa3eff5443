#ifndef CAIRN_PIPELINE_INSIGHT_OFFERS_H_
#define CAIRN_PIPELINE_INSIGHT_OFFERS_H_

// What to offer to single customers, from what a run stored of them. Pure.

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/insight/recommendations.h"

namespace cairn::pipeline {

// One customer as customers.csv has it.
struct CustomerOffers {
  std::string customer;
  std::string segment;  // Its number.
  std::string segment_name;
  std::vector<RecommendedProduct> products;  // The best first; empty for who has bought all.
};

// What `cairn-pipeline recommend` prints, for the customers that are asked for in their order, or
// for all when there are none: `customer,segment,segment_name,rank,product,description`, one line
// for each product, ranks from 1; a customer for whom nothing is left has one with rank 0 and no
// product. Fields are quoted as RFC 4180 asks. NOT_FOUND (VALUE_INVALID) names the first customer
// that is not among `all`.
absl::StatusOr<std::string> OffersCsv(std::span<const CustomerOffers> all,
                                      std::span<const std::string> wanted);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_OFFERS_H_

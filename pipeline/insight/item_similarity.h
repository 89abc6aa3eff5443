#ifndef CAIRN_PIPELINE_INSIGHT_ITEM_SIMILARITY_H_
#define CAIRN_PIPELINE_INSIGHT_ITEM_SIMILARITY_H_

// Item-item recommendation: products bought by the same customers.
//
// Two products are as similar as the cosine of their columns of a table of customers by products
// that says who bought what: common buyers over the root of the product of both numbers of buyers.
// A product scores the sum of its similarities to all that a customer has bought.
//
// The work is bounded, by rules that leave the result the same everywhere: only the 256 products
// with the most buyers can be recommended; only the 4096 with the most buyers are evidence; and
// customers with more than 1000 products, wholesalers who buy everything, teach nothing.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lib/clustering/parallel.h"
#include "pipeline/insight/purchases.h"
#include "pipeline/insight/recommendations.h"

namespace cairn::pipeline {

inline constexpr size_t kItemCandidates = 256;
inline constexpr size_t kItemEvidence = 4096;
inline constexpr size_t kMostProductsOfTeacher = 1000;

inline constexpr uint32_t kNoProduct = UINT32_MAX;
// Codes of products, the best first; kNoProduct where nothing is left.
using RecommendedCodes = std::array<uint32_t, kRecommendations>;

// Immutable; any number of threads may recommend.
class ItemSimilarity {
 public:
  // Learns from `purchases`, whose codes are below `codes`. The result does not depend on the
  // number of threads.
  ItemSimilarity(const Purchases& purchases, size_t codes, clustering::Parallel& pool);

  // The three that score most for somebody who bought `bought`, which has the same products as the
  // set `has`. Of equal scores the one with more buyers; products without a score are not given.
  RecommendedCodes Recommend(std::span<const uint32_t> bought, const CodeSet& has) const;

 private:
  void Learn(const Purchases& purchases, clustering::Parallel& pool);

  size_t candidates_ = 0;
  std::vector<uint32_t> ranked_;   // Codes by number of buyers, descending; at most kItemEvidence.
  std::vector<uint32_t> rank_of_;  // By code; kNoProduct beyond those.
  std::vector<uint32_t> buyers_;   // By rank.
  // By rank of the evidence, then of the candidate; kItemCandidates to a row however few there are.
  std::vector<float> similarity_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_ITEM_SIMILARITY_H_

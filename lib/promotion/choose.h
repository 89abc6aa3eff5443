#ifndef CAIRN_LIB_PROMOTION_CHOOSE_H_
#define CAIRN_LIB_PROMOTION_CHOOSE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "lib/promotion/evidence.h"
#include "lib/promotion/policy.h"

namespace cairn::promotion {

// A candidate that survived, as far as ranking is concerned.
struct Contender {
  const VersionRead* read = nullptr;  // not owned
  int64_t number = 0;
};

// Sorts contenders, the preferred one first. Values compare as floor(x / bucket), so
// the order is transitive; a contender without a usable number comes after those with
// one; the version is the last key, so that no two contenders tie. Pure. O(n log n);
// evidence is looked up once for each contender and key.
void RankContenders(const Policy& policy, const EvidencePin& pin,
                    std::vector<Contender>& contenders);

// Why the contenders cannot be ranked by the policy's metrics, as a sentence; empty if
// they can. Indices of models in different spaces or on different data have no order. A
// contender without a value of a metric does not count here.
std::string WhyNotRankable(const Policy& policy, const EvidencePin& pin,
                           const std::vector<Contender>& contenders);

// The key by which `winner` comes before `loser`, with the values of both, as a sentence's part:
// "silhouette: 0.281 (bucket 56) against version 3's 0.290 (bucket 58)". Pure.
std::string LostBy(const Policy& policy, const EvidencePin& pin, const Contender& loser,
                   const Contender& winner);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_CHOOSE_H_

#include "pipeline/insight/item_similarity.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace cairn::pipeline {
namespace {

// Who bought each product, by rank, and by customer the candidates among what they bought.
struct Baskets {
  std::vector<size_t> starts;       // By rank.
  std::vector<uint32_t> customers;  // Of each rank.
  std::vector<size_t> candidate_starts;
  std::vector<uint16_t> candidates;
};

Baskets MakeBaskets(const Purchases& purchases, const std::vector<uint32_t>& rank_of,
                    const std::vector<uint32_t>& buyers, size_t candidates) {
  Baskets out;
  out.starts.assign(buyers.size() + 1, 0);
  for (size_t r = 0; r < buyers.size(); ++r) out.starts[r + 1] = out.starts[r] + buyers[r];
  out.customers.resize(out.starts.back());
  std::vector<size_t> next(out.starts.begin(), out.starts.end() - 1);
  out.candidate_starts.push_back(0);
  for (uint32_t c = 0; c < purchases.customers(); ++c) {
    const std::span<const uint32_t> products = purchases.of(c);
    for (const uint32_t code : products) {
      if (products.size() > kMostProductsOfTeacher) break;
      const uint32_t rank = rank_of[code];
      if (rank == kNoProduct) continue;
      out.customers[next[rank]++] = c;
      if (rank < candidates) out.candidates.push_back(static_cast<uint16_t>(rank));
    }
    out.candidate_starts.push_back(out.candidates.size());
  }
  return out;
}

// Inserts into a list of three that is sorted by falling score; the earlier stays before an equal.
struct BestThree {
  std::array<float, kRecommendations> scores{};
  std::array<uint32_t, kRecommendations> ranks{kNoProduct, kNoProduct, kNoProduct};

  void Add(float score, uint32_t rank) {
    if (score <= scores.back()) return;
    size_t place = kRecommendations - 1;
    for (; place > 0 && score > scores[place - 1]; --place) {
      scores[place] = scores[place - 1];
      ranks[place] = ranks[place - 1];
    }
    scores[place] = score;
    ranks[place] = rank;
  }
};

// Eight candidates at a time.
typedef float ScoreVec __attribute__((vector_size(32)));
typedef float ScoreVecAt __attribute__((vector_size(32), aligned(4), may_alias));
constexpr size_t kScoresOfVec = sizeof(ScoreVec) / sizeof(float);
// As many scores as stay in registers while all rows go by.
constexpr size_t kVecsAtOnce = 8;
static_assert(kItemCandidates % (kScoresOfVec * kVecsAtOnce) == 0);

using Scores = std::array<float, kItemCandidates>;

// scores[c] = sum of similarity[rank][c] over the ranks, in their order.
inline __attribute__((always_inline)) void SumRows(const float* similarity,
                                                   std::span<const uint32_t> ranks,
                                                   Scores* scores) {
  for (size_t first = 0; first < kItemCandidates; first += kScoresOfVec * kVecsAtOnce) {
    ScoreVec sum[kVecsAtOnce] = {};
    for (const uint32_t rank : ranks) {
      const float* row = similarity + rank * kItemCandidates + first;
#pragma GCC unroll 8
      for (size_t v = 0; v < kVecsAtOnce; ++v) {
        sum[v] += *reinterpret_cast<const ScoreVecAt*>(row + v * kScoresOfVec);
      }
    }
    std::memcpy(scores->data() + first, sum, sizeof sum);
  }
}

void SumRowsPortable(const float* similarity, std::span<const uint32_t> ranks, Scores* scores) {
  SumRows(similarity, ranks, scores);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void SumRowsAvx2(const float* similarity,
                                                 std::span<const uint32_t> ranks, Scores* scores) {
  SumRows(similarity, ranks, scores);
}
#endif

auto* BestSumRows() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return &SumRowsAvx2;
#endif
  return &SumRowsPortable;
}

}  // namespace

ItemSimilarity::ItemSimilarity(const Purchases& purchases, size_t codes,
                               clustering::Parallel& pool) {
  std::vector<uint32_t> buyers(codes, 0);
  for (size_t c = 0; c < purchases.customers(); ++c) {
    if (purchases.of(c).size() > kMostProductsOfTeacher) continue;
    for (const uint32_t code : purchases.of(c)) ++buyers[code];
  }
  for (uint32_t code = 0; code < codes; ++code) {
    if (buyers[code] > 0) ranked_.push_back(code);
  }
  std::stable_sort(ranked_.begin(), ranked_.end(),
                   [&](uint32_t a, uint32_t b) { return buyers[a] > buyers[b]; });
  if (ranked_.size() > kItemEvidence) ranked_.resize(kItemEvidence);
  rank_of_.assign(codes, kNoProduct);
  for (uint32_t rank = 0; rank < ranked_.size(); ++rank) {
    rank_of_[ranked_[rank]] = rank;
    buyers_.push_back(buyers[ranked_[rank]]);
  }
  candidates_ = std::min(ranked_.size(), kItemCandidates);
  Learn(purchases, pool);
}

// A row at a time: its counts stay in the fastest cache.
void ItemSimilarity::Learn(const Purchases& purchases, clustering::Parallel& pool) {
  const Baskets baskets = MakeBaskets(purchases, rank_of_, buyers_, candidates_);
  similarity_.resize(ranked_.size() * kItemCandidates);
  pool.ForChunks(ranked_.size(), [&](size_t, size_t begin, size_t end) {
    std::vector<uint32_t> common(candidates_);
    for (size_t rank = begin; rank < end; ++rank) {
      std::fill(common.begin(), common.end(), 0);
      for (size_t i = baskets.starts[rank]; i < baskets.starts[rank + 1]; ++i) {
        const uint32_t customer = baskets.customers[i];
        for (size_t at = baskets.candidate_starts[customer];
             at < baskets.candidate_starts[customer + 1]; ++at) {
          ++common[baskets.candidates[at]];
        }
      }
      for (size_t other = 0; other < candidates_; ++other) {
        const double both = static_cast<double>(buyers_[rank]) * buyers_[other];
        similarity_[rank * kItemCandidates + other] =
            static_cast<float>(common[other] / std::sqrt(both));
      }
    }
  });
}

RecommendedCodes ItemSimilarity::Recommend(std::span<const uint32_t> bought,
                                           const CodeSet& has) const {
  static const auto sum_rows = BestSumRows();
  std::vector<uint32_t> ranks;
  ranks.reserve(bought.size());
  for (const uint32_t code : bought) {
    if (rank_of_[code] != kNoProduct) ranks.push_back(rank_of_[code]);
  }
  Scores scores;
  sum_rows(similarity_.data(), ranks, &scores);
  BestThree best;
  for (uint32_t other = 0; other < candidates_; ++other) {
    if (!has.Contains(ranked_[other])) best.Add(scores[other], other);
  }
  RecommendedCodes codes;
  for (size_t i = 0; i < codes.size(); ++i) {
    codes[i] = best.ranks[i] == kNoProduct ? kNoProduct : ranked_[best.ranks[i]];
  }
  return codes;
}

}  // namespace cairn::pipeline

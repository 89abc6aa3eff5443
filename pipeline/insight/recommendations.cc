#include "pipeline/insight/recommendations.h"

#include "lib/base/status_macros.h"
#include "lib/clustering/parallel.h"
#include "pipeline/data/parallel.h"
#include "pipeline/insight/best_sellers.h"
#include "pipeline/insight/purchases.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {
namespace {

std::vector<std::vector<RecommendedProduct>> WithDescriptions(
    const TransactionTable& table, const std::vector<std::vector<ProductTotal>>& best) {
  const std::vector<std::string> descriptions = DescribeProducts(table, best);
  std::vector<std::vector<RecommendedProduct>> out(best.size());
  size_t next = 0;
  for (size_t s = 0; s < best.size(); ++s) {
    for (const ProductTotal& product : best[s]) {
      out[s].push_back({std::string(table.columns().stock_code.dictionary->at(product.code)),
                        descriptions[next++]});
    }
  }
  return out;
}

// The first places of the list whose products are not among those bought.
RecommendedPlaces FirstNotBought(std::span<const ProductTotal> list,
                                 std::span<const uint32_t> bought) {
  std::array<bool, kBestSellers> has{};
  for (const uint32_t code : bought) {
    for (size_t place = 0; place < list.size(); ++place) {
      has[place] = has[place] || list[place].code == code;
    }
  }
  RecommendedPlaces places;
  places.fill(-1);
  size_t count = 0;
  for (size_t place = 0; place < list.size() && count < places.size(); ++place) {
    if (!has[place]) places[count++] = static_cast<int8_t>(place);
  }
  return places;
}

}  // namespace

const RecommendedProduct* Recommendations::At(size_t customer, size_t rank) const {
  const int8_t place = of_customer[customer][rank];
  if (place < 0) return nullptr;
  return &of_segment[static_cast<size_t>(segments[customer])][static_cast<size_t>(place)];
}

absl::StatusOr<Recommendations> ComputeRecommendations(const TransactionTable& cleaned,
                                                       const FeatureMatrix& features,
                                                       std::span<const int32_t> segment_of_customer,
                                                       int k, int threads) {
  CAIRN_ASSIGN_OR_RETURN(const SegmentRows rows,
                         GroupBySegment(cleaned, features, segment_of_customer, k));
  const std::vector<uint8_t> cancelled = CancelledInvoices(cleaned);
  std::vector<std::vector<ProductTotal>> best(static_cast<size_t>(k));
  Purchases purchases;
  clustering::Parallel pool(ThreadCount(threads));
  pool.For(best.size() + 1, [&](size_t task) {
    if (task == 0) {
      purchases = FindPurchases(cleaned, features);
    } else {
      best[task - 1] = BestSellers(cleaned.columns(), rows.of(static_cast<int>(task - 1)),
                                   cancelled, kBestSellers);
    }
  });
  Recommendations out;
  out.segments.assign(segment_of_customer.begin(), segment_of_customer.end());
  out.of_segment = WithDescriptions(cleaned, best);
  out.of_customer.resize(out.segments.size());
  pool.ForChunks(out.segments.size(), [&](size_t, size_t begin, size_t end) {
    for (size_t c = begin; c < end; ++c) {
      out.of_customer[c] =
          FirstNotBought(best[static_cast<size_t>(out.segments[c])], purchases.of(c));
    }
  });
  return out;
}

}  // namespace cairn::pipeline

#include "pipeline/insight/recommendation_quality.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/clustering/parallel.h"
#include "pipeline/data/dates.h"
#include "pipeline/data/parallel.h"
#include "pipeline/insight/best_sellers.h"
#include "pipeline/insight/item_similarity.h"
#include "pipeline/insight/purchases.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {
namespace {

constexpr int64_t kLeastDays = 5;

std::vector<uint32_t> CodesOf(const std::vector<ProductTotal>& products) {
  std::vector<uint32_t> codes;
  codes.reserve(products.size());
  for (const ProductTotal& product : products) codes.push_back(product.code);
  return codes;
}

RecommendedCodes FirstOf(std::span<const uint32_t> list, const CodeSet& has) {
  RecommendedCodes codes;
  codes.fill(kNoProduct);
  size_t count = 0;
  for (size_t i = 0; i < list.size() && count < codes.size(); ++i) {
    if (!has.Contains(list[i])) codes[count++] = list[i];
  }
  return codes;
}

// Cases and hits by method, in the order of RecommendationQuality.
struct HitCounts {
  int64_t customers = 0;
  std::array<int64_t, 3> hits{};
};

// What was learned before the split.
struct Learned {
  std::vector<std::vector<uint32_t>> of_segment;
  std::vector<uint32_t> popular;
  const ItemSimilarity* items = nullptr;
};

// Counts some customers; one per thread, since it reuses its memory.
class HitCounter {
 public:
  HitCounter(const Learned& learned, size_t codes) : learned_(learned), has_(codes), new_(codes) {}

  void Count(std::span<const uint32_t> before, std::span<const uint32_t> after, size_t segment) {
    has_.Clear();
    new_.Clear();
    for (const uint32_t code : before) has_.Insert(code);
    bool is_case = false;
    for (const uint32_t code : after) {
      if (has_.Contains(code)) continue;
      new_.Insert(code);
      is_case = true;
    }
    if (!is_case) return;
    ++counts_.customers;
    CountHit(0, FirstOf(learned_.of_segment[segment], has_));
    CountHit(1, FirstOf(learned_.popular, has_));
    CountHit(2, learned_.items->Recommend(before, has_));
  }

  const HitCounts& counts() const { return counts_; }

 private:
  void CountHit(size_t method, const RecommendedCodes& codes) {
    const bool hit = std::any_of(codes.begin(), codes.end(), [&](uint32_t code) {
      return code != kNoProduct && new_.Contains(code);
    });
    counts_.hits[method] += hit ? 1 : 0;
  }

  const Learned& learned_;
  CodeSet has_;
  CodeSet new_;
  HitCounts counts_;
};

RecommendationQuality QualityOf(const std::string& split_day,
                                const std::vector<HitCounts>& chunks) {
  HitCounts sum;
  for (const HitCounts& chunk : chunks) {
    sum.customers += chunk.customers;
    for (size_t m = 0; m < sum.hits.size(); ++m) sum.hits[m] += chunk.hits[m];
  }
  const auto rate = [&](size_t method) {
    return sum.customers == 0
               ? std::numeric_limits<double>::quiet_NaN()
               : static_cast<double>(sum.hits[method]) / static_cast<double>(sum.customers);
  };
  return {split_day, sum.customers, rate(0), rate(1), rate(2)};
}

}  // namespace

absl::StatusOr<TimeSplit> SplitByTime(const TransactionTable& cleaned) {
  const std::vector<int64_t>& times = *cleaned.columns().time;
  int64_t first = std::numeric_limits<int64_t>::max();
  int64_t last = std::numeric_limits<int64_t>::min();
  for (const uint32_t row : cleaned.selection()) {
    first = std::min(first, times[row]);
    last = std::max(last, times[row]);
  }
  const int64_t days = cleaned.rows() == 0 ? 0 : DayOf(last) - DayOf(first) + 1;
  if (days < kLeastDays) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::VALUE_INVALID,
                 fmt::format("transactions of {} days cannot be split by time; at least {} are "
                             "needed",
                             days, kLeastDays))
        .ToStatus();
  }
  const int64_t split = (DayOf(first) + days * 4 / 5) * kSecondsPerDay;
  const std::span<const uint32_t> all = cleaned.selection();
  const auto earlier = [&](uint32_t row) { return times[row] < split; };
  const auto early = static_cast<size_t>(std::count_if(all.begin(), all.end(), earlier));
  std::vector<uint32_t> before;
  std::vector<uint32_t> after;
  before.reserve(early);
  after.reserve(all.size() - early);
  for (const uint32_t row : all) (earlier(row) ? before : after).push_back(row);
  return TimeSplit{FormatDateTime(split).substr(0, 10), cleaned.WithSelection(std::move(before)),
                   cleaned.WithSelection(std::move(after))};
}

absl::StatusOr<RecommendationQuality> MeasureRecommendations(
    const TimeSplit& split, const FeatureMatrix& features,
    std::span<const int32_t> segment_of_customer, int k, int threads) {
  CAIRN_ASSIGN_OR_RETURN(const SegmentRows rows,
                         GroupBySegment(split.before, features, segment_of_customer, k));
  const TransactionColumns& columns = split.before.columns();
  const size_t codes = columns.stock_code.dictionary->size();
  const std::vector<uint8_t> cancelled = CancelledInvoices(split.before);
  clustering::Parallel pool(ThreadCount(threads));
  Learned learned;
  learned.of_segment.resize(static_cast<size_t>(k));
  Purchases before;
  Purchases after;
  pool.For(learned.of_segment.size() + 3, [&](size_t task) {
    if (task == 0) {
      before = FindPurchases(split.before, features);
    } else if (task == 1) {
      after = FindPurchases(split.after, features);
    } else if (task == 2) {
      learned.popular = CodesOf(BestSellers(columns, split.before.selection(), cancelled, codes));
    } else {
      const int segment = static_cast<int>(task) - 3;
      learned.of_segment[task - 3] =
          CodesOf(BestSellers(columns, rows.of(segment), cancelled, kBestSellers));
    }
  });
  const ItemSimilarity items(before, codes, pool);
  learned.items = &items;
  const size_t customers = segment_of_customer.size();
  std::vector<HitCounts> chunks(customers / clustering::kChunkRows + 1);
  pool.ForChunks(customers, [&](size_t chunk, size_t begin, size_t end) {
    HitCounter counter(learned, codes);
    for (size_t c = begin; c < end; ++c) {
      counter.Count(before.of(c), after.of(c), static_cast<size_t>(segment_of_customer[c]));
    }
    chunks[chunk] = counter.counts();
  });
  return QualityOf(split.split_day, chunks);
}

}  // namespace cairn::pipeline

#include "pipeline/insight/recommendations.h"

#include <numeric>

#include "absl/container/flat_hash_map.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/clustering/parallel.h"
#include "pipeline/data/parallel.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/insight/best_sellers.h"
#include "pipeline/insight/purchases.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {
namespace {

constexpr std::string_view kRecommendationsHeader =
    "customer,segment,segment_name,rank,product,description\n";

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

void AppendLine(const FeatureMatrix& features, size_t row, int32_t segment,
                const std::string& segment_name, size_t rank, const RecommendedProduct* product,
                std::string* out) {
  AppendCustomer(features.customer_ids[row], features.customer_names, out);
  out->append(fmt::format(",{},", segment));
  AppendCsvField(segment_name, out);
  out->append(fmt::format(",{},", product == nullptr ? 0 : rank));
  if (product != nullptr) AppendCsvField(product->code, out);
  out->push_back(',');
  if (product != nullptr) AppendCsvField(product->description, out);
  out->push_back('\n');
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

absl::StatusOr<std::vector<size_t>> FindCustomers(const FeatureMatrix& features,
                                                  std::span<const std::string> customers) {
  absl::flat_hash_map<std::string, size_t> row_of;
  row_of.reserve(features.customer_ids.size());
  for (size_t row = 0; row < features.customer_ids.size(); ++row) {
    row_of.emplace(CustomerText(features.customer_ids[row], features.customer_names), row);
  }
  std::vector<size_t> rows;
  for (const std::string& customer : customers) {
    const auto found = row_of.find(customer);
    if (found == row_of.end()) {
      return Error(absl::StatusCode::kNotFound, ErrorReason::VALUE_INVALID,
                   fmt::format("customer \"{}\" is not among the {} customers of the data",
                               Shortened(customer, 100), features.customer_ids.size()))
          .With("customer", Shortened(customer, 100))
          .ToStatus();
    }
    rows.push_back(found->second);
  }
  return rows;
}

std::string RecommendationsCsv(const Recommendations& recommendations,
                               const FeatureMatrix& features, std::span<const size_t> rows,
                               std::span<const std::string> segment_names) {
  std::string out(kRecommendationsHeader);
  for (const size_t row : rows) {
    const int32_t segment = recommendations.segments[row];
    const std::string& name = segment_names[static_cast<size_t>(segment)];
    for (size_t rank = 0; rank < kRecommendations; ++rank) {
      const RecommendedProduct* product = recommendations.At(row, rank);
      if (product == nullptr && rank > 0) break;
      AppendLine(features, row, segment, name, rank + 1, product, &out);
    }
  }
  return out;
}

absl::StatusOr<std::string> RecommendFor(const Recommendations& recommendations,
                                         const FeatureMatrix& features,
                                         std::span<const std::string> customers,
                                         std::span<const std::string> segment_names) {
  CAIRN_RETURN_IF_ERROR(CheckSegments(recommendations.segments, features.customer_ids.size(),
                                      static_cast<int>(segment_names.size()), "segments"));
  std::vector<size_t> rows(features.customer_ids.size());
  std::iota(rows.begin(), rows.end(), size_t{0});
  if (!customers.empty()) {
    CAIRN_ASSIGN_OR_RETURN(rows, FindCustomers(features, customers));
  }
  return RecommendationsCsv(recommendations, features, rows, segment_names);
}

}  // namespace cairn::pipeline

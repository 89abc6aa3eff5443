#include "pipeline/insight/offers.h"

#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/table_csv.h"

namespace cairn::pipeline {
namespace {

constexpr std::string_view kOffersHeader =
    "customer,segment,segment_name,rank,product,description\n";

void AppendOffer(const CustomerOffers& offers, size_t rank, const RecommendedProduct& product,
                 std::string* out) {
  AppendCsvField(offers.customer, out);
  out->append(fmt::format(",{},", offers.segment));
  AppendCsvField(offers.segment_name, out);
  out->append(fmt::format(",{},", rank));
  AppendCsvField(product.code, out);
  out->push_back(',');
  AppendCsvField(product.description, out);
  out->push_back('\n');
}

void AppendOffers(const CustomerOffers& offers, std::string* out) {
  size_t rank = 0;
  for (const RecommendedProduct& product : offers.products) {
    AppendOffer(offers, ++rank, product, out);
  }
  if (rank == 0) AppendOffer(offers, 0, {}, out);
}

absl::StatusOr<std::vector<const CustomerOffers*>> FindOffers(std::span<const CustomerOffers> all,
                                                              std::span<const std::string> wanted) {
  absl::flat_hash_map<std::string_view, const CustomerOffers*> of_customer;
  of_customer.reserve(all.size());
  for (const CustomerOffers& offers : all) of_customer.emplace(offers.customer, &offers);
  std::vector<const CustomerOffers*> out;
  for (const std::string& customer : wanted) {
    const auto found = of_customer.find(customer);
    if (found == of_customer.end()) {
      return Error(absl::StatusCode::kNotFound, ErrorReason::VALUE_INVALID,
                   fmt::format("customer \"{}\" is not among the {} of that run",
                               Shortened(customer, 100), all.size()))
          .With("field", "customer")
          .With("value", Shortened(customer, 100))
          .ToStatus();
    }
    out.push_back(found->second);
  }
  return out;
}

}  // namespace

absl::StatusOr<std::string> OffersCsv(std::span<const CustomerOffers> all,
                                      std::span<const std::string> wanted) {
  std::string out(kOffersHeader);
  if (wanted.empty()) {
    for (const CustomerOffers& offers : all) AppendOffers(offers, &out);
    return out;
  }
  CAIRN_ASSIGN_OR_RETURN(const auto found, FindOffers(all, wanted));
  for (const CustomerOffers* offers : found) AppendOffers(*offers, &out);
  return out;
}

}  // namespace cairn::pipeline

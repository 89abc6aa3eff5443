#include "pipeline/insight/offers.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOkAndHolds;

std::vector<CustomerOffers> OfferedCustomers() {
  return {{"1", "0", "Big, old", {{"P2", "TWO"}, {"P4", "FOUR \"4\""}}},
          {"K 2", "0", "Big, old", {{"P1", ""}}},
          {"3", "1", "Small", {}}};
}

TEST(OffersCsv, HasALineForEachProductOfThoseWhoAreAskedForInTheirOrder) {
  EXPECT_THAT(OffersCsv(OfferedCustomers(), std::vector<std::string>{"3", "1"}),
              IsOkAndHolds("customer,segment,segment_name,rank,product,description\n"
                           "3,1,Small,0,,\n"
                           "1,0,\"Big, old\",1,P2,TWO\n"
                           "1,0,\"Big, old\",2,P4,\"FOUR \"\"4\"\"\"\n"));
}

TEST(OffersCsv, IsOfAllWhenNobodyIsAskedFor) {
  EXPECT_THAT(OffersCsv(OfferedCustomers(), {}),
              IsOkAndHolds("customer,segment,segment_name,rank,product,description\n"
                           "1,0,\"Big, old\",1,P2,TWO\n"
                           "1,0,\"Big, old\",2,P4,\"FOUR \"\"4\"\"\"\n"
                           "K 2,0,\"Big, old\",1,P1,\n"
                           "3,1,Small,0,,\n"));
}

TEST(OffersCsv, ACustomerWhoIsNotThereIsNamed) {
  const auto csv = OffersCsv(OfferedCustomers(), std::vector<std::string>{"1", "77"});
  EXPECT_THAT(csv, cairn::testing::StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(std::string(csv.status().message()),
              ::testing::HasSubstr("\"77\" is not among the 3"));
  EXPECT_EQ(MetadataOf(csv.status(), "value"), "77");
}

}  // namespace
}  // namespace cairn::pipeline

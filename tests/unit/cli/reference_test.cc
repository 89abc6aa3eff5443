#include "client-cli/cli/reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace cairn::cli {
namespace {

using Kind = Reference::Kind;
using testing::IsOk;
using testing::StatusIs;

TEST(ReferenceTest, EachFormIsUnderstood) {
  const std::pair<const char*, Reference> expected[] = {
      {"segments", {Kind::kPlain, "segments", ""}},
      {"segments@15", {Kind::kVersion, "segments", "15"}},
      {"segments@latest", {Kind::kVersion, "segments", "latest"}},
      {"segments#production", {Kind::kChannel, "segments", "production"}},
      {"a@b@3", {Kind::kVersion, "a@b", "3"}},
      {"a#b@3", {Kind::kVersion, "a#b", "3"}},
      {"dataset:retail", {Kind::kDataset, "retail", ""}},
      {"dataset:retail@3", {Kind::kDatasetVersion, "retail", "3"}},
      {"dataset:retail@sha256:ab", {Kind::kDatasetVersion, "retail", "sha256:ab"}},
      {"dataset:x#y", {Kind::kDataset, "x#y", ""}},
      {"run:9f3c", {Kind::kRun, "9f3c", ""}},
      {"models/m/versions/3", {Kind::kResource, "models/m/versions/3", ""}},
      {"crm/churn", {Kind::kPlain, "crm/churn", ""}},
  };
  for (const auto& [text, reference] : expected) {
    SCOPED_TRACE(text);
    const auto parsed = ParseReference(text);
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(*parsed, reference);
  }
}

TEST(ReferenceTest, APartThatIsMissingIsRefused) {
  for (const char* text :
       {"", "@3", "m@", "m#", "#c", "dataset:", "dataset:@1", "run:", "models/"}) {
    EXPECT_THAT(ParseReference(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(ReferenceTest, ResourceNamesHaveAShortForm) {
  EXPECT_EQ(ShortName("models/Customer%20Segments/versions/3"), "Customer Segments@3");
  EXPECT_EQ(ShortName("datasets/retail/versions/12"), "dataset:retail@12");
  EXPECT_EQ(ShortName("models/m/channels/production"), "m#production");
  EXPECT_EQ(ShortName("models/m/aliases/best"), "m@best");
  EXPECT_EQ(ShortName("experiments/7/runs/0123456789abcdef0123456789abcdef"), "0123456789ab");
  EXPECT_EQ(ShortName("policies/p"), "p");
  EXPECT_EQ(ShortName("experiments/7"), "experiments/7");
}

}  // namespace
}  // namespace cairn::cli

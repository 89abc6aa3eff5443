#include <gtest/gtest.h>

#include "lib/base/errors.h"
#include "lib/base/resource_names.h"

namespace cairn {
namespace {

TEST(ResourceNamesTest, HumanNamesAreEncodedOnce) {
  EXPECT_EQ(ModelVersionName("Customer Segments", 3), "models/Customer%20Segments/versions/3");
  const auto parsed = ParseModelVersionName("name", "models/Customer%20Segments/versions/3");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->parent_id, "Customer Segments");
  EXPECT_EQ(parsed->version, 3);
}

TEST(ResourceNamesTest, ErrorsNameTheFieldTheValueAndTheRule) {
  const auto parsed = ParseRunName("run", "experiments/1/runs/short");
  EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(parsed.status()), "NAME_INVALID");
  EXPECT_EQ(MetadataOf(parsed.status(), "field"), "run");
  EXPECT_EQ(MetadataOf(parsed.status(), "value"), "experiments/1/runs/short");
}

TEST(ResourceNamesTest, NumbersHaveOneForm) {
  EXPECT_TRUE(ParseExperimentName("name", "experiments/0").ok());
  for (const char* bad : {"experiments/01", "experiments/-1", "experiments/", "experiments/1/",
                          "experiments/1x", "experiments/99999999999999999999", "experiments"}) {
    EXPECT_FALSE(ParseExperimentName("name", bad).ok()) << bad;
  }
  EXPECT_FALSE(ParseModelVersionName("name", "models/m/versions/0").ok());
  EXPECT_FALSE(ParseModelVersionName("name", "models/%ff/versions/1").ok());
}

TEST(ResourceNamesTest, HumanNamesFollowTheirRules) {
  EXPECT_TRUE(ValidateHumanName("n", "grün", 10, false).ok());
  EXPECT_TRUE(ValidateHumanName("n", "a/b:c", 10, true).ok());
  EXPECT_FALSE(ValidateHumanName("n", "a/b", 10, false).ok());
  EXPECT_FALSE(ValidateHumanName("n", "a\nb", 10, true).ok());
  EXPECT_FALSE(ValidateHumanName("n", "", 10, true).ok());
  EXPECT_FALSE(ValidateHumanName("n", "12345678901", 10, true).ok());
}

TEST(ErrorsTest, AnErrorCarriesItsReasonMetadataAndCompanion) {
  const absl::Status status = NotFound(ErrorReason::MODEL_NOT_FOUND, "Model", "models/m");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(HasReason(status, ErrorReason::MODEL_NOT_FOUND));
  EXPECT_EQ(MetadataOf(status, "resource"), "models/m");
  EXPECT_TRUE(status.GetPayload("type.googleapis.com/google.rpc.ResourceInfo").has_value());
  EXPECT_EQ(ReasonOf(absl::InternalError("bare")), "");
}

}  // namespace
}  // namespace cairn

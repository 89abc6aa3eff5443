#include "lib/base/errors.h"

#include <string>

#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"

namespace cairn {
namespace {

google::rpc::ErrorInfo InfoIn(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_TRUE(payload.has_value() && info.ParseFromString(std::string(*payload)));
  return info;
}

TEST(Errors, AFieldsErrorNamesFieldValueAndRule) {
  const absl::Status status =
      InvalidField(ErrorReason::VALUE_INVALID, "run.user", "x y", "must be one word").ToStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "VALUE_INVALID");
  EXPECT_EQ(MetadataOf(status, "field"), "run.user");
  EXPECT_EQ(MetadataOf(status, "value"), "x y");
  EXPECT_EQ(MetadataOf(status, "rule"), "must be one word");
}

TEST(Errors, ALongValueIsCutBetweenTwoCharacters) {
  for (size_t shift = 0; shift < 4; ++shift) {
    std::string value(shift, 'a');
    for (int i = 0; i < 100; ++i) value += "\xF0\x9F\x98\x80";
    const absl::Status status =
        InvalidField(ErrorReason::VALUE_INVALID, "f", value, "is too long").ToStatus();
    const std::string shown = MetadataOf(status, "value");
    EXPECT_TRUE(IsValidUtf8(shown)) << shift;
    EXPECT_GT(shown.size(), 120u);
    EXPECT_LT(shown.size(), 140u);
    EXPECT_TRUE(IsValidUtf8(std::string(status.message())));
  }
}

TEST(Errors, WhatIsNotUtf8BecomesReadableInEveryDetail) {
  const std::string bad = "a\xFF\xC3z\xE2\x82\xAC\xED\xA0\x80";
  const absl::Status status =
      Error(absl::StatusCode::kInvalidArgument, ErrorReason::VALUE_INVALID, "not good: " + bad)
          .With("value", bad)
          .Field(bad, bad)
          .Precondition("T", bad, bad)
          .Resource("R", bad)
          .ToStatus();
  EXPECT_TRUE(IsValidUtf8(std::string(status.message())));
  EXPECT_EQ(InfoIn(status).metadata().at("value"),
            "a\xEF\xBF\xBD\xEF\xBF\xBDz\xE2\x82\xAC\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace cairn

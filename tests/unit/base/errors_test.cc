#include "lib/base/errors.h"

#include <string>

#include "absl/strings/cord.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::StatusIs;

google::rpc::ErrorInfo InfoIn(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
  EXPECT_TRUE(payload.has_value() && info.ParseFromString(std::string(*payload)));
  return info;
}

TEST(Errors, AFieldsErrorNamesFieldValueAndRule) {
  const absl::Status status =
      InvalidField(ErrorReason::VALUE_INVALID, "run.user", "x y", "must be one word").ToStatus();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
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
    EXPECT_LT(shown.size(), 150u);
    EXPECT_NE(shown.find(fmt::format("({} bytes)", value.size())), std::string::npos) << shown;
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

// What gRPC makes of a status: percent-encoding for the message, base64 for the rest.
size_t TrailerBytes(const absl::Status& status) {
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(std::string(status.message()));
  status.ForEachPayload([&](auto url, const absl::Cord& payload) {
    details.add_details()->set_type_url(std::string(url.data(), url.size()));
    details.mutable_details(details.details_size() - 1)->set_value(std::string(payload));
  });
  size_t bytes = (details.ByteSizeLong() + 2) / 3 * 4;
  for (const char c : details.message()) bytes += c >= 0x20 && c <= 0x7E && c != '%' ? 1 : 3;
  return bytes;
}

TEST(Errors, HoweverLongTheirTextsTheyFitIntoTheTrailersOfACall) {
  for (const size_t repeats : {100u, 400u, 1'000u, 9'000u, 100'000u}) {
    for (const std::string piece : {"a", "%", "\n", "\xC3\xA9", "\xE2\x82\xAC"}) {
      std::string text;
      for (size_t i = 0; i < repeats; ++i) text += piece;
      Error error(absl::StatusCode::kFailedPrecondition, ErrorReason::HAS_CHILDREN,
                  text + " does not fit");
      for (const char* key : {"one", "two", "three", "four"}) error.With(key, text);
      const absl::Status status =
          error.Field(text, text).Precondition("T", text, text).Resource("R", text).ToStatus();
      SCOPED_TRACE(fmt::format("{} times \"{}\"", repeats, piece));
      EXPECT_LE(TrailerBytes(status), 7'000u);
      EXPECT_TRUE(IsValidUtf8(std::string(status.message())));
      EXPECT_TRUE(status.message().find(" does not fit") != std::string::npos);
      const std::string one = InfoIn(status).metadata().at("one");
      EXPECT_TRUE(one == text ||
                  one.find(fmt::format("…({} bytes)…", text.size())) != std::string::npos)
          << one;
    }
  }
}

TEST(Errors, WhatFitsIsNotShortened) {
  const std::string name(700, 'n');
  const absl::Status status = NotFound(ErrorReason::MODEL_NOT_FOUND, "Model", name);
  EXPECT_EQ(MetadataOf(status, "resource"), name);
  EXPECT_EQ(std::string(status.message()), name + " does not exist");
}

}  // namespace
}  // namespace cairn

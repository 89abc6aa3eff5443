#include "server/gateway/connect_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cairn/v1/tracking.pb.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::gateway {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(CodecTest, TheTypeCountsWithoutItsParametersAndInAnyCase) {
  EXPECT_EQ(CodecOfType("application/json"), Codec::kJson);
  EXPECT_EQ(CodecOfType("Application/JSON ; charset=utf-8"), Codec::kJson);
  EXPECT_EQ(CodecOfType("application/proto"), Codec::kProto);
  for (const char* other : {"", "json", "application/jsonp", "application/connect+proto",
                            "application/grpc-web", "text/plain"}) {
    EXPECT_EQ(CodecOfType(other), std::nullopt) << other;
  }
}

TEST(Base64Test, BothAlphabetsAndBothEndsAreRead) {
  const std::string bytes = "\xfb\xff\xfe\x01";
  EXPECT_EQ(Base64Encode(bytes), "+//+AQ");
  for (const char* text : {"+//+AQ", "+//+AQ==", "-__-AQ", "-__-AQ=="}) {
    EXPECT_EQ(Base64Decode(text), bytes) << text;
  }
  EXPECT_EQ(Base64Decode(""), "");
  EXPECT_EQ(Base64Decode("+//+AQ==="), std::nullopt);
  EXPECT_EQ(Base64Decode("a b"), std::nullopt);
}

TEST(BearerFormTest, APasswordIsAToken) {
  EXPECT_EQ(BearerForm("Bearer abc"), "Bearer abc");
  EXPECT_EQ(BearerForm("Basic dTphYmM="), "Bearer abc");  // u:abc
  EXPECT_EQ(BearerForm("bAsIc  dTphOmM"), "Bearer a:c");  // u:a:c
  EXPECT_EQ(BearerForm("Basic YWJj"), "Bearer ");         // abc
  EXPECT_EQ(BearerForm("Basic ***"), "Bearer ");
  EXPECT_EQ(BearerForm("Basic"), "Basic");
  EXPECT_EQ(BearerForm(""), "");
}

TEST(ParseMessageTest, WhatJsonHasMoreIsLeftOutAndWhatDoesNotParseSaysWhere) {
  v1::GetExperimentRequest request;
  ASSERT_THAT(ParseMessage(Codec::kJson, R"({"displayName": "a", "later": {"b": []}})", request),
              IsOk());
  EXPECT_EQ(request.display_name(), "a");
  ASSERT_THAT(ParseMessage(Codec::kJson, R"({"display_name": "b"})", request), IsOk());
  EXPECT_EQ(request.display_name(), "b");
  for (const char* bad : {"", "[]", "{\"name\": {}}", "{\"name\": \"\xff\"}", "{} {}"}) {
    const absl::Status status = ParseMessage(Codec::kJson, bad, request);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
    EXPECT_TRUE(HasReason(status, ErrorReason::REQUEST_MALFORMED)) << bad;
  }
}

TEST(ParseMessageTest, DeepAndLongJsonIsRefusedShortly) {
  v1::CreateExperimentRequest request;
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  const absl::Status status = ParseMessage(Codec::kJson, deep, request);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_LT(status.message().size(), 1000u);
}

TEST(RenderAnswerTest, HeldAndStoredMessagesAreWrittenAlike) {
  v1::Experiment experiment;
  experiment.set_name("experiments/1");
  experiment.set_display_name("a");
  const std::string bytes = experiment.SerializeAsString();
  const auto answers = [&] {
    std::vector<service::Answer> all;
    all.emplace_back(std::make_unique<v1::Experiment>(experiment));
    all.emplace_back(bytes);
    all.emplace_back(std::make_shared<const std::string>(bytes));
    return all;
  };
  for (service::Answer& answer : answers()) {
    EXPECT_EQ(*RenderAnswer(Codec::kProto, *v1::Experiment::descriptor(), std::move(answer)),
              bytes);
  }
  for (service::Answer& answer : answers()) {
    EXPECT_EQ(*RenderAnswer(Codec::kJson, *v1::Experiment::descriptor(), std::move(answer)),
              R"({"name":"experiments/1","displayName":"a"})");
  }
  EXPECT_THAT(RenderAnswer(Codec::kJson, *v1::Experiment::descriptor(), std::string("\xff")),
              StatusIs(absl::StatusCode::kInternal));
}

TEST(ErrorAnswerTest, EveryCodeHasItsNameAndStatus) {
  const std::vector<std::pair<absl::StatusCode, std::string>> cases = {
      {absl::StatusCode::kCancelled, "499 canceled"},
      {absl::StatusCode::kUnknown, "500 unknown"},
      {absl::StatusCode::kInvalidArgument, "400 invalid_argument"},
      {absl::StatusCode::kDeadlineExceeded, "504 deadline_exceeded"},
      {absl::StatusCode::kNotFound, "404 not_found"},
      {absl::StatusCode::kAlreadyExists, "409 already_exists"},
      {absl::StatusCode::kPermissionDenied, "403 permission_denied"},
      {absl::StatusCode::kResourceExhausted, "429 resource_exhausted"},
      {absl::StatusCode::kFailedPrecondition, "400 failed_precondition"},
      {absl::StatusCode::kAborted, "409 aborted"},
      {absl::StatusCode::kOutOfRange, "400 out_of_range"},
      {absl::StatusCode::kUnimplemented, "501 unimplemented"},
      {absl::StatusCode::kInternal, "500 internal"},
      {absl::StatusCode::kUnavailable, "503 unavailable"},
      {absl::StatusCode::kDataLoss, "500 data_loss"},
      {absl::StatusCode::kUnauthenticated, "401 unauthenticated"},
  };
  for (const auto& [code, expected] : cases) {
    const http::Response response =
        ErrorAnswer(Error(code, ErrorReason::VALUE_INVALID, "a \xff b").ToStatus());
    const auto body = nlohmann::json::parse(response.body);
    EXPECT_EQ(std::to_string(response.status) + " " + body["code"].get<std::string>(), expected);
  }
}

TEST(ErrorAnswerTest, WhatHasNoReasonTellsNothingOfTheInside) {
  const http::Response response = ErrorAnswer(absl::NotFoundError("/var/lib/secret"));
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, HasSubstr("INTERNAL_FAULT"));
  EXPECT_EQ(response.body.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace cairn::gateway

// What clients see of an error.

#include "server/mlflow/error.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "lib/base/errors.h"

namespace cairn::mlflow {
namespace {

struct Case {
  absl::StatusCode code;
  ErrorReason reason;
  std::string error_code;
  int http;
};

TEST(ErrorTest, ReasonsOfTheServerHaveTheNearestCode) {
  const Case cases[] = {
      {absl::StatusCode::kNotFound, ErrorReason::RUN_NOT_FOUND, "RESOURCE_DOES_NOT_EXIST", 404},
      {absl::StatusCode::kAlreadyExists, ErrorReason::EXPERIMENT_EXISTS, "RESOURCE_ALREADY_EXISTS",
       400},
      {absl::StatusCode::kInvalidArgument, ErrorReason::VALUE_INVALID, "INVALID_PARAMETER_VALUE",
       400},
      {absl::StatusCode::kFailedPrecondition, ErrorReason::RUN_DELETED, "INVALID_PARAMETER_VALUE",
       400},
      {absl::StatusCode::kPermissionDenied, ErrorReason::PERMISSION_DENIED, "PERMISSION_DENIED",
       403},
      {absl::StatusCode::kUnauthenticated, ErrorReason::TOKEN_MISSING, "UNAUTHENTICATED", 401},
      {absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL, "RESOURCE_EXHAUSTED", 429},
      {absl::StatusCode::kUnavailable, ErrorReason::SHUTTING_DOWN, "TEMPORARILY_UNAVAILABLE", 503},
      {absl::StatusCode::kDeadlineExceeded, ErrorReason::CALL_ENDED, "DEADLINE_EXCEEDED", 504},
      {absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT, "INTERNAL_ERROR", 500},
  };
  for (const Case& one : cases) {
    const absl::Status error = Error(one.code, one.reason, "why");
    EXPECT_EQ(ErrorCodeOf(error), one.error_code);
    EXPECT_EQ(ErrorAnswer(error).status, one.http) << one.error_code;
  }
}

TEST(ErrorTest, BodyIsWhatClientsRead) {
  const http::Response response = ErrorAnswer(Refuse(kNotExists, "no \"run\""));
  const auto body = nlohmann::json::parse(response.body);
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(body,
            (nlohmann::json{{"error_code", "RESOURCE_DOES_NOT_EXIST"}, {"message", "no \"run\""}}));
}

TEST(ErrorTest, MissingEndpointsAreToldApartFromMissingResources) {
  const absl::Status error = Refuse(kNoEndpoint, "none");
  EXPECT_EQ(ErrorCodeOf(error), "ENDPOINT_NOT_FOUND");
  EXPECT_EQ(ErrorAnswer(error).status, 404);
}

TEST(ErrorTest, WhoIsNotKnownIsAskedForAName) {
  const http::Response response = ErrorAnswer(absl::UnauthenticatedError("who?"));
  ASSERT_NE(http::FindHeader(response.headers, "www-authenticate"), nullptr);
  EXPECT_EQ(*http::FindHeader(response.headers, "www-authenticate"), "Basic realm=\"mlflow\"");
}

}  // namespace
}  // namespace cairn::mlflow

#include "client-cli/cli/exit_code.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "client-cli/cli/command.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/client/status_origin.h"

namespace cairn::cli {
namespace {

TEST(ExitCodeTest, AFullDiskOnThisSideIsAFailureAndSaysSo) {
  absl::Status full = FileError(ENOSPC, "write", "/data/x");
  EXPECT_EQ(ExitCodeFor(full), kExitFailure);
  EXPECT_NE(MessageOf(full).find("disk full"), std::string::npos);
  client::MarkFromServer(&full);
  EXPECT_EQ(ExitCodeFor(full), kExitUnavailable);
}

TEST(ExitCodeTest, NoMessageIsEverEmpty) {
  EXPECT_NE(MessageOf(absl::InternalError("")).find("INTERNAL"), std::string::npos);
  EXPECT_NE(ErrorJson(absl::InternalError(""), "").find("INTERNAL, and no more"),
            std::string::npos);
}

TEST(ExitCodeTest, WhatIsDeletedSaysHowToGetItBackOrRidOfIt) {
  const absl::Status status =
      Error(absl::StatusCode::kFailedPrecondition, ErrorReason::EXPERIMENT_DELETED, "gone")
          .With("experiment", "experiments/7");
  EXPECT_NE(HintFor(status).find("mlctl restore experiment experiments/7"), std::string::npos);
  EXPECT_NE(HintFor(status).find("mlctl purge experiment experiments/7"), std::string::npos);
}

TEST(ExitCodeTest, EachStatusHasItsNumber) {
  using absl::StatusCode;
  const std::pair<StatusCode, int> expected[] = {{StatusCode::kOk, 0},
                                                 {StatusCode::kUnknown, 1},
                                                 {StatusCode::kInternal, 1},
                                                 {StatusCode::kUnimplemented, 1},
                                                 {StatusCode::kInvalidArgument, 2},
                                                 {StatusCode::kOutOfRange, 2},
                                                 {StatusCode::kNotFound, 3},
                                                 {StatusCode::kUnauthenticated, 4},
                                                 {StatusCode::kPermissionDenied, 4},
                                                 {StatusCode::kAlreadyExists, 5},
                                                 {StatusCode::kFailedPrecondition, 5},
                                                 {StatusCode::kAborted, 5},
                                                 {StatusCode::kUnavailable, 8},
                                                 {StatusCode::kDeadlineExceeded, 8},
                                                 {StatusCode::kResourceExhausted, 8},
                                                 {StatusCode::kDataLoss, 9},
                                                 {StatusCode::kCancelled, 130}};
  for (const auto& [code, number] : expected) {
    EXPECT_EQ(ExitCodeFor(absl::Status(code, "m")), number) << static_cast<int>(code);
  }
}

TEST(ExitCodeTest, SomeReasonsSayMoreThanTheirCode) {
  EXPECT_EQ(
      ExitCodeFor(
          Error(absl::StatusCode::kInvalidArgument, ErrorReason::PARAM_CHANGED, "m").ToStatus()),
      kExitConflict);
  EXPECT_EQ(
      ExitCodeFor(
          Error(absl::StatusCode::kInvalidArgument, ErrorReason::DIGEST_MISMATCH, "m").ToStatus()),
      kExitIntegrity);
  EXPECT_EQ(
      ExitCodeFor(Error(absl::StatusCode::kNotFound, ErrorReason::FILE_ERROR, "m").ToStatus()),
      kExitFailure);
}

v1::Decision MakeDecision(v1::Decision::Outcome outcome, v1::Verdict verdict) {
  v1::Decision decision;
  decision.set_outcome(outcome);
  decision.set_verdict(verdict);
  return decision;
}

TEST(ExitCodeTest, ADecisionEndsWithItsVerdict) {
  EXPECT_EQ(ExitCodeFor(MakeDecision(v1::Decision::PROMOTED, v1::PASS)), 0);
  EXPECT_EQ(ExitCodeFor(MakeDecision(v1::Decision::NO_CHANGE, v1::FAIL)), 0);
  EXPECT_EQ(ExitCodeFor(MakeDecision(v1::Decision::NOT_ENFORCED, v1::PASS)), 0);
  EXPECT_EQ(ExitCodeFor(MakeDecision(v1::Decision::REFUSED, v1::FAIL)), 6);
  EXPECT_EQ(ExitCodeFor(MakeDecision(v1::Decision::NOT_ENFORCED, v1::FAIL)), 6);
  EXPECT_EQ(ExitCodeFor(MakeDecision(v1::Decision::REFUSED, v1::INCONCLUSIVE)), 7);
  EXPECT_EQ(ExitCodeFor(MakeDecision(v1::Decision::REFUSED, v1::ERROR)), 11);
}

TEST(ErrorJsonTest, AnErrorIsOneLineWithAllItsParts) {
  const absl::Status status =
      Error(absl::StatusCode::kAborted, ErrorReason::EPOCH_MISMATCH, "it \"moved\"")
          .With("currentEpoch", "4");
  EXPECT_EQ(ErrorJson(status, "look"),
            "{\"code\":\"ABORTED\",\"reason\":\"EPOCH_MISMATCH\",\"message\":\"it \\\"moved\\\"\","
            "\"hint\":\"look\",\"request_id\":\"\",\"retryable\":true,"
            "\"metadata\":{\"currentEpoch\":\"4\"}}");
}

TEST(HintTest, TheNextStepIsNamed) {
  EXPECT_NE(HintFor(NotFound(ErrorReason::MODEL_NOT_FOUND, "Model", "models/m").ToStatus())
                .find("mlctl list models"),
            std::string::npos);
  EXPECT_EQ(HintFor(UsageError("what?")), "`mlctl help` lists the commands");
  EXPECT_EQ(HintFor(UsageError("what?"), "run start"),
            "`mlctl help run start` shows how it is called");
  EXPECT_EQ(HintFor(absl::InternalError("m")), "");
}

}  // namespace
}  // namespace cairn::cli

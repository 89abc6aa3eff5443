#ifndef CAIRN_TESTS_TESTING_STATUS_MATCHERS_H_
#define CAIRN_TESTS_TESTING_STATUS_MATCHERS_H_

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "lib/base/errors.h"

namespace cairn::testing {

// Matchers for what succeeds or fails. A mismatch prints the status, so no test has to.
//
//   ASSERT_THAT(store->Sync(), IsOk());
//   EXPECT_THAT(ReadFile(path), IsOkAndHolds("bytes"));
//   EXPECT_THAT(Parse(text), StatusIs(absl::StatusCode::kInvalidArgument));
//   EXPECT_THAT(Get("runs/none"), FailsWith(ErrorReason::RUN_NOT_FOUND));

namespace internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

// Says what a status of any library says: Abseil's, gRPC's, RocksDB's.
template <typename T>
void Describe(const T& value, ::testing::MatchResultListener& listener) {
  if constexpr (requires { value.status().ToString(); }) {
    listener << "which is " << value.status().ToString();
  } else if constexpr (requires { value.error_message(); }) {
    listener << "which is code " << value.error_code() << ": " << value.error_message();
  } else if constexpr (requires { value.ToString(); }) {
    listener << "which is " << value.ToString();
  }
}

}  // namespace internal

// Anything with ok(): a Status or StatusOr, or the status of another library.
MATCHER(IsOk, negation ? "fails" : "is OK") {
  internal::Describe(arg, *result_listener);
  return arg.ok();
}

// A Status or StatusOr with this code.
MATCHER_P(StatusIs, code, "has the code " + absl::StatusCodeToString(code)) {
  internal::Describe(arg, *result_listener);
  return internal::StatusOf(arg).code() == code;
}

// A Status or StatusOr with this reason (errors.h).
MATCHER_P(FailsWith, reason, "fails with " + ReasonName(reason)) {
  internal::Describe(arg, *result_listener);
  return ReasonOf(internal::StatusOf(arg)) == ReasonName(reason);
}

// A StatusOr that holds a value which equals, or matches, `value`.
MATCHER_P(IsOkAndHolds, value,
          "is OK and holds a value that " +
              ::testing::DescribeMatcher<const typename std::decay_t<arg_type>::value_type&>(
                  value, negation)) {
  if (!arg.ok()) {
    internal::Describe(arg, *result_listener);
    return false;
  }
  return ::testing::ExplainMatchResult(value, *arg, result_listener);
}

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_STATUS_MATCHERS_H_

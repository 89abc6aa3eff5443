#include "server/gateway/arrival.h"

#include <string_view>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/calls/waiting_room.h"

namespace cairn::gateway {
namespace {

constexpr double kRetrySeconds = 0.5;

}  // namespace

absl::Status Arrival::Charge(int64_t held_bytes, SharedCharge& charge) const {
  if (held_bytes <= kUncountedBytes) return absl::OkStatus();
  const auto answer = charge.TryAdd(budget, holder, held_bytes - charge.bytes());
  if (answer == SharedBudget::Answer::kCharged) return absl::OkStatus();
  const bool all = answer == SharedBudget::Answer::kFull;
  const int64_t limit = all ? budget.limit_bytes() : budget.share_bytes();
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
               fmt::format("requests {}that are not complete hold at most {} bytes; try again "
                           "shortly",
                           all ? "" : "of one caller ", limit))
      .With("limit", std::to_string(limit))
      .RetryAfterSeconds(calls::Spread(kRetrySeconds));
}

absl::Status Arrival::TooSlow() const {
  return Error(absl::StatusCode::kDeadlineExceeded, ErrorReason::CALL_ENDED,
               fmt::format("a message of a request must arrive within {} ms", longest.count()))
      .With("limit", fmt::format("{} ms", longest.count()));
}

std::string HolderOf(const calls::Environment& environment, const service::Caller& caller) {
  const bool known = environment.access != nullptr && caller.identity != nullptr;
  return known ? caller.identity->principal : "";
}

absl::Status RefusalOf(const absl::Status& why) {
  if (!ReasonOf(why).empty()) return why;
  const std::string message(why.message());
  switch (why.code()) {
    case absl::StatusCode::kInvalidArgument:
      return Error(why.code(), ErrorReason::REQUEST_MALFORMED, message);
    case absl::StatusCode::kDeadlineExceeded:
      return Error(why.code(), ErrorReason::CALL_ENDED, message);
    case absl::StatusCode::kUnavailable:
      return Error(why.code(), ErrorReason::SHUTTING_DOWN, message);
    case absl::StatusCode::kResourceExhausted:
      return Error(why.code(), ErrorReason::QUEUE_FULL, message)
          .RetryAfterSeconds(calls::Spread(kRetrySeconds));
    default:
      return why;
  }
}

}  // namespace cairn::gateway

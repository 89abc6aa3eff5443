#ifndef CAIRN_SERVER_GATEWAY_ARRIVAL_H_
#define CAIRN_SERVER_GATEWAY_ARRIVAL_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "lib/base/shared_budget.h"
#include "server/calls/environment.h"
#include "server/service/caller.h"

namespace cairn::gateway {

// What the body of any call may hold uncounted; only what is beyond is charged.
inline constexpr int64_t kUncountedBytes = int64_t{64} << 10;

// What bounds the messages of one call while they arrive, so that who sends slowly, or not on,
// keeps nobody out: how long one may take, and how much those that are not complete may hold, of
// all calls and of one caller. A plain value; the budget outlives it. Safe to read from any thread.
struct Arrival {
  SharedBudget& budget;
  std::string holder;  // who pays; "" where nobody is asked who they are
  std::chrono::milliseconds longest;

  // Charges to `charge` what a message holds beyond kUncountedBytes, which is `held_bytes` of it by
  // now. RESOURCE_EXHAUSTED (QUEUE_FULL) with `limit` and a delay.
  absl::Status Charge(int64_t held_bytes, SharedCharge& charge) const;

  // DEADLINE_EXCEEDED (CALL_ENDED) with `limit`: the message took longer.
  absl::Status TooSlow() const;
};

// Who pays for what a caller sends; see Arrival::holder.
std::string HolderOf(const calls::Environment& environment, const service::Caller& caller);

// Why the HTTP server refuses a request, with the reason code that calls give it; a status that has
// one stays as it is.
absl::Status RefusalOf(const absl::Status& why);

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_ARRIVAL_H_

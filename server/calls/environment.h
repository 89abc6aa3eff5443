#ifndef CAIRN_SERVER_CALLS_ENVIRONMENT_H_
#define CAIRN_SERVER_CALLS_ENVIRONMENT_H_

#include "lib/base/clock.h"
#include "server/calls/alarms.h"
#include "server/calls/call_pools.h"
#include "server/calls/intake.h"
#include "server/calls/replies.h"
#include "server/calls/serial_queue.h"
#include "server/calls/waiting_room.h"
#include "server/observability/call_metrics.h"
#include "server/storage/mutation.h"

namespace cairn::auth {
class AccessControl;
}  // namespace cairn::auth

namespace cairn::calls {

// For changes that take turns (service::Change::in_turn_of): their queue, and what plans them on
// the queue's threads, also after a conflict, so that they hold none of those of other calls.
struct SerialChanges {
  SerialQueue& queue;
  storage::Mutator& mutator;
};

// What calls of every method work with, whatever transport brought them: turns, budgets, counting,
// and who calls. What one method works with stands in its row (service/method.h). Owned by the
// server, which outlives all calls. Each part may be used from any thread.
struct Environment {
  storage::Mutator& mutator;
  const Clock& clock;          // for what is stored as a time; may jump
  const CallPools pools;       // for what blocks or takes long
  const SerialChanges serial;  // for what moves channels
  WaitingRoom& folding_room;   // for points that come faster than they are folded
  Intake& intake;              // of large requests
  Replies& replies;            // counts what clients have not taken yet
  Alarms& alarms;              // wakes calls that wait without a thread
  observability::CallMetrics& metrics;
  const auth::AccessControl* access = nullptr;  // null: nobody is asked who they are
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_ENVIRONMENT_H_

#ifndef CAIRN_SERVER_CALLS_ENVIRONMENT_H_
#define CAIRN_SERVER_CALLS_ENVIRONMENT_H_

#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "server/calls/alarms.h"
#include "server/calls/call_pools.h"
#include "server/calls/intake.h"
#include "server/calls/replies.h"
#include "server/calls/waiting_room.h"
#include "server/observability/call_metrics.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::auth {
class AccessControl;
}  // namespace cairn::auth
namespace cairn::metrics {
class MetricCompactor;
}  // namespace cairn::metrics
namespace cairn::operations {
class OperationRunner;
}  // namespace cairn::operations
namespace cairn::tracking {
class RunLeaseKeeper;
}  // namespace cairn::tracking

namespace cairn::calls {

// What every call works with, whatever transport brought it. Owned by the server, which outlives
// all calls.
struct Environment {
  storage::KvStore& store;
  storage::Mutator& mutator;
  const Clock& clock;  // for what is stored as a time; may jump
  IdSource& ids;
  const CallPools pools;      // for what blocks or takes long
  WaitingRoom& folding_room;  // for points that come faster than they are folded
  Intake& intake;             // of large requests
  Replies& replies;           // counts what clients have not taken yet
  Alarms& alarms;             // wakes calls that wait without a thread
  observability::CallMetrics& metrics;
  metrics::MetricCompactor& metric_compactor;  // is told of metrics that were logged
  tracking::RunLeaseKeeper& run_leases;        // is told of runs that changed or logged
  operations::OperationRunner& operations;
  const auth::AccessControl* access = nullptr;  // null: nobody is asked who they are
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_ENVIRONMENT_H_

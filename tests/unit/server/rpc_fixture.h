#ifndef CAIRN_TESTS_UNIT_SERVER_RPC_FIXTURE_H_
#define CAIRN_TESTS_UNIT_SERVER_RPC_FIXTURE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "lib/base/thread_pool.h"
#include "server/calls/intake.h"
#include "server/metrics/metric_compactor.h"
#include "server/operations/operation_runner.h"
#include "server/rpc/call.h"
#include "server/tracking/run_lease_keeper.h"
#include "server/tracking/run_searcher.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn {

// One large request of so many bytes fills the intake, and three may wait, for as long as a test
// takes.
inline calls::IntakeOptions OneLargeInTurn(size_t bytes) {
  calls::IntakeOptions options;
  options.max_bytes = static_cast<int64_t>(bytes);
  options.expected_bytes = static_cast<int64_t>(bytes);
  options.expected_for = std::chrono::hours(1);
  options.max_waiting_calls = 3;
  options.patience = std::chrono::hours(1);
  return options;
}

// Everything that handlers of calls work with, over a store in memory. The compactor's thread does
// not run. Tests add the service and the gRPC server, and stop that one before this goes.
class RpcTest : public UseCaseTest {
 protected:
  explicit RpcTest(metrics::CompactorOptions compactor = {}, size_t max_queued = 100,
                   int64_t reply_bytes = calls::RepliesOptions().budget_bytes,
                   const calls::IntakeOptions& intake = {})
      : pool_(2, max_queued),
        replies_({.budget_bytes = reply_bytes}),
        compactor_(std::make_unique<metrics::MetricCompactor>(*store_, std::move(compactor))),
        intake_(intake, ForwardClock()) {}

  calls::LongCalls long_calls_{100};
  ThreadPool pool_;
  calls::Replies replies_;
  calls::Alarms alarms_;
  observability::CallMetrics metrics_;
  tracking::RunSearcher searcher_{*store_, {}};
  std::unique_ptr<metrics::MetricCompactor> compactor_;
  calls::WaitingRoom room_{[] { return false; }, calls::WaitingRoomOptions()};
  calls::Intake intake_;
  tracking::RunLeaseKeeper leases_{*store_, searcher_, tracking::RunLeaseOptions()};
  operations::OperationRunner operations_{*store_, SystemClock(), SystemClock()};
  storage::Mutator mutator_{*store_, SystemClock(), pool_};
  calls::SerialQueue queue_{
      [this](std::function<void()> task) { pool_.Resubmit(std::move(task)); }, ForwardClock(), {}};
  calls::Environment environment_{mutator_,
                                  SystemClock(),
                                  calls::CallPools{pool_, pool_, long_calls_},
                                  calls::SerialChanges{queue_, mutator_},
                                  room_,
                                  intake_,
                                  replies_,
                                  alarms_,
                                  metrics_};
};

}  // namespace cairn

#endif  // CAIRN_TESTS_UNIT_SERVER_RPC_FIXTURE_H_

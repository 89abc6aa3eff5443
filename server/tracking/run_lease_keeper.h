#ifndef CAIRN_SERVER_TRACKING_RUN_LEASE_KEEPER_H_
#define CAIRN_SERVER_TRACKING_RUN_LEASE_KEEPER_H_

#include <cstdint>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/tracking/run_leases.h"
#include "server/tracking/run_searcher.h"

namespace cairn::tracking {

// The clocks must outlive the keeper. Two are needed: the machine's may be set, and
// then a run that just spoke would seem to be silent for hours.
struct RunLeaseOptions {
  // The lease of runs that do not say; 0: they may be silent for ever.
  int64_t default_lease_nanos = 0;
  const Clock* clock = &SystemClock();     // for end times
  const Clock* forward = &ForwardClock();  // for silence
};

// Ends runs that are silent for longer than their leases: RUNNING becomes KILLED, with
// the time they were heard of last as the end.
//
// It follows the store from its construction: a commit that creates, ends, hides, restores
// or resumes a run begins or ends the lease, whoever made it, before it is acknowledged.
//
// A sign of life is kept in memory only. It wins against the end of the run if it
// comes before that is committed: a heartbeat that meets an expiring run rewrites the
// run's record, and of the two commits only one finds the record as it was read.
//
// Safe to call from any thread. Store and searcher must outlive it. The destructor
// stops its thread.
class RunLeaseKeeper {
 public:
  RunLeaseKeeper(storage::KvStore& store, RunSearcher& searcher, RunLeaseOptions options = {});
  ~RunLeaseKeeper();
  RunLeaseKeeper(const RunLeaseKeeper&) = delete;
  RunLeaseKeeper& operator=(const RunLeaseKeeper&) = delete;

  // Starts the thread, which begins the leases of all running runs: those the searcher
  // finds. Once, after the searcher was loaded.
  void Start();

  // Somebody logs into the run. Costs a look-up. Told by the calls: what they log may be
  // stored already, and then there is no commit to follow.
  void Logged(std::string_view run_id) { leases_.Renew(run_id, options_.forward->NowUnixNanos()); }

  // Plans HeartbeatRun. Errors are those of TrackingService.HeartbeatRun. Writes
  // nothing unless the run is about to be ended. Answers the lease that holds.
  absl::StatusOr<storage::Plan> PlanHeartbeat(const storage::Snapshot& snapshot,
                                              const cairn::v1::HeartbeatRunRequest& request);

  // Begins the leases of all running runs, on this thread. Errors of RunSearcher. A run
  // that has one already keeps it.
  absl::Status BeginAll();

  // Ends the runs whose leases are over, on this thread: what the background does, and
  // for tests. The first error, after trying all.
  absl::Status Sweep();

  // Runs with a lease.
  size_t size() const { return leases_.size(); }

 private:
  // The thread. If the leases could not begin, it tries again each time it wakes.
  void Work() CAIRN_EXCLUDES(mutex_);
  bool Wait() CAIRN_EXCLUDES(mutex_);
  // Ends one run, or lets it go on if it was heard of or changed meanwhile.
  absl::Status End(const SilentRun& silent);
  // The run's own or the default; 0 for none.
  int64_t LeaseNanos(const cairn::v1::Run& run) const;
  // Follows a commit that changed a run, on the committer's thread.
  void Committed(const storage::Event& event);
  // The run is now as in `run`: begins its lease anew, or ends it when the run does not run.
  void Changed(const cairn::v1::Run& run);

  storage::KvStore& store_;
  RunSearcher& searcher_;
  const RunLeaseOptions options_;
  RunLeases leases_;
  Mutex mutex_;
  CondVar wake_;
  bool closing_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;
  int64_t listener_ = 0;  // with the store
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_LEASE_KEEPER_H_

#ifndef CAIRN_SERVER_OPERATIONS_OPERATION_RUNNER_H_
#define CAIRN_SERVER_OPERATIONS_OPERATION_RUNNER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/longrunning/operations.pb.h"
#include "google/protobuf/message.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "server/operations/operations.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::operations {

// One step of an operation's work, decided at a snapshot.
struct Step {
  // What it changes; may be empty. Committed together with the operation's progress, so
  // a step counts exactly once.
  storage::WriteSet write_set;
  // The operation's metadata after it.
  std::unique_ptr<google::protobuf::Message> metadata;
  // Handed to the next step; in memory only, empty for the first one after a start.
  std::string cursor;
  // The last step's answer; null while there is more to do.
  std::unique_ptr<google::protobuf::Message> response;
};

// The work of one kind of operation. Called by one thread at a time: that of its lane.
class Work {
 public:
  virtual ~Work() = default;

  // The full name of the message that is the metadata of its operations.
  virtual std::string metadata_type() const = 0;

  // Operations of one lane run one after the other, those of others beside them. A kind has a lane
  // of its own unless it must not run beside another kind, with which it then shares one.
  virtual std::string lane() const { return metadata_type(); }

  // Decides the next step. May be called again with the same arguments when another
  // commit came between, so it keeps nothing that depends on the earlier call. An error
  // ends the operation; what was committed stays.
  virtual absl::StatusOr<Step> Next(const storage::Snapshot& snapshot,
                                    const google::protobuf::Any& metadata,
                                    const std::string& cursor) = 0;

  // The operation is over: done, failed, cancelled or removed. No step of it is under way.
  virtual void Ended() {}
};

// Runs operations, those of one lane one after the other, in the order they were asked for, each
// lane with a thread of its own: a scrub of hours keeps no purge waiting. What it does of an
// operation and how far it has come is one commit each: an operation that a crash or a stop cut
// short goes on where it was, and one that is cancelled keeps what is done. A full disk or a busy
// store makes it wait.
//
// It follows the store from its construction: an operation that any commit creates is begun, and
// one that is cancelled or removed wakes those who wait, before the commit is acknowledged. Of its
// own steps it tells when their work is over.
//
// Safe to call from any thread. Store and clocks must outlive it. The destructor stops
// after the commit under way and calls everybody who waits.
class OperationRunner {
 public:
  // How long a finished operation is kept.
  static constexpr int64_t kRetentionNanos = int64_t{30} * 24 * 3600 * kNanosPerSecond;

  // Operations are stamped by `clock`, which may jump; those that are done age by it and by
  // `ageing`, whichever says less.
  OperationRunner(storage::KvStore& store, const Clock& clock, const Clock& ageing);
  OperationRunner(storage::KvStore& store, const Clock& clock)
      : OperationRunner(store, clock, clock) {}
  ~OperationRunner();
  OperationRunner(const OperationRunner&) = delete;
  OperationRunner& operator=(const OperationRunner&) = delete;

  // Adds a kind of work. Before Start.
  void Add(std::unique_ptr<Work> work);

  // Starts the threads, which begin with the operations that are not done. Once.
  // Errors of Snapshot::Scan.
  absl::Status Start();

  // Calls `ready` once, when the operation `name` is done or gone, or when the runner
  // stops; at once if that is so. Answers a number for StopWaiting.
  int64_t WhenDone(const std::string& name, std::function<void()> ready) CAIRN_EXCLUDES(mutex_);

  // Drops a wait; false if `ready` was called or is being called.
  bool StopWaiting(int64_t wait) CAIRN_EXCLUDES(mutex_);

  // Calls everybody who waits; later waits end at once. Before the front stops.
  void ReleaseWaits() CAIRN_EXCLUDES(mutex_);

  // Removes operations that were done for longer than kRetentionNanos: what the
  // background does now and then, and for tests.
  absl::Status RemoveOld();

 private:
  struct Wait {
    int64_t number = 0;
    std::string name;
    std::function<void()> ready;
  };

  // The operations of some kinds that wait for their turn, and who works on them.
  struct Lane {
    std::deque<std::string> queue;  // guarded by mutex_
    std::thread thread;             // set by Start only
  };

  // An operation was stored: it waits for its turn from now on. Quick.
  void Created(const std::string& name) CAIRN_EXCLUDES(mutex_);
  // An operation may be done or gone: if so, calls those who wait for it. Quick.
  void Changed(const std::string& name) CAIRN_EXCLUDES(mutex_);
  void Loop(Lane& lane) CAIRN_EXCLUDES(mutex_);
  std::optional<std::string> NextName(Lane& lane) CAIRN_EXCLUDES(mutex_);
  Lane& LaneOf(const Operation& operation);
  void RemoveOldNowAndThen() CAIRN_EXCLUDES(mutex_);
  Work* WorkOf(const std::string& name) const;
  bool RunOne(const std::string& name);
  absl::StatusOr<bool> Advance(const std::string& name, std::string& cursor);
  absl::Status Finish(StoredOperation stored, const absl::Status& error);
  bool closing() CAIRN_EXCLUDES(mutex_);
  bool Pause() CAIRN_EXCLUDES(mutex_);

  storage::KvStore& store_;
  const Clock& clock_;
  const Clock& ageing_;
  std::map<std::string, std::unique_ptr<Work>> works_;  // by metadata type
  // By Work::lane. That of the empty name is for kinds that nobody knows, and removes old ones.
  // Not changed once started.
  std::map<std::string, Lane> lanes_;
  int64_t removed_old_nanos_ = 0;  // when; of that lane's thread only
  Mutex mutex_;
  CondVar wake_;
  bool closing_ CAIRN_GUARDED_BY(mutex_) = false;
  bool released_ CAIRN_GUARDED_BY(mutex_) = false;
  int64_t last_wait_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::vector<Wait> waits_ CAIRN_GUARDED_BY(mutex_);
  int64_t listener_ = 0;  // with the store
};

}  // namespace cairn::operations

#endif  // CAIRN_SERVER_OPERATIONS_OPERATION_RUNNER_H_

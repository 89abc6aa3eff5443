#ifndef CAIRN_SERVER_STORAGE_MUTATION_H_
#define CAIRN_SERVER_STORAGE_MUTATION_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "lib/base/clock.h"
#include "lib/base/thread_pool.h"
#include "server/storage/kv_store.h"

namespace cairn::storage {

// Who asks for a mutation and under which id it may be repeated.
struct RequestContext {
  std::string principal;   // "anonymous" without authentication
  std::string method;      // full method name, "cairn.v1.TrackingService/CreateRun"
  std::string request_id;  // UUID4, or empty when the client gave none
  // The plan is made and answered, and nothing is written or kept under the id.
  bool validate_only = false;
  // Who is told to have done it.
  std::string author = "local";
};

// What a use case wants done, decided at one snapshot. Made by MakePlan and AnswerOnly
// (typed_record.h).
struct Plan {
  WriteSet write_set;
  // The answer, lacking only what the commit's revision determines.
  std::unique_ptr<google::protobuf::Message> response;
  // True when nothing needs to be written: the response is the answer as it is.
  bool nothing_to_write = false;
};

// Decides at `snapshot`; pure but for reading. May be called again when another
// commit came between, so it must not keep state from an earlier call.
using Planner = std::function<absl::StatusOr<Plan>(const Snapshot& snapshot)>;

// Fills in what depends on the revision (etags). Called with the commit's
// revision for new answers and for answers repeated to a duplicate request.
using Stamper = std::function<void(Revision revision, google::protobuf::Message& response)>;

// The answer, stamped, or the error.
using MutationCallback =
    std::function<void(absl::StatusOr<std::unique_ptr<google::protobuf::Message>>)>;

// Runs every mutation of the server: snapshot, plan, guarded commit.
//
// A plan whose preconditions another commit broke is made anew from a fresh
// snapshot, up to kMaxAttempts times; then ABORTED (COMMIT_CONFLICT) names the resource. With a
// request id the answer is kept in the same commit, or in one of its own when nothing
// else is to be written, and a repetition gets the first answer; the same id with
// another request is INVALID_ARGUMENT (REQUEST_ID_REUSED).
//
// Safe to call from any thread. The store, clock and pool must outlive it.
class Mutator {
 public:
  static constexpr int kMaxAttempts = 64;
  // How long the answer to a request id is kept.
  static constexpr int64_t kRetentionNanos = 24 * 3600 * kNanosPerSecond;

  Mutator(KvStore& store, const Clock& clock, ThreadPool& pool)
      : store_(store), clock_(clock), pool_(pool) {}

  // Plans on the calling thread; calls `done` exactly once, there (on an error
  // or when nothing is to be written or kept), on the committer's thread or the pool's.
  // `request` is hashed for the idempotency check and not kept.
  void Run(RequestContext context, const google::protobuf::Message& request, Planner plan,
           Stamper stamp, MutationCallback done);

 private:
  struct Attempt;
  void TryOnce(std::shared_ptr<Attempt> attempt);
  void OnCommitted(std::shared_ptr<Attempt> attempt, CommitResult result);

  KvStore& store_;
  const Clock& clock_;
  ThreadPool& pool_;
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_MUTATION_H_

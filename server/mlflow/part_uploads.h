#ifndef CAIRN_SERVER_MLFLOW_PART_UPLOADS_H_
#define CAIRN_SERVER_MLFLOW_PART_UPLOADS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "lib/base/mutex.h"
#include "lib/base/shared_budget.h"
#include "server/mlflow/artifact_path.h"
#include "server/service/caller.h"

namespace cairn::mlflow {

// A part that came: what it holds, and the blobs that it was stored as, in order.
struct ReceivedPart {
  Digest digest;
  std::vector<Digest> chunks;
};

// A part as who completes an upload names it.
struct NamedPart {
  int64_t number = 0;
  std::string etag;  // as it was given, with or without quotes
};

// How an upload is begun. Plain values.
struct PartUploadStart {
  std::string id;  // unguessable
  ArtifactPlace place;
  service::Caller caller;  // who began it; only he ends it
  std::string holder;      // who pays for its memory
  int64_t num_parts = 0;
  int64_t expire_unix_seconds = 0;
};

// One file that comes in parts, in any order and several at a time, until it is completed, aborted
// or over. It knows of each part the digest and those of its chunks; the bytes are blobs, which a
// collection takes if no file ever names them. Shared by the calls of the upload; thread-safe.
class PartUpload {
 public:
  PartUpload(PartUploadStart start, SharedBudget& budget);

  const PartUploadStart& start() const { return start_; }

  // Keeps a part; one that came before under this number gives way. REQUIRES: 1 <= number <= parts.
  //   RESOURCE_DOES_NOT_EXIST  the upload was aborted meanwhile
  //   INVALID_PARAMETER_VALUE  it is completed, or the file would have more than a blob may
  //   RESOURCE_EXHAUSTED       there is no memory for more lists of chunks now
  absl::Status Put(int64_t number, ReceivedPart part) CAIRN_EXCLUDES(mutex_);

  // Checks that every part is named once, came, and has the etag: then the chunks of the file, and
  // nobody else completes it until EndCompletion. Nullopt: it is completed already, of these parts.
  //   INVALID_PARAMETER_VALUE  names the field, the part and the rule
  //   RESOURCE_EXHAUSTED       another call is completing it
  //   RESOURCE_DOES_NOT_EXIST  it was aborted
  absl::StatusOr<std::optional<std::vector<Digest>>> BeginCompletion(std::vector<NamedPart> named)
      CAIRN_EXCLUDES(mutex_);
  // Whether the file stands now. If not, parts may be sent and the upload completed again.
  void EndCompletion(bool completed) CAIRN_EXCLUDES(mutex_);

  // Takes no more parts and forgets those that came; one that is being completed is not named any
  // more if it was not yet.
  void Abort() CAIRN_EXCLUDES(mutex_);
  bool aborted() const CAIRN_EXCLUDES(mutex_);

 private:
  enum class State : uint8_t { kOpen, kCompleting, kCompleted, kAborted };

  absl::Status CheckNamed(const std::vector<NamedPart>& named) const CAIRN_REQUIRES(mutex_);
  static std::string FingerprintOf(const std::vector<NamedPart>& named);
  void Forget() CAIRN_REQUIRES(mutex_);

  const PartUploadStart start_;
  SharedBudget& budget_;
  mutable Mutex mutex_;
  State state_ CAIRN_GUARDED_BY(mutex_) = State::kOpen;
  std::map<int64_t, ReceivedPart> parts_ CAIRN_GUARDED_BY(mutex_);
  size_t chunks_ CAIRN_GUARDED_BY(mutex_) = 0;
  SharedCharge charge_ CAIRN_GUARDED_BY(mutex_);
  std::string completed_of_ CAIRN_GUARDED_BY(mutex_);  // the parts, once it is completed
};

// The uploads that are under way, in memory only: a restart ends them all. Bounded: so many at a
// time, half of them by one caller, and so much memory for what came. Thread-safe.
class PartUploads {
 public:
  static constexpr int64_t kMostParts = 10'000;
  static constexpr size_t kMostOpen = 1'000;
  static constexpr size_t kMostCompleted = 1'000;  // that are remembered, for who asks twice

  // RESOURCE_EXHAUSTED: there are too many, of all or of this caller.
  absl::StatusOr<std::shared_ptr<PartUpload>> Open(PartUploadStart start, int64_t now_unix_seconds)
      CAIRN_EXCLUDES(mutex_);

  // One that was neither aborted nor is over; those that are over go. Null: there is none.
  std::shared_ptr<PartUpload> Find(const std::string& id, int64_t now_unix_seconds)
      CAIRN_EXCLUDES(mutex_);

  // Aborts it and lets it go; nothing for one that is not there.
  void Abort(const std::string& id) CAIRN_EXCLUDES(mutex_);

  // It counts no more as one that is under way, and is found for a while.
  void Completed(const std::string& id) CAIRN_EXCLUDES(mutex_);

  // Lets those go that are over; how many are under way still.
  size_t Sweep(int64_t now_unix_seconds) CAIRN_EXCLUDES(mutex_);

 private:
  using Uploads = std::map<std::string, std::shared_ptr<PartUpload>>;

  size_t SweepLocked(int64_t now_unix_seconds) CAIRN_REQUIRES(mutex_);

  SharedBudget memory_{int64_t{32} << 20, int64_t{16} << 20};
  Mutex mutex_;
  Uploads open_ CAIRN_GUARDED_BY(mutex_);
  Uploads completed_ CAIRN_GUARDED_BY(mutex_);
  std::deque<std::string> oldest_completed_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_PART_UPLOADS_H_

#ifndef CAIRN_SERVER_TRACKING_RUN_LEASES_H_
#define CAIRN_SERVER_TRACKING_RUN_LEASES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "lib/base/mutex.h"

namespace cairn::tracking {

// A run that was silent for longer than its lease.
struct SilentRun {
  std::string run_id;
  int64_t heard_nanos = 0;  // when it was heard of last
};

// When each running run was last heard of: in memory only, so that a sign of life
// costs no write.
//
// Times are nanoseconds of one clock that never jumps; the caller reads it. A run that
// is silent for too long is handed out once by TakeSilent and is then "expiring" until
// the caller says how it ended, with Forget or Keep. Whoever hears of it meanwhile is
// told so and has to settle with the caller who wins.
//
// Safe to call from any thread. Hearing of a run is a look-up under a lock. Takes about
// 200 bytes a run; TakeSilent looks only at runs whose lease may be over.
class RunLeases {
 public:
  // A lease begins: the run is heard of now and may be silent for `lease_nanos` (above
  // 0). Replaces what was known of the run.
  void Begin(std::string_view run_id, int64_t lease_nanos, int64_t now_nanos)
      CAIRN_EXCLUDES(mutex_);

  // The run is alive. True if it is expiring. Nothing happens for one without a lease.
  bool Renew(std::string_view run_id, int64_t now_nanos) CAIRN_EXCLUDES(mutex_);

  // There is no lease any more. Does nothing if there is none.
  void Forget(std::string_view run_id) CAIRN_EXCLUDES(mutex_);

  // Every run that has been silent for its lease, up to `limit`; they are expiring now.
  std::vector<SilentRun> TakeSilent(int64_t now_nanos, size_t limit) CAIRN_EXCLUDES(mutex_);

  // When the run was heard of last; nullopt without a lease.
  std::optional<int64_t> HeardAt(std::string_view run_id) const CAIRN_EXCLUDES(mutex_);

  // An expiring run goes on; it is judged again when its lease is over, but not before
  // `not_before_nanos`.
  void Keep(std::string_view run_id, int64_t not_before_nanos) CAIRN_EXCLUDES(mutex_);

  // When TakeSilent may have something at the earliest; nullopt for never. It may have
  // nothing then: hearing of a run does not move its place.
  std::optional<int64_t> NextDue() const CAIRN_EXCLUDES(mutex_);

  size_t size() const CAIRN_EXCLUDES(mutex_);

 private:
  // In nanoseconds of the caller's clock.
  struct Lease {
    int64_t lease_nanos = 0;
    int64_t heard_nanos = 0;
    int64_t due_nanos = 0;  // its place in due_
    bool expiring = false;  // then it has no place there
  };

  // Looks up without making a std::string of the id.
  struct IdHash {
    using is_transparent = void;
    size_t operator()(std::string_view id) const { return std::hash<std::string_view>()(id); }
  };

  mutable Mutex mutex_;
  std::unordered_map<std::string, Lease, IdHash, std::equal_to<>> leases_ CAIRN_GUARDED_BY(mutex_);
  // A run is judged at its place here, which is moved then and not when it is heard of.
  std::set<std::pair<int64_t, std::string>> due_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_LEASES_H_

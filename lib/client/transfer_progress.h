#ifndef CAIRN_LIB_CLIENT_TRANSFER_PROGRESS_H_
#define CAIRN_LIB_CLIENT_TRANSFER_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "lib/base/mutex.h"

namespace cairn::client {

// How far a transfer of files is. At its end the bytes that were transferred, skipped,
// deduplicated and cached make up the total. Value type.
struct TransferProgress {
  int64_t total_bytes = 0;
  int64_t total_files = 0;
  int64_t done_files = 0;          // stored on the server, or in their places
  int64_t examined_bytes = 0;      // of an upload: read and hashed so far
  int64_t transferred_bytes = 0;   // sent or received by this transfer
  int64_t skipped_bytes = 0;       // whole files that were there already or appear twice, and
                                   // what an interrupted transfer had left of a file
  int64_t deduplicated_bytes = 0;  // chunks of new files that the server had already
  int64_t cached_bytes = 0;        // of a download: taken from the local cache

  int64_t done_bytes() const {
    return transferred_bytes + skipped_bytes + deduplicated_bytes + cached_bytes;
  }
  // What need not travel, from 0 to 1.
  double saved_share() const {
    const int64_t done = done_bytes();
    return done == 0 ? 0
                     : static_cast<double>(done - transferred_bytes) / static_cast<double>(done);
  }
};

// Hears how far a transfer is: after each part, from whichever thread carried it, but from
// one at a time. Should return quickly, for the transfer waits meanwhile.
using ProgressCallback = std::function<void(const TransferProgress&)>;

// The counts of one transfer that several threads carry. Internal to lib/client.
//
// Safe to call from any thread.
class ProgressMeter {
 public:
  // `callback` may be empty.
  explicit ProgressMeter(ProgressCallback callback) : callback_(std::move(callback)) {}

  // Begins a new transfer of so much.
  void Begin(int64_t files, int64_t bytes) CAIRN_EXCLUDES(mutex_);

  // Adds every count of `change`, which may be negative, and tells the callback.
  void Add(const TransferProgress& change) CAIRN_EXCLUDES(mutex_);

 private:
  const ProgressCallback callback_;
  Mutex mutex_;
  TransferProgress progress_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_TRANSFER_PROGRESS_H_

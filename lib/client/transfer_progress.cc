#include "lib/client/transfer_progress.h"

namespace cairn::client {

void ProgressMeter::Begin(int64_t files, int64_t bytes) {
  MutexLock lock(&mutex_);
  progress_ = {};
  progress_.total_files = files;
  progress_.total_bytes = bytes;
}

void ProgressMeter::Add(const TransferProgress& change) {
  MutexLock lock(&mutex_);
  progress_.total_bytes += change.total_bytes;
  progress_.total_files += change.total_files;
  progress_.done_files += change.done_files;
  progress_.examined_bytes += change.examined_bytes;
  progress_.transferred_bytes += change.transferred_bytes;
  progress_.skipped_bytes += change.skipped_bytes;
  progress_.deduplicated_bytes += change.deduplicated_bytes;
  progress_.cached_bytes += change.cached_bytes;
  if (callback_) callback_(progress_);
}

}  // namespace cairn::client

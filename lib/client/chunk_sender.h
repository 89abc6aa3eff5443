#ifndef CAIRN_LIB_CLIENT_CHUNK_SENDER_H_
#define CAIRN_LIB_CLIENT_CHUNK_SENDER_H_

#include <cstdint>
#include <deque>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "lib/base/digest.h"
#include "lib/base/mutex.h"
#include "lib/client/artifact_client.h"
#include "lib/client/transfer_progress.h"
#include "lib/client/upload_source.h"

namespace cairn::client {

// A chunk of a blob, and where it begins there. Value type.
struct SourceChunk {
  int64_t offset = 0;
  Digest digest;
};

// Passes progress on to a meter and adds it up, to be able to take all of it back. Internal to
// lib/client. The meter outlives it; safe to use from any thread.
class ProgressTally {
 public:
  explicit ProgressTally(ProgressMeter& meter) : meter_(meter) {}
  ProgressTally(const ProgressTally&) = delete;
  ProgressTally& operator=(const ProgressTally&) = delete;

  void Add(const TransferProgress& change) CAIRN_EXCLUDES(mutex_);

  // Leaves the meter as it was before the first Add.
  void TakeBack() CAIRN_EXCLUDES(mutex_);

 private:
  ProgressMeter& meter_;
  Mutex mutex_;
  TransferProgress back_ CAIRN_GUARDED_BY(mutex_);
};

// Sends chunks of a large blob in batches with a bounded number of calls under way. Internal
// to lib/client.
//
// What waits is a list of places only: the bytes are read when their call is made, so that in
// memory there is a batch of about kChunkBatchBytes for each call and nothing else.
//
// What the constructor gets outlives the object. Put and Finish are for one thread; the object
// makes threads of its own.
class ChunkSender {
 public:
  ChunkSender(ArtifactClient& artifacts, const UploadSource& source, int calls_in_flight,
              ProgressTally& tally);
  // Makes no further call, and waits for those under way.
  ~ChunkSender();
  ChunkSender(const ChunkSender&) = delete;
  ChunkSender& operator=(const ChunkSender&) = delete;

  // Adds chunks that are to be sent; waits while too many are. False when a call failed and
  // there is no use in going on: Finish says why.
  bool Put(const std::vector<SourceChunk>& chunks) CAIRN_EXCLUDES(mutex_);

  // Waits for all calls and returns the first error, `surveyed` or one of theirs; after an
  // error no further call is made. No Put follows.
  //
  // INVALID_ARGUMENT (DIGEST_MISMATCH): what was read differs from what the digest was made
  // of; the server compares.
  absl::Status Finish(absl::Status surveyed) CAIRN_EXCLUDES(mutex_);

 private:
  void Work() CAIRN_EXCLUDES(mutex_);
  // Waits for enough chunks for a call, or the last; empty when there is nothing more to do.
  std::vector<SourceChunk> TakeBatch() CAIRN_EXCLUDES(mutex_);
  absl::Status Send(const std::vector<SourceChunk>& batch);

  ArtifactClient& artifacts_;
  const UploadSource& source_;
  ProgressTally& tally_;
  std::vector<std::thread> threads_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<SourceChunk> queue_ CAIRN_GUARDED_BY(mutex_);
  int64_t queued_bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
  bool complete_ CAIRN_GUARDED_BY(mutex_) = false;  // no Put follows
  absl::Status status_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_CHUNK_SENDER_H_

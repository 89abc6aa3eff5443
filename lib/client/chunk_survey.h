#ifndef CAIRN_LIB_CLIENT_CHUNK_SURVEY_H_
#define CAIRN_LIB_CLIENT_CHUNK_SURVEY_H_

#include <cstdint>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "lib/base/mutex.h"
#include "lib/chunking/chunker.h"
#include "lib/client/artifact_client.h"
#include "lib/client/chunk_sender.h"
#include "lib/client/upload_source.h"

namespace cairn::client {

// Finds out, on a thread of its own, which chunks a large blob has, and which of them the
// server lacks. Internal to lib/client.
//
// It cuts and hashes from the beginning; the server is asked nothing, and nothing is sent,
// before Finish says to whom what is missing goes. So the survey can begin while it is not
// known yet whether the server has the blob as a whole.
//
// In memory are a read buffer of 256 KiB and the digests of the chunks. What the constructor
// gets outlives the object; its members are for one thread.
class ChunkSurvey {
 public:
  // Begins. `max_chunks` is how many a blob may have.
  ChunkSurvey(ArtifactClient& artifacts, const UploadSource& source,
              const chunking::ChunkerParams& params, int64_t max_chunks);
  // Breaks off.
  ~ChunkSurvey();
  ChunkSurvey(const ChunkSurvey&) = delete;
  ChunkSurvey& operator=(const ChunkSurvey&) = delete;

  // Gives `sender` what is missing, in order, and tells `tally` what is there already; waits
  // for the end of the survey.
  //
  // - OUT_OF_RANGE (TOO_LARGE): the blob has more chunks than it may; how many were sent does
  //   not matter, for they are stored as blobs of their own.
  // - errors of the source and of FindMissingBlobs
  // - OK also when the sender broke off: it knows why.
  absl::Status Finish(ChunkSender& sender, ProgressTally& tally);

  // All chunks in order. REQUIRES: Finish was OK.
  const std::vector<Digest>& chunks() const { return chunks_; }

 private:
  // Whom what is missing goes to.
  struct Outlet {
    ChunkSender* sender = nullptr;
    ProgressTally* tally = nullptr;
  };

  absl::Status Run(const UploadSource& source, const chunking::ChunkerParams& params);
  void Cut(std::string_view bytes, chunking::Chunker& chunker);
  void EndChunk();
  absl::Status CheckCount() const;
  // What Finish said, waiting for it or not; without a sender when it has not yet, or the
  // survey is to break off.
  Outlet outlet() CAIRN_EXCLUDES(mutex_);
  Outlet WaitForOutlet() CAIRN_EXCLUDES(mutex_);
  bool breaks_off() CAIRN_EXCLUDES(mutex_);
  // Asks for all chunks that were not asked for yet, or in full questions only; false when
  // there is no use in going on.
  absl::StatusOr<bool> AskAndPut(const Outlet& outlet, size_t at_least);
  absl::StatusOr<bool> AskAndPutSome(const Outlet& outlet);
  void ReportPresent(const Outlet& outlet);

  ArtifactClient& artifacts_;
  const int64_t max_chunks_;
  // These belong to the thread until it has ended.
  Sha256Hasher hasher_;  // of the chunk that is being read
  int64_t offset_ = 0;   // where that begins
  std::vector<Digest> chunks_;
  std::set<Digest> seen_;
  std::vector<SourceChunk> fresh_;  // not asked for yet
  int64_t present_bytes_ = 0;       // there already, and not told yet
  absl::Status status_;

  Mutex mutex_;
  CondVar changed_;
  Outlet outlet_ CAIRN_GUARDED_BY(mutex_);
  bool breaks_off_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_CHUNK_SURVEY_H_

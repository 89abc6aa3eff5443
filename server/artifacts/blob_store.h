#ifndef CAIRN_SERVER_ARTIFACTS_BLOB_STORE_H_
#define CAIRN_SERVER_ARTIFACTS_BLOB_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/base/digest.h"
#include "server/operations/operation_runner.h"
#include "server/storage/key.h"
#include "server/storage/write_set.h"

namespace cairn::artifacts {

// Blobs below this size are kept in the key-value store itself and commit with
// its group commit; larger ones go to packs and never through the log.
inline constexpr int64_t kInlineLimitBytes = 64 << 10;

// The largest blob a server takes if it is not told otherwise; what GetServerInfo says.
inline constexpr int64_t kMaxBlobBytes = int64_t{64} << 30;

// A blob that arrived whole, with the digest its sender claims for it.
struct WholeBlob {
  Digest digest;
  std::string_view bytes;
};

// The record of an inline blob, to be put into a store where it is not there yet: what
// tests and tools fill a store with, without a BlobStore.
//   INVALID_ARGUMENT (DIGEST_MISMATCH)  the bytes have another digest or size
//   INVALID_ARGUMENT (BLOB_TOO_LARGE)   kInlineLimitBytes or more
absl::StatusOr<storage::Put> InlineBlobPut(const WholeBlob& blob);

// Where an upload stands.
struct UploadStatus {
  int64_t committed_size_bytes = 0;  // durable; never decreases
  bool complete = false;             // the blob is stored
};

// Takes the bytes of one blob in order. One stream uses it at a time: not
// thread-safe; must not outlive the BlobStore. Destroying it makes what was written durable, so
// that the upload can be resumed there, unless Finish was called.
class BlobUpload {
 public:
  virtual ~BlobUpload() = default;

  // Bytes that need not be sent again: where the next Write begins.
  virtual int64_t offset() const = 0;

  // True when the blob is there in full, perhaps by somebody else's upload: stop
  // sending, and answer with the full size.
  virtual bool complete() const = 0;

  // Appends `bytes` at `offset`. Every 8 MiB become durable.
  //   INVALID_ARGUMENT (UPLOAD_OFFSET_MISMATCH)  `offset` is not offset()
  //   INVALID_ARGUMENT (DIGEST_MISMATCH)         more bytes than the digest says
  //   ABORTED (UPLOAD_OFFSET_MISMATCH)           another stream took the upload over
  //   RESOURCE_EXHAUSTED (DISK_FULL), INTERNAL (FILE_ERROR)
  // After an error of files the stream has lost the upload; another one goes on with it, from
  // what is durable for certain.
  virtual absl::Status Write(int64_t offset, std::string_view bytes) = 0;

  // Makes what was written durable and answers how much that is: the upload resumes there at
  // least, and QueryUpload never says less again. Of a blob that is kept in its entry nothing
  // is durable before Finish. Errors of Write and of KvStore::Commit.
  virtual absl::StatusOr<int64_t> Flush() = 0;

  // Checks size and SHA-256, makes the bytes durable and then the entry that
  // names them. OK also when another upload stored the same blob first.
  //   INVALID_ARGUMENT (DIGEST_MISMATCH)  the upload is discarded
  //   errors of Write and of KvStore::Commit; the upload may be resumed
  virtual absl::Status Finish() = 0;
};

// Hears the bytes of a blob piece by piece; an error stops the reading and is
// returned as it is. The bytes are valid only during the call.
using BlobSink = std::function<absl::Status(std::string_view bytes)>;

// Reads ranges of one blob; what is read one after the other is not looked up again. Not
// thread-safe; must not outlive the BlobStore.
class BlobReader {
 public:
  virtual ~BlobReader() = default;

  // Gives `length` bytes from `offset` to `sink`, in pieces of at most 256 KiB, each checked
  // before it is handed over. The range lies within the blob.
  //   DATA_LOSS (BLOB_CORRUPT)  the stored bytes are damaged
  virtual absl::Status Read(int64_t offset, int64_t length, const BlobSink& sink) = 0;

  // Lets go of bytes that are kept in case the next Read begins where this one ended.
  virtual void Forget() {}

  // What the reader holds in memory after Forget, about.
  virtual int64_t HeldBytes() const { return 0; }
};

// Content-addressed bytes.
//
// A blob is there or not: it appears when its upload finishes and its bytes are never
// changed. The empty blob is always there. A blob that nothing refers to is collected
// (NewCollectionWork) when its lease is over: it is taken with every answer that the
// blob is there, and by storing it. A blob that is condemned by a collection or in
// quarantine (NewScrubWork) is not there for whoever asks, and storing it again replaces
// it; reading it still gives those bytes that are right.
//
// Whoever refers to blobs uses records::RequireBlobs for the commit that does.
//
// Safe to call from any thread. Every method but the constructor blocks on files
// or on commits: call from a pool, never from a gRPC reaction or a CommitCallback.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Those of `digests` that are not there, in their order; the others are leased. The
  // right hash with the wrong size is not there.
  virtual absl::StatusOr<std::vector<Digest>> FindMissing(
      const std::vector<Digest>& digests) const = 0;

  // NOT_FOUND (BLOB_NOT_FOUND) naming the first of `digests` that is not there.
  absl::Status CheckPresent(const std::vector<Digest>& digests) const;

  // Stores blobs with one sync and one commit, those that are there already not again.
  // Answers what became of each, in their order:
  //   INVALID_ARGUMENT (DIGEST_MISMATCH)  the bytes have another digest or size
  //   errors of files and commits, the same for all that have the right digest
  virtual std::vector<absl::Status> PutBatch(const std::vector<WholeBlob>& blobs) = 0;

  // Stores `digest` as the concatenation of `chunks`, after reading them and checking that
  // this is what they are. Nothing happens when it is there already.
  //   NOT_FOUND (BLOB_NOT_FOUND)          a chunk is not there, or was just found damaged, which
  //                                       makes it missing: send it again
  //   INVALID_ARGUMENT (VALUE_INVALID)    a chunk is itself put together of others
  //   INVALID_ARGUMENT (DIGEST_MISMATCH)  the chunks are another blob
  virtual absl::Status Splice(const Digest& digest, const std::vector<Digest>& chunks) = 0;

  // What the blob is put together of, in order; the blob itself if it is stored in one piece.
  //   NOT_FOUND (BLOB_NOT_FOUND), DATA_LOSS (BLOB_CORRUPT)
  virtual absl::StatusOr<std::vector<Digest>> Split(const Digest& digest) const = 0;

  // Begins or resumes the upload `uuid` of the blob `digest`. A stream that still
  // holds the same upload loses it.
  //   INVALID_ARGUMENT (BLOB_TOO_LARGE)
  //   INVALID_ARGUMENT (DIGEST_MISMATCH)  the uuid was used for another blob
  //   RESOURCE_EXHAUSTED (QUEUE_FULL)     too many uploads are open
  virtual absl::StatusOr<std::unique_ptr<BlobUpload>> OpenUpload(std::string_view uuid,
                                                                 const Digest& digest) = 0;

  // NOT_FOUND (UPLOAD_NOT_FOUND) for an upload nobody began, unless the blob is there.
  virtual absl::StatusOr<UploadStatus> QueryUpload(std::string_view uuid,
                                                   const Digest& digest) const = 0;

  //   NOT_FOUND (BLOB_NOT_FOUND), DATA_LOSS (BLOB_CORRUPT)
  virtual absl::StatusOr<std::unique_ptr<BlobReader>> OpenReader(const Digest& digest) const = 0;

  // The works of CollectGarbage and of ScrubBlobs, one of each for the store's operations.
  // They stop before the store does.
  virtual std::unique_ptr<operations::Work> NewCollectionWork() = 0;
  virtual std::unique_ptr<operations::Work> NewScrubWork() = 0;

  // How much room blobs take: of the resource `name`, or of the whole server for an empty
  // one. Errors of ArtifactService.GetBlobUsage.
  virtual absl::StatusOr<cairn::v1::BlobUsage> Usage(const std::string& name) const = 0;

  // Gives `limit` bytes from `offset` to `sink` (0: all that follow) as BlobReader does; a read
  // of the whole blob also checks its SHA-256. Errors of OpenReader and BlobReader, and
  //   OUT_OF_RANGE (VALUE_INVALID)  the offset is negative or behind the end, or
  //                                 the limit is negative
  absl::Status Read(const Digest& digest, int64_t offset, int64_t limit,
                    const BlobSink& sink) const;

  // The whole blob in one string. Errors of Read, and OUT_OF_RANGE (TOO_LARGE)
  // when it is larger than `max_bytes`.
  absl::StatusOr<std::string> ReadAll(const Digest& digest, int64_t max_bytes) const;
};

// The key whose presence means that the blob is there.
storage::Key BlobKey(const Digest& digest);

}  // namespace cairn::artifacts

#endif  // CAIRN_SERVER_ARTIFACTS_BLOB_STORE_H_

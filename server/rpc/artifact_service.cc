#include <algorithm>
#include <atomic>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "fmt/format.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_operations.h"
#include "server/artifacts/run_artifacts.h"
#include "server/core/limits.h"
#include "server/operations/operation_runner.h"
#include "server/rpc/large_request.h"
#include "server/rpc/parsed_service.h"
#include "server/rpc/services.h"
#include "server/rpc/streams.h"
#include "server/tracking/run_lease_keeper.h"

namespace cairn::rpc {
namespace {

using artifacts::BlobStore;
using cairn::v1::BlobDigest;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using storage::Snapshot;

constexpr int kMaxDigestsPerCall = limits::kDigestsPerCall;

absl::StatusOr<Digest> ToDigest(const BlobDigest& digest) {
  return ParseDigest(digest.sha256(), digest.size_bytes());
}

BlobDigest ToWire(const Digest& digest) {
  BlobDigest wire;
  wire.set_sha256(digest.Hex());
  wire.set_size_bytes(digest.size_bytes);
  return wire;
}

absl::Status CheckCount(std::string_view field, int count) {
  if (count <= kMaxDigestsPerCall) return absl::OkStatus();
  return InvalidField(ErrorReason::TOO_LARGE, field, std::to_string(count),
                      fmt::format("must have at most {} entries", kMaxDigestsPerCall));
}

absl::Status CheckBatchBytes(std::string_view field, int64_t bytes) {
  if (bytes <= kMaxBatchBytes) return absl::OkStatus();
  return InvalidField(ErrorReason::TOO_LARGE, field, std::to_string(bytes),
                      fmt::format("must hold at most {} bytes in all", kMaxBatchBytes));
}

struct UploadName {
  std::string uuid;
  Digest digest;
};

absl::StatusOr<UploadName> ParseUploadName(std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids, ParseResourceName("resource_name", name, "uploads/*/blobs/*/*"));
  int64_t size = -1;
  const auto [end, error] = std::from_chars(ids[2].data(), ids[2].data() + ids[2].size(), size);
  if (!IsUuid4(ids[0]) || error != std::errc() || end != ids[2].data() + ids[2].size()) {
    return InvalidField(ErrorReason::NAME_INVALID, "resource_name", name,
                        "must be uploads/{uuid4}/blobs/{sha256}/{size_bytes}")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const Digest digest, ParseDigest(ids[1], size));
  return UploadName{ids[0], digest};
}

absl::StatusOr<cairn::v1::FindMissingBlobsResponse> FindMissing(
    const BlobStore& blobs, const cairn::v1::FindMissingBlobsRequest& request) {
  CAIRN_RETURN_IF_ERROR(CheckCount("digests", request.digests_size()));
  std::vector<Digest> digests;
  for (const BlobDigest& digest : request.digests()) {
    CAIRN_ASSIGN_OR_RETURN(digests.emplace_back(), ToDigest(digest));
  }
  CAIRN_ASSIGN_OR_RETURN(const auto missing, blobs.FindMissing(digests));
  cairn::v1::FindMissingBlobsResponse response;
  for (const Digest& digest : missing) *response.add_missing() = ToWire(digest);
  return response;
}

// Stores each entry on its own terms; each answer says what became of its entry.
absl::StatusOr<cairn::v1::BatchUpdateBlobsResponse> BatchUpdate(
    BlobStore& blobs, const cairn::v1::BatchUpdateBlobsRequest& request) {
  CAIRN_RETURN_IF_ERROR(CheckCount("entries", request.entries_size()));
  int64_t bytes = 0;
  for (const auto& entry : request.entries()) bytes += static_cast<int64_t>(entry.data().size());
  CAIRN_RETURN_IF_ERROR(CheckBatchBytes("entries", bytes));

  std::vector<absl::Status> outcomes(static_cast<size_t>(request.entries_size()));
  std::vector<artifacts::WholeBlob> whole;
  std::vector<size_t> whole_entries;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const auto& entry = request.entries(static_cast<int>(i));
    const absl::StatusOr<Digest> digest = ToDigest(entry.digest());
    outcomes[i] = digest.status();
    if (!digest.ok()) continue;
    whole.push_back({*digest, entry.data()});
    whole_entries.push_back(i);
  }
  std::vector<absl::Status> stored = blobs.PutBatch(whole);
  for (size_t i = 0; i < stored.size(); ++i) outcomes[whole_entries[i]] = std::move(stored[i]);
  cairn::v1::BatchUpdateBlobsResponse response;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    auto* result = response.add_results();
    *result->mutable_digest() = request.entries(static_cast<int>(i)).digest();
    *result->mutable_status() = ToRpcStatus(outcomes[i]);
  }
  return response;
}

absl::StatusOr<cairn::v1::SplitBlobResponse> Split(const BlobStore& blobs,
                                                   const cairn::v1::SplitBlobRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const Digest digest, ToDigest(request.digest()));
  CAIRN_ASSIGN_OR_RETURN(const auto chunks, blobs.Split(digest));
  cairn::v1::SplitBlobResponse response;
  for (const Digest& chunk : chunks) *response.add_chunks() = ToWire(chunk);
  return response;
}

absl::StatusOr<cairn::v1::SpliceBlobResponse> Splice(BlobStore& blobs,
                                                     const cairn::v1::SpliceBlobRequest& request) {
  if (request.chunks_size() > kMaxChunks) {
    return InvalidField(ErrorReason::TOO_LARGE, "chunks", std::to_string(request.chunks_size()),
                        fmt::format("must have at most {} entries", kMaxChunks))
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const Digest digest, ToDigest(request.digest()));
  std::vector<Digest> chunks;
  for (const BlobDigest& chunk : request.chunks()) {
    CAIRN_ASSIGN_OR_RETURN(chunks.emplace_back(), ToDigest(chunk));
  }
  CAIRN_RETURN_IF_ERROR(blobs.Splice(digest, chunks));
  cairn::v1::SpliceBlobResponse response;
  *response.mutable_digest() = ToWire(digest);
  return response;
}

// Reads each on its own terms; a digest that is none takes no room.
absl::StatusOr<cairn::v1::BatchReadBlobsResponse> BatchRead(
    const BlobStore& blobs, const cairn::v1::BatchReadBlobsRequest& request) {
  CAIRN_RETURN_IF_ERROR(CheckCount("digests", request.digests_size()));
  int64_t bytes = 0;
  for (const BlobDigest& digest : request.digests()) {
    if (ToDigest(digest).ok()) bytes += std::min(digest.size_bytes(), kMaxBatchBytes + 1);
  }
  CAIRN_RETURN_IF_ERROR(CheckBatchBytes("digests", bytes));
  cairn::v1::BatchReadBlobsResponse response;
  for (const BlobDigest& wanted : request.digests()) {
    auto* result = response.add_results();
    *result->mutable_digest() = wanted;
    absl::StatusOr<std::string> data;
    const absl::StatusOr<Digest> digest = ToDigest(wanted);
    if (digest.ok()) {
      data = blobs.ReadAll(*digest, kMaxBatchBytes);
    } else {
      data = digest.status();
    }
    *result->mutable_status() = ToRpcStatus(data.status());
    if (data.ok()) result->set_data(*std::move(data));
  }
  return response;
}

class WriteStream final : public ClientStream<cairn::v1::WriteRequest, cairn::v1::WriteResponse> {
 public:
  WriteStream(Environment& env, BlobStore& blobs, cairn::v1::WriteResponse* response)
      : ClientStream(env, "cairn.v1.ArtifactService/Write", response), blobs_(blobs) {}

 private:
  absl::StatusOr<bool> Take(const cairn::v1::WriteRequest& request) override {
    if (upload_ == nullptr) {
      CAIRN_RETURN_IF_ERROR(Open(request));
    } else if (!request.resource_name().empty() && request.resource_name() != resource_name_) {
      return InvalidField(ErrorReason::NAME_INVALID, "resource_name", request.resource_name(),
                          "must be empty or that of the first message")
          .ToStatus();
    }
    // Somebody else stored the same bytes meanwhile: there is nothing to do.
    if (upload_->complete()) return AnswerComplete();
    CAIRN_RETURN_IF_ERROR(upload_->Write(request.write_offset(), request.data()));
    if (!request.finish_write()) return true;
    CAIRN_RETURN_IF_ERROR(upload_->Finish());
    return AnswerComplete();
  }

  // The client closed without finish_write: tell how far it came, durably.
  absl::Status Complete() override {
    if (upload_ == nullptr) {
      return InvalidField(ErrorReason::FIELD_REQUIRED, "resource_name", "", "is required");
    }
    CAIRN_ASSIGN_OR_RETURN(const int64_t committed, upload_->Flush());
    response().set_committed_size_bytes(committed);
    return absl::OkStatus();
  }

  // Makes durable what a broken call sent.
  void Release() override { upload_.reset(); }

  absl::Status Open(const cairn::v1::WriteRequest& request) {
    resource_name_ = request.resource_name();
    CAIRN_ASSIGN_OR_RETURN(const UploadName name, ParseUploadName(resource_name_));
    size_bytes_ = name.digest.size_bytes;
    CAIRN_ASSIGN_OR_RETURN(upload_, blobs_.OpenUpload(name.uuid, name.digest));
    return absl::OkStatus();
  }

  bool AnswerComplete() {
    response().set_committed_size_bytes(size_bytes_);
    return false;
  }

  BlobStore& blobs_;
  std::string resource_name_;
  int64_t size_bytes_ = 0;
  std::unique_ptr<artifacts::BlobUpload> upload_;
};

// What a message adds to the bytes of a blob.
constexpr int64_t kReadOverhead = 64;

// How many Reads there are. Up to so many keep the piece they are reading from; the others
// read it again for each part, so that a thousand slow clients do not hold one each.
constexpr int kReadsThatKeep = 64;

// A ReadResponse with room for `size` bytes of data, which are appended.
std::string BeginReadResponse(int64_t size) {
  std::string bytes;
  bytes.reserve(static_cast<size_t>(size + kReadOverhead));
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream out(&stream);
  using google::protobuf::internal::WireFormatLite;
  out.WriteTag(WireFormatLite::MakeTag(cairn::v1::ReadResponse::kDataFieldNumber,
                                       WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
  out.WriteVarint32(static_cast<uint32_t>(size));
  out.Trim();
  return bytes;
}

// Sends a blob one part at a time; each part is a read of its own, so that a slow client
// holds no more than one.
class ReadStream final : public ServerStream {
 public:
  ReadStream(Environment& env, CallbackServerContext* context, const BlobStore& blobs,
             const grpc::ByteBuffer* request, std::atomic<int>& reads)
      : ServerStream(env, "cairn.v1.ArtifactService/Read", context, Effort::kDisk),
        blobs_(blobs),
        bytes_(*request),
        reads_(reads),
        keeps_(reads.fetch_add(1) < kReadsThatKeep) {}
  ~ReadStream() override { reads_.fetch_sub(1); }

 private:
  absl::StatusOr<bool> Produce(grpc::ByteBuffer& part) override {
    if (!digest_.has_value()) CAIRN_RETURN_IF_ERROR(Begin());
    if (offset_ >= end_) return false;
    int64_t size = std::min(Replies::kPartBytes - kReadOverhead, end_ - offset_);
    if (offset_ + size < end_) size = std::min(PartBytes() - kReadOverhead, end_ - offset_);
    std::string message = BeginReadResponse(size);
    CAIRN_RETURN_IF_ERROR(reader_->Read(offset_, size, [&message](std::string_view bytes) {
      message.append(bytes);
      return absl::OkStatus();
    }));
    part = ToByteBuffer(std::move(message));
    offset_ += size;
    if (offset_ >= end_) {
      reader_.reset();
    } else if (!keeps_) {
      reader_->Forget();
    }
    return true;
  }

  int64_t HeldBytes() const override { return reader_ == nullptr ? 0 : reader_->HeldBytes(); }

  // Fixes the range; a read of nothing still checks that the blob is there.
  absl::Status Begin() {
    CAIRN_RETURN_IF_ERROR(ParseRequest(bytes_, request_));
    bytes_.Clear();
    CAIRN_ASSIGN_OR_RETURN(digest_, ToDigest(request_.digest()));
    offset_ = request_.read_offset();
    const int64_t limit = request_.read_limit();
    if (offset_ < 0 || offset_ > digest_->size_bytes || limit < 0) {
      const bool offset_bad = limit >= 0;
      return Error(absl::StatusCode::kOutOfRange, ErrorReason::VALUE_INVALID,
                   fmt::format("cannot read {} bytes from offset {} of a blob of {} bytes", limit,
                               offset_, digest_->size_bytes))
          .With("field", offset_bad ? "read_offset" : "read_limit")
          .With("readOffset", std::to_string(offset_))
          .With("readLimit", std::to_string(limit))
          .With("sizeBytes", std::to_string(digest_->size_bytes));
    }
    const int64_t rest = digest_->size_bytes - offset_;
    end_ = offset_ + (limit == 0 ? rest : std::min(limit, rest));
    CAIRN_ASSIGN_OR_RETURN(reader_, blobs_.OpenReader(*digest_));
    return absl::OkStatus();
  }

  const BlobStore& blobs_;
  grpc::ByteBuffer bytes_;  // of the request, until it is parsed
  std::atomic<int>& reads_;
  const bool keeps_;
  cairn::v1::ReadRequest request_;
  std::optional<Digest> digest_;
  std::unique_ptr<artifacts::BlobReader> reader_;
  int64_t offset_ = 0;
  int64_t end_ = 0;
};

// Parts of blobs are written as bytes at once.
using ArtifactBase = cairn::v1::ArtifactService::WithRawCallbackMethod_Read<
    cairn::v1::ArtifactService::CallbackService>;

using BlobBatch =
    LargeRequest<cairn::v1::BatchUpdateBlobsRequest, cairn::v1::BatchUpdateBlobsResponse>;

class ArtifactServiceImpl final : public ParsedService<cairn::v1::ArtifactService, ArtifactBase> {
 public:
  ArtifactServiceImpl(Environment& environment, BlobStore& blobs, core::ManifestLoader manifests)
      : env_(environment), blobs_(blobs), manifests_(std::move(manifests)) {
    Parsed(environment, this, &ArtifactServiceImpl::FindMissingBlobs,
           &ArtifactServiceImpl::BatchReadBlobs, &ArtifactServiceImpl::QueryWriteStatus,
           &ArtifactServiceImpl::SplitBlob, &ArtifactServiceImpl::SpliceBlob,
           &ArtifactServiceImpl::GetBlobUsage, &ArtifactServiceImpl::CollectGarbage,
           &ArtifactServiceImpl::ScrubBlobs, &ArtifactServiceImpl::DeleteArtifacts,
           &ArtifactServiceImpl::LogArtifacts, &ArtifactServiceImpl::ListArtifacts);
    ParsedStream<WriteStream::Handler, cairn::v1::WriteRequest>(
        [this](CallbackServerContext*, cairn::v1::WriteResponse* response) {
          auto stream = std::make_unique<WriteStream>(env_, blobs_, response);
          stream->Start();
          return stream.release();  // deletes itself when the call is done
        });
    ParsedStream<BlobBatch::Handler, cairn::v1::BatchUpdateBlobsRequest>(
        [this](CallbackServerContext* context, cairn::v1::BatchUpdateBlobsResponse* response) {
          auto call = std::make_unique<BlobBatch>(env_, "cairn.v1.ArtifactService/BatchUpdateBlobs",
                                                  context, response, update_);
          call->Start();
          return call.release();  // deletes itself when the call is done
        });
  }

  ServerUnaryReactor* FindMissingBlobs(CallbackServerContext* context,
                                       const cairn::v1::FindMissingBlobsRequest* request,
                                       cairn::v1::FindMissingBlobsResponse* response) override {
    return ServeRead(env_, "cairn.v1.ArtifactService/FindMissingBlobs", context, request, response,
                     Effort::kDisk,
                     [this](const Snapshot&, const cairn::v1::FindMissingBlobsRequest& asked) {
                       return FindMissing(blobs_, asked);
                     });
  }

  ServerUnaryReactor* BatchReadBlobs(CallbackServerContext* context,
                                     const cairn::v1::BatchReadBlobsRequest* request,
                                     cairn::v1::BatchReadBlobsResponse* response) override {
    return ServeRead(env_, "cairn.v1.ArtifactService/BatchReadBlobs", context, request, response,
                     Effort::kDisk,
                     [this](const Snapshot&, const cairn::v1::BatchReadBlobsRequest& asked) {
                       return BatchRead(blobs_, asked);
                     });
  }

  ServerUnaryReactor* QueryWriteStatus(CallbackServerContext* context,
                                       const cairn::v1::QueryWriteStatusRequest* request,
                                       cairn::v1::QueryWriteStatusResponse* response) override {
    return ServeRead(env_, "cairn.v1.ArtifactService/QueryWriteStatus", context, request, response,
                     Effort::kDisk,
                     [this](const Snapshot&, const cairn::v1::QueryWriteStatusRequest& asked) {
                       return QueryStatus(asked);
                     });
  }

  using ArtifactBase::Read;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Read(CallbackServerContext* context,
                                                   const grpc::ByteBuffer* request) override {
    auto stream = std::make_unique<ReadStream>(env_, context, blobs_, request, reads_);
    stream->Start();
    return stream.release();  // deletes itself when the call is done
  }

  ServerUnaryReactor* SplitBlob(CallbackServerContext* context,
                                const cairn::v1::SplitBlobRequest* request,
                                cairn::v1::SplitBlobResponse* response) override {
    return ServeRead(env_, "cairn.v1.ArtifactService/SplitBlob", context, request, response,
                     Effort::kDisk,
                     [this](const Snapshot&, const cairn::v1::SplitBlobRequest& asked) {
                       return Split(blobs_, asked);
                     });
  }

  ServerUnaryReactor* SpliceBlob(CallbackServerContext* context,
                                 const cairn::v1::SpliceBlobRequest* request,
                                 cairn::v1::SpliceBlobResponse* response) override {
    return ServeRead(env_, "cairn.v1.ArtifactService/SpliceBlob", context, request, response,
                     Effort::kDisk,
                     [this](const Snapshot&, const cairn::v1::SpliceBlobRequest& asked) {
                       return Splice(blobs_, asked);
                     });
  }

  ServerUnaryReactor* GetBlobUsage(CallbackServerContext* context,
                                   const cairn::v1::GetBlobUsageRequest* request,
                                   cairn::v1::BlobUsage* response) override {
    return ServeRead(env_, "cairn.v1.ArtifactService/GetBlobUsage", context, request, response,
                     Effort::kDisk,
                     [this](const Snapshot&, const cairn::v1::GetBlobUsageRequest& asked) {
                       return blobs_.Usage(asked.name());
                     });
  }

  ServerUnaryReactor* CollectGarbage(CallbackServerContext* context,
                                     const cairn::v1::CollectGarbageRequest* request,
                                     google::longrunning::Operation* response) override {
    return ServeMutation(
        env_, "cairn.v1.ArtifactService/CollectGarbage", context, request, response,
        [request, now = env_.clock.NowUnixNanos(), id = env_.ids.NewHexId()](const Snapshot&) {
          return artifacts::PlanCollectGarbage(*request, now, id);
        },
        NoteOperation(response));
  }

  ServerUnaryReactor* ScrubBlobs(CallbackServerContext* context,
                                 const cairn::v1::ScrubBlobsRequest* request,
                                 google::longrunning::Operation* response) override {
    return ServeMutation(
        env_, "cairn.v1.ArtifactService/ScrubBlobs", context, request, response,
        [now = env_.clock.NowUnixNanos(), id = env_.ids.NewHexId()](const Snapshot&) {
          return artifacts::PlanScrubBlobs(now, id);
        },
        NoteOperation(response));
  }

  ServerUnaryReactor* DeleteArtifacts(CallbackServerContext* context,
                                      const cairn::v1::DeleteArtifactsRequest* request,
                                      cairn::v1::DeleteArtifactsResponse* response) override {
    return ServeMutation(env_, "cairn.v1.ArtifactService/DeleteArtifacts", context, request,
                         response, [request](const Snapshot& snapshot) {
                           return artifacts::PlanDeleteArtifacts(snapshot, *request);
                         });
  }

  ServerUnaryReactor* LogArtifacts(CallbackServerContext* context,
                                   const cairn::v1::LogArtifactsRequest* request,
                                   cairn::v1::LogArtifactsResponse* response) override {
    return ServeMutation(
        env_, "cairn.v1.ArtifactService/LogArtifacts", context, request, response,
        [this, request](const Snapshot& snapshot) {
          return artifacts::PlanLogArtifacts(snapshot, *request, manifests_);
        },
        [this, request] {
          env_.run_leases.Logged(request->run().substr(request->run().rfind('/') + 1));
        },
        request->has_manifest() ? Effort::kDisk : Effort::kQuick);
  }

  ServerUnaryReactor* ListArtifacts(CallbackServerContext* context,
                                    const cairn::v1::ListArtifactsRequest* request,
                                    cairn::v1::ListArtifactsResponse* response) override {
    return ServeRead(env_, "cairn.v1.ArtifactService/ListArtifacts", context, request, response,
                     Effort::kLong, artifacts::ListArtifacts);
  }

 private:
  absl::StatusOr<cairn::v1::QueryWriteStatusResponse> QueryStatus(
      const cairn::v1::QueryWriteStatusRequest& request) {
    CAIRN_ASSIGN_OR_RETURN(const UploadName name, ParseUploadName(request.resource_name()));
    CAIRN_ASSIGN_OR_RETURN(const auto status, blobs_.QueryUpload(name.uuid, name.digest));
    cairn::v1::QueryWriteStatusResponse response;
    response.set_committed_size_bytes(status.committed_size_bytes);
    response.set_complete(status.complete);
    return response;
  }

  // Tells the runner of the operation that the answer is.
  std::function<void()> NoteOperation(const google::longrunning::Operation* operation) {
    return [this, operation] { env_.operations.Created(operation->name()); };
  }

  Environment& env_;
  BlobStore& blobs_;
  const BlobBatch::Serve update_ = [this](const cairn::v1::BatchUpdateBlobsRequest& asked) {
    return BatchUpdate(blobs_, asked);
  };
  const core::ManifestLoader manifests_;
  std::atomic<int> reads_{0};
};

}  // namespace

std::unique_ptr<grpc::Service> MakeArtifactService(Environment& environment, BlobStore& blobs,
                                                   core::ManifestLoader manifests) {
  return std::make_unique<ArtifactServiceImpl>(environment, blobs, std::move(manifests));
}

}  // namespace cairn::rpc

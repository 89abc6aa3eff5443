// ArtifactClient::WriteBlob.

#include <algorithm>
#include <string>
#include <utility>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/client/artifact_client.h"
#include "lib/client/transport_impl.h"
#include "lib/client/upload_id.h"

namespace cairn::client {
namespace {

constexpr int64_t kPartBytes = 256 << 10;
// How often an upload may turn out to be further than the server said a moment before.
constexpr int kMaxMoves = 5;

// One blob on its way to the server. For one thread.
class BlobWrite {
 public:
  BlobWrite(ArtifactClient& artifacts, Transport& transport, const Digest& digest,
            const ByteReader& source, const WriteProgress& on_progress)
      : artifacts_(artifacts),
        transport_(transport),
        digest_(digest),
        source_(source),
        on_progress_(on_progress) {}

  absl::Status Run() {
    if (digest_.size_bytes >= kResumableBytes) {
      CAIRN_RETURN_IF_ERROR(GoOn());
    } else {
      BeginAnew();
    }
    RetryLoop retry(transport_, 0);
    while (!complete_) {
      const int64_t from = offset_;
      absl::Status status = SendRest();
      if (status.ok()) break;
      if (MustBeginAnew(status)) {
        BeginAnew();
        continue;
      }
      if (!HasMoved(status) && !retry.Again(status)) return status;
      CAIRN_RETURN_IF_ERROR(AskWhere());
      if (offset_ > from) retry.Progress();
    }
    // What was not sent here when it was complete came from somebody else.
    kept_ += digest_.size_bytes - position_;
    ReportProgress(digest_.size_bytes);
    return absl::OkStatus();
  }

 private:
  void Name(const std::string& uuid) {
    resource_name_ = fmt::format("uploads/{}/blobs/{}/{}", uuid, digest_.Hex(), digest_.size_bytes);
  }

  // Takes up what an earlier process sent, if there is something.
  absl::Status GoOn() {
    shared_ = true;
    Name(ResumableUploadUuid(digest_, transport_.options().principal));
    return AskWhere();
  }

  // An upload that nobody else knows of.
  void BeginAnew() {
    shared_ = false;
    Name(transport_.options().ids->NewUuid4());
    offset_ = kept_ = 0;
    ReportProgress(0);
  }

  // Whether another process has taken the upload over, or an earlier one sent something else.
  bool MustBeginAnew(const absl::Status& status) const {
    const bool taken = status.code() == absl::StatusCode::kAborted &&
                       HasReason(status, ErrorReason::UPLOAD_OFFSET_MISMATCH);
    const bool spoilt = kept_ > 0 && HasReason(status, ErrorReason::DIGEST_MISMATCH);
    return shared_ && (taken || spoilt);
  }

  // Whether bytes of an earlier stream arrived after the server was asked.
  bool HasMoved(const absl::Status& status) {
    return status.code() == absl::StatusCode::kInvalidArgument &&
           HasReason(status, ErrorReason::UPLOAD_OFFSET_MISMATCH) && ++moves_ <= kMaxMoves;
  }

  absl::Status AskWhere() {
    v1::QueryWriteStatusRequest query;
    query.set_resource_name(resource_name_);
    const auto status = artifacts_.QueryWriteStatus(query);
    if (!status.ok() && status.status().code() != absl::StatusCode::kNotFound) {
      return status.status();
    }
    offset_ = status.ok() ? status->committed_size_bytes() : 0;
    complete_ = status.ok() && status->complete();
    // What is there and was not sent here came from somebody else.
    kept_ = std::min(kept_ + std::max<int64_t>(offset_ - position_, 0), offset_);
    ReportProgress(offset_);
    return absl::OkStatus();
  }

  void ReportProgress(int64_t position) {
    position_ = position;
    if (on_progress_) on_progress_(position, kept_);
  }

  // One attempt at sending everything from offset_ on.
  absl::Status SendRest() {
    const auto stub = v1::ArtifactService::NewStub(transport_.impl().channel);
    ScopedContext context(transport_.impl());
    v1::WriteResponse response;
    const auto writer = stub->Write(context.get(), &response);
    v1::WriteRequest part;
    part.set_resource_name(resource_name_);
    int64_t at = offset_;
    do {
      auto bytes = source_(at, std::min(kPartBytes, digest_.size_bytes - at));
      if (!bytes.ok()) {
        context.get()->TryCancel();
        writer->Finish();
        return bytes.status();
      }
      part.set_write_offset(at);
      at += static_cast<int64_t>(bytes->size());
      // A source that ends early must not loop for ever; the digest will tell.
      part.set_finish_write(at >= digest_.size_bytes || bytes->empty());
      part.set_data(std::move(*bytes));
      if (!writer->Write(part)) break;
      part.clear_resource_name();
      ReportProgress(at);
    } while (!part.finish_write());
    writer->WritesDone();
    CAIRN_RETURN_IF_ERROR(transport_.impl().Convert(writer->Finish()));
    const int64_t committed = response.committed_size_bytes();
    if (committed >= digest_.size_bytes) return absl::OkStatus();
    return Error(absl::StatusCode::kUnavailable, ErrorReason::CALL_ENDED,
                 fmt::format("the server ended the upload of {} after {} of {} bytes",
                             digest_.Hex(), committed, digest_.size_bytes))
        .With("sha256", digest_.Hex())
        .With("committedBytes", std::to_string(committed));
  }

  ArtifactClient& artifacts_;
  Transport& transport_;
  const Digest& digest_;
  const ByteReader& source_;
  const WriteProgress& on_progress_;
  std::string resource_name_;
  bool shared_ = false;    // other processes may use the same upload
  bool complete_ = false;  // the server has the blob
  int64_t offset_ = 0;     // where the next attempt begins
  int64_t position_ = 0;   // what was told last
  int64_t kept_ = 0;       // of the bytes before it, those that were not sent here
  int moves_ = 0;
};

}  // namespace

absl::Status ArtifactClient::WriteBlob(const Digest& digest, const ByteReader& source,
                                       const WriteProgress& on_progress) {
  return BlobWrite(*this, transport_, digest, source, on_progress).Run();
}

}  // namespace cairn::client

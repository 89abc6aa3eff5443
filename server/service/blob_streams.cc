#include "server/service/blob_streams.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/wire_fields.h"
#include "server/artifacts/blob_calls.h"

namespace cairn::service {
namespace {

using artifacts::BlobStore;

// What a message adds to the bytes of a blob.
constexpr int64_t kReadOverhead = 64;

// A ReadResponse with room for `size` bytes of data, which are appended.
std::string BeginReadResponse(int64_t size) {
  std::string bytes;
  bytes.reserve(static_cast<size_t>(size + kReadOverhead));
  AppendFieldHead(v1::ReadResponse::kDataFieldNumber, static_cast<size_t>(size), bytes);
  return bytes;
}

class BlobParts final : public PartSource {
 public:
  BlobParts(std::unique_ptr<artifacts::BlobReader> reader, int64_t begin, int64_t end,
            std::atomic<int>& reads)
      : reader_(std::move(reader)),
        offset_(begin),
        end_(end),
        reads_(reads),
        keeps_(reads.fetch_add(1) < kReadsThatKeep) {}
  ~BlobParts() override { reads_.fetch_sub(1); }

  absl::StatusOr<Part> Next(const std::function<int64_t()>& room, std::string& part) override {
    if (offset_ >= end_) return Part::kEnd;
    int64_t size = std::min(kPartBytes - kReadOverhead, end_ - offset_);
    if (offset_ + size < end_) size = std::min(room() - kReadOverhead, end_ - offset_);
    part = BeginReadResponse(size);
    CAIRN_RETURN_IF_ERROR(reader_->Read(offset_, size, [&part](std::string_view bytes) {
      part.append(bytes);
      return absl::OkStatus();
    }));
    offset_ += size;
    if (offset_ >= end_) {
      reader_.reset();
    } else if (!keeps_) {
      reader_->Forget();
    }
    return Part::kFilled;
  }

  int64_t HeldBytes() const override { return reader_ == nullptr ? 0 : reader_->HeldBytes(); }

 private:
  std::unique_ptr<artifacts::BlobReader> reader_;
  int64_t offset_;
  const int64_t end_;
  std::atomic<int>& reads_;
  const bool keeps_;
};

absl::Status OutsideOfBlob(const v1::ReadRequest& request, int64_t size_bytes) {
  return Error(absl::StatusCode::kOutOfRange, ErrorReason::VALUE_INVALID,
               fmt::format("cannot read {} bytes from offset {} of a blob of {} bytes",
                           request.read_limit(), request.read_offset(), size_bytes))
      .With("field", request.read_limit() >= 0 ? "read_offset" : "read_limit")
      .With("readOffset", std::to_string(request.read_offset()))
      .With("readLimit", std::to_string(request.read_limit()))
      .With("sizeBytes", std::to_string(size_bytes));
}

class BlobSink final : public MessageSink {
 public:
  explicit BlobSink(BlobStore& blobs) : blobs_(blobs) {}

  absl::StatusOr<bool> Take(const google::protobuf::Message& message) override {
    const auto& request = static_cast<const v1::WriteRequest&>(message);
    if (upload_ == nullptr) {
      CAIRN_RETURN_IF_ERROR(Open(request));
    } else if (!request.resource_name().empty() && request.resource_name() != resource_name_) {
      return InvalidField(ErrorReason::NAME_INVALID, "resource_name", request.resource_name(),
                          "must be empty or that of the first message")
          .ToStatus();
    }
    // Somebody else stored the same bytes meanwhile: there is nothing to do.
    whole_ = upload_->complete();
    if (whole_) return false;
    CAIRN_RETURN_IF_ERROR(upload_->Write(request.write_offset(), request.data()));
    if (!request.finish_write()) return true;
    CAIRN_RETURN_IF_ERROR(upload_->Finish());
    whole_ = true;
    return false;
  }

  // A client that closed without finish_write is told how far it came, durably.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Complete() override {
    if (upload_ == nullptr) {
      return InvalidField(ErrorReason::FIELD_REQUIRED, "resource_name", "", "is required")
          .ToStatus();
    }
    int64_t committed = size_bytes_;
    if (!whole_) {
      CAIRN_ASSIGN_OR_RETURN(committed, upload_->Flush());
    }
    auto response = std::make_unique<v1::WriteResponse>();
    response->set_committed_size_bytes(committed);
    return response;
  }

 private:
  absl::Status Open(const v1::WriteRequest& request) {
    resource_name_ = request.resource_name();
    CAIRN_ASSIGN_OR_RETURN(const auto name, artifacts::ParseUploadName(resource_name_));
    size_bytes_ = name.digest.size_bytes;
    CAIRN_ASSIGN_OR_RETURN(upload_, blobs_.OpenUpload(name.uuid, name.digest));
    return absl::OkStatus();
  }

  BlobStore& blobs_;
  std::string resource_name_;
  int64_t size_bytes_ = 0;
  bool whole_ = false;
  std::unique_ptr<artifacts::BlobUpload> upload_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PartSource>> OpenBlob(const BlobStore& blobs,
                                                     std::atomic<int>& reads,
                                                     const v1::ReadRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const Digest digest, artifacts::ToDigest(request.digest()));
  const int64_t begin = request.read_offset();
  const int64_t limit = request.read_limit();
  if (begin < 0 || begin > digest.size_bytes || limit < 0) {
    return OutsideOfBlob(request, digest.size_bytes);
  }
  const int64_t rest = digest.size_bytes - begin;
  // A read of nothing still checks that the blob is there.
  CAIRN_ASSIGN_OR_RETURN(auto reader, blobs.OpenReader(digest));
  return std::make_unique<BlobParts>(std::move(reader), begin,
                                     begin + (limit == 0 ? rest : std::min(limit, rest)), reads);
}

std::unique_ptr<MessageSink> TakeBlob(BlobStore& blobs) {
  return std::make_unique<BlobSink>(blobs);
}

}  // namespace cairn::service

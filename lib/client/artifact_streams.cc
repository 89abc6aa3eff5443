#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "cairn/v1/artifacts.grpc.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/client/artifact_client.h"
#include "lib/client/paging.h"
#include "lib/client/transport_impl.h"

namespace cairn::client {
namespace {

absl::Status Corrupt(const Digest& expected, std::string_view actual) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
               fmt::format("blob {} arrived damaged: its bytes are {}", expected.Hex(), actual))
      .With("sha256", expected.Hex())
      .With("received", actual);
}

}  // namespace

absl::StatusOr<Digest> FromWire(const v1::BlobDigest& digest) {
  return ParseDigest(digest.sha256(), digest.size_bytes());
}

absl::Status FromWire(const google::rpc::Status& status) {
  absl::Status result(static_cast<absl::StatusCode>(status.code()), status.message());
  if (result.ok()) return result;
  for (const auto& detail : status.details()) {
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

absl::StatusOr<v1::FindMissingBlobsResponse> ArtifactClient::FindMissingBlobs(
    v1::FindMissingBlobsRequest request) {
  return transport_.Call<v1::FindMissingBlobsResponse>("/cairn.v1.ArtifactService/FindMissingBlobs",
                                                       std::move(request));
}

absl::StatusOr<v1::BatchUpdateBlobsResponse> ArtifactClient::BatchUpdateBlobs(
    v1::BatchUpdateBlobsRequest request) {
  return transport_.Call<v1::BatchUpdateBlobsResponse>("/cairn.v1.ArtifactService/BatchUpdateBlobs",
                                                       std::move(request));
}

absl::StatusOr<v1::BatchReadBlobsResponse> ArtifactClient::BatchReadBlobs(
    v1::BatchReadBlobsRequest request) {
  return transport_.Call<v1::BatchReadBlobsResponse>("/cairn.v1.ArtifactService/BatchReadBlobs",
                                                     std::move(request));
}

absl::StatusOr<v1::QueryWriteStatusResponse> ArtifactClient::QueryWriteStatus(
    v1::QueryWriteStatusRequest request) {
  return transport_.Call<v1::QueryWriteStatusResponse>("/cairn.v1.ArtifactService/QueryWriteStatus",
                                                       std::move(request));
}

absl::StatusOr<v1::LogArtifactsResponse> ArtifactClient::LogArtifacts(
    v1::LogArtifactsRequest request) {
  return transport_.Call<v1::LogArtifactsResponse>("/cairn.v1.ArtifactService/LogArtifacts",
                                                   std::move(request));
}

absl::StatusOr<v1::ListArtifactsResponse> ArtifactClient::ListArtifacts(
    v1::ListArtifactsRequest request) {
  return transport_.Call<v1::ListArtifactsResponse>("/cairn.v1.ArtifactService/ListArtifacts",
                                                    std::move(request));
}

absl::StatusOr<v1::DeleteArtifactsResponse> ArtifactClient::DeleteArtifacts(
    v1::DeleteArtifactsRequest request) {
  return transport_.Call<v1::DeleteArtifactsResponse>("/cairn.v1.ArtifactService/DeleteArtifacts",
                                                      std::move(request));
}

absl::StatusOr<v1::BlobUsage> ArtifactClient::GetBlobUsage(v1::GetBlobUsageRequest request) {
  return transport_.Call<v1::BlobUsage>("/cairn.v1.ArtifactService/GetBlobUsage",
                                        std::move(request));
}

absl::StatusOr<google::longrunning::Operation> ArtifactClient::CollectGarbage(
    v1::CollectGarbageRequest request) {
  return transport_.Call<google::longrunning::Operation>("/cairn.v1.ArtifactService/CollectGarbage",
                                                         std::move(request));
}

absl::StatusOr<google::longrunning::Operation> ArtifactClient::ScrubBlobs(
    v1::ScrubBlobsRequest request) {
  return transport_.Call<google::longrunning::Operation>("/cairn.v1.ArtifactService/ScrubBlobs",
                                                         std::move(request));
}

absl::StatusOr<v1::SplitBlobResponse> ArtifactClient::SplitBlob(v1::SplitBlobRequest request) {
  return transport_.Call<v1::SplitBlobResponse>("/cairn.v1.ArtifactService/SplitBlob",
                                                std::move(request));
}

absl::StatusOr<v1::SpliceBlobResponse> ArtifactClient::SpliceBlob(
    const v1::SpliceBlobRequest& request) {
  const auto stub = v1::ArtifactService::NewStub(transport_.impl().channel);
  RetryLoop retry(transport_, 0);
  while (true) {
    ScopedContext context(transport_.impl());
    v1::SpliceBlobResponse response;
    absl::Status status =
        transport_.impl().Convert(stub->SpliceBlob(context.get(), request, &response));
    if (status.ok()) return response;
    if (!retry.Again(status)) return status;
  }
}

absl::StatusOr<std::vector<v1::ArtifactFile>> ArtifactClient::ListAllArtifacts(
    const std::string& parent) {
  v1::ListArtifactsRequest request;
  request.set_parent(parent);
  request.set_page_size(1000);
  std::vector<v1::ArtifactFile> files;
  CAIRN_RETURN_IF_ERROR(ForEachPage(
      request, [this](const auto& page_request) { return ListArtifacts(page_request); },
      [&files](v1::ListArtifactsResponse& page) {
        for (auto& file : *page.mutable_files()) files.push_back(std::move(file));
        return true;
      }));
  return files;
}

absl::Status ArtifactClient::ReadRange(const Digest& digest, int64_t offset, int64_t size,
                                       const ByteSink& sink) {
  const auto stub = v1::ArtifactService::NewStub(transport_.impl().channel);
  RetryLoop retry(transport_, 0);
  int64_t received = 0;
  while (true) {
    ScopedContext context(transport_.impl());
    v1::ReadRequest request;
    *request.mutable_digest() = ToWire(digest);
    request.set_read_offset(offset + received);
    request.set_read_limit(size - received);
    const auto reader = stub->Read(context.get(), request);
    v1::ReadResponse part;
    while (reader->Read(&part)) {
      received += static_cast<int64_t>(part.data().size());
      absl::Status taken =
          received > size ? Corrupt(digest, "longer than its size") : sink(part.data());
      if (!taken.ok()) {
        context.get()->TryCancel();
        reader->Finish();
        return taken;
      }
      if (!part.data().empty()) retry.Progress();
    }
    absl::Status status = transport_.impl().Convert(reader->Finish());
    if (status.ok() && received < size) {
      return Corrupt(digest, fmt::format("{} of {} bytes asked for", received, size));
    }
    if (status.ok()) return status;
    // Everything arrived before the connection broke; a limit of 0 would ask for the rest.
    const bool broken = status.code() == absl::StatusCode::kUnavailable;
    if (broken && received == size && size > 0) return absl::OkStatus();
    if (!retry.Again(status)) return status;
  }
}

absl::Status ArtifactClient::ReadBlob(const Digest& digest, const ByteSink& sink) {
  Sha256Hasher hasher;
  CAIRN_RETURN_IF_ERROR(
      ReadRange(digest, 0, digest.size_bytes, [&hasher, &sink](std::string_view part) {
        hasher.Update(part);
        return sink(part);
      }));
  const Digest actual = hasher.Finish();
  if (actual == digest) return absl::OkStatus();
  return Corrupt(digest, fmt::format("{} bytes of {}", actual.size_bytes, actual.Hex()));
}

absl::StatusOr<std::string> ArtifactClient::ReadBlobToString(const Digest& digest,
                                                             int64_t max_bytes) {
  if (digest.size_bytes > max_bytes) {
    return Error(absl::StatusCode::kOutOfRange, ErrorReason::FILE_TOO_LARGE,
                 fmt::format("blob {} is larger than {} bytes", digest.Hex(), max_bytes))
        .With("sha256", digest.Hex())
        .With("limitBytes", std::to_string(max_bytes))
        .ToStatus();
  }
  std::string bytes;
  bytes.reserve(static_cast<size_t>(digest.size_bytes));
  CAIRN_RETURN_IF_ERROR(ReadBlob(digest, [&bytes](std::string_view part) {
    bytes.append(part);
    return absl::OkStatus();
  }));
  return bytes;
}

}  // namespace cairn::client

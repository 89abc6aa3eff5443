#include "server/artifacts/blob_calls.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/resource_names.h"
#include "lib/base/rpc_status.h"
#include "lib/base/status_macros.h"
#include "lib/base/wire_digest.h"
#include "server/core/limits.h"

namespace cairn::artifacts {
namespace {

absl::Status CheckCount(std::string_view field, int count) {
  if (count <= limits::kDigestsPerCall) return absl::OkStatus();
  return InvalidField(ErrorReason::TOO_LARGE, field, std::to_string(count),
                      fmt::format("must have at most {} entries", limits::kDigestsPerCall));
}

absl::Status CheckBatchBytes(std::string_view field, int64_t bytes) {
  if (bytes <= limits::kBlobBatchBytes) return absl::OkStatus();
  return InvalidField(ErrorReason::TOO_LARGE, field, std::to_string(bytes),
                      fmt::format("must hold at most {} bytes in all", limits::kBlobBatchBytes));
}

}  // namespace

absl::StatusOr<Digest> ToDigest(const v1::BlobDigest& digest) {
  return ParseDigest(digest.sha256(), digest.size_bytes());
}

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

absl::StatusOr<v1::FindMissingBlobsResponse> FindMissingBlobs(
    const BlobStore& blobs, const v1::FindMissingBlobsRequest& request) {
  CAIRN_RETURN_IF_ERROR(CheckCount("digests", request.digests_size()));
  std::vector<Digest> digests;
  for (const v1::BlobDigest& digest : request.digests()) {
    CAIRN_ASSIGN_OR_RETURN(digests.emplace_back(), ToDigest(digest));
  }
  CAIRN_ASSIGN_OR_RETURN(const auto missing, blobs.FindMissing(digests));
  v1::FindMissingBlobsResponse response;
  for (const Digest& digest : missing) *response.add_missing() = ToWire(digest);
  return response;
}

// Stores each entry on its own terms; each answer says what became of its entry.
absl::StatusOr<v1::BatchUpdateBlobsResponse> BatchUpdateBlobs(
    BlobStore& blobs, const v1::BatchUpdateBlobsRequest& request) {
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
  v1::BatchUpdateBlobsResponse response;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    auto* result = response.add_results();
    *result->mutable_digest() = request.entries(static_cast<int>(i)).digest();
    *result->mutable_status() = ToRpcStatus(outcomes[i]);
  }
  return response;
}

// Reads each on its own terms; a digest that is none takes no room.
absl::StatusOr<v1::BatchReadBlobsResponse> BatchReadBlobs(
    const BlobStore& blobs, const v1::BatchReadBlobsRequest& request) {
  CAIRN_RETURN_IF_ERROR(CheckCount("digests", request.digests_size()));
  int64_t bytes = 0;
  for (const v1::BlobDigest& digest : request.digests()) {
    if (ToDigest(digest).ok()) bytes += std::min(digest.size_bytes(), limits::kBlobBatchBytes + 1);
  }
  CAIRN_RETURN_IF_ERROR(CheckBatchBytes("digests", bytes));
  v1::BatchReadBlobsResponse response;
  for (const v1::BlobDigest& wanted : request.digests()) {
    auto* result = response.add_results();
    *result->mutable_digest() = wanted;
    absl::StatusOr<std::string> data;
    const absl::StatusOr<Digest> digest = ToDigest(wanted);
    if (digest.ok()) {
      data = blobs.ReadAll(*digest, limits::kBlobBatchBytes);
    } else {
      data = digest.status();
    }
    *result->mutable_status() = ToRpcStatus(data.status());
    if (data.ok()) result->set_data(*std::move(data));
  }
  return response;
}

absl::StatusOr<v1::SplitBlobResponse> SplitBlob(const BlobStore& blobs,
                                                const v1::SplitBlobRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const Digest digest, ToDigest(request.digest()));
  CAIRN_ASSIGN_OR_RETURN(const auto chunks, blobs.Split(digest));
  v1::SplitBlobResponse response;
  for (const Digest& chunk : chunks) *response.add_chunks() = ToWire(chunk);
  return response;
}

absl::StatusOr<v1::SpliceBlobResponse> SpliceBlob(BlobStore& blobs,
                                                  const v1::SpliceBlobRequest& request) {
  if (request.chunks_size() > limits::kChunksPerBlob) {
    return InvalidField(ErrorReason::TOO_LARGE, "chunks", std::to_string(request.chunks_size()),
                        fmt::format("must have at most {} entries", limits::kChunksPerBlob))
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const Digest digest, ToDigest(request.digest()));
  std::vector<Digest> chunks;
  for (const v1::BlobDigest& chunk : request.chunks()) {
    CAIRN_ASSIGN_OR_RETURN(chunks.emplace_back(), ToDigest(chunk));
  }
  CAIRN_RETURN_IF_ERROR(blobs.Splice(digest, chunks));
  v1::SpliceBlobResponse response;
  *response.mutable_digest() = ToWire(digest);
  return response;
}

absl::StatusOr<v1::QueryWriteStatusResponse> QueryWriteStatus(
    BlobStore& blobs, const v1::QueryWriteStatusRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const UploadName name, ParseUploadName(request.resource_name()));
  CAIRN_ASSIGN_OR_RETURN(const auto status, blobs.QueryUpload(name.uuid, name.digest));
  v1::QueryWriteStatusResponse response;
  response.set_committed_size_bytes(status.committed_size_bytes);
  response.set_complete(status.complete);
  return response;
}

}  // namespace cairn::artifacts

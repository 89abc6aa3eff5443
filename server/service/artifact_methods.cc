#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "cairn/v1/artifacts.pb.h"
#include "server/artifacts/blob_calls.h"
#include "server/artifacts/blob_operations.h"
#include "server/artifacts/run_artifacts.h"
#include "server/service/blob_streams.h"
#include "server/service/call_facts.h"
#include "server/service/methods.h"
#include "server/tracking/run_lease_keeper.h"

namespace cairn::service {
namespace {

using storage::Snapshot;

// A manifest of many files is read from the disk.
Change LogArtifacts(const Backends& backends, const v1::LogArtifactsRequest& request) {
  Change change;
  change.plan = [&request, &manifests = backends.manifests](const Snapshot& snapshot) {
    return artifacts::PlanLogArtifacts(snapshot, request, manifests);
  };
  change.stored = [&request, &leases = backends.run_leases] {
    const std::string& run = request.run();
    leases.Logged(std::string_view(run).substr(run.rfind('/') + 1));
  };
  if (request.has_manifest()) change.effort = Effort::kIo;
  return change;
}

void AddBlobMethods(artifacts::BlobStore& blobs, MethodTableBuilder& table) {
  // Methods that ask the store of blobs alone.
  const auto ask = [&blobs](auto function) {
    return
        [&blobs, function](const Caller&, const auto& request) { return function(blobs, request); };
  };
  table.Answers<v1::FindMissingBlobsRequest>("FindMissingBlobs", ask(artifacts::FindMissingBlobs));
  table.Answers<v1::BatchUpdateBlobsRequest>("BatchUpdateBlobs", ask(artifacts::BatchUpdateBlobs));
  table.Answers<v1::BatchReadBlobsRequest>("BatchReadBlobs", ask(artifacts::BatchReadBlobs));
  table.Answers<v1::QueryWriteStatusRequest>("QueryWriteStatus", ask(artifacts::QueryWriteStatus));
  table.Answers<v1::SplitBlobRequest>("SplitBlob", ask(artifacts::SplitBlob));
  table.Answers<v1::SpliceBlobRequest>("SpliceBlob", ask(artifacts::SpliceBlob));
  table.Answers<v1::GetBlobUsageRequest>(
      "GetBlobUsage", [&blobs](const Caller&, const v1::GetBlobUsageRequest& request) {
        return blobs.Usage(request.name());
      });
  table.Takes<v1::WriteRequest>("Write", [&blobs](const Caller&) { return TakeBlob(blobs); });
  table.Streams<v1::ReadRequest>("Read", [&blobs, reads = std::make_shared<std::atomic<int>>(0)](
                                             const Caller&, const v1::ReadRequest& request) {
    return OpenBlob(blobs, *reads, request);
  });
}

}  // namespace

void AddArtifactMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::BlobDigest::descriptor()->file()->FindServiceByName("ArtifactService"));
  AddBlobMethods(backends.blobs, table);
  const auto facts = FactsOfCall(backends);
  table.Changes<v1::CollectGarbageRequest>(
      "CollectGarbage",
      [](const Snapshot&, const v1::CollectGarbageRequest& asked, const tracking::CallFacts& call) {
        return artifacts::PlanCollectGarbage(asked, call.now_unix_nanos, call.new_id,
                                             call.principal);
      },
      facts);
  table.Changes<v1::ScrubBlobsRequest>(
      "ScrubBlobs",
      [](const Snapshot&, const v1::ScrubBlobsRequest&, const tracking::CallFacts& call) {
        return artifacts::PlanScrubBlobs(call.now_unix_nanos, call.new_id, call.principal);
      },
      facts);
  table.Changes<v1::DeleteArtifactsRequest>("DeleteArtifacts", artifacts::PlanDeleteArtifacts);
  table.MakesChange<v1::LogArtifactsRequest>(
      "LogArtifacts", [&backends](const Caller&, const v1::LogArtifactsRequest& request) {
        return LogArtifacts(backends, request);
      });
  table.Answers<v1::ListArtifactsRequest>("ListArtifacts", artifacts::ListArtifacts);
}

}  // namespace cairn::service

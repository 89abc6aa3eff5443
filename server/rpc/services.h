#ifndef CAIRN_SERVER_RPC_SERVICES_H_
#define CAIRN_SERVER_RPC_SERVICES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "grpcpp/impl/codegen/service_type.h"
#include "server/artifacts/blob_store.h"
#include "server/core/limits.h"
#include "server/core/manifest.h"
#include "server/front/connection_counts.h"
#include "server/rpc/call.h"

namespace cairn::rpc {

// The gRPC services of cairn.v1, ready to be registered with a server builder.
//
// Each converts, counts and answers; decisions are made in tracking/,
// datasets/, registry/ and artifacts/. `environment` and `blobs` must outlive
// the services, and the services the server they are registered with.

// The largest message the server takes, in bytes.
inline constexpr int kMaxMessageBytes = limits::kMessageBytes;
// The most bytes in one batch of blobs; leaves room for the rest of a message.
inline constexpr int64_t kMaxBatchBytes = limits::kBlobBatchBytes;
// The best size of one part of a stream of bytes.
inline constexpr int64_t kChunkBytes = int64_t{256} << 10;
// How clients should cut large blobs, and into how many chunks at most: a list of them fits
// a message.
inline constexpr int64_t kMinChunkBytes = int64_t{32} << 10;
inline constexpr int64_t kAverageChunkBytes = int64_t{128} << 10;
inline constexpr int64_t kMaxChunkBytes = int64_t{512} << 10;
inline constexpr int kMaxChunks = limits::kChunksPerBlob;

std::unique_ptr<grpc::Service> MakeTrackingService(Environment& environment);
// `manifests` reads those that requests name by their digests.
std::unique_ptr<grpc::Service> MakeDatasetService(Environment& environment,
                                                  core::ManifestLoader manifests);
std::unique_ptr<grpc::Service> MakeArtifactService(Environment& environment,
                                                   artifacts::BlobStore& blobs,
                                                   core::ManifestLoader manifests);
std::unique_ptr<grpc::Service> MakeRegistryService(Environment& environment);
std::unique_ptr<grpc::Service> MakePromotionService(Environment& environment);
// google.longrunning.Operations.
std::unique_ptr<grpc::Service> MakeOperationsService(Environment& environment);
std::unique_ptr<grpc::Service> MakeAdminService(Environment& environment,
                                                front::ConnectionLimits connections,
                                                int64_t start_unix_nanos);

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_SERVICES_H_

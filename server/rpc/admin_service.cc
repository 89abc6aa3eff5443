#include <cstdint>
#include <memory>

#include "cairn/v1/server.grpc.pb.h"
#include "lib/base/version.h"
#include "server/rpc/services.h"
#include "server/storage/store_directory.h"
#include "server/tracking/limits.h"

namespace cairn::rpc {
namespace {

class AdminServiceImpl final : public cairn::v1::AdminService::CallbackService {
 public:
  AdminServiceImpl(Environment& environment, int64_t start_unix_nanos)
      : env_(environment), start_unix_nanos_(start_unix_nanos) {}

  grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                          const cairn::v1::GetServerInfoRequest* request,
                                          cairn::v1::ServerInfo* response) override {
    return ServeRead(env_, "cairn.v1.AdminService/GetServerInfo", context, request, response,
                     Effort::kQuick,
                     [this](const storage::Snapshot& snapshot,
                            const cairn::v1::GetServerInfoRequest&) { return Describe(snapshot); });
  }

 private:
  absl::StatusOr<cairn::v1::ServerInfo> Describe(const storage::Snapshot& snapshot) const {
    cairn::v1::ServerInfo info;
    info.set_version(std::string(kVersion));
    info.set_store_format(storage::kFormatVersion);
    *info.mutable_start_time() = ToTimestamp(start_unix_nanos_);
    info.set_revision(snapshot.revision());
    info.set_max_message_size_bytes(kMaxMessageBytes);
    info.set_max_batch_size_bytes(kMaxBatchBytes);
    info.set_max_blob_size_bytes(kMaxBlobBytes);
    info.set_chunk_size_bytes(kChunkBytes);
    info.set_max_points_per_message(tracking::kMaxPointsPerBatch);
    info.set_server_evaluation(false);
    auto& chunking = *info.mutable_chunking();
    chunking.set_min_bytes(kMinChunkBytes);
    chunking.set_average_bytes(kAverageChunkBytes);
    chunking.set_max_bytes(kMaxChunkBytes);
    chunking.set_max_chunk_count(kMaxChunks);
    return info;
  }

  Environment& env_;
  const int64_t start_unix_nanos_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAdminService(Environment& environment,
                                                int64_t start_unix_nanos) {
  return std::make_unique<AdminServiceImpl>(environment, start_unix_nanos);
}

}  // namespace cairn::rpc

#include <cstdint>
#include <memory>
#include <utility>

#include "cairn/v1/datasets.grpc.pb.h"
#include "server/datasets/datasets.h"
#include "server/rpc/parsed_service.h"
#include "server/rpc/services.h"

namespace cairn::rpc {
namespace {

using cairn::v1::DatasetService;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using storage::Snapshot;

class DatasetServiceImpl final : public ParsedService<DatasetService> {
 public:
  DatasetServiceImpl(Environment& environment, core::ManifestLoader manifests)
      : env_(environment), manifests_(std::move(manifests)) {
    Parsed(environment, this, &DatasetServiceImpl::CreateDataset, &DatasetServiceImpl::GetDataset,
           &DatasetServiceImpl::ListDatasets, &DatasetServiceImpl::UpdateDataset,
           &DatasetServiceImpl::ApplyDatasetRetention, &DatasetServiceImpl::CreateDatasetVersion,
           &DatasetServiceImpl::GetDatasetVersion, &DatasetServiceImpl::ListDatasetVersions,
           &DatasetServiceImpl::DiffDatasetVersions, &DatasetServiceImpl::UpdateDatasetVersion,
           &DatasetServiceImpl::SetDatasetAlias, &DatasetServiceImpl::DeleteDatasetAlias,
           &DatasetServiceImpl::DeleteDatasetVersion, &DatasetServiceImpl::GetLineage);
  }

  ServerUnaryReactor* CreateDataset(CallbackServerContext* context,
                                    const cairn::v1::CreateDatasetRequest* request,
                                    cairn::v1::Dataset* response) override {
    return ServeMutation(env_, "cairn.v1.DatasetService/CreateDataset", context, request, response,
                         [request, now = Now()](const Snapshot& snapshot) {
                           return datasets::PlanCreateDataset(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* GetDataset(CallbackServerContext* context,
                                 const cairn::v1::GetDatasetRequest* request,
                                 cairn::v1::Dataset* response) override {
    return ServeRead(env_, "cairn.v1.DatasetService/GetDataset", context, request, response,
                     Effort::kQuick, datasets::GetDataset);
  }

  ServerUnaryReactor* ListDatasets(CallbackServerContext* context,
                                   const cairn::v1::ListDatasetsRequest* request,
                                   cairn::v1::ListDatasetsResponse* response) override {
    return ServeRead(env_, "cairn.v1.DatasetService/ListDatasets", context, request, response,
                     Effort::kLong, datasets::ListDatasets);
  }

  ServerUnaryReactor* UpdateDataset(CallbackServerContext* context,
                                    const cairn::v1::UpdateDatasetRequest* request,
                                    cairn::v1::Dataset* response) override {
    return ServeMutation(env_, "cairn.v1.DatasetService/UpdateDataset", context, request, response,
                         [request, now = Now()](const Snapshot& snapshot) {
                           return datasets::PlanUpdateDataset(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* ApplyDatasetRetention(
      CallbackServerContext* context, const cairn::v1::ApplyDatasetRetentionRequest* request,
      cairn::v1::ApplyDatasetRetentionResponse* response) override {
    return ServeMutation(env_, "cairn.v1.DatasetService/ApplyDatasetRetention", context, request,
                         response, [request, now = Times()](const Snapshot& snapshot) {
                           return datasets::PlanApplyDatasetRetention(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* CreateDatasetVersion(CallbackServerContext* context,
                                           const cairn::v1::CreateDatasetVersionRequest* request,
                                           cairn::v1::DatasetVersion* response) override {
    return ServeMutation(
        env_, "cairn.v1.DatasetService/CreateDatasetVersion", context, request, response,
        [this, request, now = Times()](const Snapshot& snapshot) {
          return datasets::PlanCreateDatasetVersion(snapshot, *request, now, manifests_);
        },
        nullptr, request->has_manifest() ? Effort::kDisk : Effort::kQuick);
  }

  ServerUnaryReactor* GetDatasetVersion(CallbackServerContext* context,
                                        const cairn::v1::GetDatasetVersionRequest* request,
                                        cairn::v1::DatasetVersion* response) override {
    return ServeRead(env_, "cairn.v1.DatasetService/GetDatasetVersion", context, request, response,
                     Effort::kQuick, datasets::GetDatasetVersion);
  }

  ServerUnaryReactor* ListDatasetVersions(
      CallbackServerContext* context, const cairn::v1::ListDatasetVersionsRequest* request,
      cairn::v1::ListDatasetVersionsResponse* response) override {
    return ServeRead(env_, "cairn.v1.DatasetService/ListDatasetVersions", context, request,
                     response, Effort::kLong, datasets::ListDatasetVersions);
  }

  ServerUnaryReactor* DiffDatasetVersions(CallbackServerContext* context,
                                          const cairn::v1::DiffDatasetVersionsRequest* request,
                                          cairn::v1::DatasetDiff* response) override {
    return ServeRead(env_, "cairn.v1.DatasetService/DiffDatasetVersions", context, request,
                     response, Effort::kLong, datasets::DiffDatasetVersions);
  }

  ServerUnaryReactor* UpdateDatasetVersion(CallbackServerContext* context,
                                           const cairn::v1::UpdateDatasetVersionRequest* request,
                                           cairn::v1::DatasetVersion* response) override {
    return ServeMutation(env_, "cairn.v1.DatasetService/UpdateDatasetVersion", context, request,
                         response, [request](const Snapshot& snapshot) {
                           return datasets::PlanUpdateDatasetVersion(snapshot, *request);
                         });
  }

  ServerUnaryReactor* SetDatasetAlias(CallbackServerContext* context,
                                      const cairn::v1::SetDatasetAliasRequest* request,
                                      cairn::v1::Dataset* response) override {
    return ServeMutation(env_, "cairn.v1.DatasetService/SetDatasetAlias", context, request,
                         response, [request, now = Now()](const Snapshot& snapshot) {
                           return datasets::PlanSetDatasetAlias(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* DeleteDatasetAlias(CallbackServerContext* context,
                                         const cairn::v1::DeleteDatasetAliasRequest* request,
                                         cairn::v1::Dataset* response) override {
    return ServeMutation(env_, "cairn.v1.DatasetService/DeleteDatasetAlias", context, request,
                         response, [request, now = Now()](const Snapshot& snapshot) {
                           return datasets::PlanDeleteDatasetAlias(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* DeleteDatasetVersion(CallbackServerContext* context,
                                           const cairn::v1::DeleteDatasetVersionRequest* request,
                                           google::protobuf::Empty* response) override {
    return ServeMutation(env_, "cairn.v1.DatasetService/DeleteDatasetVersion", context, request,
                         response, [request, now = Now()](const Snapshot& snapshot) {
                           return datasets::PlanDeleteDatasetVersion(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* GetLineage(CallbackServerContext* context,
                                 const cairn::v1::GetLineageRequest* request,
                                 cairn::v1::Lineage* response) override {
    return ServeRead(env_, "cairn.v1.DatasetService/GetLineage", context, request, response,
                     Effort::kLong, datasets::GetLineage);
  }

 private:
  int64_t Now() const { return env_.clock.NowUnixNanos(); }
  datasets::RequestTime Times() const { return {Now(), env_.store_clock.NowUnixNanos()}; }

  Environment& env_;
  const core::ManifestLoader manifests_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeDatasetService(Environment& environment,
                                                  core::ManifestLoader manifests) {
  return std::make_unique<DatasetServiceImpl>(environment, std::move(manifests));
}

}  // namespace cairn::rpc

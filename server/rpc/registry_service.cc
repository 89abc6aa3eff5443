#include <cstdint>
#include <memory>

#include "cairn/v1/registry.grpc.pb.h"
#include "server/registry/models.h"
#include "server/rpc/parsed_service.h"
#include "server/rpc/services.h"

namespace cairn::rpc {
namespace {

using cairn::v1::RegistryService;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using storage::Snapshot;

class RegistryServiceImpl final : public ParsedService<RegistryService> {
 public:
  explicit RegistryServiceImpl(Environment& environment) : env_(environment) {
    Parsed(environment, this, &RegistryServiceImpl::CreateModel, &RegistryServiceImpl::GetModel,
           &RegistryServiceImpl::ListModels, &RegistryServiceImpl::DeleteModel,
           &RegistryServiceImpl::CreateModelVersion, &RegistryServiceImpl::GetModelVersion,
           &RegistryServiceImpl::ListModelVersions, &RegistryServiceImpl::SetAlias,
           &RegistryServiceImpl::DeleteAlias, &RegistryServiceImpl::ListAliases,
           &RegistryServiceImpl::GetChannel, &RegistryServiceImpl::ListChannels);
  }

  ServerUnaryReactor* CreateModel(CallbackServerContext* context,
                                  const cairn::v1::CreateModelRequest* request,
                                  cairn::v1::Model* response) override {
    return ServeMutation(env_, "cairn.v1.RegistryService/CreateModel", context, request, response,
                         [request, now = Now()](const Snapshot& snapshot) {
                           return registry::PlanCreateModel(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* GetModel(CallbackServerContext* context,
                               const cairn::v1::GetModelRequest* request,
                               cairn::v1::Model* response) override {
    return ServeRead(env_, "cairn.v1.RegistryService/GetModel", context, request, response,
                     Effort::kQuick, registry::GetModel);
  }

  ServerUnaryReactor* ListModels(CallbackServerContext* context,
                                 const cairn::v1::ListModelsRequest* request,
                                 cairn::v1::ListModelsResponse* response) override {
    return ServeRead(env_, "cairn.v1.RegistryService/ListModels", context, request, response,
                     Effort::kLong, registry::ListModels);
  }

  ServerUnaryReactor* DeleteModel(CallbackServerContext* context,
                                  const cairn::v1::DeleteModelRequest* request,
                                  google::protobuf::Empty* response) override {
    return ServeMutation(env_, "cairn.v1.RegistryService/DeleteModel", context, request, response,
                         [request](const Snapshot& snapshot) {
                           return registry::PlanDeleteModel(snapshot, *request);
                         });
  }

  ServerUnaryReactor* CreateModelVersion(CallbackServerContext* context,
                                         const cairn::v1::CreateModelVersionRequest* request,
                                         cairn::v1::ModelVersion* response) override {
    return ServeMutation(env_, "cairn.v1.RegistryService/CreateModelVersion", context, request,
                         response, [request, now = Now()](const Snapshot& snapshot) {
                           return registry::PlanCreateModelVersion(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* GetModelVersion(CallbackServerContext* context,
                                      const cairn::v1::GetModelVersionRequest* request,
                                      cairn::v1::ModelVersion* response) override {
    return ServeRead(env_, "cairn.v1.RegistryService/GetModelVersion", context, request, response,
                     Effort::kQuick, registry::GetModelVersion);
  }

  ServerUnaryReactor* ListModelVersions(CallbackServerContext* context,
                                        const cairn::v1::ListModelVersionsRequest* request,
                                        cairn::v1::ListModelVersionsResponse* response) override {
    return ServeRead(env_, "cairn.v1.RegistryService/ListModelVersions", context, request, response,
                     Effort::kLong, registry::ListModelVersions);
  }

  ServerUnaryReactor* SetAlias(CallbackServerContext* context,
                               const cairn::v1::SetAliasRequest* request,
                               cairn::v1::Alias* response) override {
    return ServeMutation(env_, "cairn.v1.RegistryService/SetAlias", context, request, response,
                         [request, now = Now()](const Snapshot& snapshot) {
                           return registry::PlanSetAlias(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* DeleteAlias(CallbackServerContext* context,
                                  const cairn::v1::DeleteAliasRequest* request,
                                  google::protobuf::Empty* response) override {
    return ServeMutation(env_, "cairn.v1.RegistryService/DeleteAlias", context, request, response,
                         [request](const Snapshot& snapshot) {
                           return registry::PlanDeleteAlias(snapshot, *request);
                         });
  }

  ServerUnaryReactor* ListAliases(CallbackServerContext* context,
                                  const cairn::v1::ListAliasesRequest* request,
                                  cairn::v1::ListAliasesResponse* response) override {
    return ServeRead(env_, "cairn.v1.RegistryService/ListAliases", context, request, response,
                     Effort::kLong, registry::ListAliases);
  }

  ServerUnaryReactor* GetChannel(CallbackServerContext* context,
                                 const cairn::v1::GetChannelRequest* request,
                                 cairn::v1::Channel* response) override {
    return ServeRead(env_, "cairn.v1.RegistryService/GetChannel", context, request, response,
                     Effort::kQuick, registry::GetChannel);
  }

  ServerUnaryReactor* ListChannels(CallbackServerContext* context,
                                   const cairn::v1::ListChannelsRequest* request,
                                   cairn::v1::ListChannelsResponse* response) override {
    return ServeRead(env_, "cairn.v1.RegistryService/ListChannels", context, request, response,
                     Effort::kLong, registry::ListChannels);
  }

 private:
  int64_t Now() const { return env_.clock.NowUnixNanos(); }

  Environment& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeRegistryService(Environment& environment) {
  return std::make_unique<RegistryServiceImpl>(environment);
}

}  // namespace cairn::rpc

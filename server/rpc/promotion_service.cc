#include <cstdint>
#include <memory>
#include <optional>

#include "cairn/v1/promotion.grpc.pb.h"
#include "server/registry/policies.h"
#include "server/registry/promotion.h"
#include "server/rpc/parsed_service.h"
#include "server/rpc/services.h"

namespace cairn::rpc {
namespace {

using cairn::v1::PromotionService;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using storage::Snapshot;

class PromotionServiceImpl final : public ParsedService<PromotionService> {
 public:
  explicit PromotionServiceImpl(Environment& environment) : env_(environment) {
    Parsed(environment, this, &PromotionServiceImpl::ApplyPolicy, &PromotionServiceImpl::GetPolicy,
           &PromotionServiceImpl::ListPolicies, &PromotionServiceImpl::RenderPolicy,
           &PromotionServiceImpl::Promote, &PromotionServiceImpl::GetDecision,
           &PromotionServiceImpl::ListDecisions, &PromotionServiceImpl::Explain);
  }

  ServerUnaryReactor* ApplyPolicy(CallbackServerContext* context,
                                  const cairn::v1::ApplyPolicyRequest* request,
                                  cairn::v1::ApplyPolicyResponse* response) override {
    return ServeMutation(env_, "cairn.v1.PromotionService/ApplyPolicy", context, request, response,
                         [request, now = Now()](const Snapshot& snapshot) {
                           return registry::PlanApplyPolicy(snapshot, *request, now);
                         });
  }

  ServerUnaryReactor* GetPolicy(CallbackServerContext* context,
                                const cairn::v1::GetPolicyRequest* request,
                                cairn::v1::Policy* response) override {
    return ServeRead(env_, "cairn.v1.PromotionService/GetPolicy", context, request, response,
                     Effort::kQuick, registry::GetPolicy);
  }

  ServerUnaryReactor* ListPolicies(CallbackServerContext* context,
                                   const cairn::v1::ListPoliciesRequest* request,
                                   cairn::v1::ListPoliciesResponse* response) override {
    return ServeRead(env_, "cairn.v1.PromotionService/ListPolicies", context, request, response,
                     Effort::kLong, registry::ListPolicies);
  }

  ServerUnaryReactor* RenderPolicy(CallbackServerContext* context,
                                   const cairn::v1::RenderPolicyRequest* request,
                                   cairn::v1::RenderPolicyResponse* response) override {
    return ServeRead(env_, "cairn.v1.PromotionService/RenderPolicy", context, request, response,
                     Effort::kLong,
                     [](const Snapshot&, const cairn::v1::RenderPolicyRequest& source) {
                       return registry::RenderPolicy(source);
                     });
  }

  ServerUnaryReactor* Promote(CallbackServerContext* context,
                              const cairn::v1::PromoteRequest* request,
                              cairn::v1::Decision* response) override {
    auto first_epoch = std::make_shared<std::optional<int64_t>>();
    return ServeMutation(env_, "cairn.v1.PromotionService/Promote", context, request, response,
                         [request, now = Now(), first_epoch](const Snapshot& snapshot) {
                           return registry::PlanPromote(snapshot, *request, now, *first_epoch);
                         });
  }

  ServerUnaryReactor* GetDecision(CallbackServerContext* context,
                                  const cairn::v1::GetDecisionRequest* request,
                                  cairn::v1::Decision* response) override {
    return ServeRead(env_, "cairn.v1.PromotionService/GetDecision", context, request, response,
                     Effort::kQuick, registry::GetDecision);
  }

  ServerUnaryReactor* ListDecisions(CallbackServerContext* context,
                                    const cairn::v1::ListDecisionsRequest* request,
                                    cairn::v1::ListDecisionsResponse* response) override {
    return ServeRead(env_, "cairn.v1.PromotionService/ListDecisions", context, request, response,
                     Effort::kLong, registry::ListDecisions);
  }

  ServerUnaryReactor* Explain(CallbackServerContext* context,
                              const cairn::v1::ExplainRequest* request,
                              cairn::v1::ExplainResponse* response) override {
    return ServeRead(
        env_, "cairn.v1.PromotionService/Explain", context, request, response, Effort::kLong,
        [now = Now()](const Snapshot& snapshot, const cairn::v1::ExplainRequest& asked) {
          return registry::Explain(snapshot, asked, now);
        });
  }

 private:
  int64_t Now() const { return env_.clock.NowUnixNanos(); }

  Environment& env_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePromotionService(Environment& environment) {
  return std::make_unique<PromotionServiceImpl>(environment);
}

}  // namespace cairn::rpc

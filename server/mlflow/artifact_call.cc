#include "server/mlflow/artifact_call.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/calls/call_record.h"
#include "server/gateway/connect_head.h"
#include "server/mlflow/artifact_tree.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/service/authorize.h"

namespace cairn::mlflow {
namespace {

constexpr std::string_view kBefore = "/mlflow-artifacts/artifacts/";

}  // namespace

ArtifactCall::ArtifactCall(service::Caller caller, std::shared_ptr<Gateway> gateway,
                           http::Request request, std::shared_ptr<http::Exchange> exchange)
    : exchange_(std::move(exchange)),
      gateway_(std::move(gateway)),
      request_(std::move(request)),
      session_(gateway_->environment, gateway_->rows, gateway_->places, nullptr,
               std::move(caller)) {}

void ArtifactCall::Begin(std::shared_ptr<Gateway> gateway, Handler handler, http::Request request,
                         std::shared_ptr<http::Exchange> exchange) {
  service::Caller caller = gateway::CallerOf(gateway->environment, request, std::nullopt,
                                             [exchange] { return exchange->gone(); });
  BeginFor(std::move(caller), std::move(gateway), handler, std::move(request), std::move(exchange));
}

void ArtifactCall::BeginFor(service::Caller caller, std::shared_ptr<Gateway> gateway,
                            Handler handler, http::Request request,
                            std::shared_ptr<http::Exchange> exchange) {
  caller.ended = [exchange]() -> absl::Status {
    return exchange->gone() ? calls::CallEnded() : absl::OkStatus();
  };
  auto call = std::make_unique<ArtifactCall>(std::move(caller), std::move(gateway),
                                             std::move(request), exchange);
  const absl::Status known =
      service::CheckIdentity(call->gateway_->environment.access, call->session_.caller());
  if (!known.ok()) return exchange->Answer(ErrorAnswer(known));
  ArtifactCall* const runs = call.release();
  Start(handler(*runs), [runs](const absl::Status& ended) {
    const std::unique_ptr<ArtifactCall> owned(runs);
    if (!ended.ok()) owned->exchange_->Answer(ErrorAnswer(ended));
  });
}

absl::StatusOr<ArtifactPlace> ArtifactCall::Place() const { return PlaceBehind(kBefore); }

absl::StatusOr<ArtifactPlace> ArtifactCall::PlaceBehind(std::string_view before) const {
  const std::string_view path = request_.path;
  return ArtifactPlaceOf(path.substr(path.find(before) + before.size()));
}

Task<absl::Status> CheckPlace(Session& session, ArtifactPlace place) {
  const auto name = co_await session.NameOfRun(place.run_id);
  if (!name.ok()) co_return name.status();
  if (*name == place.run_name) co_return absl::OkStatus();
  // Not to be told from one that is not there: who may not see it learns nothing.
  co_return Refuse(kNotExists, fmt::format("Run with id={} not found", place.run_id));
}

Task<absl::Status> DeleteArtifact(ArtifactCall& call) {
  CAIRN_CO_ASSIGN_OR_RETURN(const ArtifactPlace place, call.Place());
  if (place.path.empty()) {
    co_return Refuse(kInvalidParameter,
                     "Invalid path: all artifacts of a run go with the run only.");
  }
  Session& session = call.session();
  CAIRN_CO_RETURN_IF_ERROR(co_await CheckPlace(session, place));
  v1::DeleteArtifactsRequest removal;
  removal.set_run(place.run_name);
  // A path is a file or a directory, never both.
  const auto file = co_await FindArtifact(session, place.run_name, place.path);
  if (!file.ok()) co_return session.ErrorOfRun(place.run_id, file.status());
  removal.add_paths(file->has_value() ? place.path : place.path + '/');
  const auto removed = co_await session.Call(session.rows().delete_artifacts, std::move(removal));
  if (!removed.ok() && !HasReason(removed.status(), ErrorReason::ARTIFACT_NOT_FOUND)) {
    co_return session.ErrorOfRun(place.run_id, removed.status());
  }
  call.exchange().Answer(http::JsonResponse(std::string(kEmptyReply)));
  co_return absl::OkStatus();
}

}  // namespace cairn::mlflow

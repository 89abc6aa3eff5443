#include "server/mlflow/served_call.h"

#include <string>
#include <utility>

#include "lib/http/gzip.h"
#include "server/calls/call_pools.h"
#include "server/gateway/arrival.h"
#include "server/gateway/connect_head.h"
#include "server/mlflow/error.h"
#include "server/service/authorize.h"

namespace cairn::mlflow {
namespace {

// As gateway::ConnectCall: a millisecond of JSON, about.
constexpr size_t kLargeBodyBytes = size_t{16} << 10;

}  // namespace

ServedCall::ServedCall(std::shared_ptr<Gateway> gateway, Handler handler, http::Request request,
                       http::Responder responder)
    : gateway_(std::move(gateway)),
      handler_(handler),
      responder_(std::move(responder)),
      packs_(http::AcceptsCoding(gateway::HeaderOf(request, "accept-encoding"), "gzip")),
      session_(gateway_->environment, gateway_->rows, gateway_->places, gateway_->options.webhooks,
               gateway::CallerOf(gateway_->environment, request, std::nullopt,
                                 [responder = responder_] { return responder.gone(); })),
      raw_(std::move(request)) {}

void ServedCall::Begin(std::shared_ptr<Gateway> gateway, const RouteRow& row, http::Request request,
                       const http::Responder& responder) {
  auto call =
      std::make_unique<ServedCall>(std::move(gateway), row.handler, std::move(request), responder);
  // Before anything is parsed for nobody in particular, and before mistakes are told to them.
  absl::Status known =
      service::CheckIdentity(call->gateway_->environment.access, call->session_.caller());
  if (!known.ok()) return Answer(std::move(call), std::move(known));
  return row.makes ? Take(std::move(call)) : Run(std::move(call));
}

void ServedCall::Take(std::unique_ptr<ServedCall> call) {
  const std::string holder =
      gateway::HolderOf(call->gateway_->environment, call->session_.caller());
  const std::string key = LostAnswers::KeyOf(holder, call->raw_.path, call->raw_.body);
  const std::shared_ptr<Gateway> gateway = call->gateway_;
  // A turn is copied, so it cannot own the call.
  ServedCall* const waits = call.release();
  gateway->lost_answers.Enter(
      key, waits->responder_, gateway->signer.NowUnixSeconds(),
      [waits](std::shared_ptr<LostAnswers::Call> makes, const std::string& answer) {
        std::unique_ptr<ServedCall> taken(waits);
        if (makes == nullptr) return Answer(std::move(taken), answer);
        taken->makes_ = std::move(makes);
        Run(std::move(taken));
      });
}

void ServedCall::Run(std::unique_ptr<ServedCall> call) {
  if (call->raw_.body.size() <= kLargeBodyBytes) return Serve(std::move(call));
  ThreadPool& pool = call->gateway_->environment.pools.compute;
  // A task of the pool is copied too.
  ServedCall* const waits = call.release();
  if (pool.TrySubmit([waits] { Serve(std::unique_ptr<ServedCall>(waits)); })) return;
  Answer(std::unique_ptr<ServedCall>(waits), calls::Overloaded());
}

void ServedCall::Serve(std::unique_ptr<ServedCall> call) {
  ServedCall& self = *call;
  self.request_.emplace(std::move(self.raw_));
  if (!self.request_->status().ok()) return Answer(std::move(call), self.request_->status());
  self.fields_.emplace(self.request_->fields());
  ServedCall* const runs = call.release();
  Start(self.handler_(self.session_, *self.fields_),
        [runs](Reply reply) { Answer(std::unique_ptr<ServedCall>(runs), std::move(reply)); });
}

void ServedCall::Answer(std::unique_ptr<ServedCall> call, Reply reply) {
  if (call->makes_ != nullptr) {
    Gateway& gateway = *call->gateway_;
    gateway.lost_answers.End(call->makes_, reply.ok() ? &*reply : nullptr,
                             gateway.signer.NowUnixSeconds());
  }
  http::Response response = call->ResponseOf(std::move(reply));
  const http::Responder responder = call->responder_;
  call.reset();
  responder.Answer(std::move(response));
}

http::Response ServedCall::ResponseOf(Reply reply) {
  if (!reply.ok()) return ErrorAnswer(reply.status());
  http::Response response = http::JsonResponse(*std::move(reply));
  if (response.body.size() >= http::kLeastGzipBytes) {
    response.headers.push_back({"Vary", "Accept-Encoding"});
    if (packs_) {
      response.body = http::Gzip(response.body);
      response.headers.push_back({"Content-Encoding", "gzip"});
    }
  }
  response.held = std::make_shared<MemoryCharge>(session_.TakeCharge());
  return response;
}

}  // namespace cairn::mlflow

#include "server/rpc/client_stream.h"

#include <utility>

#include "lib/base/status_macros.h"

namespace cairn::rpc {

ClientStream* ClientStream::Begin(Environment& environment, const service::Method& method,
                                  grpc::CallbackServerContext* context,
                                  grpc::ByteBuffer* response) {
  auto* stream = std::make_unique<ClientStream>(environment, method, context, response).release();
  stream->handover_.Pass();
  stream->StartRead(&stream->bytes_);
  return stream;
}

ClientStream::ClientStream(Environment& environment, const service::Method& method,
                           grpc::CallbackServerContext* context, grpc::ByteBuffer* response)
    : environment_(environment),
      method_(method),
      pool_(environment.pools.Of(method.effort())),
      response_(response),
      record_(environment, method.path.c_str()),
      caller_(CallerOf(environment, context)),
      sink_(std::get<service::SinkFunction>(method.serve)(caller_)),
      request_(method.request->New()) {}

void ClientStream::OnReadDone(bool ok) {
  handover_.Take();
  handover_.Pass();
  const auto step = [this, ok] { Step(ok); };
  const bool accepted = begun_ ? pool_.Resubmit(step) : pool_.TrySubmit(step);
  if (!accepted) Answer(Overloaded());
}

void ClientStream::OnCancel() {
  handover_.Take();
  cancelled_ = true;
  handover_.Pass();
}

void ClientStream::OnDone() {
  handover_.Take();
  // A call that was refused has begun nothing; what else was not let go may take long.
  if (sink_ == nullptr || !begun_ || !pool_.Resubmit([this] { delete this; })) delete this;
}

void ClientStream::Step(bool ok) {
  handover_.Take();
  const bool continues = std::exchange(begun_, true);
  if (cancelled_) return End(CallEnded());
  if (!ok) return End(Complete());
  const absl::Status received =
      Receive(environment_, method_, caller_, bytes_, *request_, continues);
  if (!received.ok()) return End(received);
  bytes_.Clear();
  const absl::StatusOr<bool> more = sink_->Take(*request_);
  if (!more.ok()) return End(more.status());
  if (!*more) return End(Complete());
  handover_.Pass();
  StartRead(&bytes_);
}

absl::Status ClientStream::Complete() {
  CAIRN_ASSIGN_OR_RETURN(const auto answer, sink_->Complete());
  *response_ = ToByteBuffer(*answer);
  return absl::OkStatus();
}

void ClientStream::End(const absl::Status& status) {
  sink_.reset();
  Answer(status);
}

void ClientStream::Answer(const absl::Status& status) {
  const grpc::Status answer = record_.Finish(status);
  handover_.Pass();
  Finish(answer);
}

}  // namespace cairn::rpc

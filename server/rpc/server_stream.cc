#include "server/rpc/server_stream.h"

#include <algorithm>
#include <string>
#include <utility>

#include "lib/base/status_macros.h"

namespace cairn::rpc {

ServerStream* ServerStream::Begin(Environment& environment, const service::Method& method,
                                  grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* request) {
  auto* stream = std::make_unique<ServerStream>(environment, method, context, request).release();
  stream->Start();
  return stream;
}

ServerStream::ServerStream(Environment& environment, const service::Method& method,
                           grpc::CallbackServerContext* context, const grpc::ByteBuffer* request)
    : ReplyWatch(environment.replies),
      environment_(environment),
      method_(method),
      pool_(environment.pools.Of(method.effort())),
      record_(environment, method.path.c_str()),
      context_(context),
      caller_(CallerOf(environment, context)),
      bytes_(*request) {}

void ServerStream::Start() {
  const absl::Status room = environment_.replies.Charge(service::kPartBytes, charge_);
  if (!room.ok()) return End(room);
  handover_.Pass();
  if (!pool_.TrySubmit([this] { Step(); })) End(Overloaded());
}

void ServerStream::OnWriteDone(bool ok) {
  handover_.Take();
  Taken();
  large_.Release();
  quick_ = std::chrono::steady_clock::now() - written_ < kQuick;
  ok ? GoOn() : End(CallEnded());
}

void ServerStream::OnCancel() {
  handover_.Take();
  cancelled_ = true;
  handover_.Pass();
  WakeUp();
}

void ServerStream::OnDone() {
  handover_.Take();
  Taken();
  delete this;
}

void ServerStream::GoOn() {
  handover_.Pass();
  if (!pool_.Resubmit([this] { Step(); })) End(CallEnded());
}

absl::Status ServerStream::Open() {
  request_.reset(method_.request->New());
  CAIRN_RETURN_IF_ERROR(Receive(environment_, method_, caller_, bytes_, *request_));
  bytes_.Clear();
  CAIRN_ASSIGN_OR_RETURN(source_,
                         std::get<service::OpenFunction>(method_.serve)(caller_, *request_));
  return absl::OkStatus();
}

// What the next part may hold, for a source that has more than usual.
int64_t ServerStream::PartBytes() {
  const bool large = quick_ && environment_.replies.ChargeLargePart(large_);
  return large ? service::kLargePartBytes : service::kPartBytes;
}

absl::StatusOr<service::Part> ServerStream::NextPart() {
  if (source_ == nullptr) CAIRN_RETURN_IF_ERROR(Open());
  std::string part;
  CAIRN_ASSIGN_OR_RETURN(const service::Part next,
                         source_->Next([this] { return PartBytes(); }, part));
  if (next == service::Part::kFilled) part_ = ToByteBuffer(std::move(part));
  return next;
}

void ServerStream::WaitForMore() {
  charge_.Release();
  charged_held_ = 0;
  rests_ = true;
  handover_.Pass();
  waiting_ = true;
  source_->WhenReady([this] { WakeUp(); });
  // Who cancelled before saw nobody wait.
  if (cancelled_) WakeUp();
}

void ServerStream::WakeUp() {
  if (waiting_.exchange(false)) GoOn();
}

void ServerStream::Step() {
  handover_.Take();
  if (cancelled_) return End(CallEnded());
  part_.Clear();
  {
    const absl::StatusOr<service::Part> next = NextPart();
    if (!next.ok()) return End(next.status());
    if (*next == service::Part::kEnd) return End(absl::OkStatus());
    if (*next == service::Part::kLater) return WaitForMore();
  }
  if (std::exchange(rests_, false)) environment_.replies.ChargeBegun(service::kPartBytes, charge_);
  if (const absl::Status room = ChargeHeld(); !room.ok()) return End(room);
  Waits(0);
  written_ = std::chrono::steady_clock::now();
  handover_.Pass();
  StartWrite(&part_);
}

absl::Status ServerStream::ChargeHeld() {
  const int64_t held = source_->HeldBytes();
  const int64_t more = held - std::exchange(charged_held_, std::max(charged_held_, held));
  const bool begun = std::exchange(begun_, true);
  if (more <= 0) return absl::OkStatus();
  if (!begun) return environment_.replies.Charge(more, charge_);
  environment_.replies.ChargeBegun(more, charge_);
  return absl::OkStatus();
}

void ServerStream::End(const absl::Status& status) {
  const grpc::Status answer = record_.Finish(status);
  handover_.Pass();
  Finish(answer);
}

}  // namespace cairn::rpc

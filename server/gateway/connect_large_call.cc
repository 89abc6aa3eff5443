#include "server/gateway/connect_large_call.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "server/core/limits.h"
#include "server/gateway/connect_envelope.h"
#include "server/gateway/connect_stream.h"

namespace cairn::gateway {
void ConnectLargeCall::Begin(calls::Environment& environment, const service::Method& method,
                             service::Caller caller, calls::CallRecord record, Arrival arrival,
                             ConnectCall::Input input, Deadline deadline,
                             std::shared_ptr<http::Exchange> exchange) {
  const auto call = std::make_shared<ConnectLargeCall>(environment, method, std::move(caller),
                                                       record, std::move(arrival), std::move(input),
                                                       deadline, std::move(exchange));
  call->self_ = call;
  call->ServeInTurn();
}

ConnectLargeCall::ConnectLargeCall(calls::Environment& environment, const service::Method& method,
                                   service::Caller caller, calls::CallRecord record,
                                   Arrival arrival, ConnectCall::Input input, Deadline deadline,
                                   std::shared_ptr<http::Exchange> held)
    : HeldExchange{std::move(held)},
      LargeUnary(environment, method, std::move(caller)),
      arrival_(std::move(arrival)),
      deadline_(deadline),
      input_(std::move(input)),
      record_(record),
      reply_(environment.replies, *method.descriptor->output_type(), input_.codec,
             input_.takes_gzip) {}

void ConnectLargeCall::Read() {
  reading_ = true;
  const auto longest = std::chrono::steady_clock::now() + arrival_.longest;
  alarm_ = environment_.alarms.Set(std::min(deadline_.value_or(longest), longest),
                                   [call = weak_from_this()] {
                                     const auto late = call.lock();
                                     if (late == nullptr || !late->reading_.exchange(false)) return;
                                     const absl::Status ended = late->caller_.Ended();
                                     late->Fail(ended.ok() ? late->arrival_.TooSlow() : ended);
                                   });
  ReadPiece();
}

void ConnectLargeCall::ReadPiece() {
  exchange->Read([this, self = shared_from_this()](absl::StatusOr<http::Exchange::Piece> piece) {
    TakePiece(std::move(piece));
  });
}

void ConnectLargeCall::TakePiece(absl::StatusOr<http::Exchange::Piece> piece) {
  if (!reading_) return;
  if (piece.ok() && piece->has_value()) {
    input_.bytes += **piece;
    const auto held = static_cast<int64_t>(input_.bytes.size());
    absl::Status room = arrival_.Charge(held, charge_);
    if (room.ok()) return ReadPiece();
    piece = std::move(room);
  } else if (!piece.ok()) {
    piece = BodyError(piece.status());
  }
  if (!StopReading()) return;
  if (!piece.ok()) return Fail(piece.status());
  if (!input_.compressed && input_.bytes.size() <= kUncountedBytes / 4) {
    return Received(static_cast<int64_t>(input_.bytes.size()));
  }
  if (!environment_.pools.compute.TrySubmit([this] { Unpack(); })) Fail(calls::Overloaded());
}

bool ConnectLargeCall::StopReading() {
  if (!reading_.exchange(false)) return false;
  environment_.alarms.Drop(alarm_);
  return true;
}

void ConnectLargeCall::Fail(absl::Status error) {
  error_ = std::move(error);
  Received(0);
}

void ConnectLargeCall::Unpack() {
  auto unpacked =
      gateway::Unpack({input_.compressed, std::move(input_.bytes)}, limits::kMessageBytes);
  if (!unpacked.ok()) return Fail(unpacked.status());
  input_.bytes = *std::move(unpacked);
  charge_.Release();  // the intake counts it from now on
  Received(static_cast<int64_t>(input_.bytes.size()));
}

absl::Status ConnectLargeCall::Parse(google::protobuf::Message& request) {
  if (!error_.ok()) return error_;
  const std::string bytes = std::move(input_.bytes);  // nobody reads them any more
  return ParseMessage(input_.codec, bytes, request);
}

void ConnectLargeCall::SendAnswer(absl::StatusOr<service::Answer> answer) {
  answer_ = std::move(answer);
  const bool commits = std::holds_alternative<service::ChangeFunction>(method_.serve);
  if (commits && answer_.ok() && environment_.pools.compute.TrySubmit([this] { Finish(); })) return;
  Finish();
}

void ConnectLargeCall::Finish() {
  absl::Status outcome;
  http::Response response = reply_.Make(std::move(answer_), outcome);
  record_.End(outcome);
  exchange->Answer(std::move(response));
  const auto self = std::exchange(self_, nullptr);
}

}  // namespace cairn::gateway

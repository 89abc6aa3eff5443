#include "server/calls/unary.h"

#include <memory>
#include <utility>
#include <variant>

#include "server/calls/receive.h"

namespace cairn::calls {

using google::protobuf::Message;

void Unary::Serve(int64_t size_bytes) {
  size_bytes_ = size_bytes;
  if (std::holds_alternative<service::ChangeFunction>(method_.serve)) return ServeChange();
  environment_.pools.Run(method_, method_.effort(), size_bytes_, caller_.ended,
                         [this](const absl::Status& status) {
                           if (!status.ok()) return Send(status);
                           Answer();
                         });
}

absl::Status Unary::Receive() {
  request_.reset(method_.request->New());
  return calls::Receive(
      environment_, method_, caller_, [this](Message& request) { return Parse(request); },
      *request_);
}

void Unary::Answer() {
  if (const absl::Status received = Receive(); !received.ok()) return Send(received);
  auto answer = std::get<service::AnswerFunction>(method_.serve)(caller_, *request_);
  if (answer.ok()) {
    if (absl::Status room = Charge(BytesOf(*answer)); !room.ok()) answer = std::move(room);
  }
  Send(std::move(answer));
}

void Unary::ServeChange() {
  if (const absl::Status received = Receive(); !received.ok()) return Send(received);
  change_ = std::get<service::ChangeFunction>(method_.serve)(caller_, *request_);
  if (!change_.in_turn_of.empty()) return WaitForTurn();
  auto in_turn = [this](const absl::Status& status) {
    if (!status.ok()) return Send(status);
    RunChange();
  };
  WaitingRoom& room = environment_.folding_room;
  if (change_.brings_points && room.MustWait()) {
    room.Wait(size_bytes_, caller_.ended, std::move(in_turn));
  } else {
    environment_.pools.Run(method_, change_.effort.value_or(method_.effort()), size_bytes_,
                           caller_.ended, std::move(in_turn));
  }
}

void Unary::WaitForTurn() {
  environment_.serial.queue.Wait(change_.in_turn_of, size_bytes_, caller_.ended,
                                 [this](const absl::Status& status, SerialQueue::Turn turn) {
                                   if (!status.ok()) return Send(status);
                                   turn_ = std::move(turn);
                                   RunChange();
                                 });
}

storage::RequestContext Unary::RequestOf() const {
  storage::RequestContext context{caller_.requester, method_.path, "", false, caller_.principal()};
  const auto& fields = *request_->GetReflection();
  if (method_.request_id != nullptr) {
    context.request_id = fields.GetString(*request_, method_.request_id);
  }
  if (method_.validate_only != nullptr) {
    context.validate_only = fields.GetBool(*request_, method_.validate_only);
  }
  return context;
}

void Unary::RunChange() {
  // What was committed must be answered, and the answer is about as large as the request: so room
  // for both is made before, but not while the call waits.
  if (const absl::Status room = Charge(2 * size_bytes_); !room.ok()) return EndTurn(room);
  storage::RequestContext context = RequestOf();
  const bool stores = !context.validate_only;
  storage::Mutator& mutator = turn_ == nullptr ? environment_.mutator : environment_.serial.mutator;
  mutator.Run(std::move(context), *request_, std::move(change_.plan), StampEtag,
              [this, stores](absl::StatusOr<std::unique_ptr<Message>> answer) {
                if (!answer.ok()) return EndTurn(answer.status());
                if (stores && change_.stored) change_.stored();
                EndTurn(service::Answer(*std::move(answer)));
              });
}

// A decision may have megabytes, and the thread that commits is everybody's; those that plan may
// all measure.
void Unary::EndTurn(absl::StatusOr<service::Answer> answer) {
  if (turn_ == nullptr) return Send(std::move(answer));
  auto kept = std::make_shared<absl::StatusOr<service::Answer>>(std::move(answer));
  const auto end = [this, kept] {
    turn_.reset();
    Send(std::move(*kept));
  };
  if (!environment_.pools.compute.Resubmit(end)) end();
}

}  // namespace cairn::calls

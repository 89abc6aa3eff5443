#include "server/calls/operation_wait.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/calls/receive.h"
#include "server/operations/operation_runner.h"
#include "server/operations/operations.h"
#include "server/service/authorize.h"

namespace cairn::calls {
namespace {

using google::protobuf::Message;

constexpr int64_t kMaxWaitSeconds = int64_t{366} * 24 * 3600;

}  // namespace

OperationWait::OperationWait(Environment& environment, const service::Method& method,
                             service::Caller caller, CallRecord record)
    : environment_(environment),
      method_(method),
      row_(std::get<service::OperationWaits>(method.serve)),
      caller_(std::move(caller)),
      record_(record) {}

void OperationWait::Serve(std::optional<Alarms::Time> until) {
  self_ = shared_from_this();
  if (absl::Status received = Receive(until); !received.ok()) {
    return CountAndSend(std::move(received));
  }
  WaitUntil(until);
}

// Also brings `until` forward to when the request says.
absl::Status OperationWait::Receive(std::optional<Alarms::Time>& until) {
  CAIRN_RETURN_IF_ERROR(calls::Receive(
      environment_, method_, caller_, [this](Message& request) { return Parse(request); },
      request_));
  const auto& timeout = request_.timeout();
  if (timeout.seconds() < 0 || timeout.nanos() < 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "timeout", std::to_string(timeout.seconds()),
                        "must not be negative");
  }
  if (request_.has_timeout()) {
    const Alarms::Time over = std::chrono::steady_clock::now() +
                              std::chrono::seconds(std::min(timeout.seconds(), kMaxWaitSeconds)) +
                              std::chrono::nanoseconds(timeout.nanos());
    until = std::min(until.value_or(over), over);
  }
  return operations::ReadOperation(*row_.store->GetSnapshot(), request_.name(),
                                   service::AllowanceOf(environment_.access, caller_, v1::READ))
      .status();
}

void OperationWait::WaitUntil(std::optional<Alarms::Time> until) {
  const auto wake = [self = weak_from_this()] {
    if (const auto wait = self.lock()) wait->Answer();
  };
  const Alarms::Ticket alarm =
      until.has_value() ? environment_.alarms.Set(*until, wake) : Alarms::Ticket();
  const int64_t wait = row_.runner->WhenDone(request_.name(), wake);
  {
    MutexLock lock(&mutex_);
    alarm_ = alarm;
    wait_ = wait;
    if (!answered_) return;
  }
  environment_.alarms.Drop(alarm);
  row_.runner->StopWaiting(wait);
}

void OperationWait::Answer() {
  auto stored = operations::ReadOperation(*row_.store->GetSnapshot(), request_.name());
  if (!stored.ok()) return CountAndSend(stored.status());
  CountAndSend(service::Answer(std::make_unique<google::longrunning::Operation>(stored->value)));
}

void OperationWait::CountAndSend(absl::StatusOr<service::Answer> answer) {
  Alarms::Ticket alarm;
  int64_t wait = 0;
  {
    MutexLock lock(&mutex_);
    if (std::exchange(answered_, true)) return;
    alarm = alarm_;
    wait = wait_;
  }
  environment_.alarms.Drop(alarm);
  row_.runner->StopWaiting(wait);
  record_.End(answer.status());
  Send(std::move(answer));
}

}  // namespace cairn::calls

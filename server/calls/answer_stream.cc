#include "server/calls/answer_stream.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "lib/base/status_macros.h"
#include "server/calls/receive.h"

namespace cairn::calls {
namespace {

using google::protobuf::Message;

// A client that took a part so soon gets larger ones.
constexpr std::chrono::milliseconds kQuick{100};

}  // namespace

AnswerStream::AnswerStream(Environment& environment, const service::Method& method,
                           service::Caller caller, CallRecord record)
    : ReplyWatch(environment.replies),
      environment_(environment),
      method_(method),
      caller_(std::move(caller)),
      pool_(environment.pools.Of(method.effort())),
      record_(record) {}

void AnswerStream::Serve() {
  const absl::Status room = environment_.replies.Charge(service::kPartBytes, charge_);
  if (!room.ok()) return CountAndEnd(room);
  if (!pool_.TrySubmit([this] { Step(); })) CountAndEnd(Overloaded());
}

void AnswerStream::Written(bool taken) {
  Taken();
  part_charge_.Release();
  quick_ = std::chrono::steady_clock::now() - written_ < kQuick;
  taken ? GoOn() : CountAndEnd(CallEnded());
}

void AnswerStream::Cancelled() {
  cancelled_ = true;
  WakeUp();
}

void AnswerStream::GoOn() {
  if (!pool_.Resubmit([this] { Step(); })) CountAndEnd(CallEnded());
}

void AnswerStream::Step() {
  if (cancelled_) return CountAndEnd(WhyEnded(caller_));
  std::string part;
  {
    const absl::StatusOr<service::Part> next = NextPart(part);
    if (!next.ok()) return CountAndEnd(next.status());
    if (*next == service::Part::kEnd) return CountAndEnd(absl::OkStatus());
    if (*next == service::Part::kLater) return WaitForMore();
  }
  if (std::exchange(rests_, false)) environment_.replies.ChargeBegun(service::kPartBytes, charge_);
  if (const absl::Status room = ChargeHeld(); !room.ok()) return CountAndEnd(room);
  Waits(0);
  written_ = std::chrono::steady_clock::now();
  const absl::Status begun = Write(std::move(part));
  if (begun.ok()) return;  // the call may be over already
  Taken();
  CountAndEnd(begun);
}

absl::StatusOr<service::Part> AnswerStream::NextPart(std::string& part) {
  if (source_ == nullptr) CAIRN_RETURN_IF_ERROR(Open());
  return source_->Next([this] { return PartBytes(); }, part);
}

absl::Status AnswerStream::Open() {
  request_.reset(method_.request->New());
  CAIRN_RETURN_IF_ERROR(Receive(
      environment_, method_, caller_, [this](Message& request) { return Parse(request); },
      *request_));
  CAIRN_ASSIGN_OR_RETURN(source_,
                         std::get<service::OpenFunction>(method_.serve)(caller_, *request_));
  return absl::OkStatus();
}

// What the next part may hold, for a source that has more than usual.
int64_t AnswerStream::PartBytes() {
  const bool large = quick_ && environment_.replies.ChargeLargePart(part_charge_);
  return large ? service::kLargePartBytes : service::kPartBytes;
}

absl::Status AnswerStream::ChargeHeld() {
  const int64_t held = source_->HeldBytes();
  const int64_t more = held - std::exchange(charged_held_, std::max(charged_held_, held));
  const bool begun = std::exchange(begun_, true);
  if (more <= 0) return absl::OkStatus();
  if (!begun) return environment_.replies.Charge(more, charge_);
  environment_.replies.ChargeBegun(more, charge_);
  return absl::OkStatus();
}

// Once another thread may go on, nothing here is touched: it may end the call.
void AnswerStream::WaitForMore() {
  charge_.Release();
  charged_held_ = 0;
  rests_ = true;
  wait_ = Wait::kBegins;
  // Who cancelled before saw nobody wait.
  if (cancelled_) {
    wait_ = Wait::kNone;
    return GoOn();
  }
  source_->WhenReady([this] { WakeUp(); });
  Wait begins = Wait::kBegins;
  if (wait_.compare_exchange_strong(begins, Wait::kWaits)) return;
  wait_ = Wait::kNone;
  GoOn();
}

void AnswerStream::WakeUp() {
  Wait begins = Wait::kBegins;
  if (wait_.compare_exchange_strong(begins, Wait::kWoken)) return;
  Wait waits = Wait::kWaits;
  if (wait_.compare_exchange_strong(waits, Wait::kNone)) GoOn();
}

void AnswerStream::CountAndEnd(const absl::Status& status) {
  record_.End(status);
  End(status);
}

}  // namespace cairn::calls

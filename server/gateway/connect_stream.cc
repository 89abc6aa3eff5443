#include "server/gateway/connect_stream.h"

#include <chrono>
#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/calls/call_record.h"
#include "server/core/limits.h"

namespace cairn::gateway {
namespace {

constexpr std::string_view kOneMessage = "it must be one message";

}  // namespace

absl::Status BodyError(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kCancelled:
      return calls::CallEnded();
    case absl::StatusCode::kDeadlineExceeded:
      return Error(absl::StatusCode::kDeadlineExceeded, ErrorReason::CALL_ENDED,
                   "the client sent nothing of its request for too long");
    case absl::StatusCode::kUnavailable:
      return RefusalOf(error);
    case absl::StatusCode::kOutOfRange:
      return TooLargeMessage(limits::kMessageBytes);
    default:
      return MalformedStream("its body must be valid HTTP");
  }
}

ConnectStream::ConnectStream(calls::Environment& environment, Arrival arrival, StreamHead head,
                             Requests requests, std::shared_ptr<http::Exchange> exchange)
    : exchange_(std::move(exchange)),
      environment_(environment),
      arrival_(std::move(arrival)),
      head_(head),
      requests_(requests),
      packer_(head.answers),
      reader_(head.requests, limits::kMessageBytes),
      received_(Envelope()) {}

void ConnectStream::Watch() {
  exchange_->OnGone([call = weak_from_this()] {
    if (const auto held = call.lock()) held->StopWaiting(calls::CallEnded());
  });
  if (!head_.deadline.has_value()) return;
  const calls::Alarms::Ticket alarm =
      environment_.alarms.Set(*head_.deadline, [call = weak_from_this()] {
        if (const auto held = call.lock()) held->StopWaiting(calls::DeadlineOver());
      });
  {
    MutexLock lock(&mutex_);
    alarm_ = alarm;
    if (!finished_) return;
  }
  environment_.alarms.Drop(alarm);
}

void ConnectStream::StopWaiting(const absl::Status& why) {
  Ended();
  Give(why);  // a read that is under way ends by itself, unheard
}

absl::Status ConnectStream::WhyEnded() {
  {
    MutexLock lock(&mutex_);
    if (finished_) return calls::CallEnded();
  }
  if (head_.deadline.has_value() && std::chrono::steady_clock::now() >= *head_.deadline) {
    return calls::DeadlineOver();
  }
  return exchange_->gone() ? calls::CallEnded() : absl::OkStatus();
}

void ConnectStream::Receive(std::function<void(bool)> next) {
  {
    MutexLock lock(&mutex_);
    next_ = std::move(next);
    ++number_;
  }
  bounded_ = false;
  if (requests_ == Requests::kOne) BoundTime();
  if (cut_ == piece_.size()) return ReadPiece();
  exchange_->Later([this, self = shared_from_this()] { Cut(); });
}

void ConnectStream::ReadPiece() {
  exchange_->Read([this, self = shared_from_this()](absl::StatusOr<http::Exchange::Piece> piece) {
    TakePiece(std::move(piece));
  });
}

void ConnectStream::TakePiece(absl::StatusOr<http::Exchange::Piece> piece) {
  if (!Heard()) return;
  if (!piece.ok()) return Give(BodyError(piece.status()));
  if (!piece->has_value()) {
    if (absl::Status end = reader_.End(); !end.ok()) return Give(std::move(end));
    if (!had_one_ && requests_ == Requests::kOne) return Give(MalformedStream(kOneMessage));
    return Give(std::nullopt);
  }
  piece_ = **std::move(piece);
  cut_ = 0;
  Cut();
}

// Gives the next message, or reads on until it is complete.
void ConnectStream::Cut() {
  if (had_one_ && requests_ == Requests::kOne) return Give(MalformedStream(kOneMessage));
  std::string_view rest = std::string_view(piece_).substr(cut_);
  auto message = reader_.Next(rest);
  cut_ = piece_.size() - rest.size();
  if (!message.ok()) return Give(message.status());
  if (message->has_value()) {
    had_one_ = true;
    if (let_in_) {
      ticket_.Received(static_cast<int64_t>((*message)->bytes.size()));
      charge_.Release();  // the intake counts it from now on
    }
    return Give(std::move(message));
  }
  if (absl::Status room = arrival_.Charge(static_cast<int64_t>(reader_.held_bytes()), charge_);
      !room.ok()) {
    return Give(std::move(room));
  }
  const bool large = static_cast<int64_t>(reader_.message_bytes()) > kUncountedBytes;
  if (large && requests_ == Requests::kInTurn && !let_in_) return WaitForTurn();
  if (reader_.within() && !bounded_) BoundTime();
  ReadPiece();
}

bool ConnectStream::Heard() {
  MutexLock lock(&mutex_);
  return next_ != nullptr;
}

void ConnectStream::BoundTime() {
  bounded_ = true;
  uint64_t number = 0;
  {
    MutexLock lock(&mutex_);
    number = number_;
  }
  const calls::Alarms::Ticket late = environment_.alarms.Set(
      std::chrono::steady_clock::now() + arrival_.longest, [call = weak_from_this(), number] {
        if (const auto held = call.lock()) held->Give(held->arrival_.TooSlow(), number);
      });
  calls::Alarms::Ticket before;
  {
    MutexLock lock(&mutex_);
    before = std::exchange(late_, late);
  }
  if (before != calls::Alarms::Ticket()) environment_.alarms.Drop(before);
}

void ConnectStream::WaitForTurn() {
  let_in_ = true;
  environment_.intake.Admit([self = shared_from_this()] { return self->WhyEnded(); },
                            [this, self = shared_from_this()](const absl::Status& status) {
                              if (!status.ok()) return Give(status);
                              ticket_ = environment_.intake.Begin();
                              BoundTime();
                              ReadPiece();
                            });
}

void ConnectStream::Give(absl::StatusOr<std::optional<Envelope>> came,
                         std::optional<uint64_t> number) {
  std::function<void(bool)> next;
  const bool message = !came.ok() || came->has_value();
  calls::Alarms::Ticket late;
  {
    MutexLock lock(&mutex_);
    if (number.has_value() && *number != number_) return;
    next.swap(next_);
    if (next == nullptr) return;
    late = std::exchange(late_, calls::Alarms::Ticket());
    if (!came.ok()) {
      received_ = came.status();
    } else if (message) {
      received_ = **std::move(came);
    }
  }
  if (late != calls::Alarms::Ticket()) environment_.alarms.Drop(late);
  next(message);
}

absl::Status ConnectStream::Parse(absl::StatusOr<Envelope> message,
                                  google::protobuf::Message& request) const {
  CAIRN_RETURN_IF_ERROR(message.status());
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes,
                         Unpack(*std::move(message), limits::kMessageBytes));
  return ParseMessage(head_.codec, bytes, request);
}

void ConnectStream::LetGo() {
  charge_.Release();
  ticket_.Leave();
  let_in_ = false;
}

absl::StatusOr<std::string> ConnectStream::Render(const google::protobuf::Descriptor& type,
                                                  service::Answer message) {
  CAIRN_ASSIGN_OR_RETURN(std::string bytes, RenderAnswer(head_.codec, type, std::move(message)));
  return Joined(packer_.Pack(std::move(bytes)));
}

void ConnectStream::Send(std::string rendered, http::Exchange::OnTaken taken) {
  BeginAnswer();
  exchange_->Write(std::move(rendered), std::move(taken));
}

void ConnectStream::Finish(const absl::Status& status, std::string rendered) {
  calls::Alarms::Ticket alarm;
  {
    MutexLock lock(&mutex_);
    finished_ = true;
    alarm = alarm_;
  }
  environment_.alarms.Drop(alarm);
  BeginAnswer();
  exchange_->Write(rendered.append(Joined(PackEnd(status))), [](const absl::Status&) {});
  exchange_->End();
  const auto self = std::exchange(self_, nullptr);
}

void ConnectStream::BeginAnswer() {
  if (std::exchange(begun_, true)) return;
  http::NameValues headers = {{"Content-Type", std::string(StreamTypeOf(head_.codec))},
                              {"Connect-Accept-Encoding", "gzip"}};
  if (head_.answers != Compression::kIdentity) {
    headers.push_back({"Connect-Content-Encoding", std::string(NameOf(head_.answers))});
  }
  exchange_->Begin(200, std::move(headers));
}

}  // namespace cairn::gateway

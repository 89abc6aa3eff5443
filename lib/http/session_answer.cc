// How a request is handed to its handler, and how its answer, or its refusal, is written.

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "lib/http/answer_head.h"
#include "lib/http/message.h"
#include "lib/http/session.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using HttpError = beast::http::error;

// How long a closing connection is read on, so that the client gets the answer
// instead of a reset.
constexpr std::chrono::milliseconds kLinger{1'000};

}  // namespace

void Session::BeginWork() {
  phase_ = Phase::kWorking;
  context_->registry.EndWait(this);
  read_watch_.Disarm();
  departure_ = std::make_shared<Departure>();
  received_ = std::chrono::steady_clock::now();
  request_.received = received_;
  if (ended_) departure_->Depart();
}

void Session::Handle() {
  BeginWork();
  Dispatcher::Done done = MakeDone();
  ReadAhead();
  if (route_ != nullptr && route_->slow) {
    return HandleOnWorker(std::move(request_), std::move(done));
  }
  context_->dispatcher.Handle(std::move(request_), version_ >= 11, departure_, std::move(done));
}

// Brings an answer from any thread back to the strand. The guard keeps the I/O threads for the
// answer, and is let go last.
Dispatcher::Done Session::MakeDone() {
  return [self = shared_from_this(), guard = asio::make_work_guard(transport_->executor())](
             Dispatcher::Result result) mutable {
    const auto executor = guard.get_executor();
    asio::dispatch(executor, [self = std::move(self), result = std::move(result)]() mutable {
      self->Answer(std::move(result));
    });
  };
}

void Session::HandleOnWorker(Request request, Dispatcher::Done done) {
  context_->waiting.fetch_add(1);
  asio::post(context_->worker, [context = context_, request = std::move(request),
                                done = std::move(done), gone = departure_,
                                needs_host = version_ >= 11]() mutable {
    auto counted = [context, done = std::move(done)](Dispatcher::Result result) {
      context->waiting.fetch_sub(1);
      done(std::move(result));
    };
    context->dispatcher.Handle(std::move(request), needs_host, std::move(gone), std::move(counted));
  });
}

void Session::Answer(Dispatcher::Result result) {
  record_.pattern = std::move(result.pattern);
  WriteWhole(std::move(result.response), keep_alive_);
}

void Session::OnParseError(ErrorCode error) {
  if (error == HttpError::header_limit || error == HttpError::buffer_overflow) {
    return Reject(431, "the request line and headers are too large");
  }
  if (error == HttpError::body_limit) {
    const std::size_t of_route = route_ == nullptr ? 0 : route_->max_body_bytes;
    return Reject(413, BodyTooLarge(std::max(context_->limits.max_body_bytes, of_route)));
  }
  Reject(400, "the message is not valid HTTP/1.1");
}

void Session::Reject(int status, std::string_view message) {
  Response response = ErrorResponse(status, message);
  if (status == 503) response.headers.push_back({"Retry-After", "1"});
  Reject(std::move(response));
}

void Session::Refuse(int status, const absl::Status& why) {
  if (route_ != nullptr && route_->refuse) return Reject(route_->refuse(request_, why));
  const auto message = why.message();
  Reject(status, std::string_view(message.data(), message.size()));
}

void Session::Reject(Response response) {
  phase_ = Phase::kWorking;
  context_->registry.EndWait(this);
  read_watch_.Disarm();
  received_ = std::chrono::steady_clock::now();
  Dispatcher::Finish(response);
  WriteWhole(std::move(response), /*keep_alive=*/false);
}

void Session::WriteWhole(Response response, bool keep_alive) {
  if (phase_ == Phase::kClosed) return;
  begun_ = true;
  large_body_.Release();
  held_ = std::move(response.held);
  keep_alive_ = keep_alive && !context_->draining;
  AnswerHead head{response.status, version_, keep_alive_};
  if (HasNoBody(response.status)) {
    response.body.clear();
  } else {
    head.length = response.body.size();
    if (record_.method == "HEAD") response.body.clear();
  }
  record_.status = response.status;
  record_.response_bytes = response.body.size();
  Send({RenderHead(head, response.headers), std::move(response.body),
        [this, self = shared_from_this()](ErrorCode error) { EndAnswer(error); }});
}

// The answer was written, or nothing more can be.
void Session::EndAnswer(ErrorCode error) {
  held_.reset();
  record_.duration = std::chrono::steady_clock::now() - received_;
  if (context_->observe) context_->observe(record_);
  if (departure_ != nullptr) departure_->Forget();
  ++number_;
  if (wanted_ != nullptr) GivePiece(absl::CancelledError("the answer has ended"));
  if (error || phase_ == Phase::kClosed) return;
  if (keep_alive_) return WaitForRequest();
  Linger();
}

void Session::Linger() {
  phase_ = Phase::kLinger;
  read_watch_.Arm(kLinger, shared_from_this(), &Session::OnLate);
  transport_->FinishSending([this, self = shared_from_this()](ErrorCode error) {
    if (phase_ == Phase::kClosed) return;
    if (error || ended_) return Close();
    buffer_.clear();
    ReadMore();
  });
}

void Session::Send(Output output) {
  outputs_.push_back(std::move(output));
  if (!sending_) SendNext();
}

void Session::SendNext() {
  sending_ = true;
  write_watch_.Arm(context_->limits.write_timeout, shared_from_this(), &Session::Close);
  transport_->Write(std::move(outputs_.front().head), std::move(outputs_.front().body),
                    [this, self = shared_from_this()](ErrorCode error) { OnSent(error); });
}

void Session::OnSent(ErrorCode error) {
  sending_ = false;
  write_watch_.Disarm();
  const Transport::Ready sent = std::move(outputs_.front().sent);
  outputs_.pop_front();
  if (error) Close();
  if (!outputs_.empty()) SendNext();
  sent(error);
}

}  // namespace cairn::http

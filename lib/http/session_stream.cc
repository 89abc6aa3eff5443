// The exchange of a route that streams, on its connection.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "lib/http/answer_head.h"
#include "lib/http/session.h"

namespace cairn::http {

namespace asio = boost::asio;

namespace {

// What a handler says of the body that it will write in pieces.
std::optional<std::size_t> LengthOf(const NameValues& headers) {
  const std::string* text = FindHeader(headers, "Content-Length");
  if (text == nullptr) return std::nullopt;
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  const bool whole = error == std::errc() && end == text->data() + text->size();
  return whole ? std::optional(length) : std::nullopt;
}

}  // namespace

// Brings what is asked to the strand. The request's number tells whether it is still the one that
// is under way; when it is not, nothing is done but that callbacks hear of it.
class SessionExchange final : public Exchange {
 public:
  explicit SessionExchange(std::shared_ptr<Session> session)
      : guard_(asio::make_work_guard(session->transport_->executor())),
        session_(std::move(session)),
        departure_(session_->departure_),
        number_(session_->number_) {}
  ~SessionExchange() override {
    Post([](Session* session) {
      if (session != nullptr) session->StreamAbandon();
    });
  }

  void Read(OnPiece next) override {
    Post([next = std::move(next)](Session* session) mutable {
      if (session == nullptr) return next(absl::CancelledError("the answer has ended"));
      session->StreamRead(std::move(next));
    });
  }
  void Answer(Response response) override {
    Post([response = std::move(response)](Session* session) mutable {
      if (session != nullptr) session->StreamAnswer(std::move(response));
    });
  }
  void Begin(int status, NameValues headers) override {
    Post([status, headers = std::move(headers)](Session* session) mutable {
      if (session != nullptr) session->StreamBegin(status, std::move(headers));
    });
  }
  void Write(std::string piece, OnTaken taken) override {
    Post([piece = std::move(piece), taken = std::move(taken)](Session* session) mutable {
      if (session == nullptr) return taken(absl::CancelledError("the answer has ended"));
      session->StreamWrite(std::move(piece), std::move(taken));
    });
  }
  void End() override {
    Post([](Session* session) {
      if (session != nullptr) session->StreamEnd();
    });
  }
  void Abort() override {
    Post([](Session* session) {
      if (session != nullptr) session->StreamAbort();
    });
  }
  void Later(std::function<void()> work) override {
    Post([work = std::move(work)](Session*) { work(); });
  }
  bool gone() const override { return departure_->gone(); }
  void OnGone(std::function<void()> left) override {
    Post([departure = departure_, left = std::move(left)](Session*) mutable {
      departure->OnGone(std::move(left));
    });
  }

 private:
  template <typename Work>
  void Post(Work work) {
    asio::post(session_->transport_->executor(),
               [session = session_, number = number_, work = std::move(work)]() mutable {
                 work(session->number_ == number ? session.get() : nullptr);
               });
  }

  // Keeps the I/O threads, and with them the server, until everything has been said; goes last.
  const asio::executor_work_guard<Transport::Socket::executor_type> guard_;
  const std::shared_ptr<Session> session_;
  const std::shared_ptr<Departure> departure_;
  const std::uint64_t number_;
};

void Session::BeginStream() {
  BeginWork();
  record_.pattern = route_->pattern;
  ReadAhead();
  const bool has_body = !parser_->is_done();
  context_->dispatcher.HandleStream(std::move(request_), version_ >= 11, has_body,
                                    std::make_shared<SessionExchange>(shared_from_this()));
}

void Session::StreamRead(Exchange::OnPiece next) {
  wanted_ = std::move(next);
  if (phase_ == Phase::kClosed) return GivePiece(absl::CancelledError("the client left"));
  if (begun_ && !streaming_) return GivePiece(absl::CancelledError("the answer has ended"));
  if (body_failed_) return GivePiece(absl::CancelledError("the body has failed"));
  if (std::exchange(expects_, false) && buffer_.size() == 0 && !begun_ && !parser_->is_done()) {
    Send({"HTTP/1.1 100 Continue\r\n\r\n", "", [](ErrorCode) {}});
  }
  DeliverPiece();
  ReadAhead();
}

void Session::DeliverPiece() {
  if (wanted_ == nullptr) return;
  ErrorCode error;
  std::string piece = TakePiece(error);
  if (!piece.empty()) return GivePiece(std::move(piece));
  if (error == boost::beast::http::error::body_limit) {
    return GivePiece(absl::OutOfRangeError("the body is too large"));
  }
  if (error || buffer_.size() >= kReadBytes) {  // it makes no piece of all that
    return GivePiece(absl::InvalidArgumentError("the body is not valid HTTP"));
  }
  if (parser_->is_done()) return GivePiece(std::nullopt);
  if (ended_) return GivePiece(absl::CancelledError("the client left"));
  if (context_->refusing) return GivePiece(absl::UnavailableError("the server stops"));
  read_watch_.Arm(context_->limits.idle_timeout, shared_from_this(), &Session::OnPieceLate);
}

void Session::GivePiece(absl::StatusOr<Exchange::Piece> piece) {
  if (phase_ == Phase::kWorking) read_watch_.Disarm();
  body_failed_ = body_failed_ || !piece.ok();
  const Exchange::OnPiece wanted = std::exchange(wanted_, nullptr);
  asio::post(transport_->executor(),
             [self = shared_from_this(), wanted, piece = std::move(piece)]() mutable {
               wanted(std::move(piece));
             });
}

void Session::OnPieceLate() {
  if (wanted_ != nullptr) GivePiece(absl::DeadlineExceededError("the client sent nothing"));
}

void Session::StreamAnswer(Response response) {
  if (begun_) return;
  if (!IsSendable(response.status, response.headers)) {
    response = ErrorResponse(500, "the answer is malformed");
  }
  Dispatcher::Finish(response);
  WriteWhole(std::move(response), keep_alive_ && parser_->is_done());
}

void Session::StreamBegin(int status, NameValues headers) {
  if (begun_ || phase_ == Phase::kClosed) return;
  if (!IsSendable(status, headers)) {
    return StreamAnswer(ErrorResponse(500, "the answer is malformed"));
  }
  Dispatcher::Finish(headers);
  begun_ = true;
  streaming_ = true;
  const bool has_body = !HasNoBody(status);
  const std::optional<std::size_t> length = has_body ? LengthOf(headers) : std::nullopt;
  chunked_ = version_ >= 11 && has_body && !length.has_value();
  drops_pieces_ = !has_body || record_.method == "HEAD";
  const bool framed = chunked_ || drops_pieces_ || length.has_value();
  keep_alive_ = keep_alive_ && framed && parser_->is_done() && !context_->draining;
  record_.status = status;
  Send({RenderHead({status, version_, keep_alive_, chunked_, length}, headers), "",
        [](ErrorCode) {}});
}

void Session::StreamWrite(std::string piece, Exchange::OnTaken taken) {
  const bool wanted = phase_ != Phase::kClosed && streaming_;
  if (!wanted || drops_pieces_ || piece.empty()) {
    return taken(wanted ? absl::OkStatus() : absl::CancelledError("the client left"));
  }
  record_.response_bytes += piece.size();
  if (chunked_) piece = RenderChunk(piece);
  Send({std::move(piece), "", [taken = std::move(taken)](ErrorCode error) {
          taken(error ? absl::CancelledError("the client left") : absl::OkStatus());
        }});
}

void Session::StreamEnd() {
  if (!std::exchange(streaming_, false)) return;
  if (phase_ == Phase::kClosed) return EndAnswer(asio::error::operation_aborted);
  Send({chunked_ && !drops_pieces_ ? RenderChunk("") : "", "",
        [this, self = shared_from_this()](ErrorCode error) { EndAnswer(error); }});
}

// To HTTP/1.0 a close is the end of the answer.
void Session::StreamAbort() {
  CloseBy(/*reset=*/!chunked_);
  if (std::exchange(streaming_, false)) EndAnswer(asio::error::operation_aborted);
}

// All let go of the exchange before the answer was ended.
void Session::StreamAbandon() {
  if (!begun_) return StreamAnswer(ErrorResponse(500, "the request was left without an answer"));
  if (streaming_) StreamAbort();
}

}  // namespace cairn::http

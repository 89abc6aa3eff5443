#include "lib/http/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <utility>

#include "lib/http/message.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using HttpError = beast::http::error;

constexpr const char* kStops = "the server stops; try again later";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string ToString(beast::string_view text) { return std::string(text.data(), text.size()); }

template <typename Message>
Request ToRequest(const Message& message) {
  Request request;
  request.method = ToString(message.method_string());
  request.path = ToString(message.target());
  for (const auto& field : message) {
    request.headers.push_back({ToString(field.name_string()), ToString(field.value())});
  }
  return request;
}

}  // namespace

Session::Session(std::shared_ptr<Transport> transport, std::shared_ptr<SessionContext> context,
                 std::shared_ptr<void> place)
    : place_(std::move(place)),
      transport_(std::move(transport)),
      context_(std::move(context)),
      peer_(transport_->PeerAddress()),
      read_watch_(transport_->executor()),
      write_watch_(transport_->executor()),
      buffer_(context_->limits.max_header_bytes + kReadBytes) {}

Session::~Session() { context_->registry.Remove(this); }

void Session::Start(bool rejected) {
  asio::dispatch(transport_->executor(), [this, self = shared_from_this(), rejected] {
    rejected_ = rejected;
    read_watch_.Arm(context_->limits.handshake_timeout, self, &Session::OnLate);
    transport_->Handshake([this, self](ErrorCode error) { OnHandshake(error); });
    if (!context_->tls) return;
    const auto oldest = context_->registry.BeginHandshake(self, context_->limits.max_handshakes());
    if (oldest != nullptr) oldest->Abort();
  });
}

void Session::Drain() {
  asio::dispatch(transport_->executor(), [self = shared_from_this()] {
    if (self->phase_ == Phase::kIdle || self->phase_ == Phase::kHandshake) self->Close();
  });
}

void Session::StopReceiving() {
  asio::dispatch(transport_->executor(), [self = shared_from_this()] {
    const absl::Status stops = absl::UnavailableError(kStops);
    if (self->phase_ == Phase::kHeader || self->phase_ == Phase::kBody) {
      self->Refuse(503, stops);
    } else if (self->wanted_ != nullptr) {
      self->GivePiece(stops);
    }
  });
}

void Session::Abort() {
  asio::dispatch(transport_->executor(), [self = shared_from_this()] { self->Close(); });
}

void Session::GiveWay() {
  asio::dispatch(transport_->executor(), [self = shared_from_this()] {
    const Phase phase = self->phase_;
    if (phase == Phase::kIdle || phase == Phase::kHeader || phase == Phase::kBody) {
      return self->Close();
    }
    self->context_->registry.Stay(self.get());
  });
}

void Session::OnHandshake(ErrorCode error) {
  context_->registry.EndHandshake(this);
  if (phase_ == Phase::kClosed) return;
  read_watch_.Disarm();
  if (error) return Close();
  if (rejected_) return Reject(503, "too many connections; try again later");
  WaitForRequest();
}

void Session::WaitForRequest() {
  if (context_->draining) return Close();
  context_->registry.BeginWait(shared_from_this());
  if (buffer_.size() > 0) return BeginRequest();
  phase_ = Phase::kIdle;
  read_watch_.Arm(context_->limits.idle_timeout, shared_from_this(), &Session::OnLate);
  ReadMore();
}

void Session::BeginRequest() {
  phase_ = Phase::kHeader;
  record_ = RequestRecord();
  version_ = 11;
  keep_alive_ = true;
  body_left_ = 0;
  begun_ = streaming_ = chunked_ = drops_pieces_ = expects_ = body_failed_ = false;
  route_ = nullptr;
  deadline_.reset();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(context_->limits.max_header_bytes));
  // See AdmitBody. Beast 1.74 refuses every length where there is no limit at all.
  parser_->body_limit(std::numeric_limits<std::uint64_t>::max());
  // One watch for header and body: the time counts from the first byte.
  latest_ = std::chrono::steady_clock::now() + context_->limits.read_timeout;
  read_watch_.Arm(context_->limits.read_timeout, shared_from_this(), &Session::OnLate);
  ParseHeader();
}

void Session::ParseHeader() {
  ErrorCode error;
  // It stops behind the header, so that the body's limit is set in time. All fields are taken at
  // once, when the last one is there.
  bool folded = false;
  if (buffer_.size() > 0) {
    const std::size_t used = parser_->put(buffer_.data(), error);
    folded = HasFoldedLine({static_cast<const char*>(buffer_.data().data()), used});
    buffer_.consume(used);
  }
  if (folded) return Reject(400, "a header goes on in a second line, which HTTP/1.1 has no more");
  if (parser_->is_header_done()) return OnHeader();
  if (error && error != HttpError::need_more) return OnParseError(error);
  if (buffer_.size() == buffer_.max_size()) return OnParseError(HttpError::header_limit);
  ReadMore();
}

void Session::OnHeader() {
  parser_->eager(true);
  const auto& head = parser_->get();
  request_ = ToRequest(head);
  request_.peer = peer_;
  request_.certificate = transport_->certificate();
  request_.began = std::chrono::steady_clock::now();
  record_.method = request_.method;
  version_ = head.version();
  keep_alive_ = head.keep_alive();
  route_ = context_->dispatcher.Find(request_.method, request_.path);
  if (const std::string_view name = RepeatedHeader(request_.headers); !name.empty()) {
    return Refuse(400, absl::InvalidArgumentError(fmt::format("more than one header {}", name)));
  }
  if (!CheckCoding() || !AdmitBody() || !CheckExpect()) return;
  if (route_ != nullptr && route_->stream) return BeginStream();
  phase_ = Phase::kBody;
  ArmForBody();
  // A client that has begun to send did not wait.
  if (!expects_ || buffer_.size() > 0 || parser_->is_done()) return ParseBody();
  Send({std::string(kContinue), "", [this, self = shared_from_this()](ErrorCode error) {
          if (!error && phase_ == Phase::kBody) ParseBody();
        }});
}

void Session::OnLate() {
  if (phase_ != Phase::kHeader && phase_ != Phase::kBody) return Close();
  const bool of_call = deadline_.has_value() && latest_ == *deadline_;
  Refuse(408,
         absl::DeadlineExceededError(of_call ? "the deadline of the call is over"
                                             : fmt::format("the request must arrive within {} ms",
                                                           context_->limits.read_timeout.count())));
}

void Session::CloseBy(bool reset) {
  const Phase last = std::exchange(phase_, Phase::kClosed);
  if (last == Phase::kClosed) return;
  if (departure_ != nullptr) {
    if (last == Phase::kWorking || !transport_->AllReceived()) departure_->Lose();
    departure_->Depart();
  }
  transport_->Close(reset);
  EndAll();
}

// The connection is closed; those who wait for it hear of it.
void Session::EndAll() {
  read_watch_.Disarm();
  write_watch_.Disarm();
  if (wanted_ != nullptr) GivePiece(absl::CancelledError("the client left"));
  std::deque<Output> dropped;
  dropped.swap(outputs_);
  if (sending_) {  // ends by itself
    outputs_.push_back(std::move(dropped.front()));
    dropped.pop_front();
  }
  for (Output& output : dropped) {
    asio::post(transport_->executor(), [self = shared_from_this(), sent = std::move(output.sent)] {
      sent(asio::error::operation_aborted);
    });
  }
}

void Session::ReadMore() {
  if (awaiting_) return;
  if (ended_) return Close();
  awaiting_ = true;
  transport_->AwaitRead([this, self = shared_from_this()](ErrorCode error) { OnReadable(error); });
}

// While a request is worked on: to notice that the client leaves.
void Session::ReadAhead() {
  if (!ended_ && buffer_.size() < kReadBytes) ReadMore();
}

void Session::OnReadable(ErrorCode error) {
  awaiting_ = false;
  if (phase_ == Phase::kClosed) return;
  if (!error && phase_ == Phase::kBody && body_left_ > 0) return ReadRest();
  std::size_t size = 0;
  if (!error) {
    const std::size_t room = std::min(kReadBytes, buffer_.max_size() - buffer_.size());
    const auto into = buffer_.prepare(room);
    size = transport_->ReadSome(static_cast<char*>(into.data()), into.size(), error);
  }
  if (error == asio::error::would_block) return ReadMore();
  if (error) return OnReadEnd(error);
  if (phase_ == Phase::kLinger) return ReadMore();
  buffer_.commit(size);
  switch (phase_) {
    case Phase::kIdle:
      return BeginRequest();
    case Phase::kHeader:
      return ParseHeader();
    case Phase::kBody:
      return ParseBody();
    default:
      DeliverPiece();
      ReadAhead();
  }
}

// A client that went away in the middle of a message cannot be told anything. One that has sent
// all may have closed his half only: he gets his answers, if they do not mind.
void Session::OnReadEnd(ErrorCode error) {
  if (phase_ != Phase::kWorking || error != asio::error::eof) return Close();
  ended_ = true;
  if (departure_ != nullptr) departure_->Depart();
  DeliverPiece();
}

}  // namespace cairn::http

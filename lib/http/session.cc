#include "lib/http/session.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <ctime>
#include <utility>

#include "lib/http/message.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

constexpr std::size_t kReadBytes = 16 << 10;
// How long a closing connection is read on, so that the client gets the answer
// instead of a reset.
constexpr std::chrono::milliseconds kLinger{1'000};
constexpr std::string_view kBodyTooLarge = "the body is too large";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string ToString(beast::string_view text) { return std::string(text.data(), text.size()); }

beast::string_view ToBeast(std::string_view text) {
  return beast::string_view(text.data(), text.size());
}

Request ToRequest(beast::http::request<beast::http::string_body>&& message, std::string peer) {
  Request request;
  request.method = ToString(message.method_string());
  request.path = ToString(message.target());
  for (const auto& field : message) {
    request.headers.push_back({ToString(field.name_string()), ToString(field.value())});
  }
  request.body = std::move(message.body());
  request.peer = std::move(peer);
  return request;
}

// The time in the form of the Date header.
std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm utc;
  gmtime_r(&now, &utc);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string(text, size);
}

bool HasNoBody(int status) { return status == 204 || status == 304; }

}  // namespace

void SessionRegistry::Add(const std::shared_ptr<Session>& session) {
  MutexLock lock(&mutex_);
  sessions_.emplace(session.get(), session);
}

void SessionRegistry::Remove(const Session* session) {
  MutexLock lock(&mutex_);
  sessions_.erase(session);
  if (sessions_.empty()) empty_.SignalAll();
}

std::size_t SessionRegistry::size() const {
  MutexLock lock(&mutex_);
  return sessions_.size();
}

std::vector<std::shared_ptr<Session>> SessionRegistry::All() const {
  MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<Session>> all;
  for (const auto& [key, weak] : sessions_) {
    if (auto session = weak.lock()) all.push_back(std::move(session));
  }
  return all;
}

bool SessionRegistry::WaitUntilEmpty(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  MutexLock lock(&mutex_);
  while (!sessions_.empty()) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) return false;
    empty_.WaitFor(&mutex_, left);
  }
  return true;
}

Session::Session(asio::ip::tcp::socket socket, std::shared_ptr<SessionContext> context)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      context_(std::move(context)),
      buffer_(context_->limits.max_header_bytes + kReadBytes) {
  ErrorCode ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  const auto endpoint = socket_.remote_endpoint(ignored);
  if (!ignored) {
    const std::string host = endpoint.address().to_string();
    peer_ = (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
            std::to_string(endpoint.port());
  }
}

Session::~Session() { context_->registry.Remove(this); }

void Session::Start() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] { self->WaitForRequest(); });
}

void Session::StartRejected() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
    self->Reject(503, "too many connections; try again later");
  });
}

void Session::Drain() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
    if (self->idle_) self->Close();
  });
}

void Session::Abort() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] { self->Close(); });
}

void Session::Arm(std::chrono::milliseconds limit) {
  timed_out_ = false;
  timer_.expires_after(limit);
  timer_.async_wait([self = shared_from_this(), armed = ++armed_](ErrorCode error) {
    if (error || armed != self->armed_) return;
    self->timed_out_ = true;
    ErrorCode ignored;
    self->socket_.cancel(ignored);
  });
}

bool Session::Disarm() {
  ++armed_;
  timer_.cancel();
  return std::exchange(timed_out_, false);
}

void Session::WaitForRequest() {
  if (context_->draining) return Close();
  if (buffer_.size() > 0) return ReadHeader();
  idle_ = true;
  Arm(context_->limits.idle_timeout);
  socket_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                            self->idle_ = false;
                            self->Disarm();
                            if (error) return self->Close();
                            self->buffer_.commit(bytes);
                            self->ReadHeader();
                          });
}

void Session::ReadHeader() {
  record_ = RequestRecord();
  version_ = 11;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(context_->limits.max_header_bytes));
  // Of the route it is known later which of the two counts.
  parser_->body_limit(
      std::max(context_->limits.max_body_bytes, context_->dispatcher.largest_body()));
  // One watch for header and body: the time counts from the first byte.
  Arm(context_->limits.read_timeout);
  beast::http::async_read_header(
      socket_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->OnHeader(error); });
}

void Session::OnHeader(ErrorCode error) {
  if (error) return OnReadError(error);
  if (!AdmitBody()) return;
  const auto expect = parser_->get().find(beast::http::field::expect);
  if (expect == parser_->get().end()) return ReadBody();
  if (!beast::iequals(expect->value(), "100-continue")) {
    Disarm();
    return Reject(417, "only 100-continue can be expected");
  }
  if (buffer_.size() > 0) return ReadBody();  // the client did not wait
  SendContinue();
}

// Bounds the body by what its route allows; false: it was refused.
bool Session::AdmitBody() {
  route_ = context_->dispatcher.Find(ToString(parser_->get().method_string()),
                                     ToString(parser_->get().target()));
  const std::size_t usual = context_->limits.max_body_bytes;
  const std::size_t limit = route_ == nullptr ? usual : std::max(usual, route_->max_body_bytes);
  const std::uint64_t bytes = parser_->chunked() ? limit : parser_->content_length().value_or(0);
  if (bytes > limit) {
    Disarm();
    Reject(413, kBodyTooLarge);
    return false;
  }
  parser_->body_limit(limit);
  if (bytes <= usual) return true;
  if (large_body_.TryAdd(context_->large_bodies, static_cast<std::int64_t>(bytes))) return true;
  Disarm();
  Reject(503, "too many large requests; try again later");
  return false;
}

void Session::SendContinue() {
  asio::async_write(socket_, asio::buffer(kContinue.data(), kContinue.size()),
                    [self = shared_from_this()](ErrorCode error, std::size_t) {
                      if (error) return self->OnReadError(error);
                      self->ReadBody();
                    });
}

void Session::ReadBody() {
  beast::http::async_read(
      socket_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->OnBody(error); });
}

void Session::OnBody(ErrorCode error) {
  if (error) return OnReadError(error);
  Disarm();
  received_ = std::chrono::steady_clock::now();
  const bool keep_alive = parser_->get().keep_alive();
  version_ = parser_->get().version();
  Request request = ToRequest(parser_->release(), peer_);
  record_.method = request.method;
  record_.request_bytes = request.body.size();
  request.received = received_;
  Dispatcher::Done done = MakeDone(keep_alive);
  if (route_ != nullptr && route_->slow) {
    return HandleOnWorker(std::move(request), std::move(done));
  }
  context_->dispatcher.Handle(std::move(request), version_ >= 11, gone_, std::move(done));
}

// Brings an answer from any thread back to the strand. Nothing else of the connection is under
// way meanwhile; the guard keeps the I/O threads for the answer, and is let go last.
Dispatcher::Done Session::MakeDone(bool keep_alive) {
  return
      [self = shared_from_this(), keep_alive,
       guard = asio::make_work_guard(socket_.get_executor())](Dispatcher::Result result) mutable {
        const auto executor = guard.get_executor();
        asio::dispatch(executor,
                       [self = std::move(self), result = std::move(result), keep_alive]() mutable {
                         self->Answer(std::move(result), keep_alive);
                       });
      };
}

void Session::HandleOnWorker(Request request, Dispatcher::Done done) {
  context_->waiting.fetch_add(1);
  asio::post(context_->worker, [context = context_, request = std::move(request),
                                done = std::move(done), gone = gone_,
                                needs_host = version_ >= 11]() mutable {
    auto counted = [context, done = std::move(done)](Dispatcher::Result result) {
      context->waiting.fetch_sub(1);
      done(std::move(result));
    };
    context->dispatcher.Handle(std::move(request), needs_host, std::move(gone), std::move(counted));
  });
}

void Session::Answer(Dispatcher::Result result, bool keep_alive) {
  record_.pattern = std::move(result.pattern);
  Write(std::move(result.response), keep_alive);
}

void Session::OnReadError(ErrorCode error) {
  using HttpError = beast::http::error;
  if (Disarm()) return Reject(408, "the request took too long to arrive");
  if (error == HttpError::header_limit || error == HttpError::buffer_overflow) {
    return Reject(431, "the request line and headers are too large");
  }
  if (error == HttpError::body_limit) return Reject(413, kBodyTooLarge);
  const bool parse_error = error.category() == make_error_code(HttpError::bad_method).category();
  // A peer that went away in the middle of a message cannot be told anything.
  if (!parse_error || error == HttpError::end_of_stream || error == HttpError::partial_message) {
    return Close();
  }
  Reject(400, "the message is not valid HTTP/1.1");
}

void Session::Reject(int status, std::string_view message) {
  received_ = std::chrono::steady_clock::now();
  Response response = ErrorResponse(status, message);
  if (status == 503) response.headers.push_back({"Retry-After", "1"});
  Dispatcher::Finish(response);
  Write(std::move(response), /*keep_alive=*/false);
}

void Session::Write(Response response, bool keep_alive) {
  const bool head = record_.method == "HEAD";
  large_body_.Release();
  held_ = std::move(response.held);
  message_.emplace(static_cast<beast::http::status>(response.status), version_);
  message_->set(beast::http::field::date, ToBeast(HttpDate()));
  for (const NameValue& header : response.headers) {
    message_->insert(ToBeast(header.name), ToBeast(header.value));
  }
  message_->keep_alive(keep_alive && !context_->draining);
  if (!HasNoBody(response.status)) {
    message_->content_length(response.body.size());
    if (!head) message_->body() = std::move(response.body);
  }
  record_.status = response.status;
  record_.response_bytes = message_->body().size();
  Arm(context_->limits.write_timeout);
  beast::http::async_write(
      socket_, *message_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->OnWritten(error); });
}

void Session::OnWritten(ErrorCode error) {
  Disarm();
  const bool keep_alive = message_->keep_alive();
  message_.reset();
  held_.reset();
  record_.duration = std::chrono::steady_clock::now() - received_;
  if (context_->observe) context_->observe(record_);
  // The serializer reports the end of an answer without keep-alive as an error.
  if (error && error != beast::http::error::end_of_stream) return Close();
  if (keep_alive) return WaitForRequest();
  Linger();
}

void Session::Linger() {
  ErrorCode error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) return Close();
  buffer_.clear();
  Arm(kLinger);
  DiscardInput();
}

void Session::DiscardInput() {
  socket_.async_read_some(buffer_.prepare(kReadBytes),
                          [self = shared_from_this()](ErrorCode error, std::size_t) {
                            if (error || self->timed_out_) return self->Close();
                            self->DiscardInput();
                          });
}

void Session::Close() {
  *gone_ = true;
  Disarm();
  ErrorCode ignored;
  socket_.close(ignored);
}

}  // namespace cairn::http

#include "lib/http/http_connection.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using ConnectionError = boost::system::error_code;
using AnswerParser = beast::http::response_parser<beast::http::buffer_body>;

constexpr std::size_t kPartBytes = 256 << 10;
// The first byte of a record of TLS that is an alert: what such a port answers to anything else.
constexpr char kTlsAlert = 0x15;

}  // namespace

// Its steps are asynchronous only because the time limit of a tcp_stream needs that: each is run to
// its end.
class HttpConnection::Impl {
 public:
  Impl(HostPort server, ConnectionOptions options)
      : server_(std::move(server)), options_(options), io_(1), part_(kPartBytes) {}

  absl::StatusOr<Response> Exchange(const ClientRequest& request, const BodySink* sink) {
    try {
      return Try(request, sink);
    } catch (const std::exception& error) {  // asio has no descriptor or no memory left
      return Says(absl::StatusCode::kResourceExhausted, ErrorReason::SERVER_UNREACHABLE,
                  fmt::format("cannot ask {}: {}", server_.ToString(), error.what()));
    }
  }

 private:
  absl::StatusOr<Response> Try(const ClientRequest& request, const BodySink* sink) {
    url_ = fmt::format("http://{}{}", server_.ToString(), request.target);
    const bool kept = stream_.has_value();
    auto answer = Once(request, sink);
    // The server may have closed what was kept, and then it did not answer at all.
    if (!answer.ok() && kept && !head_came_ && absl::IsUnavailable(answer.status())) {
      answer = Once(request, sink);
    }
    if (!answer.ok()) Close();
    return answer;
  }

  absl::StatusOr<Response> Once(const ClientRequest& request, const BodySink* sink) {
    head_came_ = false;
    if (!stream_.has_value()) CAIRN_RETURN_IF_ERROR(Connect());
    if (absl::Status sent = Send(request); !sent.ok()) {
      Close();
      return sent;
    }
    auto answer = Receive(sink);
    if (!answer.ok()) Close();
    return answer;
  }

  void Close() {
    stream_.reset();
    buffer_.clear();
  }

  // Before each step.
  void LimitTime() {
    if (options_.total.count() > 0) {
      stream_->expires_at(until_);
    } else {
      stream_->expires_after(options_.silence);
    }
  }

  // Whether the step that was begun failed.
  bool Wait(const ConnectionError& error) {
    io_.restart();
    io_.run();
    return static_cast<bool>(error);
  }

  absl::Status Connect() {
    ConnectionError error;
    asio::ip::tcp::resolver resolver(io_);
    const auto found = resolver.resolve(server_.host, server_.port, error);
    if (error) return Broken(fmt::format("{} does not resolve", server_.host), error);
    stream_.emplace(io_);
    until_ = std::chrono::steady_clock::now() + options_.total;
    LimitTime();
    stream_->async_connect(found,
                           [&](ConnectionError e, const asio::ip::tcp::endpoint&) { error = e; });
    if (!Wait(error)) return absl::OkStatus();
    stream_.reset();
    return Broken("nobody answers at " + server_.ToString(), error);
  }

  absl::Status Send(const ClientRequest& request) {
    beast::http::request<beast::http::string_body> message;
    message.method_string(request.method);
    message.target(request.target);
    message.version(11);
    message.set(beast::http::field::host, server_.ToString());
    for (const auto& [name, value] : request.headers) message.set(name, value);
    message.body() = request.body;
    message.prepare_payload();
    ConnectionError error;
    LimitTime();
    beast::http::async_write(*stream_, message, [&](ConnectionError e, std::size_t) { error = e; });
    if (Wait(error)) return Broken(server_.ToString() + " closed the connection", error);
    return absl::OkStatus();
  }

  absl::StatusOr<Response> Receive(const BodySink* sink) {
    AnswerParser parser;
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
    ConnectionError error;
    LimitTime();
    beast::http::async_read_header(*stream_, buffer_, parser,
                                   [&](ConnectionError e, std::size_t) { error = e; });
    if (Wait(error)) return NoAnswer(error);
    head_came_ = true;
    Response response;
    response.status = parser.get().result_int();
    for (const auto& field : parser.get()) {
      response.headers.push_back(
          {std::string(field.name_string().data(), field.name_string().size()),
           std::string(field.value().data(), field.value().size())});
    }
    // The parser has no limit of its own, and what is announced needs no reading.
    if ((sink == nullptr || response.status != 200) &&
        parser.content_length().value_or(0) > options_.max_body_bytes) {
      return TooLarge();
    }
    CAIRN_RETURN_IF_ERROR(ReceiveBody(parser, response.status == 200 ? sink : nullptr, response));
    if (!parser.keep_alive()) Close();
    return response;
  }

  absl::Status ReceiveBody(AnswerParser& parser, const BodySink* sink, Response& response) {
    while (!parser.is_done()) {
      parser.get().body().data = part_.data();
      parser.get().body().size = part_.size();
      ConnectionError error;
      LimitTime();
      beast::http::async_read(*stream_, buffer_, parser,
                              [&](ConnectionError e, std::size_t) { error = e; });
      Wait(error);
      if (error == beast::http::error::need_buffer) error = {};
      if (error) return NoAnswer(error);
      const std::string_view part(part_.data(), part_.size() - parser.get().body().size);
      if (sink != nullptr) {
        CAIRN_RETURN_IF_ERROR((*sink)(part));
        continue;
      }
      if (response.body.size() + part.size() > options_.max_body_bytes) return TooLarge();
      response.body.append(part);
    }
    return absl::OkStatus();
  }

  absl::Status TooLarge() const {
    return Says(absl::StatusCode::kOutOfRange, ErrorReason::TOO_LARGE,
                fmt::format("the answer of {} is above {} bytes", server_.ToString(),
                            options_.max_body_bytes));
  }

  absl::Status NoAnswer(ConnectionError error) const {
    const auto* const first = static_cast<const char*>(buffer_.data().data());
    if (!head_came_ && buffer_.size() > 0 && *first == kTlsAlert) {
      return Says(absl::StatusCode::kInvalidArgument, ErrorReason::TLS_REQUIRED,
                  server_.ToString() + " speaks TLS, and plain HTTP is asked for");
    }
    if (error == beast::http::error::end_of_stream) {
      return Says(
          absl::StatusCode::kUnavailable, ErrorReason::SERVER_UNREACHABLE,
          server_.ToString() + " closed the connection without an answer, as no port of HTTP does");
    }
    const bool of_http = error.category() ==
                         beast::http::make_error_code(beast::http::error::bad_version).category();
    if (of_http && error != beast::http::error::partial_message) {
      return Says(
          absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_MALFORMED,
          fmt::format("{} does not speak HTTP/1.1: {}", server_.ToString(), error.message()));
    }
    return Broken("the connection to " + server_.ToString() + " broke", error);
  }

  absl::Status Broken(const std::string& what, ConnectionError error) const {
    if (error == beast::error::timeout) {
      const std::string why =
          options_.total.count() > 0
              ? fmt::format("did not answer within {} ms", options_.total.count())
              : fmt::format("was silent for {} ms", options_.silence.count());
      return Says(absl::StatusCode::kDeadlineExceeded, ErrorReason::CALL_ENDED,
                  fmt::format("{} {}", server_.ToString(), why));
    }
    return Says(absl::StatusCode::kUnavailable, ErrorReason::SERVER_UNREACHABLE,
                fmt::format("{}: {}", what, error.message()));
  }

  absl::Status Says(absl::StatusCode code, ErrorReason reason, const std::string& message) const {
    return Error(code, reason, message).With("url", url_).ToStatus();
  }

  const HostPort server_;
  const ConnectionOptions options_;
  asio::io_context io_;
  std::optional<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;  // what came behind the last answer
  std::vector<char> part_;
  std::chrono::steady_clock::time_point until_;  // of the connection, if its time is bounded
  std::string url_;
  bool head_came_ = false;
};

HttpConnection::HttpConnection(HostPort server, ConnectionOptions options)
    : impl_(std::make_unique<Impl>(std::move(server), options)) {}
HttpConnection::~HttpConnection() = default;
HttpConnection::HttpConnection(HttpConnection&&) noexcept = default;
HttpConnection& HttpConnection::operator=(HttpConnection&&) noexcept = default;

absl::StatusOr<Response> HttpConnection::Ask(const ClientRequest& request) {
  return impl_->Exchange(request, nullptr);
}

absl::StatusOr<Response> HttpConnection::Fetch(const ClientRequest& request, const BodySink& sink) {
  return impl_->Exchange(request, &sink);
}

}  // namespace cairn::http

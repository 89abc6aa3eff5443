#include "lib/http/http_client.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <exception>
#include <string>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

// The first byte of a record of TLS that is an alert: what such a port answers to anything else.
constexpr char kTlsAlert = 0x15;

// One GET. Its steps are asynchronous only because the time limit of a tcp_stream needs that: each
// is run to its end.
class OneGet {
 public:
  OneGet(const HostPort& server, const std::string& target, const GetOptions& options)
      : server_(server), target_(target), options_(options), io_(1), stream_(io_) {}

  absl::StatusOr<Response> Run() {
    ErrorCode error;
    tcp::resolver resolver(io_);
    const auto found = resolver.resolve(server_.host, server_.port, error);
    if (error) return Unreachable(fmt::format("{} does not resolve", server_.host), error);
    stream_.expires_after(options_.timeout);
    stream_.async_connect(found, [&](ErrorCode e, const tcp::endpoint&) { error = e; });
    if (Wait(error)) return Failed("nobody answers at " + server_.ToString(), error);
    CAIRN_RETURN_IF_ERROR(Send());
    return Receive();
  }

 private:
  // Whether the step that was begun failed.
  bool Wait(const ErrorCode& error) {
    io_.restart();
    io_.run();
    return static_cast<bool>(error);
  }

  absl::Status Send() {
    beast::http::request<beast::http::empty_body> request(beast::http::verb::get, target_, 11);
    request.set(beast::http::field::host, server_.ToString());
    request.set(beast::http::field::connection, "close");
    ErrorCode error;
    beast::http::async_write(stream_, request, [&](ErrorCode e, std::size_t) { error = e; });
    if (Wait(error)) return Failed(server_.ToString() + " closed the connection", error);
    return absl::OkStatus();
  }

  absl::StatusOr<Response> Receive() {
    beast::http::response_parser<beast::http::string_body> parser;
    parser.body_limit(options_.max_body_bytes);
    beast::flat_buffer buffer;
    ErrorCode error;
    const auto done = [&](ErrorCode e, std::size_t) { error = e; };
    beast::http::async_read_header(stream_, buffer, parser, done);
    if (Wait(error)) return NoAnswer(buffer, error);
    // The parser looks at its limit only when it has to read on.
    if (parser.content_length().value_or(0) > options_.max_body_bytes) return TooLarge();
    beast::http::async_read(stream_, buffer, parser, done);
    if (Wait(error)) return NoAnswer(buffer, error);
    if (parser.get().body().size() > options_.max_body_bytes) return TooLarge();
    Response response;
    response.status = parser.get().result_int();
    for (const auto& field : parser.get()) {
      response.headers.push_back(
          {std::string(field.name_string().data(), field.name_string().size()),
           std::string(field.value().data(), field.value().size())});
    }
    response.body = std::move(parser.get().body());
    return response;
  }

  absl::Status NoAnswer(const beast::flat_buffer& buffer, ErrorCode error) const {
    if (error == beast::http::error::body_limit) return TooLarge();
    const auto* const first = static_cast<const char*>(buffer.data().data());
    if (buffer.size() > 0 && *first == kTlsAlert) {
      return Said(absl::StatusCode::kInvalidArgument, ErrorReason::TLS_REQUIRED,
                  server_.ToString() + " speaks TLS, and plain HTTP is asked for");
    }
    if (error == beast::http::error::end_of_stream) {
      return Unreachable(
          server_.ToString() + " closed the connection without an answer, as no port of HTTP does",
          {});
    }
    if (error.category() !=
            beast::http::make_error_code(beast::http::error::bad_version).category() ||
        error == beast::http::error::partial_message) {
      return Failed("the connection to " + server_.ToString() + " broke", error);
    }
    return Said(absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_MALFORMED,
                server_.ToString() + " does not speak HTTP/1.1");
  }

  absl::Status TooLarge() const {
    return Said(absl::StatusCode::kOutOfRange, ErrorReason::TOO_LARGE,
                fmt::format("the answer of {} is above {} bytes", server_.ToString(),
                            options_.max_body_bytes));
  }

  absl::Status Failed(const std::string& what, ErrorCode error) const {
    if (error != beast::error::timeout) return Unreachable(what, error);
    return Said(absl::StatusCode::kDeadlineExceeded, ErrorReason::CALL_ENDED,
                fmt::format("{} did not answer within {} ms", server_.ToString(),
                            options_.timeout.count()));
  }

  absl::Status Unreachable(const std::string& what, ErrorCode error) const {
    return Said(absl::StatusCode::kUnavailable, ErrorReason::SERVER_UNREACHABLE,
                error ? fmt::format("{}: {}", what, error.message()) : what);
  }

  absl::Status Said(absl::StatusCode code, ErrorReason reason, const std::string& message) const {
    return Error(code, reason, message)
        .With("url", fmt::format("http://{}{}", server_.ToString(), target_))
        .ToStatus();
  }

  const HostPort& server_;
  const std::string& target_;
  const GetOptions options_;
  asio::io_context io_;
  beast::tcp_stream stream_;
};

}  // namespace

absl::StatusOr<HostPort> ParseHttpAddress(std::string_view field, std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) {
    return InvalidField(ErrorReason::TLS_NOT_SPOKEN, field, text,
                        "must be HOST:PORT or http://HOST:PORT: that port has no TLS")
        .ToStatus();
  }
  std::string_view rest = text;
  if (rest.starts_with(kScheme)) rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  auto server = ParseHostPort(rest);
  if (server.ok() && server->host.find_first_of("/@ ") == std::string::npos) return server;
  return InvalidField(ErrorReason::VALUE_INVALID, field, text,
                      "must be HOST:PORT or http://HOST:PORT")
      .ToStatus();
}

absl::StatusOr<Response> Get(const HostPort& server, const std::string& target,
                             const GetOptions& options) {
  try {
    return OneGet(server, target, options).Run();
  } catch (const std::exception& error) {  // asio has no descriptor or no memory left
    return Error(absl::StatusCode::kResourceExhausted, ErrorReason::SERVER_UNREACHABLE,
                 fmt::format("cannot ask {}: {}", server.ToString(), error.what()))
        .With("url", fmt::format("http://{}{}", server.ToString(), target))
        .ToStatus();
  }
}

}  // namespace cairn::http

#include "lib/http/outgoing_post.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/http/public_address.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using PostError = boost::system::error_code;
using Endpoints = std::vector<asio::ip::tcp::endpoint>;
using TlsStream = asio::ssl::stream<beast::tcp_stream>;
using PostMessage = beast::http::request<beast::http::string_body>;

constexpr std::chrono::milliseconds kStopCheck{50};

absl::Status NotPublic(std::string_view field, const WebUrl& url, std::string_view address) {
  return InvalidField(ErrorReason::VALUE_INVALID, field, url.server.host,
                      fmt::format("must be a host of the public internet, and leads to {}; "
                                  "--webhook-allow-private of the server allows others",
                                  address))
      .ToStatus();
}

// Its steps are asynchronous only because time limits need that: each is run to its end.
class Post {
 public:
  Post(const WebUrl& url, const OutgoingOptions& options)
      : url_(url), options_(options), tls_(asio::ssl::context::tls_client) {}

  absl::StatusOr<int> Run(const NameValues& headers, const std::string& body) {
    CAIRN_ASSIGN_OR_RETURN(const Endpoints endpoints, Resolve());
    until_ = std::chrono::steady_clock::now() + options_.timeout;
    PostMessage message;
    message.method(beast::http::verb::post);
    message.target(url_.target);
    message.version(11);
    message.set(beast::http::field::host, url_.Authority());
    message.set(beast::http::field::connection, "close");
    for (const auto& [name, value] : headers) message.set(name, value);
    message.body() = body;
    message.prepare_payload();
    if (url_.tls) return RunTls(endpoints, message);
    beast::tcp_stream stream(io_);
    CAIRN_RETURN_IF_ERROR(Connect(stream, endpoints));
    return Exchange(stream, message);
  }

 private:
  // The addresses of the name, once every one of them is allowed.
  absl::StatusOr<Endpoints> Resolve() {
    PostError error;
    asio::ip::tcp::resolver resolver(io_);
    const auto found = resolver.resolve(url_.server.host, url_.server.port, error);
    if (error) return Broken("its name does not resolve", error);
    Endpoints endpoints;
    for (const auto& entry : found) {
      const std::string address = entry.endpoint().address().to_string();
      if (!options_.allow_private && !IsPublicAddress(address)) {
        return NotPublic("url", url_, address);
      }
      endpoints.push_back(entry.endpoint());
    }
    return endpoints;
  }

  absl::StatusOr<int> RunTls(const Endpoints& endpoints, PostMessage& message) {
    PostError error;
    tls_.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                     asio::ssl::context::no_tlsv1_1);
    tls_.set_default_verify_paths(error);
    if (error) return Broken("this system has no authorities of certificates", error);
    TlsStream stream(io_, tls_);
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(url_.server.host));
    if (!IsAddress(url_.server.host) &&
        SSL_set_tlsext_host_name(stream.native_handle(), url_.server.host.c_str()) != 1) {
      return Broken("its name cannot be asked for", error);
    }
    CAIRN_RETURN_IF_ERROR(Connect(beast::get_lowest_layer(stream), endpoints));
    beast::get_lowest_layer(stream).expires_at(until_);
    stream.async_handshake(asio::ssl::stream_base::client, [&](PostError e) { error = e; });
    if (const bool stopped = Wait(beast::get_lowest_layer(stream)); stopped || error) {
      return stopped ? Stopped() : Broken("TLS was not agreed on", error);
    }
    return Exchange(stream, message);
  }

  absl::Status Connect(beast::tcp_stream& stream, const Endpoints& endpoints) {
    PostError error;
    stream.expires_at(until_);
    stream.async_connect(endpoints, [&](PostError e, const auto&) { error = e; });
    if (Wait(stream)) return Stopped();
    return error ? Broken("nobody answers", error) : absl::OkStatus();
  }

  template <typename Stream>
  absl::StatusOr<int> Exchange(Stream& stream, PostMessage& message) {
    PostError error;
    beast::get_lowest_layer(stream).expires_at(until_);
    beast::http::async_write(stream, message, [&](PostError e, std::size_t) { error = e; });
    if (Wait(beast::get_lowest_layer(stream))) return Stopped();
    if (error) return Broken("the connection broke", error);
    beast::flat_buffer buffer;
    beast::http::response_parser<beast::http::empty_body> parser;
    beast::get_lowest_layer(stream).expires_at(until_);
    beast::http::async_read_header(stream, buffer, parser,
                                   [&](PostError e, std::size_t) { error = e; });
    if (Wait(beast::get_lowest_layer(stream))) return Stopped();
    if (error) return Broken("it gave no answer of HTTP", error);
    return static_cast<int>(parser.get().result_int());
  }

  // Runs the step that was begun to its end; true if it was given up.
  bool Wait(beast::tcp_stream& stream) {
    bool stopped = false;
    io_.restart();
    while (!io_.stopped()) {
      io_.run_for(kStopCheck);
      if (stopped || options_.stopping == nullptr || !options_.stopping()) continue;
      stopped = true;
      stream.cancel();
    }
    return stopped;
  }

  absl::Status Stopped() const {
    return Says(absl::StatusCode::kCancelled, ErrorReason::CALL_ENDED,
                "was not asked to the end: this server stops");
  }

  absl::Status Broken(std::string_view what, PostError error) const {
    if (error == beast::error::timeout) {
      return Says(absl::StatusCode::kDeadlineExceeded, ErrorReason::CALL_ENDED,
                  fmt::format("did not answer within {} ms", options_.timeout.count()));
    }
    return Says(absl::StatusCode::kUnavailable, ErrorReason::SERVER_UNREACHABLE,
                fmt::format("cannot be reached: {}: {}", what, error.message()));
  }

  absl::Status Says(absl::StatusCode code, ErrorReason reason, const std::string& what) const {
    return Error(code, reason, fmt::format("{} {}", url_.server.ToString(), what))
        .With("server", url_.server.ToString())
        .ToStatus();
  }

  const WebUrl& url_;
  const OutgoingOptions& options_;
  asio::io_context io_{1};
  asio::ssl::context tls_;
  std::chrono::steady_clock::time_point until_;
};

}  // namespace

absl::Status CheckOutgoing(std::string_view field, const WebUrl& url,
                           const OutgoingOptions& options) {
  if (!url.tls && !options.allow_http) {
    return InvalidField(ErrorReason::VALUE_INVALID, field, "http://" + url.server.ToString(),
                        "must begin with https://; --webhook-allow-http of the server allows http")
        .ToStatus();
  }
  const std::string host = AsciiLower(url.server.host);
  const bool local = host == "localhost" || host.ends_with(".localhost") || host == "localhost.";
  if (options.allow_private || (!local && (!IsAddress(host) || IsPublicAddress(host)))) {
    return absl::OkStatus();
  }
  return NotPublic(field, url, local ? "this machine" : host);
}

absl::StatusOr<int> PostOnce(const WebUrl& url, const NameValues& headers, const std::string& body,
                             const OutgoingOptions& options) {
  CAIRN_RETURN_IF_ERROR(CheckOutgoing("url", url, options));
  try {
    return Post(url, options).Run(headers, body);
  } catch (const std::exception& error) {  // asio has no descriptor or no memory left
    return Error(absl::StatusCode::kUnavailable, ErrorReason::SERVER_UNREACHABLE,
                 fmt::format("cannot ask {}: {}", url.server.ToString(), error.what()))
        .ToStatus();
  }
}

}  // namespace cairn::http

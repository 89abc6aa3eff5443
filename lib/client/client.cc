#include "lib/client/client.h"

#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "lib/client/token_file.h"

namespace cairn::client {

namespace {

absl::Status BadAddress(std::string_view address, std::string_view rule) {
  return InvalidField(ErrorReason::VALUE_INVALID, "address", address, rule);
}

// HOST:PORT, with an IPv6 host in brackets; what gRPC knows by another scheme is left to it.
absl::Status CheckAddress(std::string_view address) {
  for (const std::string_view scheme : {"unix:", "unix-abstract:", "dns:", "ipv4:", "ipv6:"}) {
    if (address.starts_with(scheme)) return absl::OkStatus();
  }
  if (const size_t scheme = address.find("://"); scheme != std::string_view::npos) {
    std::string_view rest = address.substr(scheme + 3);
    rest = rest.substr(0, rest.find('/'));
    return BadAddress(
        address, fmt::format("write it without \"{}\": {}", address.substr(0, scheme + 3), rest));
  }
  const size_t colon = address.rfind(':');
  const bool has_port = colon != std::string_view::npos && colon > 0 &&
                        address.find(']', colon) == std::string_view::npos;
  if (!has_port) return BadAddress(address, "HOST:PORT is needed, such as 127.0.0.1:50051");
  if (address.front() != '[' && address.find(':') != colon) {
    return BadAddress(address, "an IPv6 address stands in brackets: [::1]:50051");
  }
  const std::string_view port = address.substr(colon + 1);
  int number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535) {
    return BadAddress(address, "the port must be a number from 1 to 65535");
  }
  if (address.find_first_of(" \t/") != std::string_view::npos || !IsValidUtf8(address)) {
    return BadAddress(address, "HOST:PORT must have no blanks and no path");
  }
  return absl::OkStatus();
}

// https://HOST:PORT, also with a slash at its end, is HOST:PORT with TLS.
void TakeScheme(ConnectOptions& options) {
  constexpr std::string_view kHttps = "https://";
  if (!std::string_view(options.address).starts_with(kHttps)) return;
  options.address.erase(0, kHttps.size());
  if (options.address.ends_with('/')) options.address.pop_back();
  options.tls.on = true;
}

// It travels as gRPC metadata, which takes nothing else and ends the process for less.
absl::Status CheckPrincipal(std::string_view principal) {
  for (const char c : principal) {
    if (c >= 0x20 && c <= 0x7e) continue;
    return InvalidField(ErrorReason::VALUE_INVALID, "principal", principal,
                        "must be printable ASCII");
  }
  return absl::OkStatus();
}

}  // namespace

Client::Client(ConnectOptions options) : transport_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(ConnectOptions options) {
  TakeScheme(options);
  CAIRN_RETURN_IF_ERROR(CheckAddress(options.address));
  CAIRN_RETURN_IF_ERROR(CheckPrincipal(options.principal));
  if (!options.token.empty()) CAIRN_RETURN_IF_ERROR(CheckToken(options.token));
  if (options.call_timeout_millis <= 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "timeout",
                        std::to_string(options.call_timeout_millis), "must be positive")
        .ToStatus();
  }
  if (!options.request_id.empty() && !IsUuid4(options.request_id)) {
    return InvalidField(ErrorReason::VALUE_INVALID, "request_id", options.request_id,
                        "must be a version 4 UUID, as `uuidgen` or "
                        "/proc/sys/kernel/random/uuid gives")
        .ToStatus();
  }
  if (options.keepalive_millis < 10'000 || options.keepalive_millis > 3'600'000) {
    return InvalidField(ErrorReason::VALUE_INVALID, "keepalive",
                        std::to_string(options.keepalive_millis), "must be from 10 s to 1 h")
        .ToStatus();
  }
  return std::unique_ptr<Client>(new Client(std::move(options)));
}

absl::Status Client::Ping() { return admin_.GetServerInfo({}).status(); }

}  // namespace cairn::client

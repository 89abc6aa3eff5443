#include "lib/client/client.h"

#include <utility>

#include "lib/base/errors.h"

namespace cairn::client {

Client::Client(ConnectOptions options) : transport_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(ConnectOptions options) {
  if (options.address.empty()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "address", "", "HOST:PORT is needed")
        .ToStatus();
  }
  if (options.call_timeout_millis <= 0) {
    return InvalidField(ErrorReason::VALUE_INVALID, "timeout",
                        std::to_string(options.call_timeout_millis), "must be positive")
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

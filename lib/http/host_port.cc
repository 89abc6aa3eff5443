#include "lib/http/host_port.h"

#include <fmt/format.h>

#include "absl/status/status.h"

namespace cairn::http {

std::string HostPort::ToString() const {
  return host.find(':') == std::string::npos ? host + ":" + port
                                             : fmt::format("[{}]:{}", host, port);
}

absl::StatusOr<HostPort> ParseHostPort(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  HostPort split;
  if (colon != std::string_view::npos) {
    split = {std::string(address.substr(0, colon)), std::string(address.substr(colon + 1))};
    if (split.host.starts_with('[') && split.host.ends_with(']')) {
      split.host = split.host.substr(1, split.host.size() - 2);
    } else if (split.host.find(':') != std::string::npos) {
      split.host.clear();  // an IPv6 address without brackets: where would the port begin?
    }
  }
  const bool digits = split.port.find_first_not_of("0123456789") == std::string::npos;
  const bool port =
      digits && !split.port.empty() && split.port.size() <= 5 && std::stoi(split.port) <= 65535;
  if (split.host.empty() || !port) {
    return absl::InvalidArgumentError(
        fmt::format("HTTP address \"{}\" is not HOST:PORT with a port of 0 to 65535", address));
  }
  return split;
}

}  // namespace cairn::http

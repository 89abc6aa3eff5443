#include "lib/http/host_policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace cairn::http {
namespace {

bool IsAddress(const std::string& host) {
  in_addr v4;
  in6_addr v6;
  return inet_pton(AF_INET, host.c_str(), &v4) == 1 || inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

bool IsPort(std::string_view text) {
  return text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

}  // namespace

std::string HostOf(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  if (host.starts_with('[')) {
    const std::size_t close = host.find(']');
    if (close == std::string_view::npos) return "";
    const std::string_view rest = host.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return "";
    port = rest.empty() ? rest : rest.substr(1);
    host = host.substr(1, close - 1);
  } else if (std::count(host.begin(), host.end(), ':') == 1) {
    const std::size_t colon = host.find(':');
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (!IsPort(port)) return "";
  if (host.ends_with('.')) host.remove_suffix(1);
  return LowerCase(host);
}

HostPolicy::HostPolicy(std::string_view bound_host, const std::vector<std::string>& extra) {
  names_ = {"localhost", "127.0.0.1", "::1"};
  const std::string bound = HostOf(bound_host);
  any_address_ = bound == "0.0.0.0" || bound == "::";
  if (!bound.empty()) names_.insert(bound);
  for (const std::string& name : extra) {
    if (std::string host = HostOf(name); !host.empty()) names_.insert(std::move(host));
  }
}

bool HostPolicy::AllowsHost(std::string_view host) const {
  const std::string name = HostOf(host);
  if (name.empty()) return false;
  if (names_.contains(name) || name.ends_with(".localhost")) return true;
  return any_address_ && IsAddress(name);
}

bool HostPolicy::AllowsOrigin(std::string_view origin) const {
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;
  return AllowsHost(origin.substr(scheme + 3));
}

}  // namespace cairn::http

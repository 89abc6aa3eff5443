#include "lib/http/web_url.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/http/public_address.h"

namespace cairn::http {
namespace {

constexpr std::string_view kSecure = "https://";
constexpr std::string_view kPlain = "http://";

bool IsPlainHost(std::string_view host) {
  return !host.empty() && host.size() <= 253 &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return c < 0x80 &&
                  (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == ':');
         });
}

}  // namespace

std::string WebUrl::Authority() const {
  if (server.port != (tls ? "443" : "80")) return server.ToString();
  std::string text = server.ToString();
  return text.substr(0, text.rfind(':'));
}

absl::StatusOr<WebUrl> ParseWebUrl(std::string_view field, std::string_view text) {
  const auto refuse = [&](std::string_view rule) {
    return InvalidField(ErrorReason::VALUE_INVALID, field, text.substr(0, 200), rule).ToStatus();
  };
  if (text.size() > kMaxUrlBytes) {
    return refuse(fmt::format("must be at most {} bytes long", kMaxUrlBytes));
  }
  const std::string lower = AsciiLower(text.substr(0, kSecure.size()));
  WebUrl url;
  url.tls = lower.starts_with(kSecure);
  if (!url.tls && !lower.starts_with(kPlain)) return refuse("must begin with https://");
  std::string_view rest = text.substr(url.tls ? kSecure.size() : kPlain.size());
  const bool is_plain = std::all_of(rest.begin(), rest.end(), [](unsigned char c) {
    return c > 0x20 && c < 0x7f && c != '\\' && c != '"' && c != '<' && c != '>';
  });
  if (!is_plain) return refuse("must have spaces and bytes beyond ASCII percent-encoded");
  if (rest.find('#') != std::string_view::npos) return refuse("must have no fragment");
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string authority(rest.substr(0, end));
  rest.remove_prefix(end);
  if (authority.find('@') != std::string::npos) return refuse("must have no name and password");
  const size_t bracket = authority.rfind(']');
  if (authority.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos) {
    authority += url.tls ? ":443" : ":80";
  }
  auto server = ParseHostPort(authority);
  if (!server.ok() || !IsPlainHost(server->host)) return refuse("must have a host");
  if (server->port == "0") return refuse("must have a port from 1 to 65535");
  if (IsOddNumber(server->host)) return refuse("must have a name or a plain address as its host");
  url.server = *std::move(server);
  url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  return url;
}

}  // namespace cairn::http

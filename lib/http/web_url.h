#ifndef CAIRN_LIB_HTTP_WEB_URL_H_
#define CAIRN_LIB_HTTP_WEB_URL_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/http/host_port.h"

namespace cairn::http {

// The address of something on a server of others, taken apart. Value type.
struct WebUrl {
  bool tls = false;    // https
  HostPort server;     // the port of the scheme where the text has none
  std::string target;  // path and query, begins with '/'

  // As it stands in a Host header: without the port where that is the scheme's own.
  std::string Authority() const;
};

inline constexpr size_t kMaxUrlBytes = 2048;

// Takes `https://host/path?query` and the same of http. INVALID_ARGUMENT (VALUE_INVALID), which
// names `field`, the text and the rule, for another scheme; for no host, or one that is a number in
// an odd form; for a name and password; for a fragment, which nobody is sent; and for bytes that
// have to be percent-encoded. Pure: nothing is looked up.
absl::StatusOr<WebUrl> ParseWebUrl(std::string_view field, std::string_view text);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_WEB_URL_H_

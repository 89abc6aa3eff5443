#ifndef CAIRN_LIB_HTTP_TARGET_H_
#define CAIRN_LIB_HTTP_TARGET_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/http/message.h"

namespace cairn::http {

// A request target, taken apart.
//
// The path is split at '/' first and decoded afterwards, each part once, so an
// encoded slash (%2F) stays inside its segment and "%2525" means "%25".
struct Target {
  std::string path;                   // as sent
  std::vector<std::string> segments;  // decoded; none for "/"
  NameValues query;                   // decoded, in order; "a" alone is {"a", ""}
};

// Parses an origin-form target ("/path?query").
//
// Returns INVALID_ARGUMENT for any other form, for an escape that is not two
// hexadecimal digits, for a segment that is "." or ".." after decoding, and for
// control characters (also encoded ones). A trailing or doubled slash gives an
// empty segment, which no pattern matches.
absl::StatusOr<Target> ParseTarget(std::string_view target);

// Undoes percent-encoding once. `plus_is_space` follows the rule of forms and
// queries. Returns INVALID_ARGUMENT as ParseTarget does.
absl::StatusOr<std::string> PercentDecode(std::string_view text, bool plus_is_space);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_TARGET_H_

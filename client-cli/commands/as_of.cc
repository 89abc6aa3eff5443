#include "client-cli/commands/as_of.h"

#include <string>

#include "absl/strings/numbers.h"
#include "fmt/format.h"

namespace cairn::cli {

absl::StatusOr<AsOf> AsOfFlag(const Session& session) {
  const std::string text = session.flags().Text("as-of");
  AsOf as_of;
  if (text.empty()) return as_of;
  int64_t revision = 0;
  if (absl::SimpleAtoi(text, &revision) && revision > 0) {
    as_of.revision = revision;
    return as_of;
  }
  const auto nanos = ParseRfc3339(text);
  if (!nanos.ok()) {
    return UsageError(
        fmt::format("--as-of \"{}\" must be an RFC 3339 time, such as 2026-03-01T12:00:00Z, or a "
                    "revision of the store, from 1",
                    text));
  }
  as_of.unix_nanos = *nanos;
  return as_of;
}

}  // namespace cairn::cli

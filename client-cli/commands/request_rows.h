#ifndef CAIRN_CLIENT_CLI_COMMANDS_REQUEST_ROWS_H_
#define CAIRN_CLIENT_CLI_COMMANDS_REQUEST_ROWS_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client-cli/cli/table.h"
#include "lib/http/message.h"

namespace cairn::cli {

// The request log of a serving process, as GET /requests tells it: lines of JSON, one for each
// prediction or refused request (docs/serving.md). Everything here is pure.

// Which rows are asked for: the newest `limit` of those that are all the rest.
struct RequestQuery {
  int64_t limit = 0;
  std::optional<int64_t> since_unix_nanos = {};
  std::optional<int64_t> segment = {};
  std::optional<int64_t> status = {};  // of HTTP
};

// The path and query to get them by.
std::string RequestTarget(const RequestQuery& query);

// A time of RFC 3339, or how long before `now` it is: 15m. A usage error, which names --since, for
// another text.
absl::StatusOr<int64_t> ParseSince(const std::string& text, int64_t now_unix_nanos);

using RequestRows = std::vector<nlohmann::ordered_json>;

// The rows, the newest first. `address` is who answered. INVALID_ARGUMENT (METHOD_UNKNOWN) when it
// is no process that serves, or one of a release without this; PERMISSION_DENIED and UNAVAILABLE,
// with what it says, when it refuses or stops; DATA_LOSS when a line is no row.
absl::StatusOr<RequestRows> ParseRequestRows(const http::Response& answer,
                                             const std::string& address);

// A column for each input, inputs.NAME, is shown with -o wide and in CSV, or when asked for.
Table RequestTable(const RequestRows& rows, int64_t now_unix_nanos);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_REQUEST_ROWS_H_

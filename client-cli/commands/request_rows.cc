#include "client-cli/commands/request_rows.h"

#include <algorithm>
#include <utility>

#include "client-cli/cli/command.h"
#include "client-cli/cli/terminal.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"

namespace cairn::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kInputs = "inputs.";
constexpr int kHttpOk = 200;
constexpr int kHttpBadRequest = 400;
constexpr int kHttpForbidden = 403;
constexpr int kHttpUnavailable = 503;

// What an error of ours over HTTP says; empty where it is none.
std::string MessageIn(const std::string& body) {
  const auto json = ordered_json::parse(body, nullptr, /*allow_exceptions=*/false);
  const auto error = json.is_object() ? json.find("error") : json.end();
  if (error == json.end() || !error->is_object()) return "";
  const auto message = error->find("message");
  return message != error->end() && message->is_string() ? message->get<std::string>() : "";
}

absl::Status NoRows(const http::Response& answer, const std::string& address) {
  const std::string said = MessageIn(answer.body);
  std::string message = fmt::format(
      "{} is no `cairn-pipeline serve`, or one of an older release: GET /requests answered {}",
      address, answer.status);
  auto code = absl::StatusCode::kInvalidArgument;
  auto reason = ErrorReason::METHOD_UNKNOWN;
  if (answer.status == kHttpForbidden && !said.empty()) {
    message = fmt::format("{} refused: {} (serve --allow-host)", address, said);
    code = absl::StatusCode::kPermissionDenied;
    reason = ErrorReason::PERMISSION_DENIED;
  } else if (answer.status == kHttpUnavailable && !said.empty()) {
    message = fmt::format("{}: {}", address, said);
    code = absl::StatusCode::kUnavailable;
    reason = ErrorReason::SHUTTING_DOWN;
  } else if (answer.status == kHttpBadRequest && !said.empty()) {
    message += ", " + said;
  }
  return Error(code, reason, message)
      .With("url", fmt::format("http://{}/requests", address))
      .ToStatus();
}

std::string TextOf(const ordered_json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

Cell LatencyCell(const ordered_json& row) {
  const std::string exact = TextOf(row, "latency_seconds");
  if (exact.empty()) return {};
  return {exact, fmt::format("{:.2f} ms", 1000 * row["latency_seconds"].get<double>())};
}

Cell DistanceCell(const ordered_json& row) {
  const std::string exact = TextOf(row, "distance");
  if (exact.empty()) return {};
  return {exact, fmt::format("{:.4f}", row["distance"].get<double>())};
}

Cell WhenCell(const ordered_json& row, int64_t now_unix_nanos) {
  const std::string exact = TextOf(row, "time");
  const auto nanos = ParseRfc3339(exact);
  return {exact, nanos.ok() ? RelativeTime(*nanos, now_unix_nanos) : ""};
}

// The number of a version on a server; a model file stays as it is.
std::string VersionText(const std::string& version) {
  const size_t at = version.find("/versions/");
  return at == std::string::npos ? version : version.substr(version.rfind('/') + 1);
}

// In the order of the newest row that has them, those of older models behind.
std::vector<std::string> InputNames(const RequestRows& rows) {
  std::vector<std::string> names;
  const ordered_json* before = nullptr;
  for (const ordered_json& row : rows) {
    const auto inputs = row.find("inputs");
    if (inputs == row.end()) continue;
    const bool same =
        before != nullptr && before->size() == inputs->size() &&
        std::equal(before->items().begin(), before->items().end(), inputs->items().begin(),
                   [](const auto& a, const auto& b) { return a.key() == b.key(); });
    before = &*inputs;
    if (same) continue;
    for (const auto& input : inputs->items()) {
      if (std::find(names.begin(), names.end(), input.key()) == names.end()) {
        names.push_back(input.key());
      }
    }
  }
  return names;
}

// What the table relies on; everything else of a row is passed on as it is.
bool IsRow(const ordered_json& row) {
  const auto is = [&row](const char* key, bool (ordered_json::*kind)() const noexcept) {
    const auto found = row.find(key);
    return found == row.end() || (*found.*kind)();
  };
  return row.is_object() && row.contains("time") && is("time", &ordered_json::is_string) &&
         is("inputs", &ordered_json::is_object) && is("distance", &ordered_json::is_number) &&
         is("latency_seconds", &ordered_json::is_number);
}

}  // namespace

std::string RequestTarget(const RequestQuery& query) {
  std::string target = fmt::format("/requests?format=jsonl&limit={}", query.limit);
  if (query.since_unix_nanos) {
    target += "&since=" + PercentEncode(FormatRfc3339(*query.since_unix_nanos));
  }
  if (query.segment) target += fmt::format("&segment={}", *query.segment);
  if (query.status) target += fmt::format("&status={}", *query.status);
  return target;
}

absl::StatusOr<int64_t> ParseSince(const std::string& text, int64_t now_unix_nanos) {
  constexpr int64_t kNanosPerMilli = 1'000'000;
  if (const auto nanos = ParseRfc3339(text); nanos.ok()) return *nanos;
  const auto millis = ParseDurationMillis(text);
  if (millis.ok() && *millis <= now_unix_nanos / kNanosPerMilli) {
    return now_unix_nanos - *millis * kNanosPerMilli;
  }
  return UsageError(
      fmt::format("--since \"{}\" must be how long ago, such as 15m, or an RFC 3339 time, such as "
                  "2026-03-01T12:00:00Z",
                  text));
}

absl::StatusOr<RequestRows> ParseRequestRows(const http::Response& answer,
                                             const std::string& address) {
  const std::string* const type = http::FindHeader(answer.headers, "Content-Type");
  if (answer.status != kHttpOk || type == nullptr || !type->starts_with("application/x-ndjson")) {
    return NoRows(answer, address);
  }
  RequestRows rows;
  std::string_view rest = answer.body;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    ordered_json row = ordered_json::parse(rest.substr(0, end), nullptr, false);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!IsRow(row)) {
      return Error(absl::StatusCode::kDataLoss, ErrorReason::DATA_MALFORMED,
                   fmt::format("line {} that {} answered is no row of a request log",
                               rows.size() + 1, address))
          .ToStatus();
    }
    rows.push_back(std::move(row));
  }
  std::reverse(rows.begin(), rows.end());
  return rows;
}

Table RequestTable(const RequestRows& rows, int64_t now_unix_nanos) {
  Table table;
  table.columns = {{.title = "TIME"},
                   {.title = "STATUS", .right = true},
                   {.title = "SEGMENT", .right = true},
                   {.title = "DISTANCE", .right = true},
                   {.title = "LATENCY", .right = true},
                   {.title = "VERSION", .right = true},
                   {.title = "MESSAGE", .prose = true},
                   {.title = "REASON", .wide = true}};
  table.families = {std::string(kInputs)};
  const std::vector<std::string> names = InputNames(rows);
  for (const std::string& name : names) {
    table.columns.push_back({.title = std::string(kInputs) + name, .wide = true, .right = true});
  }
  for (const ordered_json& row : rows) {
    const std::string time = TextOf(row, "time");
    Row shown{time,
              time,
              {WhenCell(row, now_unix_nanos), TextOf(row, "status"), TextOf(row, "segment"),
               DistanceCell(row), LatencyCell(row), VersionText(TextOf(row, "model_version")),
               TextOf(row, "message"), TextOf(row, "reason")}};
    const auto inputs = row.find("inputs");
    for (const std::string& name : names) {
      shown.cells.emplace_back(inputs == row.end() ? "" : TextOf(*inputs, name.c_str()));
    }
    table.rows.push_back(std::move(shown));
  }
  return table;
}

}  // namespace cairn::cli

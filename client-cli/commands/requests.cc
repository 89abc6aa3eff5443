#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "client-cli/cli/command.h"
#include "client-cli/commands/catalog.h"
#include "client-cli/commands/consumers.h"
#include "client-cli/commands/request_rows.h"
#include "client-cli/commands/resolve.h"
#include "client-cli/commands/session.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/http/http_client.h"

namespace cairn::cli {
namespace {

// More than a request log can hold.
constexpr int64_t kEveryRow = 1'000'000'000;
constexpr size_t kMostAnswerBytes = size_t{2} << 30;

bool IsAddress(const std::string& text) {
  return text.find("://") != std::string::npos || http::ParseHostPort(text).ok();
}

// The part of a consumer's resource name that it chose.
std::string ConsumerId(const v1::Consumer& consumer) {
  const std::string& name = consumer.name();
  return PercentDecode(name.substr(name.rfind('/') + 1)).value_or(name);
}

absl::Status NobodyServes(const std::string& channel, const std::string& wanted,
                          const std::vector<std::string>& names) {
  const std::string who = wanted.empty() ? "nobody" : fmt::format("no consumer {}", wanted);
  const std::string others =
      names.empty() ? "" : fmt::format("; there are {}", fmt::join(names, ", "));
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::CHANNEL_SERVES_NOTHING,
               fmt::format("{} of {} says where it serves{}", who, channel, others))
      .With("channel", channel)
      .ToStatus();
}

// Who of a channel's consumers is meant: the one that is called `wanted`, or else the only one.
absl::StatusOr<v1::Consumer> ChooseConsumer(const v1::ListConsumersResponse& all,
                                            const std::string& channel, const std::string& wanted) {
  std::vector<std::string> names;
  const v1::Consumer* chosen = nullptr;
  for (const v1::Consumer& consumer : all.consumers()) {
    if (consumer.state() == v1::Consumer::STOPPED || consumer.address().empty()) continue;
    const std::string id = ConsumerId(consumer);
    names.push_back(id);
    if (wanted.empty() || wanted == id) chosen = &consumer;
  }
  if (chosen == nullptr) return NobodyServes(channel, wanted, names);
  if (wanted.empty() && names.size() > 1) {
    return UsageError(fmt::format("{} serve {}: choose one with --consumer: {}", names.size(),
                                  channel, fmt::join(names, ", ")));
  }
  return *chosen;
}

// Where the process listens that is meant: its address, or what one of a channel's consumers
// reported as its own.
absl::StatusOr<http::HostPort> ServingAddress(Session& session, const std::string& text) {
  const std::string wanted = session.flags().Text("consumer");
  if (IsAddress(text)) {
    if (!wanted.empty()) return UsageError("--consumer is for a channel, and not for an address");
    return http::ParseHttpAddress("SERVING", text);
  }
  CAIRN_ASSIGN_OR_RETURN(const ConsumerReference who, ParseConsumerReference(text, wanted));
  CAIRN_ASSIGN_OR_RETURN(const std::string channel, ResolveChannel(session, who.channel));
  CAIRN_ASSIGN_OR_RETURN(const v1::ListConsumersResponse all, AllConsumers(session, channel));
  CAIRN_ASSIGN_OR_RETURN(const v1::Consumer consumer, ChooseConsumer(all, channel, who.consumer));
  CAIRN_ASSIGN_OR_RETURN(http::HostPort server,
                         http::ParseHttpAddress("address", consumer.address()));
  if (server.host == "0.0.0.0" || server.host == "::") {
    return UsageError(
        fmt::format("{} listens on every address of its machine ({}): say which, as "
                    "HOST:{}",
                    ConsumerId(consumer), consumer.address(), server.port));
  }
  return server;
}

absl::StatusOr<RequestQuery> QueryOf(const Settings& flags, int64_t now_unix_nanos) {
  RequestQuery query;
  query.limit = flags.Switch("all") ? kEveryRow : flags.Integer("limit");
  if (flags.IsGiven("since")) {
    CAIRN_ASSIGN_OR_RETURN(query.since_unix_nanos, ParseSince(flags.Text("since"), now_unix_nanos));
  }
  if (flags.IsGiven("segment")) query.segment = flags.Integer("segment");
  if (flags.IsGiven("status")) query.status = flags.Integer("status");
  return query;
}

absl::StatusOr<int> EmitRows(Session& session, const RequestRows& rows, const Table& table) {
  if (session.format() == "jsonl") {
    for (const nlohmann::ordered_json& row : rows) {
      session.Print(row.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                    "\n");
    }
    return 0;
  }
  google::protobuf::Struct message;
  if (session.wants_message()) {
    const nlohmann::ordered_json all = {{"requests", rows}};
    const auto parsed = google::protobuf::util::JsonStringToMessage(all.dump(), &message);
    if (!parsed.ok()) return absl::InternalError(parsed.ToString());
  }
  return session.Emit(message, table);
}

absl::StatusOr<int> Requests(Session& session, const Invocation& call) {
  const int64_t now = SystemClock().NowUnixNanos();
  CAIRN_ASSIGN_OR_RETURN(RequestQuery query, QueryOf(session.flags(), now));
  CAIRN_ASSIGN_OR_RETURN(const http::HostPort server, ServingAddress(session, call.arguments[0]));
  http::GetOptions options;
  CAIRN_ASSIGN_OR_RETURN(const int64_t timeout,
                         ParseDurationMillis(session.flags().Text("timeout")));
  options.timeout = std::chrono::milliseconds(timeout);
  options.max_body_bytes = kMostAnswerBytes;
  const int64_t limit = query.limit;
  ++query.limit;  // Tells whether there are more.
  CAIRN_ASSIGN_OR_RETURN(const http::Response answer,
                         http::Get(server, RequestTarget(query), options));
  CAIRN_ASSIGN_OR_RETURN(RequestRows rows, ParseRequestRows(answer, server.ToString()));
  if (static_cast<int64_t>(rows.size()) > limit) {
    rows.resize(static_cast<size_t>(limit));
    session.ThereIsMore();
  }
  if (rows.empty()) session.Hint("no such requests: the log begins with the process that serves");
  return EmitRows(session, rows, RequestTable(rows, now));
}

}  // namespace

std::vector<Command> RequestCommands() {
  return {{.path = "requests",
           .family = "Look",
           .summary = "Show the last requests that came to a process that serves, newest first",
           .arguments = {{"HOST:PORT|MODEL[#CHANNEL]", 1, 1, "channel"}},
           .flags = {{.name = "since",
                      .value = "TIME",
                      .help = "only since then: 15m ago, or an RFC 3339 time"},
                     {.name = "segment",
                      .kind = FlagKind::kInteger,
                      .value = "N",
                      .help = "only predictions of this segment",
                      .least = 0},
                     {.name = "status",
                      .kind = FlagKind::kInteger,
                      .value = "CODE",
                      .help = "only of this HTTP status: 200 is predictions, 400 bad requests",
                      .least = 100,
                      .most = 599},
                     kLimit,
                     {.name = "all",
                      .kind = FlagKind::kSwitch,
                      .help = "show all that are kept, unless they are above 2 GiB"},
                     kChannelFlag,
                     {.name = "consumer",
                      .value = "NAME",
                      .help = "who of the channel's consumers is asked, where there are several"}},
           .examples = {{"mlctl requests 127.0.0.1:8080", "the last hundred"},
                        {"mlctl requests customer-segments --since 15m --segment 2",
                         "of who serves production"},
                        {"mlctl requests 127.0.0.1:8080 --status 400 -o json",
                         "what was refused, and why"}},
           .details =
               "Reads the request log that `cairn-pipeline serve` keeps in memory: a row for each\n"
               "prediction, with its inputs, and one for each refused request that came as far as\n"
               "the service: not those that HTTP ends before (403, 405, 408, 431, 413 of\n"
               "--max-body, 415 of /predict). The process is named by its address, or by the\n"
               "channel that it serves, where it reported its address (mlctl consumers). Inputs\n"
               "are columns inputs.NAME of -o wide and csv. That port has no TLS, and gets no\n"
               "token.",
           .handler = Requests}};
}

}  // namespace cairn::cli

#include "pipeline/commands/serve_flags.h"

#include <string_view>

#include "lib/command_line/caller_flags.h"

namespace cairn::pipeline {
namespace {

using command_line::Flag;
using command_line::FlagKind;

constexpr std::string_view kModelSection = "Model";
constexpr std::string_view kHttpSection = "HTTP";

Flag Row(std::string_view name, FlagKind kind, std::string_view value, std::string_view help,
         std::string_view section) {
  return {.name = name, .kind = kind, .value = value, .help = help, .section = section};
}

std::vector<Flag> ModelRows() {
  Flag model = Row("model", FlagKind::kPath, "MODEL",
                   "a model file, or a model on the server: NAME or NAME#CHANNEL is followed as "
                   "the channel moves, NAME@VERSION and NAME@ALIAS are fetched once",
                   kModelSection);
  model.fallback = "customer-segments";
  return {model,
          Row("server", FlagKind::kText, "HOST:PORT", "the Cairn server that has the model",
              kModelSection),
          Row("consumer", FlagKind::kText, "NAME",
              "what this program is called among those that serve a followed channel "
              "(mlctl consumers); without it HOSTNAME-PID",
              kModelSection),
          Row("state-dir", FlagKind::kPath, "DIR",
              "where the followed model is kept, so that it serves while the server is away; "
              "without it cairn/serving/NAME/CHANNEL below $XDG_STATE_HOME or ~/.local/state",
              kModelSection)};
}

std::vector<Flag> HttpRows() {
  Flag address = Row("address", FlagKind::kText, "HOST:PORT",
                     "where to listen; port 0 picks a free one", kHttpSection);
  address.fallback = "127.0.0.1:8080";
  Flag hosts = Row("allow-host", FlagKind::kText, "NAME",
                   "a further name that requests may carry in Host", kHttpSection);
  hosts.repeatable = true;
  Flag threads =
      Row("threads", FlagKind::kInteger, "N", "threads, 0 = one per processor", kHttpSection);
  threads.fallback = "0";
  threads.least = 0;
  threads.most = 64;
  Flag log = Row("log-capacity", FlagKind::kInteger, "N",
                 "predictions that GET /requests can tell; 0 keeps none", kHttpSection);
  log.fallback = "100000";
  log.least = 0;
  log.most = 10'000'000;
  const Flag log_file =
      Row("log-file", FlagKind::kPath, "FILE",
          "keep the request log in this file too, as lines of JSON", kHttpSection);
  Flag log_file_mib =
      Row("log-file-mib", FlagKind::kInteger, "N",
          "MiB above which that file becomes FILE.1 and a new one is begun", kHttpSection);
  log_file_mib.fallback = "64";
  log_file_mib.least = 1;
  log_file_mib.most = 1 << 20;
  Flag instances =
      Row("max-instances", FlagKind::kInteger, "N", "instances of one request", kHttpSection);
  instances.fallback = "100000";
  instances.least = 1;
  instances.most = 10'000'000;
  Flag body = Row("max-body", FlagKind::kSize, "SIZE", "bytes of one request's body", kHttpSection);
  body.fallback = "16MiB";
  body.least = 1 << 10;
  body.most = int64_t{1} << 30;
  Flag drain =
      Row("drain", FlagKind::kDuration, "TIME",
          "how long requests that are under way may take to finish at the end", kHttpSection);
  drain.fallback = "10s";
  drain.least = 0;
  drain.most = 600'000;
  return {address, hosts, threads, log, log_file, log_file_mib, instances, body, drain};
}

}  // namespace

std::vector<Flag> ServeFlagRows() {
  std::vector<Flag> flags = ModelRows();
  for (const std::vector<Flag>& list : {HttpRows(), command_line::CallerFlags("Server")}) {
    flags.insert(flags.end(), list.begin(), list.end());
  }
  return flags;
}

ServeFlags ServeFlagsOf(const command_line::Settings& settings) {
  ServeFlags flags;
  flags.model = settings.Text("model");
  flags.server = ServerFlagsOf(settings);
  flags.consumer = settings.Text("consumer");
  flags.address = settings.Text("address");
  flags.allowed_hosts = settings.List("allow-host");
  flags.state_dir = settings.Text("state-dir");
  flags.threads = static_cast<int>(settings.Integer("threads"));
  flags.log_capacity = static_cast<size_t>(settings.Integer("log-capacity"));
  flags.log_file = settings.Text("log-file");
  flags.log_file_bytes = settings.Integer("log-file-mib") << 20;
  flags.max_instances = static_cast<size_t>(settings.Integer("max-instances"));
  flags.max_body_bytes = static_cast<size_t>(settings.Bytes("max-body"));
  flags.drain_millis = settings.Millis("drain");
  return flags;
}

}  // namespace cairn::pipeline

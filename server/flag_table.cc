#include "server/flag_table.h"

#include <iterator>
#include <utility>
#include <vector>

#include "lib/base/version.h"
#include "server/memory_shares.h"

namespace cairn {
namespace {

using command_line::Command;
using command_line::CommandTable;
using command_line::Flag;
using command_line::FlagKind;
using command_line::kNoVariable;

constexpr int64_t kSecond = 1000;
constexpr int64_t kDay = 86'400 * kSecond;

std::vector<Flag> StoreFlags() {
  constexpr std::string_view kStore = "Store";
  constexpr std::string_view kKept = "What is kept";
  return {
      {.name = "data-dir",
       .kind = FlagKind::kPath,
       .value = "DIR",
       .help = "directory of the store; created if absent",
       .section = kStore},
      {.name = "in-memory",
       .kind = FlagKind::kSwitch,
       .help = "keep everything in memory; nothing survives",
       .section = kStore},
      // On the command line only, so that no file and no environment does it again with every
      // start.
      {.name = "rebuild-blob-index",
       .kind = FlagKind::kSwitch,
       .help = "make the index of blobs anew from the packs, say what came back and exit; also for "
               "a directory whose kv is gone, which then begins with an empty database; "
               "--memory-limit does not bound it",
       .section = kStore,
       .variable = kNoVariable},
      {.name = "default-run-lease",
       .kind = FlagKind::kDuration,
       .value = "DURATION",
       .help = "a running run that is silent for so long becomes KILLED, unless it says otherwise; "
               "such as 10m. 0: never",
       .fallback = "0",
       .least = kSecond,
       .most = 30 * kDay,
       .or_zero = true,
       .needs_unit = true,
       .section = kKept},
      {.name = "blob-lease",
       .kind = FlagKind::kDuration,
       .value = "DURATION",
       .help = "how long a blob that nothing refers to is kept after it was sent or asked about, "
               "and after a start; such as 1h",
       .fallback = "6h",
       .least = kSecond,
       .most = 30 * kDay,
       .needs_unit = true,
       .section = kKept},
      {.name = "event-retention",
       .kind = FlagKind::kDuration,
       .value = "DURATION",
       .help = "how long the log of changes is kept; such as 12h",
       .fallback = "7d",
       .least = kSecond,
       .most = 3650 * kDay,
       .needs_unit = true,
       .section = kKept},
      {.name = "event-log-mib",
       .kind = FlagKind::kInteger,
       .value = "N",
       .help = "how large the log of changes may grow before that, in MiB",
       .fallback = "1024",
       .least = 16,
       .most = 1 << 20,
       .section = kKept},
  };
}

std::vector<Flag> NetworkFlags() {
  constexpr std::string_view kPorts = "Ports";
  constexpr std::string_view kCallers = "TLS and callers";
  return {
      {.name = "grpc-address",
       .value = "HOST:PORT",
       .help = "where gRPC is served; port 0 picks one",
       .fallback = "127.0.0.1:50051",
       .section = kPorts},
      {.name = "http-address",
       .value = "HOST:PORT",
       .help = "where HTTP is served; port 0 picks one",
       .fallback = "127.0.0.1:5000",
       .section = kPorts},
      {.name = "http-allowed-host",
       .repeatable = true,
       .value = "HOST",
       .help = "further host name that HTTP requests may carry",
       .section = kPorts},
      {.name = "insecure-network",
       .kind = FlagKind::kSwitch,
       .help = "allow addresses beyond loopback, without TLS and authentication",
       .section = kPorts},
      {.name = "webhook-allow-http",
       .kind = FlagKind::kSwitch,
       .help = "let webhooks have URLs of http, without TLS",
       .section = kPorts},
      {.name = "webhook-allow-private",
       .kind = FlagKind::kSwitch,
       .help = "let webhooks lead to this machine and to private networks",
       .section = kPorts},
      {.name = "auth",
       .kind = FlagKind::kSwitch,
       .help = "ask callers who they are, by a token or a client certificate, and let them do what "
               "role bindings allow; the first token is made by `cairnd init`",
       .section = kCallers},
      {.name = "tls-cert",
       .kind = FlagKind::kPath,
       .value = "FILE",
       .help = "PEM file with the server's certificate and those between it and a root: both ports "
               "speak TLS. Read again on SIGHUP and when it changes",
       .section = kCallers},
      {.name = "tls-key",
       .kind = FlagKind::kPath,
       .value = "FILE",
       .help = "PEM file with the certificate's private key, which only its owner may read",
       .section = kCallers},
      {.name = "tls-client-ca",
       .kind = FlagKind::kPath,
       .value = "FILE",
       .help = "PEM file with the authorities whose certificates clients may show",
       .section = kCallers},
      {.name = "tls-client-cert",
       .value = "RULE",
       .help = "whether a client without a certificate is let in; needs --tls-client-ca",
       .choices = "optional|required",
       .fallback = "required",
       .section = kCallers},
  };
}

// A number of something, 0 for what suits the machine.
Flag Count(std::string_view name, int64_t most, std::string_view help) {
  return {.name = name,
          .kind = FlagKind::kInteger,
          .value = "N",
          .help = help,
          .fallback = "0",
          .least = 0,
          .most = most,
          .section = "Threads and limits"};
}

std::vector<Flag> LimitFlags() {
  std::vector<Flag> flags = {
      Count("pool-threads", 256,
            "threads for searches, lists and curves. 0: as many as there are processors, and at "
            "least 4"),
      Count("disk-threads", 256,
            "threads for blobs. 0: as many as there are processors, from 4 to 8"),
      Count("http-threads", 64,
            "threads for connections to the HTTP port. 0: as many as there are processors, at "
            "most 4"),
      Count("max-connections", 65'536,
            "connections to the gRPC port; more are closed at once. 0: about three quarters of "
            "the descriptors that the process may open"),
      Count("max-connections-per-address", 65'536,
            "those of one address beyond loopback. 0: a quarter of all"),
      Count("long-calls-per-method", 4096,
            "calls of one method that takes long at a time; more are refused at once"),
      Count("drain-millis", 600'000, "how long a stop waits for calls under way, in milliseconds"),
  };
  flags[5].least = 1;
  flags[5].fallback = "1024";
  flags[6].fallback = "4000";
  flags.push_back(
      {.name = "memory-limit",
       .kind = FlagKind::kSize,
       .value = "SIZE",
       .help = "what the process should take of memory at most; caches, the run index and what "
               "waits for clients get shares of it; such as 512MiB. 0: no limit. "
               "Does not bound check and --rebuild-blob-index",
       .fallback = "0",
       .least = MemoryShares::kLeastLimit,
       .or_zero = true,
       .section = flags[0].section});
  return flags;
}

std::vector<Flag> LogFlags() {
  return {
      {.name = "log-level",
       .value = "LEVEL",
       .help = "which lines the log on standard error has",
       .choices = "debug|info|warning|error",
       .fallback = "info",
       .section = "Log"},
      {.name = "log-format",
       .value = "FORMAT",
       .help = "how they are written",
       .choices = "text|json",
       .fallback = "text",
       .section = "Log"},
      {.name = "config",
       .kind = FlagKind::kPath,
       .value = "FILE",
       .help = "file with these settings, a line `flag = value` each, without the dashes",
       .section = "Other"},
  };
}

std::vector<Command> Commands() {
  return {
      {.path = ""},
      {.path = "check",
       .family = "Commands",
       .summary = "Read the whole store in --data-dir, which no server may have open, change "
                  "nothing, print what is damaged and exit: 0 when nothing is, else 1",
       .examples = {{"cairnd check --data-dir ./data", "what is damaged, a line each"}},
       .details = "--memory-limit does not bound it."},
      {.path = "init",
       .family = "Commands",
       .summary = "Make the store in --data-dir, if there is none, and its first administrator; "
                  "print the administrator's token as the last line, which is shown this once",
       .flags = {{.name = "principal",
                  .value = "NAME",
                  .help = "the name of the administrator",
                  .fallback = "admin",
                  .variable = kNoVariable}},
       .examples = {{"(umask 077; cairnd init --data-dir ./data > admin.token)", "keep the token"}},
       .details = "Refused while somebody has a valid token of an administrator."},
      {.path = "rotate-audit-key",
       .family = "Commands",
       .summary = "Give the store in --data-dir, which no server may have open, another key that "
                  "signs the audit, for which the one before signs; print its verifier key",
       .examples = {{"cairnd rotate-audit-key --data-dir ./data", "for a new key"}}},
      {.path = "completion",
       .family = "Commands",
       .summary = "Print a script that completes the words of cairnd in a shell",
       .arguments = {{"SHELL"}},
       .examples = {{"source <(cairnd completion bash)", "or zsh, or fish"}}},
  };
}

}  // namespace

const CommandTable& CairndTable() {
  static const CommandTable table = [] {
    CommandTable built = {
        .program = "cairnd",
        .prefix = "CAIRND_",
        .about =
            "cairnd: experiment tracking and model registry server. Data live in one directory; "
            "gRPC and HTTP are served from one process.",
        .footer =
            "--help and --version print and exit. A flag on the command line goes before its "
            "variable, which stands in brackets, and that before the file of --config.\n\n"
            "Prints one line `ready grpc=HOST:PORT http=HOST:PORT` on standard output when "
            "it serves. Stops cleanly on SIGTERM or SIGINT; a second signal stops at once.\n\n"
            "Exit codes: 0 ok, 1 failure or damage, 2 usage, 130 stopped at once.",
        .lists_variables = true,
        .version = kVersion,
        .examples = {{"cairnd --data-dir ./data", "serve"},
                     {"cairnd --data-dir ./data --grpc-address 127.0.0.1:0 --http-address "
                      "127.0.0.1:0",
                      "on free ports"},
                     {"CAIRND_DATA_DIR=/var/lib/cairn cairnd --config /etc/cairn/cairnd.toml",
                      "with a file"}},
        .commands = Commands()};
    for (auto* section : {StoreFlags, NetworkFlags, LimitFlags, LogFlags}) {
      std::vector<Flag> flags = section();
      std::move(flags.begin(), flags.end(), std::back_inserter(built.global_flags));
    }
    return built;
  }();
  return table;
}

}  // namespace cairn

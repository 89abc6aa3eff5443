#include "server/options.h"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/command_line/completion.h"
#include "lib/command_line/flag_values.h"
#include "lib/command_line/help.h"
#include "lib/command_line/parser.h"
#include "lib/command_line/settings.h"
#include "server/config_file.h"
#include "server/flag_table.h"

namespace cairn {
namespace {

using command_line::Invocation;
using command_line::Settings;
using observability::LogFormat;
using observability::LogLevel;

// Splits HOST:PORT, where HOST may be an IPv6 address in brackets.
bool SplitAddress(std::string_view address, std::string_view* host, int* port) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return false;
  *host = address.substr(0, colon);
  const std::string_view digits = address.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *port);
  return error == std::errc() && end == digits.data() + digits.size() && !host->empty() &&
         *port >= 0 && *port <= 65535;
}

bool IsLoopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" || host.substr(0, 4) == "127.";
}

absl::Status CheckTls(const tls::TlsOptions& options) {
  const auto refuse = [](std::string_view field, const std::string& value, std::string_view rule) {
    return InvalidField(ErrorReason::CONFIG_INVALID, field, value, rule).ToStatus();
  };
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return options.key_file.empty()
               ? refuse("tls-key", "", "is required with --tls-cert: the certificate's private key")
               : refuse("tls-cert", "", "is required with --tls-key: the key's certificate");
  }
  if (options.enabled()) return absl::OkStatus();
  if (options.client_ca_file.empty()) return absl::OkStatus();
  return refuse("tls-client-ca", options.client_ca_file, "needs --tls-cert and --tls-key");
}

absl::Status CheckAddress(std::string_view field, const std::string& address, bool any_network) {
  std::string_view host;
  int port = 0;
  if (!SplitAddress(address, &host, &port)) {
    return InvalidField(ErrorReason::CONFIG_INVALID, field, address, "must be HOST:PORT");
  }
  if (any_network || IsLoopback(host)) return absl::OkStatus();
  return InvalidField(ErrorReason::CONFIG_INVALID, field, address,
                      "must be a loopback address, unless it speaks TLS (--tls-cert, --tls-key) "
                      "and asks callers who they are (--auth); --insecure-network allows it on a "
                      "network you trust");
}

// The flags' values: of the command line, the environment and the file that these name.
absl::StatusOr<Settings> ReadSettings(const Invocation& invocation) {
  const command_line::Environment environment = command_line::ProcessEnvironment();
  CAIRN_ASSIGN_OR_RETURN(Settings settings,
                         Settings::Resolve(CairndTable(), invocation, environment, {}));
  const std::string path = settings.Text("config");
  if (path.empty()) return settings;
  CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, 1 << 20));
  CAIRN_ASSIGN_OR_RETURN(auto file, ParseConfigFile(CairndTable(), path, text));
  return Settings::Resolve(CairndTable(), invocation, environment, {std::move(file)});
}

// A duration in seconds, of which a part would be lost.
absl::StatusOr<int64_t> WholeSeconds(const Settings& settings, std::string_view flag) {
  const int64_t millis = settings.Millis(flag);
  if (millis % 1000 == 0) return millis / 1000;
  return command_line::FlagError(*CairndTable().FindFlag(nullptr, flag), settings.Text(flag),
                                 "must be whole seconds");
}

// Where a choice stands among the flag's, which are in the order of the enum.
template <typename Enum>
Enum Chosen(const Settings& settings, std::string_view flag) {
  const auto choices = command_line::Choices(CairndTable().FindFlag(nullptr, flag)->choices);
  const auto at = std::find(choices.begin(), choices.end(), settings.Text(flag));
  return static_cast<Enum>(at - choices.begin());
}

absl::Status CheckTogether(const Settings& settings) {
  if (settings.IsGiven("tls-client-cert") && settings.Text("tls-client-ca").empty()) {
    return command_line::UsageError("--tls-client-cert needs --tls-client-ca");
  }
  for (const std::string& host : settings.List("http-allowed-host")) {
    if (host.find_first_of(", \t") == std::string::npos) continue;
    return command_line::FlagError(*CairndTable().FindFlag(nullptr, "http-allowed-host"), host,
                                   "must be one name; the flag may be repeated");
  }
  return absl::OkStatus();
}

tls::TlsOptions TlsOf(const Settings& settings) {
  tls::TlsOptions tls;
  tls.certificate_file = settings.Text("tls-cert");
  tls.key_file = settings.Text("tls-key");
  tls.client_ca_file = settings.Text("tls-client-ca");
  tls.client_certificate_required = settings.Text("tls-client-cert") == "required";
  return tls;
}

absl::StatusOr<ServerOptions> OptionsOf(const Settings& settings) {
  CAIRN_RETURN_IF_ERROR(CheckTogether(settings));
  ServerOptions options;
  options.data_dir = settings.Text("data-dir");
  options.in_memory = settings.Switch("in-memory");
  options.grpc_address = settings.Text("grpc-address");
  options.http_address = settings.Text("http-address");
  options.insecure_network = settings.Switch("insecure-network");
  options.auth = settings.Switch("auth");
  options.webhook_allow_http = settings.Switch("webhook-allow-http");
  options.webhook_allow_private = settings.Switch("webhook-allow-private");
  options.tls = TlsOf(settings);
  options.allowed_hosts = settings.List("http-allowed-host");
  options.drain_millis = settings.Integer("drain-millis");
  CAIRN_ASSIGN_OR_RETURN(options.default_run_lease_seconds,
                         WholeSeconds(settings, "default-run-lease"));
  CAIRN_ASSIGN_OR_RETURN(options.blob_lease_seconds, WholeSeconds(settings, "blob-lease"));
  CAIRN_ASSIGN_OR_RETURN(options.event_retention_seconds,
                         WholeSeconds(settings, "event-retention"));
  options.event_log_mib = settings.Integer("event-log-mib");
  options.long_calls_per_method = settings.Integer("long-calls-per-method");
  options.pool_threads = static_cast<int>(settings.Integer("pool-threads"));
  options.disk_threads = static_cast<int>(settings.Integer("disk-threads"));
  options.http_threads = static_cast<int>(settings.Integer("http-threads"));
  options.max_connections = settings.Integer("max-connections");
  options.max_connections_per_address = settings.Integer("max-connections-per-address");
  options.memory_limit_bytes = settings.Bytes("memory-limit");
  options.log_level = Chosen<LogLevel>(settings, "log-level");
  options.log_format = Chosen<LogFormat>(settings, "log-format");
  return options;
}

CommandLine Printed(std::string_view text) {
  CommandLine line;
  std::cout << text;
  line.exit_now = true;
  return line;
}

CommandLine Misuse(const absl::Status& status, const std::vector<std::string>& words) {
  constexpr int kExitUsage = 2;
  CommandLine line;
  std::cerr << fmt::format("cairnd: {}\n{}\n", std::string(status.message()),
                           command_line::SeeHelp(CairndTable(), words));
  line.exit_now = true;
  line.exit_code = kExitUsage;
  return line;
}

absl::Status CheckTasks(const CommandLine& line) {
  if ((line.rebuild_blob_index || line.check) && line.options.in_memory) {
    return InvalidField(ErrorReason::CONFIG_INVALID, line.check ? "check" : "rebuild-blob-index",
                        "", "needs a directory, not --in-memory");
  }
  if (line.rebuild_blob_index && line.check) {
    return InvalidField(ErrorReason::CONFIG_INVALID, "rebuild-blob-index", "",
                        "cannot be done by check, which changes nothing");
  }
  return absl::OkStatus();
}

int Processors() { return static_cast<int>(std::thread::hardware_concurrency()); }

}  // namespace

int PoolThreads(const ServerOptions& options) {
  return options.pool_threads != 0 ? options.pool_threads : std::max(Processors(), 4);
}

int DiskThreads(const ServerOptions& options) {
  return options.disk_threads != 0 ? options.disk_threads : std::clamp(Processors(), 4, 8);
}

int HttpThreads(const ServerOptions& options) {
  return options.http_threads != 0 ? options.http_threads : std::clamp(Processors(), 1, 4);
}

int PromotionThreads() { return std::clamp(Processors() / 2, 2, 4); }

absl::Status ValidateOptions(const ServerOptions& options) {
  if (options.data_dir.empty() && !options.in_memory) {
    return InvalidField(ErrorReason::CONFIG_INVALID, "data-dir", "",
                        "is required, unless --in-memory is given");
  }
  CAIRN_RETURN_IF_ERROR(CheckTls(options.tls));
  const bool any_network = options.insecure_network || (options.tls.enabled() && options.auth);
  CAIRN_RETURN_IF_ERROR(CheckAddress("grpc-address", options.grpc_address, any_network));
  return CheckAddress("http-address", options.http_address, any_network);
}

absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (const auto lines = command_line::CompletionLines(CairndTable(), words)) {
    return Printed(*lines);
  }
  const auto invocation = command_line::Parse(CairndTable(), words);
  if (!invocation.ok()) return Misuse(invocation.status(), words);
  const std::string_view path = invocation->command->path;
  if (invocation->help) {
    if (path.empty()) return Printed(command_line::Overview(CairndTable()));
    CAIRN_ASSIGN_OR_RETURN(const std::string text, command_line::HelpFor(CairndTable(), path));
    return Printed(text);
  }
  if (invocation->version) return Printed(fmt::format("cairnd {}\n", CairndTable().version));
  if (path == "completion") {
    const auto script = command_line::CompletionScript(CairndTable(), invocation->arguments[0]);
    return script.ok() ? Printed(*script) : Misuse(script.status(), words);
  }
  const auto settings = ReadSettings(*invocation);
  if (!settings.ok()) return Misuse(settings.status(), words);
  auto options = OptionsOf(*settings);
  if (!options.ok()) return Misuse(options.status(), words);
  CommandLine result;
  result.options = *std::move(options);
  result.rebuild_blob_index = settings->Switch("rebuild-blob-index");
  result.check = path == "check";
  result.init = path == "init";
  result.rotate_audit_key = path == "rotate-audit-key";
  if (result.init) result.admin = settings->Text("principal");
  CAIRN_RETURN_IF_ERROR(ValidateOptions(result.options));
  CAIRN_RETURN_IF_ERROR(CheckTasks(result));
  return result;
}

}  // namespace cairn

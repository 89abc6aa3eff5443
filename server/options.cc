#include "server/options.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/flag_values.h"
#include "lib/base/status_macros.h"
#include "lib/base/version.h"
#include "server/memory_shares.h"

namespace cairn {
namespace {

using observability::LogFormat;
using observability::LogLevel;

constexpr const char* kDescription =
    "cairnd: experiment tracking and model registry server.\n"
    "Data live in one directory; gRPC and HTTP are served from one process.";

constexpr const char* kFooter =
    "Examples:\n"
    "  cairnd --data-dir ./data\n"
    "  cairnd --data-dir ./data --grpc-address 127.0.0.1:0 --http-address 127.0.0.1:0\n"
    "  CAIRND_DATA_DIR=/var/lib/cairn cairnd --config /etc/cairn/cairnd.toml\n\n"
    "Prints one line `ready grpc=HOST:PORT http=HOST:PORT` on standard output when it\n"
    "serves. Stops cleanly on SIGTERM or SIGINT; a second signal stops at once.";

// A setting's twin in the environment: "data-dir" is CAIRND_DATA_DIR.
std::string EnvironmentName(std::string_view setting) {
  std::string name = "CAIRND_";
  for (const char c : setting) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

// Leaves out of the file what the environment says: the library alone would let the file win.
class EnvironmentBeforeFile final : public CLI::ConfigTOML {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> read = CLI::ConfigTOML::from_config(input);
    std::erase_if(read, [](const CLI::ConfigItem& item) {
      const char* value = std::getenv(EnvironmentName(item.name).c_str());
      return item.parents.empty() && value != nullptr && *value != '\0';
    });
    return read;
  }
};

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

// A length of time such as 90s, 5m, 2h or 1d, in seconds; 0 needs no unit. Nullopt for
// anything else.
std::optional<int64_t> ParseSeconds(std::string_view text) {
  static const std::map<std::string_view, int64_t> kUnits = {
      {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86'400}};
  constexpr int64_t kMost = 1'000'000'000;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > kMost) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (unit.empty() && number == 0) return 0;
  const auto at = kUnits.find(unit);
  return at == kUnits.end() ? std::nullopt : std::make_optional(number * at->second);
}

// A size such as 512MiB or 2GiB, or plain bytes. Nullopt for anything else.
std::optional<int64_t> ParseSize(std::string_view text) {
  static const std::map<std::string_view, int64_t> kUnits = {
      {"", 1}, {"KiB", int64_t{1} << 10}, {"MiB", int64_t{1} << 20}, {"GiB", int64_t{1} << 30}};
  constexpr int64_t kMost = int64_t{1} << 50;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const auto at = kUnits.find(text.substr(static_cast<size_t>(end - text.data())));
  if (at == kUnits.end() || number > kMost / at->second) return std::nullopt;
  return number * at->second;
}

constexpr int64_t kMaxLeaseSeconds = int64_t{30} * 86'400;
constexpr int64_t kMaxEventSeconds = int64_t{3650} * 86'400;

void AddBlobLeaseFlag(CLI::App& app, ServerOptions& options) {
  app.add_option_function<std::string>(
         "--blob-lease",
         [&options](const std::string& text) {
           const auto seconds = ParseSeconds(text);
           if (!seconds || *seconds == 0 || *seconds > kMaxLeaseSeconds) {
             throw CLI::ValidationError("--blob-lease",
                                        fmt::format("\"{}\" must be between 1s and 30d, "
                                                    "as a number with s, m, h or d",
                                                    text));
           }
           options.blob_lease_seconds = *seconds;
         },
         "How long a blob that nothing refers to is kept after it was sent or asked about, and "
         "after a start; such as 1h [6h]")
      ->envname("CAIRND_BLOB_LEASE");
}

void AddLeaseFlag(CLI::App& app, ServerOptions& options) {
  app.add_option_function<std::string>(
         "--default-run-lease",
         [&options](const std::string& text) {
           const auto seconds = ParseSeconds(text);
           if (!seconds || *seconds > kMaxLeaseSeconds) {
             throw CLI::ValidationError("--default-run-lease",
                                        fmt::format("\"{}\" must be 0 or between 1s and 30d, "
                                                    "as a number with s, m, h or d",
                                                    text));
           }
           options.default_run_lease_seconds = *seconds;
         },
         "A running run that is silent for so long becomes KILLED, unless it says otherwise; "
         "such as 10m. 0: never [0]")
      ->envname("CAIRND_DEFAULT_RUN_LEASE");
}

// What is done instead of serving; on the command line only, so that no file and no
// environment does it again with every start.
void AddTasks(CLI::App& app, CommandLine& line) {
  app.add_flag("--rebuild-blob-index", line.rebuild_blob_index,
               "Make the index of blobs anew from the packs, say what came back and exit; also for "
               "a directory whose kv is gone, which then begins with an empty database; "
               "--memory-limit does not bound it")
      ->configurable(false);
  app.add_subcommand(
         "check",
         "Read the whole store in --data-dir, which no server may have open, change "
         "nothing, print what is damaged and exit: 0 when nothing is, else 1; --memory-limit does "
         "not bound it")
      ->configurable(false)
      ->fallthrough()
      ->callback([&line] { line.check = true; });
  CLI::App* init = app.add_subcommand(
      "init",
      "Make the store in --data-dir, if there is none, and its first administrator; print the "
      "administrator's token as the last line, which is shown this once, and exit. Refused while "
      "somebody has a valid token of an administrator");
  init->configurable(false)->fallthrough()->callback([&line] { line.init = true; });
  init->add_option("--principal", line.admin, "The name of the administrator")
      ->capture_default_str();
}

void AddEventFlags(CLI::App& app, ServerOptions& options) {
  app.add_option_function<std::string>(
         "--event-retention",
         [&options](const std::string& text) {
           const auto seconds = ParseSeconds(text);
           if (!seconds || *seconds == 0 || *seconds > kMaxEventSeconds) {
             throw CLI::ValidationError("--event-retention",
                                        fmt::format("\"{}\" must be between 1s and 3650d, "
                                                    "as a number with s, m, h or d",
                                                    text));
           }
           options.event_retention_seconds = *seconds;
         },
         "How long the log of changes is kept; such as 12h [7d]")
      ->envname("CAIRND_EVENT_RETENTION");
  app.add_option("--event-log-mib", options.event_log_mib,
                 "How large the log of changes may grow before that, in MiB")
      ->envname("CAIRND_EVENT_LOG_MIB")
      ->check(CLI::Range(16, 1 << 20))
      ->capture_default_str();
}

void AddTlsFlags(CLI::App& app, tls::TlsOptions& options) {
  app.add_option("--tls-cert", options.certificate_file,
                 "PEM file with the server's certificate and those between it and a root: the gRPC "
                 "port speaks TLS. Read again on SIGHUP and when it changes")
      ->envname("CAIRND_TLS_CERT");
  app.add_option("--tls-key", options.key_file,
                 "PEM file with the certificate's private key, which only its owner may read")
      ->envname("CAIRND_TLS_KEY");
  CLI::Option* authority =
      app.add_option("--tls-client-ca", options.client_ca_file,
                     "PEM file with the authorities whose certificates clients may show")
          ->envname("CAIRND_TLS_CLIENT_CA");
  app.add_option_function<std::string>(
         "--tls-client-cert",
         [&options](const std::string& text) {
           options.client_certificate_required = text == "required";
         },
         "optional or required: whether a client without a certificate is let in [required]")
      ->envname("CAIRND_TLS_CLIENT_CERT")
      ->check(CLI::IsMember({"optional", "required"}))
      ->needs(authority);
}

void AddConnectionFlags(CLI::App& app, ServerOptions& options) {
  app.add_option(
         "--max-connections", options.max_connections,
         "Connections to the gRPC port; more are closed at once. 0: about three quarters of "
         "the descriptors that the process may open")
      ->envname("CAIRND_MAX_CONNECTIONS")
      ->check(CLI::Range(0, 65'536))
      ->capture_default_str();
  app.add_option("--max-connections-per-address", options.max_connections_per_address,
                 "Those of one address beyond loopback. 0: a quarter of all")
      ->envname("CAIRND_MAX_CONNECTIONS_PER_ADDRESS")
      ->check(CLI::Range(0, 65'536))
      ->capture_default_str();
}

void AddMemoryFlag(CLI::App& app, ServerOptions& options) {
  app.add_option_function<std::string>(
         "--memory-limit",
         [&options](const std::string& text) {
           const auto bytes = ParseSize(text);
           if (!bytes || (*bytes != 0 && *bytes < MemoryShares::kLeastLimit)) {
             throw CLI::ValidationError("--memory-limit",
                                        fmt::format("\"{}\" must be 0 or at least 256MiB, "
                                                    "in bytes or with KiB, MiB or GiB",
                                                    text));
           }
           options.memory_limit_bytes = *bytes;
         },
         "What the process should take of memory at most; caches, the run index and what waits "
         "for clients get shares of it; such as 512MiB, at least 256MiB. 0: no limit [0]. Does not "
         "bound check and --rebuild-blob-index")
      ->envname("CAIRND_MEMORY_LIMIT");
}

void AddFlags(CLI::App& app, ServerOptions& options, bool& show_version) {
  app.add_option("--data-dir", options.data_dir, "Directory of the store; created if absent")
      ->envname("CAIRND_DATA_DIR");
  app.add_flag("--in-memory", options.in_memory, "Keep everything in memory; nothing survives")
      ->envname("CAIRND_IN_MEMORY");
  app.add_option("--grpc-address", options.grpc_address, "HOST:PORT for gRPC; port 0 picks one")
      ->envname("CAIRND_GRPC_ADDRESS")
      ->capture_default_str();
  app.add_option("--http-address", options.http_address, "HOST:PORT for HTTP; port 0 picks one")
      ->envname("CAIRND_HTTP_ADDRESS")
      ->capture_default_str();
  app.add_flag("--auth", options.auth,
               "Ask callers who they are, by a token or a client certificate, and let them do what "
               "role bindings allow; the first token is made by `cairnd init`")
      ->envname("CAIRND_AUTH");
  app.add_flag("--insecure-network", options.insecure_network,
               "Allow addresses beyond loopback, without TLS and authentication")
      ->envname("CAIRND_INSECURE_NETWORK");
  app.add_option("--http-allowed-host", options.allowed_hosts,
                 "Further host name that HTTP requests may carry; may be repeated")
      ->envname("CAIRND_HTTP_ALLOWED_HOST");
  app.add_option("--drain-millis", options.drain_millis,
                 "How long a stop waits for calls under way")
      ->envname("CAIRND_DRAIN_MILLIS")
      ->check(CLI::Range(0, 600'000))
      ->capture_default_str();
  app.add_option("--long-calls-per-method", options.long_calls_per_method,
                 "Calls of one method that takes long at a time; more are refused at once")
      ->envname("CAIRND_LONG_CALLS_PER_METHOD")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option(
         "--pool-threads", options.pool_threads,
         "Threads for searches, lists and curves. 0: as many as there are processors, and at "
         "least 4")
      ->envname("CAIRND_POOL_THREADS")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  app.add_option("--disk-threads", options.disk_threads,
                 "Threads for blobs. 0: as many as there are processors, from 4 to 8")
      ->envname("CAIRND_DISK_THREADS")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  app.add_option("--http-threads", options.http_threads,
                 "Threads for connections to the HTTP port. 0: as many as there are processors, at "
                 "most 4")
      ->envname("CAIRND_HTTP_THREADS")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  AddTlsFlags(app, options.tls);
  AddConnectionFlags(app, options);
  AddMemoryFlag(app, options);
  AddLeaseFlag(app, options);
  AddBlobLeaseFlag(app, options);
  AddEventFlags(app, options);
  static const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::kDebug},
                                                          {"info", LogLevel::kInfo},
                                                          {"warning", LogLevel::kWarning},
                                                          {"error", LogLevel::kError}};
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")
      ->envname("CAIRND_LOG_LEVEL")
      ->transform(CLI::CheckedTransformer(kLevels));
  static const std::map<std::string, LogFormat> kFormats = {{"text", LogFormat::kText},
                                                            {"json", LogFormat::kJson}};
  app.add_option("--log-format", options.log_format, "text or json")
      ->envname("CAIRND_LOG_FORMAT")
      ->transform(CLI::CheckedTransformer(kFormats));
  app.config_formatter(std::make_shared<EnvironmentBeforeFile>());
  app.set_config("--config", "", "TOML or INI file with these settings, without the dashes")
      ->envname("CAIRND_CONFIG");
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_flag("--version", show_version, "Print the version and exit");
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
  CommandLine result;
  bool show_version = false;
  CLI::App app(kDescription, "cairnd");
  app.footer(kFooter);
  AddFlags(app, result.options, show_version);
  AddTasks(app, result);
  CAIRN_RETURN_IF_ERROR(
      CheckFlagValues(std::span(argv, static_cast<size_t>(argc)).subspan(std::min(argc, 1)),
                      [&app](std::string_view flag) {
                        const CLI::Option* option = app.get_option_no_throw(std::string(flag));
                        return option != nullptr && option->get_items_expected_max() > 0;
                      }));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    result.exit_now = true;
    result.exit_code = app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
    return result;
  }
  if (show_version) {
    std::cout << "cairnd " << kVersion << "\n";
    result.exit_now = true;
    return result;
  }
  CAIRN_RETURN_IF_ERROR(ValidateOptions(result.options));
  if ((result.rebuild_blob_index || result.check) && result.options.in_memory) {
    return InvalidField(ErrorReason::CONFIG_INVALID, result.check ? "check" : "rebuild-blob-index",
                        "", "needs a directory, not --in-memory");
  }
  if (result.rebuild_blob_index && result.check) {
    return InvalidField(ErrorReason::CONFIG_INVALID, "rebuild-blob-index", "",
                        "cannot be done by check, which changes nothing");
  }
  return result;
}

}  // namespace cairn

#ifndef CAIRN_SERVER_OPTIONS_H_
#define CAIRN_SERVER_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/tls/tls_context.h"
#include "server/core/limits.h"
#include "server/observability/log.h"

namespace cairn {

// How a server is set up. Plain values; the defaults suit one machine.
struct ServerOptions {
  std::string data_dir;                          // required unless in_memory
  bool in_memory = false;                        // keeps nothing; for trying out
  std::string grpc_address = "127.0.0.1:50051";  // HOST:PORT; port 0 picks a free one
  std::string http_address = "127.0.0.1:5000";   // HOST:PORT; port 0 picks a free one
  bool insecure_network = false;                 // allows addresses beyond loopback
  bool auth = false;                             // asks callers who they are
  tls::TlsOptions tls;                           // of both ports; see ValidateOptions
  std::vector<std::string> allowed_hosts;        // further names for the Host header
  bool webhook_allow_http = false;               // not only https
  bool webhook_allow_private = false;            // receivers beyond the public internet
  int64_t drain_millis = 4000;                   // how long a stop waits for calls under way
  int64_t default_run_lease_seconds = 0;         // of runs that do not say; 0: for ever
  int64_t blob_lease_seconds = 6 * 3600;         // how long unreferenced blobs are kept
  int64_t event_retention_seconds = 7 * 86'400;  // how long the event log is kept
  int64_t event_log_mib = 1024;                  // how large it may grow before that
  int64_t long_calls_per_method = limits::kLongCallsPerMethod;
  int pool_threads = 0;                     // for searches, lists and curves; 0: by processors
  int disk_threads = 0;                     // for blobs; 0: by processors
  int http_threads = 0;                     // for connections to HTTP; 0: by processors
  int64_t max_connections = 0;              // to gRPC; 0: as the descriptors allow
  int64_t max_connections_per_address = 0;  // beyond loopback; 0: a quarter of all
  int64_t memory_limit_bytes = 0;           // see MemoryShares; 0: none
  observability::LogLevel log_level = observability::LogLevel::kInfo;
  observability::LogFormat log_format = observability::LogFormat::kText;
};

// What the command line asks for.
struct CommandLine {
  ServerOptions options;
  bool rebuild_blob_index = false;  // instead of serving
  bool check = false;               // instead of serving
  bool init = false;                // instead of serving: makes the first administrator...
  std::string admin = "admin";      // ...of this name
  bool rotate_audit_key = false;    // instead of serving
  bool exit_now = false;            // help or version was printed
  int exit_code = 0;
};

// Reads the flags of CairndTable, their environment twins (CAIRND_DATA_DIR, …) and the file named
// by --config, in this order of precedence. Prints help and version itself, and what one of these
// says wrongly: the flag, the value and the rule, and exit code 2.
//
// INVALID_ARGUMENT (CONFIG_INVALID), naming the setting, the value and the rule, where settings do
// not go together (ValidateOptions).
absl::StatusOr<CommandLine> ParseCommandLine(int argc, const char* const* argv);

// How many threads the settings mean on this machine. Lists wait on the disk now and then:
// so there are some even where processors are few.
int PoolThreads(const ServerOptions& options);
int DiskThreads(const ServerOptions& options);
int HttpThreads(const ServerOptions& options);
// Two on a small machine, so that a promotion that measures holds up its own channel only.
int PromotionThreads();

// Checks what the flags' types cannot: a directory is named, TLS has both its files, addresses
// have a port. Without insecure_network they have a loopback host too, unless the server speaks TLS
// and asks callers who they are. Pure.
absl::Status ValidateOptions(const ServerOptions& options);

}  // namespace cairn

#endif  // CAIRN_SERVER_OPTIONS_H_

#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "lib/base/errors.h"
#include "lib/base/standard_streams.h"
#include "server/blob_index.h"
#include "server/first_admin.h"
#include "server/observability/log.h"
#include "server/options.h"
#include "server/server.h"
#include "server/store_check.h"

namespace cairn {
namespace {

using observability::Log;
using observability::LogLevel;

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
constexpr int kExitForced = 130;

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Blocks the signals that are waited for in this thread and all it starts: those that stop the
// server, and SIGHUP.
sigset_t BlockSignals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t signals = StopSignals();
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// Keeps the certificate current until a signal says stop, which it returns.
int KeepUntilStopped(const sigset_t& signals, Server& server) {
  constexpr timespec kRound{1, 0};
  while (true) {
    const int signal_number = sigtimedwait(&signals, nullptr, &kRound);
    if (signal_number == SIGHUP) {
      server.ReloadCertificate();
    } else if (signal_number > 0) {
      return signal_number;
    } else {
      server.CheckCertificate();
    }
  }
}

int Fail(const absl::Status& status) {
  Log(LogLevel::kError, std::string(status.message()), {{"reason", ReasonOf(status)}});
  return HasReason(status, ErrorReason::CONFIG_INVALID) ? kExitUsage : kExitFailure;
}

int RebuildIndex(const ServerOptions& options) {
  const absl::StatusOr<std::string> report = RebuildBlobIndex(options);
  if (!report.ok()) return Fail(report.status());
  std::printf("%s\n", report->c_str());
  return FlushStandardOutput() ? EXIT_SUCCESS : kExitFailure;
}

int Check(const ServerOptions& options) {
  const absl::StatusOr<int64_t> damage = CheckStore(options);
  if (!damage.ok()) return Fail(damage.status());
  return FlushStandardOutput() && *damage == 0 ? EXIT_SUCCESS : kExitFailure;
}

int Init(const CommandLine& line) {
  const absl::StatusOr<std::string> token = MakeFirstAdmin(line.options, line.admin);
  if (!token.ok()) return Fail(token.status());
  std::fprintf(stderr,
               "%s administers the store in %s. The token is shown this once; it belongs into a "
               "file that only its owner may read (mlctl login, or --token-file):\n",
               line.admin.c_str(), line.options.data_dir.c_str());
  std::printf("%s\n", token->c_str());
  return FlushStandardOutput() ? EXIT_SUCCESS : kExitFailure;
}

int Rotate(const ServerOptions& options) {
  const absl::StatusOr<std::string> key = RotateAuditKey(options);
  if (!key.ok()) return Fail(key.status());
  std::printf("%s\n", key->c_str());
  return FlushStandardOutput() ? EXIT_SUCCESS : kExitFailure;
}

int Run(int argc, const char* const* argv) {
  const sigset_t signals = BlockSignals();
  const absl::StatusOr<CommandLine> line = ParseCommandLine(argc, argv);
  if (!line.ok()) return Fail(line.status());
  if (line->exit_now) return FlushStandardOutput() ? line->exit_code : kExitFailure;
  observability::ConfigureLog(line->options.log_level, line->options.log_format);

  if (line->rebuild_blob_index) return RebuildIndex(line->options);
  if (line->check) return Check(line->options);
  if (line->init) return Init(*line);
  if (line->rotate_audit_key) return Rotate(line->options);

  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(line->options);
  if (!server.ok()) return Fail(server.status());
  std::printf("ready grpc=%s http=%s%s\n", (*server)->grpc_address().c_str(),
              (*server)->http_address().c_str(),
              line->options.tls.enabled() ? " tls=grpc,http" : "");
  std::fflush(stdout);

  const int signal_number = KeepUntilStopped(signals, **server);
  Log(LogLevel::kInfo, "stopping", {{"signal", std::to_string(signal_number)}});
  // A second signal does not wait for anybody.
  std::thread([] {
    const sigset_t stop = StopSignals();
    int again = 0;
    sigwait(&stop, &again);
    ::_exit(kExitForced);
  }).detach();
  (*server)->Stop();
  server->reset();
  Log(LogLevel::kInfo, "stopped");
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  cairn::HoldStandardStreams();
  ::umask(S_IRWXG | S_IRWXO);  // the store is for its owner's eyes
  return cairn::Run(argc, argv);
}

// The real server over loopback, client included, beside bare components in the same
// run. usage: serving_bench [--seconds N] [--sustained N] [--huge] [--runs N]
//     [--data-dir PARENT]
//     [--only start|unary|reads|batches|pages|mlctl|streams|curves]
// --sustained: also stream points for so long; --huge: also a series of 10^8 points.
#include <grpcpp/grpcpp.h>
#include <stdlib.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "bench/serving/bare_server.h"
#include "bench/serving/load.h"
#include "bench/serving/parts.h"
#include "fmt/format.h"
#include "tests/testing/server_process.h"

namespace cairn::bench {

void Print(const std::string& what, const std::string& result) {
  std::printf("%-58s %s\n", what.c_str(), result.c_str());
  std::fflush(stdout);
}

int64_t DirectoryBytes(const std::string& path) {
  int64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path, ignored)) {
    if (entry.is_regular_file(ignored)) bytes += static_cast<int64_t>(entry.file_size(ignored));
  }
  return bytes;
}

double Gauge(const testing::ServerProcess& server, const std::string& name) {
  const std::string text = testing::HttpGet(server.http_address(), "/metrics");
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size() + 2);
}

double WaitForFolding(const testing::ServerProcess& server) {
  const auto begin = Clock::now();
  double waiting = -1;
  double changed = 0;
  while (SecondsSince(begin) < changed + 3 && SecondsSince(begin) < 300) {
    const double now = Gauge(server, "cairn_metric_unfolded_bytes");
    if (now != waiting) changed = SecondsSince(begin);
    waiting = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return changed;
}

namespace {

Settings ParseSettings(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--huge") {
      settings.huge = true;
      continue;
    }
    const char* value = i + 1 < argc ? argv[++i] : "";
    if (flag == "--seconds") settings.seconds = std::atof(value);
    if (flag == "--sustained") settings.sustained = std::atof(value);
    if (flag == "--runs") settings.runs = std::atoll(value);
    if (flag == "--data-dir") settings.parent = value;
    if (flag == "--only") settings.only = value;
  }
  return settings;
}

void Measure(const testing::ServerProcess& server, const Settings& settings) {
  Print("memory of an empty server",
        fmt::format("{:.1f} MB", Gauge(server, "process_resident_memory_bytes") / 1e6));
  const auto channel = Connect(server.grpc_address());
  const auto stub = v1::TrackingService::NewStub(channel);
  const Target target{server, channel, *stub};
  if (settings.Wants("unary")) UnaryCalls(target, settings);
  if (settings.only == "reads") Reads(target, settings);      // a part of unary
  if (settings.only == "batches") Batches(target, settings);  // so is this
  if (settings.Wants("pages")) Pages(target, settings);
  if (settings.Wants("mlctl")) TypingSpeed(target, settings);
  if (settings.Wants("streams")) Streams(target, settings);
  if (settings.Wants("curves")) Curves(target, settings);
  Print("memory at the end",
        fmt::format("{:.1f} MB", Gauge(server, "process_resident_memory_bytes") / 1e6));
}

int Main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], kBareServerFlag) == 0) RunBareServer();
  // See server/rpc/grpc_server.cc.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Settings settings = ParseSettings(argc, argv);
  std::string pattern = settings.parent + "/cairn-serving-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return 1;
  settings.parent = pattern;
  if (settings.Wants("start")) Starts(settings);
  bool started = true;
  if (settings.only != "start") {
    testing::ServerProcess server(pattern + "/store");
    started = server.Start();
    if (started) {
      Measure(server, settings);
      server.Stop();
    }
  }
  std::error_code ignored;
  std::filesystem::remove_all(pattern, ignored);
  return started ? 0 : 1;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }

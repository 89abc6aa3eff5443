// Promotions of a real server over loopback, client included, beside bare components in the same
// run. usage: promotion_bench [--seconds N] [--commands N] [--data-dir PARENT]
//     [--only calls|processes|others|arrivals]
#include <stdlib.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "absl/synchronization/mutex.h"
#include "bench/promotion/world.h"
#include "bench/serving/bare_server.h"

namespace cairn::bench {
namespace {

Settings ParseSettings(int argc, char** argv) {
  Settings settings;
  settings.parent = std::filesystem::temp_directory_path().string();
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    const char* value = argv[i + 1];
    if (flag == "--seconds") settings.seconds = std::atof(value);
    if (flag == "--commands") settings.commands = std::atoi(value);
    if (flag == "--data-dir") settings.parent = value;
    if (flag == "--only") settings.only = value;
  }
  return settings;
}

int Main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], kBareServerFlag) == 0) RunBareServer();
  // See server/rpc/grpc_server.cc.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Settings settings = ParseSettings(argc, argv);
  std::string pattern = settings.parent + "/cairn-promotion-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return 1;
  settings.parent = pattern;
  if (settings.Wants("calls")) WholeCalls(settings);
  if (settings.Wants("processes")) Processes(settings);
  if (settings.Wants("others")) OthersMeanwhile(settings);
  if (settings.Wants("arrivals")) Arrivals(settings);
  std::error_code ignored;
  std::filesystem::remove_all(pattern, ignored);
  return 0;
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) { return cairn::bench::Main(argc, argv); }

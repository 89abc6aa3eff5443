#include "bench/artifacts/resident_peak.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>

#include "fmt/format.h"

namespace cairn::bench {

int64_t ResidentBytes(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/statm", pid));
  int64_t size = 0;
  int64_t resident = 0;
  file >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

ResidentPeak::ResidentPeak(pid_t pid)
    : pid_(pid), before_(ResidentBytes(pid)), peak_(before_), thread_([this] {
        while (!stop_.load()) {
          peak_.store(std::max(peak_.load(), ResidentBytes(pid_)));
          std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
      }) {}

ResidentPeak::~ResidentPeak() { Growth(); }

int64_t ResidentPeak::Growth() {
  stop_.store(true);
  if (thread_.joinable()) thread_.join();
  return peak_.load() - before_;
}

}  // namespace cairn::bench

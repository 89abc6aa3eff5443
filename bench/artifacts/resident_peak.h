#ifndef CAIRN_BENCH_ARTIFACTS_RESIDENT_PEAK_H_
#define CAIRN_BENCH_ARTIFACTS_RESIDENT_PEAK_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <thread>

namespace cairn::bench {

// The resident memory of a process in bytes; 0 for one that is not there.
int64_t ResidentBytes(pid_t pid);

// Watches how much more memory a process has than at the beginning, every 5 ms, on a thread
// of its own. For one thread.
class ResidentPeak {
 public:
  explicit ResidentPeak(pid_t pid);
  ~ResidentPeak();
  ResidentPeak(const ResidentPeak&) = delete;
  ResidentPeak& operator=(const ResidentPeak&) = delete;

  // Ends the watching; the most that was added, in bytes.
  int64_t Growth();

 private:
  const pid_t pid_;
  const int64_t before_;
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> peak_{0};
  std::thread thread_;
};

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_ARTIFACTS_RESIDENT_PEAK_H_

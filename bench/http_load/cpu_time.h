#ifndef CAIRN_BENCH_HTTP_LOAD_CPU_TIME_H_
#define CAIRN_BENCH_HTTP_LOAD_CPU_TIME_H_

#include <sys/types.h>
#include <time.h>

namespace cairn::bench {

// The processor time that a process has used so far, in microseconds; 0 for one that is not there.
inline double CpuMicrosOf(pid_t pid) {
  clockid_t clock;
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return static_cast<double>(used.tv_sec) * 1e6 + static_cast<double>(used.tv_nsec) / 1e3;
}

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_HTTP_LOAD_CPU_TIME_H_

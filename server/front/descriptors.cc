#include "server/front/descriptors.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace cairn::front {

void UniqueFd::Reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

int64_t RaiseDescriptorLimit() {
  constexpr int64_t kUsual = 1024;
  constexpr rlim_t kEnough = 1 << 20;  // also where there is no limit
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUsual;
  rlimit raised = limit;
  raised.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnough));
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<int64_t>(std::min(limit.rlim_cur, kEnough));
}

}  // namespace cairn::front

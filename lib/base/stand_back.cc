#include "lib/base/stand_back.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cairn {

void StandBack(int nice) {
  // On Linux a thread has a priority of its own, by its number.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), nice);
}

}  // namespace cairn

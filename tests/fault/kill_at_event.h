#ifndef CAIRN_TESTS_FAULT_KILL_AT_EVENT_H_
#define CAIRN_TESTS_FAULT_KILL_AT_EVENT_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>

namespace cairn::testing {

// Shared by a drill and the program that it ends, through a file of this size. 0 of `kill_at`
// ends nothing and counts only.
struct KillPlan {
  std::atomic<int64_t> events;  // So far.
  int64_t kill_at;              // The number of the event at which the program ends, from 1.
  pid_t with;                   // A process that is ended in the same moment; 0 for none.
};

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_FAULT_KILL_AT_EVENT_H_

#ifndef CAIRN_PIPELINE_COMMANDS_END_SIGNALS_H_
#define CAIRN_PIPELINE_COMMANDS_END_SIGNALS_H_

#include <signal.h>

namespace cairn::pipeline {

// Keeps SIGINT and SIGTERM from this thread and those that it makes from now on, and returns the
// two, for whoever waits for them. To be called before a client or a server is made: their threads
// would take a signal for themselves, and end the process.
inline sigset_t HoldEndSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_END_SIGNALS_H_

#include "client-cli/commands/interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "client-cli/cli/exit_code.h"
#include "lib/base/mutex.h"

namespace cairn::cli {
namespace {

struct Target {
  Mutex mutex;
  client::Client* client CAIRN_GUARDED_BY(mutex) = nullptr;
};

// Never destroyed: the waiting thread outlives main.
Target& TheTarget() {
  static auto* target = new Target;  // NOLINT(cppcoreguidelines-owning-memory)
  return *target;
}

sigset_t Interrupts() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  return signals;
}

std::atomic<bool> g_interrupted{false};

void WaitForInterrupt() {
  // The end of a command that sent the interrupt, SIGCHLD, would end the patience.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  const sigset_t signals = Interrupts();
  int signal = 0;
  ::sigwait(&signals, &signal);
  g_interrupted = true;
  {
    MutexLock lock(&TheTarget().mutex);
    if (TheTarget().client != nullptr) TheTarget().client->Cancel();
  }
  const timespec patience{2, 0};
  ::sigtimedwait(&signals, nullptr, &patience);
  ::_exit(kExitInterrupted);
}

}  // namespace

void HoldInterrupts() {
  const sigset_t signals = Interrupts();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void CancelOnInterrupt(client::Client* client) {
  {
    MutexLock lock(&TheTarget().mutex);
    TheTarget().client = client;
  }
  HoldInterrupts();
  std::thread(WaitForInterrupt).detach();
}

bool Interrupted() {
  sigset_t pending;
  ::sigemptyset(&pending);
  ::sigpending(&pending);
  return ::sigismember(&pending, SIGINT) == 1 || ::sigismember(&pending, SIGTERM) == 1 ||
         g_interrupted;
}

void ForgetClient() {
  MutexLock lock(&TheTarget().mutex);
  TheTarget().client = nullptr;
}

}  // namespace cairn::cli

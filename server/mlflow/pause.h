#ifndef CAIRN_SERVER_MLFLOW_PAUSE_H_
#define CAIRN_SERVER_MLFLOW_PAUSE_H_

#include <chrono>
#include <coroutine>

#include "server/calls/alarms.h"

namespace cairn::mlflow {

// Awaited once to go on after a time, where it lies in the coroutine's frame. Goes on on the thread
// of the alarms, so what takes long leaves that first (OnPool). The alarms outlive it.
struct Pause {
  calls::Alarms& alarms;
  std::chrono::milliseconds time;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) const {
    alarms.Set(std::chrono::steady_clock::now() + time, [awaiting] { awaiting.resume(); });
  }
  void await_resume() const noexcept {}
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_PAUSE_H_

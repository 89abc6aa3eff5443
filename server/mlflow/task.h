#ifndef CAIRN_SERVER_MLFLOW_TASK_H_
#define CAIRN_SERVER_MLFLOW_TASK_H_

#include <coroutine>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"

namespace cairn::mlflow {

// A function that answers later: a coroutine that gives one value of type T.
//
//   Task<int> Twice(Session& session) {
//     const int once = co_await Once(session);
//     co_return 2 * once;
//   }
//
// Nothing of it runs before it is awaited, or handed to Start; then it runs on the thread that
// does so, and after each wait on the thread that ended the wait. Whoever awaits goes on, by
// symmetric transfer, where the task ended: no thread, no lock and no queue belongs to it. The task
// owns its frame, and with it the arguments taken by value; what is taken by reference has to
// outlive it. Used by one thread at a time. Dropping a task that has not begun, or has ended, is
// fine; dropping one that waits is not, because somebody is about to resume it.
//
// Arguments are variables, or moved from them: what is made of a list in braces within a co_await,
// GCC 12 destroys twice.
//
// An exception within is a bug and ends the process, as on any thread of a pool.
template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (frame_) frame_.destroy();
  }

  // What co_await asks for. Once.
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    frame_.promise().awaiting = awaiting;
    return frame_;
  }
  T await_resume() { return *std::move(frame_.promise().value); }

 private:
  explicit Task(Handle frame) : frame_(frame) {}

  Handle frame_;
};

template <typename T>
struct Task<T>::promise_type {
  struct GoesOn {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(Handle ended) const noexcept {
      return ended.promise().awaiting;
    }
    void await_resume() const noexcept {}
  };

  Task get_return_object() { return Task(Handle::from_promise(*this)); }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  GoesOn final_suspend() const noexcept { return {}; }
  template <typename Value>
  void return_value(Value&& result) {
    value.emplace(std::forward<Value>(result));
  }
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }

  std::coroutine_handle<> awaiting = std::noop_coroutine();
  std::optional<T> value;
};

namespace internal {

// Begins at once, belongs to nobody and goes when it ended.
struct Detached {
  struct promise_type {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

template <typename T>
Detached RunDetached(Task<T> task, std::function<void(T)> done) {
  done(co_await task);
}

}  // namespace internal

// Runs `task` and calls `done` with its value, on the thread where it ends: before Start returns if
// the task waits for nothing. What `done` owns lives until after it was called.
template <typename T>
void Start(Task<T> task, std::type_identity_t<std::function<void(T)>> done) {
  internal::RunDetached(std::move(task), std::move(done));
}

}  // namespace cairn::mlflow

// CAIRN_RETURN_IF_ERROR and CAIRN_ASSIGN_OR_RETURN for coroutines; the expression may be a
// co_await.
#define CAIRN_CO_RETURN_IF_ERROR(expression)                         \
  do {                                                               \
    absl::Status cairn_co_status = (expression);                     \
    if (!cairn_co_status.ok()) co_return std::move(cairn_co_status); \
  } while (false)

#define CAIRN_CO_JOIN_(a, b) a##b
#define CAIRN_CO_NAME_(line) CAIRN_CO_JOIN_(cairn_co_result_, line)
#define CAIRN_CO_ASSIGN_(result, left, expression) \
  auto result = (expression);                      \
  if (!result.ok()) co_return result.status();     \
  left = *std::move(result)
#define CAIRN_CO_ASSIGN_OR_RETURN(left, expression) \
  CAIRN_CO_ASSIGN_(CAIRN_CO_NAME_(__LINE__), left, expression)

#endif  // CAIRN_SERVER_MLFLOW_TASK_H_

#ifndef CAIRN_LIB_COMMAND_LINE_HANDLER_H_
#define CAIRN_LIB_COMMAND_LINE_HANDLER_H_

#include "absl/status/statusor.h"

namespace cairn::command_line {

struct Invocation;

// What a command does: a function that works with the program's own `Context` and returns the exit
// code, or the error that ended it. The table does not know the type, so that one table serves
// programs that have nothing else in common. Value type of two pointers; empty by default. Copying
// and calling are safe from any thread; what the function does is the program's.
class Handler {
 public:
  // The exit code goes to the shell, 0 to 255; an error is printed and becomes the code that the
  // program has for it.
  template <typename Context>
  using Function = absl::StatusOr<int> (*)(Context&, const Invocation&);

  Handler() = default;

  // The function outlives all rows: one that has a name, no lambda with a capture.
  // Implicit, so that a row names the function and nothing else.
  template <typename Context>
  Handler(Function<Context> function)  // NOLINT(google-explicit-constructor)
      : function_(reinterpret_cast<void (*)()>(function)), context_(&kContext<Context>) {}

  explicit operator bool() const { return function_ != nullptr; }

  // Calls the function. INTERNAL when it takes another context, or when there is none: faults of
  // the program's table, which no command line can bring about. Errors of the function otherwise.
  template <typename Context>
  absl::StatusOr<int> operator()(Context& context, const Invocation& invocation) const {
    if (context_ != &kContext<Context>)
      return absl::InternalError("the command has no such handler");
    return reinterpret_cast<Function<Context>>(function_)(context, invocation);
  }

 private:
  // One address for each type: what tells contexts apart without run-time type information.
  template <typename Context>
  static constexpr char kContext = 0;

  void (*function_)() = nullptr;
  const char* context_ = nullptr;
};

}  // namespace cairn::command_line

#endif  // CAIRN_LIB_COMMAND_LINE_HANDLER_H_

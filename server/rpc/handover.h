#ifndef CAIRN_SERVER_RPC_HANDOVER_H_
#define CAIRN_SERVER_RPC_HANDOVER_H_

#include <atomic>
#include <cstdint>

namespace cairn::rpc {

// Orders the threads that work on one call after each other. gRPC guarantees that a
// callback comes after what started its operation, with locks of its own that the
// thread sanitizer does not see; this says the same where it does. Costs one atomic
// operation on memory that is at hand. It guards nothing: what it orders must be used
// by one thread at a time anyway. Every call of gRPC has one, and it belongs to that call.
class Handover {
 public:
  // Before an operation is started or handed to the pool: everything until now...
  void Pass() { count_.fetch_add(1, std::memory_order_release); }
  // ...happened before what follows, at the start of a callback.
  void Take() { static_cast<void>(count_.load(std::memory_order_acquire)); }

 private:
  std::atomic<uint32_t> count_{0};
};

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_HANDOVER_H_

#ifndef CAIRN_LIB_CLIENT_PARALLEL_CALLS_H_
#define CAIRN_LIB_CLIENT_PARALLEL_CALLS_H_

#include <cstddef>
#include <functional>

#include "absl/status/status.h"

namespace cairn::client {

// Makes many independent calls with a bounded number under way at a time.
//
// Runs `call(0)` … `call(count - 1)`, each once, on up to `concurrency` threads
// of its own, the caller's among them, in no promised order. Waiting calls cost
// next to nothing, and the server commits those that wait together in one go:
// 8 to 32 is a good number even on two cores.
//
// After the first error no further call is started; those under way are
// completed. Returns the error with the smallest index among the calls that
// were made, or OK. REQUIRES: concurrency >= 1; `call` is safe to run from
// several threads at once.
absl::Status ParallelCalls(size_t count, int concurrency,
                           const std::function<absl::Status(size_t)>& call);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_PARALLEL_CALLS_H_

// A small set of threads for loops whose result must not depend on how many threads there are.
//
// The rule that makes this true lies with the caller: the work is cut into tasks by the data alone
// (chunks of kChunkRows rows), every task writes only to its own place, and partial results are
// added in task order afterwards. Which thread ran which task is then invisible.

#ifndef CAIRN_LIB_CLUSTERING_PARALLEL_H_
#define CAIRN_LIB_CLUSTERING_PARALLEL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"

namespace cairn::clustering {

// Rows per chunk of every sum over rows. A property of the results, not of the machine: changing
// it changes the last bits of every figure.
inline constexpr std::size_t kChunkRows = 256;

// How many threads `requested` means: itself when positive, the hardware's number when 0 or less.
// At least 1 and at most 256.
int ResolveThreads(int requested);

// Owns its threads from construction to destruction. A Parallel is used by one thread at a time;
// For may not be called from inside a task of the same object.
class Parallel {
 public:
  // Starts ResolveThreads(threads) - 1 threads; the caller of For is the remaining one.
  explicit Parallel(int threads);
  ~Parallel();

  Parallel(const Parallel&) = delete;
  Parallel& operator=(const Parallel&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls task(0) … task(count - 1), each once, on any thread in any order, and returns when all
  // have returned. What the tasks wrote is visible to the caller then. Tasks must not throw.
  void For(std::size_t count, absl::FunctionRef<void(std::size_t)> task);

  // The same over [0, rows) in chunks of kChunkRows: task(chunk, first row, one past the last row).
  void ForChunks(std::size_t rows,
                 absl::FunctionRef<void(std::size_t, std::size_t, std::size_t)> task);

 private:
  void WorkerLoop();
  void Drain();

  // A loop is published by raising epoch_; a worker that has left the loop raises finished_.
  std::vector<std::thread> workers_;
  const absl::FunctionRef<void(std::size_t)>* task_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint32_t> epoch_{0};
  std::atomic<std::uint32_t> finished_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_PARALLEL_H_

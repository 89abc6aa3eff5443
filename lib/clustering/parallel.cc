#include "lib/clustering/parallel.h"

#include <algorithm>

namespace cairn::clustering {

int ResolveThreads(int requested) {
  if (requested > 0) return std::min(requested, 256);
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 256);
}

Parallel::Parallel(int threads) {
  const int extra = ResolveThreads(threads) - 1;
  workers_.reserve(static_cast<std::size_t>(extra));
  for (int i = 0; i < extra; ++i) workers_.emplace_back([this] { WorkerLoop(); });
}

Parallel::~Parallel() {
  stopping_.store(true, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Parallel::For(std::size_t count, absl::FunctionRef<void(std::size_t)> task) {
  if (workers_.empty() || count <= 1) {
    for (std::size_t i = 0; i < count; ++i) task(i);
    return;
  }
  task_ = &task;
  count_ = count;
  next_.store(0, std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  Drain();
  const auto all = static_cast<std::uint32_t>(workers_.size());
  for (std::uint32_t done = finished_.load(std::memory_order_acquire); done != all;
       done = finished_.load(std::memory_order_acquire)) {
    finished_.wait(done, std::memory_order_acquire);
  }
}

void Parallel::ForChunks(std::size_t rows,
                         absl::FunctionRef<void(std::size_t, std::size_t, std::size_t)> task) {
  For((rows + kChunkRows - 1) / kChunkRows, [&](std::size_t chunk) {
    const std::size_t first = chunk * kChunkRows;
    task(chunk, first, std::min(first + kChunkRows, rows));
  });
}

void Parallel::WorkerLoop() {
  // Counting from 0 and not from the present epoch: a loop published before this thread first ran
  // is waiting for it.
  for (std::uint32_t seen = 0;; ++seen) {
    epoch_.wait(seen, std::memory_order_acquire);
    if (stopping_.load(std::memory_order_relaxed)) return;
    Drain();
    if (finished_.fetch_add(1, std::memory_order_acq_rel) + 1 == workers_.size()) {
      finished_.notify_one();
    }
  }
}

void Parallel::Drain() {
  for (std::size_t i = next_.fetch_add(1, std::memory_order_relaxed); i < count_;
       i = next_.fetch_add(1, std::memory_order_relaxed)) {
    (*task_)(i);
  }
}

}  // namespace cairn::clustering

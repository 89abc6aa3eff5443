#include "pipeline/data/parallel.h"

#include <algorithm>
#include <thread>
#include <vector>

namespace cairn::pipeline {

int ThreadCount(int requested) {
  if (requested > 0) return std::min(requested, 64);
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 8u));
}

void RunParts(int parts, const std::function<void(int)>& work) {
  std::vector<std::jthread> threads;
  for (int part = 0; part + 1 < parts; ++part) threads.emplace_back(work, part);
  if (parts > 0) work(parts - 1);
}

}  // namespace cairn::pipeline

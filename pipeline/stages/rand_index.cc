#include "pipeline/stages/rand_index.h"

#include "lib/clustering/indices.h"

namespace cairn::pipeline {

double AdjustedRandIndex(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  if (a.size() < 2) return 1;
  return clustering::AdjustedRandIndex(a, b).value_or(0);
}

}  // namespace cairn::pipeline

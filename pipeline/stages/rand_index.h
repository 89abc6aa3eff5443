#ifndef CAIRN_PIPELINE_STAGES_RAND_INDEX_H_
#define CAIRN_PIPELINE_STAGES_RAND_INDEX_H_

#include <cstdint>
#include <vector>

namespace cairn::pipeline {

// The adjusted Rand index of two labellings of the same rows: 1 for the same segments
// under any names, about 0 for unrelated ones, as scikit-learn defines it. Labels are 0
// or above. 1 for fewer than two rows, 0 for labellings that do not fit together. Pure.
double AdjustedRandIndex(const std::vector<int32_t>& a, const std::vector<int32_t>& b);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_RAND_INDEX_H_

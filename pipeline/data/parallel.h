#ifndef CAIRN_PIPELINE_DATA_PARALLEL_H_
#define CAIRN_PIPELINE_DATA_PARALLEL_H_

// A few threads for one piece of work.

#include <functional>

namespace cairn::pipeline {

// The number of threads to use for `requested` (0 = one per processor, at most 8); 1..64.
int ThreadCount(int requested);

// Calls work(0) … work(parts - 1), each once and each on a thread of its own except the last,
// which runs on the caller's; returns when all are done. `work` must not throw. What the parts
// wrote is visible to the caller afterwards.
void RunParts(int parts, const std::function<void(int)>& work);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_DATA_PARALLEL_H_

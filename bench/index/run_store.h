#ifndef CAIRN_BENCH_INDEX_RUN_STORE_H_
#define CAIRN_BENCH_INDEX_RUN_STORE_H_

#include <cstdint>
#include <vector>

#include "server/storage/key.h"
#include "server/storage/kv_store.h"

namespace cairn::bench {

// Puts `runs` finished runs of experiment 0 into an empty store, as logging them
// would, and answers the keys of their own records. Each has 20 metrics m0 to m19 with
// two points, 0.001 and one that is uniform in [0, 1), which wait to be folded, and 20 parameters
// p0 to p19, of which 18 have 100 values and the last two as many as there are runs. The same for
// the same number of runs. Ends the program when the store refuses.
std::vector<storage::Key> FillRuns(storage::KvStore& store, int64_t runs);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_INDEX_RUN_STORE_H_

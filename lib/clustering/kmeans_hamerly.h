// Hamerly's bounds: which rows cannot have changed their nearest centre since the last iteration.

#ifndef CAIRN_LIB_CLUSTERING_KMEANS_HAMERLY_H_
#define CAIRN_LIB_CLUSTERING_KMEANS_HAMERLY_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "lib/clustering/row_blocks.h"

namespace cairn::clustering {

// Keeps, per row, an upper bound of the distance to its own centre and a lower bound of the
// distance to every other one. Both are widened by more than the rounding error of the kernels at
// every step, so a skipped row is one for which the kernel would return the same label: labels are
// those of the full search, bit for bit. A block of eight rows is skipped as a whole or searched as
// a whole.
//
// Prepare and the Assign calls alternate; Assign calls for different blocks may run concurrently.
class HamerlyBounds {
 public:
  // Remembers `blocks`, which must outlive this.
  HamerlyBounds(const RowBlocks& blocks, std::size_t k);

  // Announces the centres (k x d) of the next iteration.
  void Prepare(const std::vector<double>& centers);

  // Writes the labels of `block_count` blocks from `first_block`, given those of the previous
  // iteration in `before` (both point at the first of these rows).
  void Assign(std::size_t first_block, std::size_t block_count, const std::int32_t* before,
              std::int32_t* labels);

 private:
  void MeasureDrift(const std::vector<double>& centers);
  void MeasureSeparation();
  bool Unchanged(std::size_t block, const std::int32_t* before);

  const RowBlocks& blocks_;
  const std::size_t k_;
  const double margin_;  // relative; exceeds the rounding error of one distance several times
  bool first_ = true;
  std::vector<double> centers_;
  std::vector<double> upper_;
  std::vector<double> lower_;
  std::vector<double> drift_;        // per centre: how far it moved, at most
  std::vector<double> other_drift_;  // per centre: how far any other moved, at most
  std::vector<double> separation_;   // per centre: half the distance to the nearest other, at least
};

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_KMEANS_HAMERLY_H_

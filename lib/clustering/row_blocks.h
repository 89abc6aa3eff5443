// Rows regrouped for the vector kernels: eight rows to a block, feature after feature.
//
// A kernel computes the same thing for the eight rows of a block, one row per lane, and never mixes
// lanes. How many of the eight a CPU takes at a time therefore cannot show in the result.

#ifndef CAIRN_LIB_CLUSTERING_ROW_BLOCKS_H_
#define CAIRN_LIB_CLUSTERING_ROW_BLOCKS_H_

#include <cstddef>
#include <memory>
#include <span>

#include "lib/clustering/matrix.h"

namespace cairn::clustering {

// Rows per block, a constant of the results: partial sums are kept per lane.
inline constexpr std::size_t kLanes = 8;

// Owns 64-byte aligned memory of blocks() x columns() x kLanes doubles. Lanes past the last row are
// zero. Movable, not copyable; immutable once filled.
class RowBlocks {
 public:
  RowBlocks() = default;
  RowBlocks(std::size_t rows, std::size_t columns);

  // All rows of `matrix` in order.
  explicit RowBlocks(const Matrix& matrix);

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  std::size_t blocks() const { return (rows_ + kLanes - 1) / kLanes; }
  std::size_t padded_rows() const { return blocks() * kLanes; }

  // Block b holds rows 8b … 8b+7; feature j of lane l is at [j * kLanes + l].
  const double* block(std::size_t b) const { return data_.get() + b * columns_ * kLanes; }

  // Writes one row of columns() values into its lane.
  void SetRow(std::size_t row, const double* values);

 private:
  struct Free {
    void operator()(double* memory) const;
  };

  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
  std::unique_ptr<double[], Free> data_;
};

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_ROW_BLOCKS_H_

#include "lib/clustering/row_blocks.h"

#include <algorithm>
#include <new>

namespace cairn::clustering {
namespace {

constexpr std::align_val_t kAlignment{64};

}  // namespace

void RowBlocks::Free::operator()(double* memory) const { ::operator delete[](memory, kAlignment); }

RowBlocks::RowBlocks(std::size_t rows, std::size_t columns) : rows_(rows), columns_(columns) {
  const std::size_t size = padded_rows() * columns;
  data_.reset(static_cast<double*>(::operator new[](size * sizeof(double), kAlignment)));
  std::fill_n(data_.get(), size, 0.0);
}

RowBlocks::RowBlocks(const Matrix& matrix)
    : RowBlocks(static_cast<std::size_t>(matrix.rows()), static_cast<std::size_t>(matrix.cols())) {
  for (std::size_t i = 0; i < rows_; ++i) SetRow(i, matrix.data() + i * columns_);
}

void RowBlocks::SetRow(std::size_t row, const double* values) {
  double* lane = data_.get() + (row / kLanes) * columns_ * kLanes + row % kLanes;
  for (std::size_t j = 0; j < columns_; ++j) lane[j * kLanes] = values[j];
}

}  // namespace cairn::clustering

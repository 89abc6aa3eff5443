#include "lib/clustering/kmeans_hamerly.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/clustering/kernels.h"

namespace cairn::clustering {
namespace {

// Below kTiny a square may underflow and above kHuge it may overflow; there the relative margin
// means nothing, so bounds keep out of both.
constexpr double kTiny = 1e-150;
constexpr double kHuge = 1e150;

double Distance(const double* a, const double* b, std::size_t d) {
  double sum = 0;
  for (std::size_t j = 0; j < d; ++j) sum += (a[j] - b[j]) * (a[j] - b[j]);
  return std::sqrt(sum);
}

}  // namespace

HamerlyBounds::HamerlyBounds(const RowBlocks& blocks, std::size_t k)
    : blocks_(blocks),
      k_(k),
      margin_(4.0 * (static_cast<double>(blocks.columns()) + 16.0) *
              std::numeric_limits<double>::epsilon()),
      upper_(blocks.padded_rows()),
      lower_(blocks.padded_rows()),
      drift_(k),
      other_drift_(k),
      separation_(k) {}

void HamerlyBounds::Prepare(const std::vector<double>& centers) {
  if (!centers_.empty()) {
    first_ = false;
    MeasureDrift(centers);
  }
  centers_ = centers;
  MeasureSeparation();
}

void HamerlyBounds::MeasureDrift(const std::vector<double>& centers) {
  const std::size_t d = blocks_.columns();
  double largest = 0;
  double second = 0;
  std::size_t mover = 0;
  for (std::size_t c = 0; c < k_; ++c) {
    const double moved = Distance(&centers[c * d], &centers_[c * d], d);
    drift_[c] = moved * (1 + margin_) + kTiny;
    if (drift_[c] > largest) {
      second = largest;
      largest = drift_[c];
      mover = c;
    } else {
      second = std::max(second, drift_[c]);
    }
  }
  std::fill(other_drift_.begin(), other_drift_.end(), largest);
  other_drift_[mover] = second;
}

void HamerlyBounds::MeasureSeparation() {
  const std::size_t d = blocks_.columns();
  std::fill(separation_.begin(), separation_.end(), kHuge);
  for (std::size_t a = 0; a < k_; ++a) {
    for (std::size_t b = a + 1; b < k_; ++b) {
      const double half =
          0.5 * Distance(&centers_[a * d], &centers_[b * d], d) * (1 - margin_) - kTiny;
      separation_[a] = std::min(separation_[a], half);
      separation_[b] = std::min(separation_[b], half);
    }
  }
}

bool HamerlyBounds::Unchanged(std::size_t block, const std::int32_t* before) {
  double* upper = upper_.data() + block * kLanes;
  double* lower = lower_.data() + block * kLanes;
  bool unchanged = true;
  for (std::size_t l = 0; l < kLanes; ++l) {
    const auto own = static_cast<std::size_t>(before[l]);
    upper[l] = (upper[l] + drift_[own]) * (1 + margin_);
    lower[l] = lower[l] * (1 - margin_) - other_drift_[own];
    unchanged &= upper[l] < std::max(lower[l], separation_[own]);
  }
  return unchanged;
}

void HamerlyBounds::Assign(std::size_t first_block, std::size_t block_count,
                           const std::int32_t* before, std::int32_t* labels) {
  const Kernels& kernels = ActiveKernels();
  for (std::size_t b = first_block; b < first_block + block_count; ++b) {
    if (!first_ && Unchanged(b, before)) {
      std::copy_n(before, kLanes, labels);
    } else {
      double* upper = upper_.data() + b * kLanes;
      double* lower = lower_.data() + b * kLanes;
      kernels.nearest_two(blocks_.block(b), 1, blocks_.columns(), centers_.data(), k_, labels,
                          upper, lower);
      for (std::size_t l = 0; l < kLanes; ++l) {
        upper[l] = std::sqrt(upper[l]) * (1 + margin_) + kTiny;
        lower[l] = std::min(std::sqrt(lower[l]), kHuge) * (1 - margin_) - kTiny;
      }
    }
    before += kLanes;
    labels += kLanes;
  }
}

}  // namespace cairn::clustering

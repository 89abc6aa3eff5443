// The inner loops of k-means and the silhouette, chosen once per process for the CPU it runs on.
//
// Internal to lib/clustering. Every kernel works on kLanes logical lanes, adds in a fixed order and
// never fuses multiply and add, so all variants give the same bits; the variant is speed only.

#ifndef CAIRN_LIB_CLUSTERING_KERNELS_H_
#define CAIRN_LIB_CLUSTERING_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace cairn::clustering {

// `blocks` points at consecutive blocks of a RowBlocks with d columns; `centers` at k x d doubles.
// Output arrays have kLanes entries per block. Squared distances are sums over the features in
// order of (x_j - c_j)^2.
struct Kernels {
  const char* name;

  // The nearest centre per row, lowest number on ties.
  void (*nearest)(const double* blocks, std::size_t block_count, std::size_t d,
                  const double* centers, std::size_t k, std::int32_t* labels);

  // The same, with the least squared distance and the least among the other centres (infinity when
  // k is 1).
  void (*nearest_two)(const double* blocks, std::size_t block_count, std::size_t d,
                      const double* centers, std::size_t k, std::int32_t* labels, double* best,
                      double* second);

  // out[row] = min(current[row], squared distance to `center`). `out` may be `current`.
  void (*min_distance)(const double* blocks, std::size_t block_count, std::size_t d,
                       const double* center, const double* current, double* out);

  // sums[r * kLanes + lane] += distance of row r of `rows` (4 x d doubles, row-major) to the lane
  // of each block, blocks in order. The last block counts only its first `last_lanes` lanes.
  void (*distance_sums)(const double* blocks, std::size_t block_count, std::size_t d,
                        const double* rows, std::size_t last_lanes, double* sums);

  // The same for the first `row_count` (1 to 4) of the rows, and the other way round at once:
  // columns[block * kLanes + lane] += its distances to those rows, first to last. Entries of lanes
  // past the last are meaningless.
  void (*distance_sums_both)(const double* blocks, std::size_t block_count, std::size_t d,
                             const double* rows, std::size_t row_count, std::size_t last_lanes,
                             double* sums, double* columns);

  // out[r * kWideLanes + lane] = distance of row r of `rows` (row_count x d doubles, row-major) to
  // the lane, those of consecutive blocks counted on.
  void (*wide_distances)(const double* blocks, std::size_t d, const double* rows,
                         std::size_t row_count, double* out);

  // For every g of the group_count `groups`, and every m of members[starts[g] … starts[g + 1]),
  // first to last: sums[g * kWideLanes + lane] += distances[m * kWideLanes + lane].
  void (*add_wide)(const double* distances, const std::uint16_t* members,
                   const std::uint32_t* starts, const std::uint32_t* groups,
                   std::size_t group_count, double* sums);
};

// Rows that distance_sums takes at a time.
inline constexpr std::size_t kSumRows = 4;

// Lanes of two blocks: as many sums that wait for nothing but their own last addition keep the
// processor busy.
inline constexpr std::size_t kWideLanes = 16;

// The fastest variant this CPU runs.
const Kernels& ActiveKernels();

// All variants this CPU runs, the portable one first: for tests that compare them.
std::span<const Kernels* const> SupportedKernels();

}  // namespace cairn::clustering

#endif  // CAIRN_LIB_CLUSTERING_KERNELS_H_

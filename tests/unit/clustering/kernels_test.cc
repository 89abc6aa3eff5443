#include "lib/clustering/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "lib/clustering/row_blocks.h"
#include "tests/unit/clustering/clustering_test_data.h"

namespace cairn::clustering {
namespace {

struct Outputs {
  std::vector<std::int32_t> labels, labels_two;
  std::vector<double> best, second, closest, sums, both, columns, wide, wide_sums;
  bool operator==(const Outputs&) const = default;
};

Outputs RunAll(const Kernels& kernels, const Matrix& data, const Matrix& centers) {
  const RowBlocks blocks(data);
  const std::size_t padded = blocks.padded_rows();
  const std::size_t d = blocks.columns();
  const auto k = static_cast<std::size_t>(centers.rows());
  Outputs out;
  out.labels.resize(padded);
  out.labels_two.resize(padded);
  out.best.resize(padded);
  out.second.resize(padded);
  out.closest.assign(padded, std::numeric_limits<double>::infinity());
  out.sums.resize(kSumRows * kLanes);
  kernels.nearest(blocks.block(0), blocks.blocks(), d, centers.data(), k, out.labels.data());
  kernels.nearest_two(blocks.block(0), blocks.blocks(), d, centers.data(), k, out.labels_two.data(),
                      out.best.data(), out.second.data());
  kernels.min_distance(blocks.block(0), blocks.blocks(), d, centers.data(), out.closest.data(),
                       out.closest.data());
  kernels.distance_sums(blocks.block(0), blocks.blocks(), d, data.data(), 3, out.sums.data());
  for (std::size_t rows = 1; rows <= kSumRows; ++rows) {
    out.both.assign(kSumRows * kLanes, 0.0);
    out.columns.resize(padded);
    kernels.distance_sums_both(blocks.block(0), blocks.blocks(), d, data.data(), rows, 3,
                               out.both.data(), out.columns.data());
  }
  RowBlocks pair(kWideLanes, d);
  for (std::size_t i = 0; i < kWideLanes; ++i) pair.SetRow(i, data.data() + i % blocks.rows() * d);
  out.wide.resize(blocks.rows() * kWideLanes);
  out.wide_sums.assign(2 * kWideLanes, 0.5);
  kernels.wide_distances(pair.block(0), d, data.data(), blocks.rows(), out.wide.data());
  const std::vector<std::uint16_t> members{0, 2, 3};
  const std::vector<std::uint32_t> starts{0, 0, 3};
  const std::vector<std::uint32_t> groups{1};
  kernels.add_wide(out.wide.data(), members.data(), starts.data(), groups.data(), groups.size(),
                   out.wide_sums.data());
  return out;
}

TEST(Kernels, WideSumsAreThoseOfTheMembersDistances) {
  const Matrix data = Blobs(3, 21, 4, 2);
  for (const Kernels* kernels : SupportedKernels()) {
    SCOPED_TRACE(kernels->name);
    const Outputs out = RunAll(*kernels, data, data.topRows(2));
    for (Eigen::Index lane = 0; lane < static_cast<Eigen::Index>(kWideLanes); ++lane) {
      double expected = 0.5;
      for (const Eigen::Index row : {0, 2, 3}) {
        expected += (data.row(row) - data.row(lane % data.rows())).norm();
      }
      EXPECT_NEAR(out.wide_sums[kWideLanes + static_cast<std::size_t>(lane)], expected, 1e-12);
      EXPECT_EQ(out.wide_sums[static_cast<std::size_t>(lane)], 0.5);  // not asked for
    }
  }
}

TEST(Kernels, EveryVariantGivesTheSameBits) {
  for (std::uint32_t seed = 1; seed < 20; ++seed) {
    SCOPED_TRACE(seed);
    const Matrix data = Blobs(seed, 30 + seed, 1 + seed % 9, 3);
    const Matrix centers = Blobs(seed + 100, 1 + seed % 11, 1 + seed % 9, 3);
    const Outputs reference = RunAll(*SupportedKernels().front(), data, centers);
    EXPECT_EQ(reference.labels, reference.labels_two);
    for (const Kernels* kernels : SupportedKernels()) {
      SCOPED_TRACE(kernels->name);
      EXPECT_TRUE(RunAll(*kernels, data, centers) == reference);
    }
  }
}

// The usual numbers of columns have loops of their own.
TEST(Kernels, EveryNumberOfColumnsGivesTheSumsOfItsColumnsInOrder) {
  for (Eigen::Index d = 1; d <= 10; ++d) {
    const Matrix data = Blobs(static_cast<std::uint32_t>(d), 30, static_cast<int>(d), 3);
    const auto squared = [&](Eigen::Index a, Eigen::Index b) {
      double sum = 0;
      for (Eigen::Index j = 0; j < d; ++j) {
        const double difference = data(a, j) - data(b, j);
        sum += difference * difference;
      }
      return sum;
    };
    for (const Kernels* kernels : SupportedKernels()) {
      SCOPED_TRACE(::testing::Message() << kernels->name << ", columns " << d);
      const Outputs out = RunAll(*kernels, data, data.topRows(4));
      for (Eigen::Index i = 0; i < data.rows(); ++i) {
        const auto row = static_cast<std::size_t>(i);
        std::int32_t nearest = 0;
        for (std::int32_t c = 1; c < 4; ++c) {
          if (squared(i, c) < squared(i, nearest)) nearest = c;
        }
        EXPECT_EQ(out.labels[row], nearest);
        EXPECT_EQ(out.closest[row], squared(i, 0));
        for (std::size_t lane = 0; lane < kWideLanes; ++lane) {
          EXPECT_EQ(out.wide[row * kWideLanes + lane],
                    std::sqrt(squared(static_cast<Eigen::Index>(lane) % data.rows(), i)));
        }
      }
    }
  }
}

TEST(Kernels, BothWaysIsTheSumOfRowsAndOfColumns) {
  const Matrix data = Blobs(7, 19, 3, 2);
  const RowBlocks blocks(data);
  for (const Kernels* kernels : SupportedKernels()) {
    for (std::size_t rows = 1; rows <= kSumRows; ++rows) {
      SCOPED_TRACE(::testing::Message() << kernels->name << ", rows " << rows);
      std::vector<double> sums(kSumRows * kLanes), both(kSumRows * kLanes);
      std::vector<double> columns(blocks.padded_rows());
      kernels->distance_sums(blocks.block(0), blocks.blocks(), 3, data.data(), 3, sums.data());
      kernels->distance_sums_both(blocks.block(0), blocks.blocks(), 3, data.data(), rows, 3,
                                  both.data(), columns.data());
      EXPECT_EQ(both, sums);
      for (Eigen::Index j = 0; j < data.rows(); ++j) {
        double expected = 0;
        for (std::size_t r = 0; r < rows; ++r) {
          expected += (data.row(j) - data.row(static_cast<Eigen::Index>(r))).norm();
        }
        EXPECT_NEAR(columns[static_cast<std::size_t>(j)], expected, 1e-12);
      }
    }
  }
}

TEST(Kernels, TiesGoToTheLowestCentre) {
  Matrix data(1, 1);
  data << 2;
  Matrix centers(3, 1);
  centers << 5, 1, 3;
  for (const Kernels* kernels : SupportedKernels()) {
    const Outputs out = RunAll(*kernels, Matrix(data.replicate(4, 1)), centers);
    EXPECT_EQ(out.labels[0], 1);
    EXPECT_EQ(out.best[0], 1);
    EXPECT_EQ(out.second[0], 1);
  }
}

}  // namespace
}  // namespace cairn::clustering

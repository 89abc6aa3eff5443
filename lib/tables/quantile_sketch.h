#ifndef CAIRN_LIB_TABLES_QUANTILE_SKETCH_H_
#define CAIRN_LIB_TABLES_QUANTILE_SKETCH_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::tables {

// Quantiles and histograms of a stream of finite numbers in about 24 KiB: a KLL sketch
// (Karnin, Lang, Liberty, "Optimal quantile approximation in streams", FOCS 2016).
//
// Level h keeps a sample of which each number stands for 2^h. When all levels together
// are full, the lowest one that is full is sorted and every other number, beginning with
// the first or the second by a coin, moves a level up; the others are dropped. The
// levels' capacities shrink by 2/3 from the top one's k = 1024 down to 8.
//
// Up to 1,024 numbers everything is kept and exact. Beyond, the rank of what Quantile
// returns is wrong by less than 1 % of the count (0.4 % as a rule; the property test
// draws the line at 1 %). Weights are kept exactly: histograms sum to the count.
//
// The coins come from a generator with a fixed seed: the same numbers in the same order
// give the same sketch. Not thread-safe. Copyable.
class QuantileSketch {
 public:
  QuantileSketch();

  // Adds a number, which must be finite.
  void Add(double value);

  int64_t count() const { return count_; }

  // For each of `shares` (0 to 1) the smallest number kept whose rank is at least that
  // share of the count. Empty before the first Add.
  std::vector<double> Quantiles(const std::vector<double>& shares) const;

  // How many numbers are in each of `bins` (from 1) equal parts of [min, max], the last
  // one closed; one part when min equals max. All numbers must be within. Their sum is
  // count().
  std::vector<int64_t> Histogram(double min, double max, int bins) const;

 private:
  struct Weighted {
    double value;
    int64_t weight;
  };

  size_t Capacity(size_t level) const;
  void AddLevel();
  void Compress();
  void Promote(size_t level);
  bool Coin();
  std::vector<Weighted> Sorted() const;

  std::vector<std::vector<double>> levels_;
  size_t retained_ = 0;
  size_t limit_ = 0;  // of retained_: all capacities together
  int64_t count_ = 0;
  uint64_t coins_ = 0x2545F4914F6CDD1D;
};

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_QUANTILE_SKETCH_H_

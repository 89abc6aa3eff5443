#ifndef CAIRN_LIB_TABLES_DISTINCT_COUNTER_H_
#define CAIRN_LIB_TABLES_DISTINCT_COUNTER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cairn::tables {

// Counts different 64-bit hashes in at most 68 KiB.
//
// Exact up to kExact. Above, HyperLogLog (Flajolet, Fusy, Gandouet, Meunier 2007) with
// 2^12 registers over 64-bit hashes: a standard error of 1.04 / sqrt(4096) = 1.6 %. Its
// estimator is Ertl's improved one ("New cardinality estimation algorithms for
// HyperLogLog sketches", 2017), which needs no table of corrections between the ranges.
//
// The same hashes in any order give the same count. Not thread-safe. Copyable.
class DistinctCounter {
 public:
  // Up to so many different hashes the count is exact.
  static constexpr size_t kExact = 4096;

  DistinctCounter();

  // False when it is certain that the hash was added before.
  bool Add(uint64_t hash);

  // How many different hashes were added.
  int64_t Count() const;

 private:
  static constexpr int kIndexBits = 12;

  bool AddExact(uint64_t hash);
  void Rehash(size_t slots);
  int64_t Estimate() const;

  // Hashes in open addressing, 0 for a free slot; empty once there are more than kExact.
  std::vector<uint64_t> slots_;
  size_t used_ = 0;
  bool has_zero_ = false;
  // The longest run of zeros seen in each of 2^12 parts of the hashes, plus one; made
  // when the exact count ends.
  std::vector<uint8_t> registers_;
};

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_DISTINCT_COUNTER_H_

#ifndef CAIRN_LIB_TABLES_COLUMN_PROFILER_H_
#define CAIRN_LIB_TABLES_COLUMN_PROFILER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "cairn/v1/datasets.pb.h"
#include "lib/tables/distinct_counter.h"
#include "lib/tables/frequent_texts.h"
#include "lib/tables/quantile_sketch.h"

namespace cairn::tables {

// Tells from the cells of a column, seen once, what type it has and what its values are
// like. Memory is bounded: about 180 KiB, however many cells there are.
//
// The type is the narrowest that every value (what is not missing, see cell.h) has: bool,
// int64, double or timestamp; else string, as is a column without values. Whole numbers
// and fractions together are double; otherwise mixed types are string.
//
//  - count, null_count: exact.
//  - distinct_count: different spellings, so that `1` and `1.0` are two (DistinctCounter);
//    never more than there are values.
//  - min, max: exact. mean, standard_deviation: by Welford's recurrence, without the loss
//    of sums of squares; int64 takes part as double. Held within the doubles.
//  - quantiles, histogram of kHistogramBins parts: from one QuantileSketch, exact up to
//    1,024 numbers; the histogram's sum is exact.
//  - min_text, max_text, frequent (the first kFrequent): of strings and bools.
//
// The same cells in the same order give the same result. Not thread-safe.
class ColumnProfiler {
 public:
  static constexpr int kHistogramBins = 20;
  static constexpr size_t kFrequent = 10;

  void Add(std::string_view cell);

  // What is known so far. `name` is taken as it is.
  v1::Column Finish(const std::string& name) const;

 private:
  enum class Type { kNone, kBool, kInt64, kDouble, kTimestamp, kString };

  // What the last present cell was, for the cells that repeat it: in a table of transactions those
  // of an invoice have most columns in common.
  struct LastCell {
    std::string text;
    uint64_t hash = 0;
    double number = 0;  // of a column of numbers or timestamps
  };

  void AddAgain();
  void Narrow(std::string_view value);
  void AddNumber(double value);
  void FillNumbers(v1::NumberStatistics& numbers) const;

  Type type_ = Type::kNone;
  int64_t count_ = 0;
  int64_t nulls_ = 0;
  LastCell last_;
  DistinctCounter distinct_;
  FrequentTexts frequent_;
  std::string min_text_;
  std::string max_text_;
  // Of numbers and timestamps, as long as the column is of these.
  QuantileSketch sketch_;
  double min_ = 0;
  double max_ = 0;
  double mean_ = 0;
  double squares_ = 0;  // the sum of squared distances from the mean
};

}  // namespace cairn::tables

#endif  // CAIRN_LIB_TABLES_COLUMN_PROFILER_H_

#ifndef CAIRN_LIB_EVALUATION_FEATURE_TABLE_H_
#define CAIRN_LIB_EVALUATION_FEATURE_TABLE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/model/predictor.h"

namespace cairn::evaluation {

// A table of features as it is kept in CSV: the first column is an id, which is not looked at, the
// others are columns by name. One table serves any model that finds its columns in it, in whatever
// order they stand; other columns are ignored, so they may hold anything.
//
// Immutable after Parse, so it may be shared between threads and kept in a cache.
class FeatureTable {
 public:
  // More rows are refused: what is measured grows with them.
  static constexpr int64_t kMaxRows = 2'000'000;

  // Reads a table. `csv` is needed only until it returns.
  //
  // - INVALID_ARGUMENT (VALUE_INVALID): not CSV (see tables::CsvReader), no header, no row, or
  //   more than kMaxRows
  static absl::StatusOr<FeatureTable> Parse(std::string_view csv);

  int64_t row_count() const { return row_count_; }

  // Without the id's, in the order of the file.
  std::span<const std::string> columns() const { return columns_; }

  // What it holds in memory, about.
  int64_t HeldBytes() const;

  // The rows of the table with one column for each feature of the model, in the model's order.
  //
  // - INVALID_ARGUMENT (COLUMN_MISSING): naming the first feature that is absent
  // - INVALID_ARGUMENT (VALUE_INVALID): a column that is there twice, or that has a cell which is
  //   no finite number; names column, row (from 1) and what stands there
  absl::StatusOr<model::Matrix> RowsFor(const model::Predictor& predictor) const;

 private:
  // A column's numbers, up to the first cell that is none.
  struct Column {
    std::vector<double> values;
    std::optional<std::string> no_number;  // what stands in the cell behind `values`
  };

  FeatureTable() = default;

  void AddCell(std::string_view text, Column& column) const;
  absl::Status CheckNumbers(const std::string& name, const Column& column) const;

  std::vector<std::string> columns_;
  std::vector<Column> cells_;  // beside columns_
  int64_t row_count_ = 0;
};

}  // namespace cairn::evaluation

#endif  // CAIRN_LIB_EVALUATION_FEATURE_TABLE_H_

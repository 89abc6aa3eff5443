#include "lib/evaluation/feature_table.h"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"
#include "lib/tables/byte_source.h"
#include "lib/tables/csv_reader.h"

namespace cairn::evaluation {
namespace {

constexpr size_t kMaxNamedCell = 64;  // bytes of a wrong cell that an error shows

absl::Status BadTable(std::string_view field, std::string_view value, std::string_view rule) {
  return InvalidField(ErrorReason::VALUE_INVALID, field, value, rule);
}

}  // namespace

// What comes behind a cell that is no number is not kept: nobody can use the column.
void FeatureTable::AddCell(std::string_view text, Column& column) const {
  if (column.no_number.has_value()) return;
  const std::optional<double> number = ParseNumber(text);
  if (number.has_value() && std::isfinite(*number)) {
    column.values.push_back(*number);
  } else {
    column.no_number = std::string(text.substr(0, kMaxNamedCell));
  }
}

absl::StatusOr<FeatureTable> FeatureTable::Parse(std::string_view csv) {
  tables::CsvReader reader(tables::FromText(csv));
  std::vector<std::string_view> fields;
  CAIRN_ASSIGN_OR_RETURN(bool more, reader.Next(fields));
  if (!more) return BadTable("table", "", "must begin with the names of its columns");
  FeatureTable table;
  for (size_t i = 1; i < fields.size(); ++i) table.columns_.emplace_back(fields[i]);
  table.cells_.resize(table.columns_.size());
  for (;;) {
    CAIRN_ASSIGN_OR_RETURN(more, reader.Next(fields));
    if (!more) break;
    if (++table.row_count_ > kMaxRows) {
      return BadTable("rows", std::to_string(table.row_count_),
                      fmt::format("must be at most {}", kMaxRows));
    }
    for (size_t i = 1; i < fields.size(); ++i) table.AddCell(fields[i], table.cells_[i - 1]);
  }
  if (table.row_count_ == 0) return BadTable("rows", "0", "must be at least 1");
  return table;
}

int64_t FeatureTable::HeldBytes() const {
  size_t bytes = sizeof(*this);
  for (const std::string& name : columns_) bytes += sizeof(std::string) + name.size();
  for (const Column& column : cells_) {
    bytes += sizeof(column) + column.values.capacity() * sizeof(double) + kMaxNamedCell;
  }
  return static_cast<int64_t>(bytes);
}

absl::Status FeatureTable::CheckNumbers(const std::string& name, const Column& column) const {
  if (!column.no_number.has_value()) return absl::OkStatus();
  return BadTable(fmt::format("rows.{}.{}", column.values.size() + 1, name), *column.no_number,
                  "must be a finite number");
}

absl::StatusOr<model::Matrix> FeatureTable::RowsFor(const model::Predictor& predictor) const {
  CAIRN_ASSIGN_OR_RETURN(const std::vector<int> places, predictor.MapColumns(columns_));
  model::Matrix rows(row_count_, static_cast<Eigen::Index>(places.size()));
  for (size_t j = 0; j < places.size(); ++j) {
    const auto place = static_cast<size_t>(places[j]);
    CAIRN_RETURN_IF_ERROR(CheckNumbers(columns_[place], cells_[place]));
    rows.col(static_cast<Eigen::Index>(j)) =
        Eigen::Map<const Eigen::VectorXd>(cells_[place].values.data(), row_count_);
  }
  return rows;
}

}  // namespace cairn::evaluation

#ifndef CAIRN_PIPELINE_INSIGHT_MIGRATION_H_
#define CAIRN_PIPELINE_INSIGHT_MIGRATION_H_

// Where customers went between two versions of a model.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::pipeline {

// Rows: segments before and, last, customers that were in none; columns: segments now and, last,
// customers that are in none. Every customer of either version is in one cell.
struct Migration {
  std::string from;                 // The model version before.
  std::vector<std::string> before;  // Names of the segments.
  std::vector<std::string> after;
  std::vector<std::vector<int64_t>> customers;
  std::vector<std::vector<double>> spend;  // Their Total_Spend now; before, of those that left.
  // Of the customers in both, those whose segment has the same name; NaN when there are none.
  double same_segment_share = 0;
};

// The customers of one version. Vectors stand beside each other.
struct SegmentSnapshot {
  std::vector<std::string> customers;  // As texts (CustomerText), each once.
  std::vector<int32_t> segments;       // 0..names.size()-1
  std::vector<double> spend;           // Total_Spend of each.
  std::vector<std::string> names;      // By segment.
};

// The table between two versions; `from` names the one before. Money is added in ten-thousandths
// (money.h), so the columns sum to the spend of the segments now to the cent. Neither snapshot
// needs customers. INVALID_ARGUMENT (VALUE_INVALID): vectors of different lengths, a segment
// without a name, a customer that is there twice. O(customers).
absl::StatusOr<Migration> ComputeMigration(const SegmentSnapshot& before,
                                           const SegmentSnapshot& after, std::string from);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_INSIGHT_MIGRATION_H_

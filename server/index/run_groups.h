#ifndef CAIRN_SERVER_INDEX_RUN_GROUPS_H_
#define CAIRN_SERVER_INDEX_RUN_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/run_filter.h"
#include "server/index/bitmap.h"
#include "server/index/run_columns.h"
#include "server/index/stop_meter.h"

namespace cairn::index {

// Runs put into groups by the values of fields, with metrics summed up over each group.

// More groups than this are refused: nobody reads them, and each takes memory.
inline constexpr size_t kMaxGroups = 100'000;
// By how many fields runs are grouped at most.
inline constexpr size_t kMaxGroupFields = 3;

// What groups are ordered by. Where it ties, and always in the end, by the values, ascending:
// numbers, then NaN, then texts, then runs without the field. What is missing comes last in
// either direction.
struct GroupOrder {
  enum class What { kRunCount, kValue, kMean, kMin, kMax };
  What what = What::kRunCount;
  size_t at = 0;  // in GroupQuery::by or ::measures, by `what`
  bool descending = true;
};

// What to group by. `after` is GroupPage::last_key of the page before; empty: the first page.
struct GroupQuery {
  std::vector<core::RunFieldRef> by;        // 1 to kMaxGroupFields: IsGroupField
  std::vector<core::RunFieldRef> measures;  // IsMeasureField
  GroupOrder order;
  size_t limit = 100;  // of the page; from 1
  std::string after;
};

// The value of one field in a group.
struct GroupValue {
  std::string text;  // as filters spell it; of several inputs all, joined by ", "
  bool missing = false;
};

// A measure over the runs of a group. Durations are in seconds.
struct GroupMeasure {
  int64_t count = 0;      // runs with a finite value, on which the three below stand
  int64_t nonfinite = 0;  // runs whose value is NaN or infinite
  std::optional<double> mean, least, greatest;
};

struct RunGroupFacts {
  std::vector<GroupValue> values;  // one for each of `by`
  int64_t runs = 0;
  std::vector<GroupMeasure> measures;  // one for each of `measures`
};

struct GroupPage {
  std::vector<RunGroupFacts> groups;
  size_t total = 0;  // groups of all pages
  int64_t runs = 0;  // in all groups
  bool more = false;
  std::string last_key;  // of the last group; bytes for a page token
};

// The fields that groups are made by, and those that are summed up.
bool IsGroupField(core::RunField field);
bool IsMeasureField(core::RunField field);

// Whether no column that the query needs was dropped.
bool HasColumnsFor(const RunColumns& columns, const GroupQuery& query);

// Groups the runs of `rows`. Texts are told apart as they are written: 3 and 3.0 are two groups;
// of a metric, the latest value counts. Goes over the rows once for the groups, once for the
// measure they are ordered by, and once for each measure of the page. Ends early, with a worthless
// page, when `meter` says stop. INVALID_ARGUMENT: TOO_LARGE, more than kMaxGroups; or
// PAGE_TOKEN_INVALID, `after` is no key of such a query. REQUIRES: HasColumnsFor, and `rows` are
// rows of runs.
absl::StatusOr<GroupPage> GroupRows(const RunColumns& columns, const Bitmap& rows,
                                    const GroupQuery& query, StopMeter& meter);

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_RUN_GROUPS_H_

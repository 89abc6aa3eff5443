#ifndef CAIRN_SERVER_INDEX_RUN_FIELDS_H_
#define CAIRN_SERVER_INDEX_RUN_FIELDS_H_

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

// The metrics, parameters and tags that runs have, as a list to choose from.

// A page of them. `after` is FieldPage::last_key of the page before; empty: the first page.
struct FieldQuery {
  std::string text;    // in the key, without regard to the case of ASCII letters; empty: all
  size_t limit = 100;  // of the page; from 1
  std::string after;
};

// What is known of one field in the runs that were looked at.
struct FieldFacts {
  enum class Type {
    kUnknown,  // the column was dropped: all below says nothing
    kNumber,
    kText,
  };
  core::RunFieldRef ref;  // kMetric, kParam or kTag
  Type type = Type::kUnknown;
  int64_t runs = 0;      // that have it
  int64_t distinct = 0;  // values; all NaNs are one
  // Over the finite values of a field of numbers; absent where there is none.
  std::optional<double> least;
  std::optional<double> greatest;
};

// In the order of the list: keys that begin with the text first, then metrics before
// parameters before tags, then by key.
struct FieldPage {
  std::vector<FieldFacts> fields;
  size_t total = 0;  // of all pages
  bool more = false;
  std::string last_key;  // of the last field; bytes for a page token
};

// Lists the fields that runs of `rows` have. A text is looked for in the key; one that begins
// as the whole field does, such as `params.lear`, finds that field too.
//
// Names are told from others by looking for one run that has them, which ends at the first; the
// facts are worked out for the fields of the page alone. A field whose column was dropped is listed
// whoever has it, for that is not known here. Ends early, with a worthless page, when `meter` says
// stop. INVALID_ARGUMENT (PAGE_TOKEN_INVALID): `after` is no key. REQUIRES: `rows` are rows of
// runs.
absl::StatusOr<FieldPage> ListFields(const RunColumns& columns, const Bitmap& rows,
                                     const FieldQuery& query, StopMeter& meter);

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_RUN_FIELDS_H_

#ifndef CAIRN_SERVER_DATASETS_RETENTION_H_
#define CAIRN_SERVER_DATASETS_RETENTION_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/datasets.pb.h"
#include "server/storage/kv_store.h"
#include "server/storage/write_set.h"

namespace cairn::datasets {

// Which versions of a data set are kept, and deleting the others (v1::RetentionRule).

// How many versions one commit deletes at most.
inline constexpr size_t kMaxRetentionDeletions = 100;

// The data set's rule is absent, or says something: keep_last from 0 to 1,000,000, keep_for
// above 0 and at most 100 years, one of them. INVALID_ARGUMENT (VALUE_INVALID) naming the
// field.
absl::Status ValidateRetention(const cairn::v1::Dataset& dataset);

// What to look at. The last three are for a version that is being created in the same
// commit.
struct RetentionScope {
  std::string dataset;  // the plain name
  int64_t now_unix_nanos = 0;
  bool one_more = false;            // a version newer than all that are there is on its way
  std::set<std::string> used;       // resource names that it comes to refer to
  size_t max_looked_at = SIZE_MAX;  // expired versions, oldest first
};

// Adds to `write_set` the deletion of versions that the rule of `dataset` does not keep and
// that nothing keeps in spite of it, oldest first, at most kMaxRetentionDeletions. Answers
// which, newest first, and which are kept. Reads every record of an expired version, and all
// model versions if there is one to delete. A commit that comes to refer to one of them
// meanwhile breaks the conditions of `write_set`. Errors of the store.
absl::StatusOr<cairn::v1::ApplyDatasetRetentionResponse> ApplyRetention(
    const storage::Snapshot& snapshot, const cairn::v1::Dataset& dataset,
    const RetentionScope& scope, storage::WriteSet& write_set);

}  // namespace cairn::datasets

#endif  // CAIRN_SERVER_DATASETS_RETENTION_H_

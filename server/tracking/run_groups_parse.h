#ifndef CAIRN_SERVER_TRACKING_RUN_GROUPS_PARSE_H_
#define CAIRN_SERVER_TRACKING_RUN_GROUPS_PARSE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "server/core/run_filter.h"
#include "server/index/run_fields.h"
#include "server/index/run_groups.h"
#include "server/storage/kv_store.h"

namespace cairn::tracking {

// The requests and responses of TrackingService.ListRunFields and GroupRuns, from and to what the
// index speaks. Pure; the snapshot is asked only whether experiments exist.

// What a request asks for, checked. Experiments are those named; none means all that are not
// deleted.
struct RunFieldsArguments {
  core::RunFilter filter;
  std::vector<int64_t> experiments;
  index::FieldQuery query;
};
struct RunGroupsArguments {
  core::RunFilter filter;
  std::vector<int64_t> experiments;
  index::GroupQuery query;
};

// Errors are those of the method.
absl::StatusOr<RunFieldsArguments> ParseFields(const storage::Snapshot& snapshot,
                                               const cairn::v1::ListRunFieldsRequest& request);
absl::StatusOr<RunGroupsArguments> ParseGroups(const storage::Snapshot& snapshot,
                                               const cairn::v1::GroupRunsRequest& request);

// The response, without the revision.
cairn::v1::ListRunFieldsResponse ToResponse(const cairn::v1::ListRunFieldsRequest& request,
                                            const index::FieldPage& page);
cairn::v1::GroupRunsResponse ToResponse(const cairn::v1::GroupRunsRequest& request,
                                        index::GroupPage page);

}  // namespace cairn::tracking

#endif  // CAIRN_SERVER_TRACKING_RUN_GROUPS_PARSE_H_

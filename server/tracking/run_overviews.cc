// What the run index tells of many runs at once: their fields, and their groups.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/index/run_fields.h"
#include "server/index/run_groups.h"
#include "server/tracking/run_groups_parse.h"
#include "server/tracking/run_search.h"
#include "server/tracking/run_searcher.h"

namespace cairn::tracking {
namespace {

using cairn::v1::GroupRunsRequest;
using cairn::v1::GroupRunsResponse;
using cairn::v1::ListRunFieldsRequest;
using cairn::v1::ListRunFieldsResponse;
using cairn::v1::Run;
using core::RunField;
using core::RunFieldRef;

// What the fields of one call may take when they are read from the store.
constexpr size_t kMaxGroupedBytes = size_t{256} << 20;

// Writes into a row what the query looks at of a run.
void AddGroupedFields(const Run& run, const std::vector<RunFieldRef>& refs, index::Row row,
                      index::RunColumns& columns) {
  for (const RunFieldRef& ref : refs) {
    if (ref.field == RunField::kMetric) {
      for (const auto& summary : run.metrics()) {
        if (summary.key() == ref.key) columns.SetMetric(row, summary);
      }
    } else if (ref.field == RunField::kParam || ref.field == RunField::kTag) {
      const auto& map = ref.field == RunField::kParam ? run.params() : run.tags();
      const auto found = map.find(ref.key);
      if (found != map.end()) columns.SetText(row, ref.field, ref.key, found->second);
    }
  }
}

// Groups runs by columns that are filled for this call alone.
absl::StatusOr<GroupRunsResponse> GroupInStore(const storage::Snapshot& snapshot,
                                               const GroupRunsRequest& request,
                                               const RunGroupsArguments& arguments,
                                               const ScanContext& context) {
  index::RunColumns columns;
  index::StopMeter meter(context.stop);
  CAIRN_RETURN_IF_ERROR(ForEachMatch(snapshot, arguments.filter, arguments.experiments,
                                     request.show_deleted(), context, [&](const Run& run) {
                                       const auto id = index::RunId::Parse(run.uid());
                                       if (!id) return;
                                       const index::Row row = columns.RowFor(*id);
                                       columns.SetRecord(row, 0, run);
                                       AddGroupedFields(run, arguments.query.by, row, columns);
                                       AddGroupedFields(run, arguments.query.measures, row,
                                                        columns);
                                       columns.DropUntil(kMaxGroupedBytes);
                                     }));
  if (!index::HasColumnsFor(columns, arguments.query)) {
    return InvalidField(ErrorReason::TOO_LARGE, "group_by", "",
                        "has values that are too large to group by; filter, or choose another "
                        "field")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(index::GroupPage page,
                         index::GroupRows(columns, columns.exists(), arguments.query, meter));
  CAIRN_RETURN_IF_ERROR(meter.status());
  GroupRunsResponse response = ToResponse(request, std::move(page));
  response.set_revision(snapshot.revision());
  return response;
}

}  // namespace

absl::StatusOr<ListRunFieldsResponse> RunSearcher::ListFields(const ListRunFieldsRequest& request,
                                                              const index::StopCheck& stop,
                                                              const std::vector<int64_t>* within) {
  CAIRN_ASSIGN_OR_RETURN(const RunFieldsArguments arguments,
                         ParseFields(*store_.GetSnapshot(), request));
  CAIRN_RETURN_IF_ERROR(follower_.CatchUp());
  const std::string asked = FieldAnswers::KeyOf(request, within);
  const storage::Revision now = index_.revision();
  if (auto known = field_answers_.Find(asked, index_.changes())) {
    known->set_revision(now);
    return *std::move(known);
  }
  index::FieldPage page;
  const index::RunIndex::Look look = [&](const auto& columns, const auto& rows,
                                         auto& meter) -> absl::Status {
    CAIRN_ASSIGN_OR_RETURN(page, index::ListFields(columns, rows, arguments.query, meter));
    return absl::OkStatus();
  };
  CAIRN_ASSIGN_OR_RETURN(const index::RunsShown shown,
                         index_.Show(QueryOf(request, arguments, stop, within), look));
  if (shown.plan == index::SearchPlan::kNotIndexed) {
    return InvalidField(ErrorReason::FILTER_INVALID, "filter", request.filter(),
                        "names a field whose values are too large to be kept in memory; fields "
                        "cannot be listed by it")
        .With("position", "0")
        .ToStatus();
  }
  ListRunFieldsResponse response = ToResponse(request, page);
  response.set_revision(shown.revision);
  field_answers_.Keep(asked, shown.changes, response);
  return response;
}

absl::StatusOr<GroupRunsResponse> RunSearcher::Group(const GroupRunsRequest& request,
                                                     const index::StopCheck& stop,
                                                     const std::vector<int64_t>* within) {
  CAIRN_ASSIGN_OR_RETURN(const RunGroupsArguments arguments,
                         ParseGroups(*store_.GetSnapshot(), request));
  const ScanContext context{&damage(), stop, within};
  if (!follower_.CatchUp().ok()) {
    return GroupInStore(*store_.GetSnapshot(), request, arguments, context);
  }
  std::optional<index::GroupPage> page;
  const index::RunIndex::Look look = [&](const auto& columns, const auto& rows,
                                         auto& meter) -> absl::Status {
    if (!index::HasColumnsFor(columns, arguments.query)) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(page, index::GroupRows(columns, rows, arguments.query, meter));
    return absl::OkStatus();
  };
  CAIRN_ASSIGN_OR_RETURN(const index::RunsShown shown,
                         index_.Show(QueryOf(request, arguments, stop, within), look));
  if (!page) return GroupInStore(*store_.GetSnapshot(), request, arguments, context);
  GroupRunsResponse response = ToResponse(request, *std::move(page));
  response.set_revision(shown.revision);
  return response;
}

}  // namespace cairn::tracking

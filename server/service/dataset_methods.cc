#include <utility>

#include "cairn/v1/datasets.pb.h"
#include "server/datasets/datasets.h"
#include "server/service/methods.h"

namespace cairn::service {
namespace {

using storage::Snapshot;

// A manifest of many files is read from the disk.
Change CreateVersion(const v1::CreateDatasetVersionRequest& request,
                     const datasets::RequestTime& time, const core::ManifestLoader& manifests) {
  Change change;
  change.plan = [&request, time, &manifests](const Snapshot& snapshot) {
    return datasets::PlanCreateDatasetVersion(snapshot, request, time, manifests);
  };
  if (request.has_manifest()) change.effort = Effort::kIo;
  return change;
}

}  // namespace

void AddDatasetMethods(const Backends& backends, MethodTableBuilder& table) {
  const auto time = [&clock = backends.store_clock](const Caller& caller) {
    return datasets::RequestTime{caller.now_unix_nanos, clock.NowUnixNanos(), caller.principal()};
  };
  table.Of(*v1::Dataset::descriptor()->file()->FindServiceByName("DatasetService"));
  table.Changes<v1::CreateDatasetRequest>("CreateDataset", datasets::PlanCreateDataset);
  table.Answers<v1::GetDatasetRequest>("GetDataset", datasets::GetDataset);
  table.Filters<v1::ListDatasetsRequest>("ListDatasets", datasets::ListDatasets, backends.access);
  table.Changes<v1::UpdateDatasetRequest>("UpdateDataset", datasets::PlanUpdateDataset);
  table.Changes<v1::ApplyDatasetRetentionRequest>("ApplyDatasetRetention",
                                                  datasets::PlanApplyDatasetRetention, time);
  table.MakesChange<v1::CreateDatasetVersionRequest>(
      "CreateDatasetVersion",
      [time, &manifests = backends.manifests](const Caller& caller,
                                              const v1::CreateDatasetVersionRequest& request) {
        return CreateVersion(request, time(caller), manifests);
      });
  table.Answers<v1::GetDatasetVersionRequest>("GetDatasetVersion", datasets::GetDatasetVersion);
  table.Answers<v1::ListDatasetVersionsRequest>("ListDatasetVersions",
                                                datasets::ListDatasetVersions);
  table.Answers<v1::DiffDatasetVersionsRequest>("DiffDatasetVersions",
                                                datasets::DiffDatasetVersions);
  table.Changes<v1::UpdateDatasetVersionRequest>("UpdateDatasetVersion",
                                                 datasets::PlanUpdateDatasetVersion);
  table.Changes<v1::SetDatasetAliasRequest>("SetDatasetAlias", datasets::PlanSetDatasetAlias);
  table.Changes<v1::DeleteDatasetAliasRequest>("DeleteDatasetAlias",
                                               datasets::PlanDeleteDatasetAlias);
  table.Changes<v1::DeleteDatasetVersionRequest>("DeleteDatasetVersion",
                                                 datasets::PlanDeleteDatasetVersion);
  table.Filters<v1::GetLineageRequest>("GetLineage", datasets::GetLineage, backends.access);
}

}  // namespace cairn::service

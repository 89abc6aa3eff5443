#include "server/service/methods.h"

namespace cairn::service {

absl::StatusOr<std::unique_ptr<const MethodTable>> MakeMethodTable(const Backends& backends) {
  MethodTableBuilder table(backends.store);
  AddTrackingMethods(backends, table);
  AddDatasetMethods(backends, table);
  AddViewMethods(backends, table);
  AddArtifactMethods(backends, table);
  AddRegistryMethods(backends, table);
  AddEvaluationMethods(backends, table);
  AddPromotionMethods(backends, table);
  AddOperationMethods(backends, table);
  AddWatchMethods(backends, table);
  AddAuthMethods(backends, table);
  AddAuditMethods(backends, table);
  AddAdminMethods(backends, table);
  return table.Build();
}

}  // namespace cairn::service

#include "server/first_admin.h"

#include <memory>
#include <utility>

#include "cairn/v1/auth.pb.h"
#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "server/audit/auditor.h"
#include "server/auth/tokens.h"
#include "server/known_revision.h"
#include "server/storage/rocks_store.h"
#include "server/tracking/experiments.h"
#include "server/tracking/merge_records.h"

namespace cairn {

namespace {

absl::StatusOr<std::unique_ptr<storage::KvStore>> OpenAlone(const ServerOptions& options) {
  storage::RocksOptions rocks;
  rocks.directory = options.data_dir;
  rocks.merge = tracking::MergeRecords;
  ExpectCheckpointRevision(options.data_dir, rocks);
  return storage::OpenRocksStore(std::move(rocks));
}

}  // namespace

absl::StatusOr<std::string> MakeFirstAdmin(const ServerOptions& options,
                                           const std::string& principal) {
  CAIRN_ASSIGN_OR_RETURN(const auto store, OpenAlone(options));
  const int64_t now = SystemClock().NowUnixNanos();
  CAIRN_RETURN_IF_ERROR(tracking::EnsureDefaultExperiment(*store, now));
  CAIRN_RETURN_IF_ERROR(audit::Auditor::Open(*store, options.data_dir).status());
  CAIRN_ASSIGN_OR_RETURN(storage::Plan plan,
                         auth::PlanFirstAdmin(*store->GetSnapshot(), principal,
                                              {now, principal, auth::DrawToken(SystemIds())}));
  plan.write_set.principal = "local";
  CAIRN_RETURN_IF_ERROR(store->CommitAndWait(std::move(plan.write_set)).status());
  return static_cast<const v1::CreateTokenResponse&>(*plan.response).text();
}

absl::StatusOr<std::string> RotateAuditKey(const ServerOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(const auto store, OpenAlone(options));
  CAIRN_ASSIGN_OR_RETURN(const auto key, audit::Auditor::Rotate(*store, options.data_dir));
  return audit::FormatVerifierKey(key);
}

}  // namespace cairn

#ifndef CAIRN_SERVER_SERVICE_METHODS_H_
#define CAIRN_SERVER_SERVICE_METHODS_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "server/artifacts/blob_store.h"
#include "server/core/manifest.h"
#include "server/events/event_feed.h"
#include "server/events/event_trimmer.h"
#include "server/service/method_table.h"
#include "server/storage/kv_store.h"

namespace cairn::auth {
class AccessControl;
}  // namespace cairn::auth
namespace cairn::metrics {
class MetricCompactor;
}  // namespace cairn::metrics
namespace cairn::operations {
class OperationRunner;
}  // namespace cairn::operations
namespace cairn::tracking {
class RunLeaseKeeper;
class RunPurger;
class RunSearcher;
}  // namespace cairn::tracking

namespace cairn::service {

// What GetServerInfo tells besides constants of the program.
struct ServerFacts {
  int64_t start_unix_nanos = 0;
  int64_t connections = 0;
  int64_t connections_per_address = 0;
  int64_t memory_limit_bytes = 0;  // that memory was shared out by; 0: none
  int64_t long_calls_per_method = 0;
  events::EventRetention event_retention;
  bool tls_grpc = false;
  bool tls_http = false;
  bool client_certificates = false;  // may say who calls
};

// What the methods work with. Owned by the server; outlives the table and all calls.
struct Backends {
  storage::KvStore& store;
  IdSource& ids;
  const Clock& store_clock;  // for how old something is (events/store_time.h)
  tracking::RunSearcher& run_searcher;
  metrics::MetricCompactor& metric_compactor;  // is told of metrics that were logged
  tracking::RunLeaseKeeper& run_leases;        // is told of runs that changed or logged
  tracking::RunPurger& run_purger;
  operations::OperationRunner& operations;
  artifacts::BlobStore& blobs;
  core::ManifestLoader manifests;
  events::EventFeed& event_feed;
  ServerFacts facts;
  // Who may what. Null: everybody everything, because nobody is asked who they are.
  const auth::AccessControl* access = nullptr;
};

// The rows of each service. Decisions are made in tracking/, datasets/, registry/, artifacts/ and
// operations/; what stands here says which, and who is told of what was stored.
void AddTrackingMethods(const Backends& backends, MethodTableBuilder& table);
void AddDatasetMethods(const Backends& backends, MethodTableBuilder& table);
void AddArtifactMethods(const Backends& backends, MethodTableBuilder& table);
void AddRegistryMethods(const Backends& backends, MethodTableBuilder& table);
void AddPromotionMethods(const Backends& backends, MethodTableBuilder& table);
void AddOperationMethods(const Backends& backends, MethodTableBuilder& table);
void AddWatchMethods(const Backends& backends, MethodTableBuilder& table);
void AddAuthMethods(const Backends& backends, MethodTableBuilder& table);
void AddAdminMethods(const Backends& backends, MethodTableBuilder& table);

// All of them. Errors are those of MethodTableBuilder::Build.
absl::StatusOr<std::unique_ptr<const MethodTable>> MakeMethodTable(const Backends& backends);

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_METHODS_H_

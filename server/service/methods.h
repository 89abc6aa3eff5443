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
#include "server/service/method_table_builder.h"
#include "server/storage/kv_store.h"

namespace cairn::audit {
class Auditor;
}  // namespace cairn::audit
namespace cairn::auth {
class AccessControl;
}  // namespace cairn::auth
namespace cairn::evaluation {
class Measurer;
}  // namespace cairn::evaluation
namespace cairn::metrics {
class MetricCompactor;
}  // namespace cairn::metrics
namespace cairn::operations {
class OperationRunner;
}  // namespace cairn::operations
namespace cairn::tracking {
class RunLeaseKeeper;
class RunSearcher;
}  // namespace cairn::tracking

namespace cairn::service {

// What GetServerInfo tells besides constants of the program: what the server was started with, so
// that a client can fit its requests to it. Plain values, made once at the start.
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

// What the methods work with: each row holds references into it. Owned by the server; outlives the
// table and all calls. Every part may be used from any thread. Nothing here knows a transport; what
// calls share whatever their method is calls::Environment.
struct Backends {
  storage::KvStore& store;   // rows read snapshots; changes are the Mutator's, but for LogMetrics
  IdSource& ids;             // of runs and operations
  const Clock& store_clock;  // for how old something is (events/store_time.h)
  tracking::RunSearcher& run_searcher;         // finds runs in memory, and keeps those read lately
  metrics::MetricCompactor& metric_compactor;  // is told of metrics that were logged
  tracking::RunLeaseKeeper& run_leases;        // is told of runs that log
  operations::OperationRunner& operations;     // wakes who waits for one
  artifacts::BlobStore& blobs;
  core::ManifestLoader manifests;  // of long lists of files, which are blobs
  events::EventFeed& event_feed;   // tells watches of commits
  evaluation::Measurer& measurer;  // of models: for evaluations, and for promotions that need them
  ServerFacts facts;
  // Rows that filter ask it what the caller sees; whether a call may be made the flows ask.
  // Who may what. Null: everybody everything, because nobody is asked who they are.
  const auth::AccessControl* access = nullptr;
  const audit::Auditor* auditor = nullptr;  // signs where the audit ends; null: nothing does
};

// The rows of each service, a source file each. Decisions are made in tracking/, datasets/,
// registry/, artifacts/ and operations/; what stands here says which. What follows from a change no
// row names: leases, the purger, operations and indexes follow the commits (decision 30).
//
// Experiments, runs, what is logged into them and how it is read and searched (tracking/).
void AddTrackingMethods(const Backends& backends, MethodTableBuilder& table);
// Data sets, their versions and aliases, differences and lineage (datasets/).
void AddDatasetMethods(const Backends& backends, MethodTableBuilder& table);
// States of pages that people keep (views/).
void AddViewMethods(const Backends& backends, MethodTableBuilder& table);
// Blobs, and the files of runs and versions (artifacts/).
void AddArtifactMethods(const Backends& backends, MethodTableBuilder& table);
// Registered models, their versions and aliases (registry/).
void AddRegistryMethods(const Backends& backends, MethodTableBuilder& table);
// What was measured of model versions (registry/), and measuring (evaluation/).
void AddEvaluationMethods(const Backends& backends, MethodTableBuilder& table);
// Policies, channels, and the decisions that move them (registry/, promotion/).
void AddPromotionMethods(const Backends& backends, MethodTableBuilder& table);
// google.longrunning.Operations, whose protos are not ours: its rules stand beside its rows.
void AddOperationMethods(const Backends& backends, MethodTableBuilder& table);
// Events and channels as they change: streams that hold no thread while nothing happens.
void AddWatchMethods(const Backends& backends, MethodTableBuilder& table);
// Who calls, tokens and role bindings (auth/). Served also where nobody is asked who they are.
void AddAuthMethods(const Backends& backends, MethodTableBuilder& table);
// The audit: who changed what of production (audit/).
void AddAuditMethods(const Backends& backends, MethodTableBuilder& table);
// What the server is and was started with.
void AddAdminMethods(const Backends& backends, MethodTableBuilder& table);

// All of them, in one table: what the server calls. Errors are those of MethodTableBuilder::Build:
// with any of them the server does not start, so a method that lacks a rule is never served.
absl::StatusOr<std::unique_ptr<const MethodTable>> MakeMethodTable(const Backends& backends);

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_METHODS_H_

#include "server/server.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/scratch_directory.h"
#include "lib/base/status_macros.h"
#include "lib/base/thread_pool.h"
#include "lib/http/http_server.h"
#include "server/artifacts/manifest_blob.h"
#include "server/artifacts/pack_blob_store.h"
#include "server/audit/auditor.h"
#include "server/auth/access_control.h"
#include "server/calls/replies.h"
#include "server/certificate_keeper.h"
#include "server/core/limits.h"
#include "server/evaluation/evaluation_work.h"
#include "server/evaluation/measurer.h"
#include "server/events/event_feed.h"
#include "server/events/history_trimmer.h"
#include "server/events/store_time.h"
#include "server/front/connection_counts.h"
#include "server/front/descriptor_shares.h"
#include "server/front/descriptors.h"
#include "server/http_routes.h"
#include "server/known_revision.h"
#include "server/memory_shares.h"
#include "server/metrics/metric_compactor.h"
#include "server/migrations/migrations.h"
#include "server/mlflow/webhook_payload.h"
#include "server/observability/log.h"
#include "server/operations/operation_runner.h"
#include "server/rpc/grpc_server.h"
#include "server/service/methods.h"
#include "server/storage/memory_store.h"
#include "server/storage/rocks_store.h"
#include "server/storage/store_directory.h"
#include "server/storage/volume_budget.h"
#include "server/tracking/experiments.h"
#include "server/tracking/merge_records.h"
#include "server/tracking/run_lease_keeper.h"
#include "server/tracking/run_operations.h"
#include "server/tracking/run_purger.h"
#include "server/tracking/run_searcher.h"
#include "server/webhooks/deliverer.h"
#include "server/webhooks/webhook_store.h"

namespace cairn {
namespace {

// Who decides at length stands back behind calls that are short: a quarter of a processor that
// others want, all of one that nobody does.
constexpr int kPromotionNice = 5;

using observability::Log;
using observability::LogLevel;

// Where no route reads a body; each connection may send one, slowly.
constexpr size_t kHttpBodyBytes = size_t{64} << 10;

// The server makes what it creates its owner's only. A directory that was there is left as
// somebody made it.
void WarnIfOpenToOthers(const std::string& directory) {
  struct stat info {};
  constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
  if (::stat(directory.c_str(), &info) != 0 || (info.st_mode & kOthers) == 0) return;
  Log(LogLevel::kWarning, "others may enter the data directory; take their permissions away",
      {{"data_dir", directory}, {"mode", fmt::format("{:04o}", info.st_mode & 07777)}});
}

absl::StatusOr<std::unique_ptr<storage::KvStore>> OpenStore(const ServerOptions& options,
                                                            const MemoryShares& shares,
                                                            int64_t open_files) {
  if (options.in_memory) {
    return storage::MakeMemoryStore(tracking::MergeRecords);
  }
  storage::RocksOptions rocks;
  rocks.directory = options.data_dir;
  rocks.merge = tracking::MergeRecords;
  rocks.block_cache_bytes = shares.block_cache_bytes;
  rocks.total_write_buffer_bytes = shares.write_buffer_bytes;
  rocks.max_log_bytes = shares.write_buffer_bytes;
  const bool all = open_files >= front::DescriptorShares::kAllStoreFiles;
  rocks.max_open_files = all ? 0 : static_cast<int>(open_files);
  rocks.committer.cache_bytes = shares.commit_cache_bytes;
  ExpectCheckpointRevision(options.data_dir, rocks);
  rocks.on_warning = [](std::string_view warning) {
    Log(LogLevel::kWarning, std::string(warning), {});
  };
  auto store = storage::OpenRocksStore(std::move(rocks));
  if (store.ok()) WarnIfOpenToOthers(options.data_dir);
  return store;
}

absl::Status MigrateStore(storage::KvStore& store) {
  CAIRN_ASSIGN_OR_RETURN(const migrations::Migrated done, migrations::Migrate(store));
  if (done.from == storage::kFormatVersion) return absl::OkStatus();
  Log(LogLevel::kInfo, "the store was brought to this build's format",
      {{"from", std::to_string(done.from)},
       {"to", std::to_string(storage::kFormatVersion)},
       {"records", std::to_string(done.records)}});
  return absl::OkStatus();
}

// The host part of HOST:PORT with another port.
std::string WithPort(const std::string& address, int port) {
  return fmt::format("{}:{}", address.substr(0, address.rfind(':')), port);
}

// Raises the limit of descriptors and shares it out.
absl::StatusOr<front::DescriptorShares> ShareDescriptors() {
  CAIRN_ASSIGN_OR_RETURN(auto shares, front::DescriptorShares::Of(front::RaiseDescriptorLimit()));
  Log(LogLevel::kInfo, "descriptors are shared out",
      {{"limit", std::to_string(shares.limit)}, {"shares", shares.Describe()}});
  return shares;
}

front::ConnectionLimits ConnectionLimits(const ServerOptions& options, int64_t fit) {
  front::ConnectionLimits limits;
  limits.total = options.max_connections == 0 ? fit : options.max_connections;
  if (limits.total > fit) {
    Log(LogLevel::kWarning, "max-connections is more than the limit of descriptors allows",
        {{"max_connections", std::to_string(limits.total)}, {"used", std::to_string(fit)}});
    limits.total = fit;
  }
  limits.per_address = options.max_connections_per_address == 0
                           ? std::max<int64_t>(limits.total / 4, 1)
                           : std::min(options.max_connections_per_address, limits.total);
  return limits;
}

// As the gRPC port has it for an address. Those who are told that there are too many come on top.
front::ConnectionLimits HttpConnectionLimits(const ServerOptions& options, int64_t fit) {
  front::ConnectionLimits limits;
  limits.total = 2 * fit;
  limits.per_address = options.max_connections_per_address == 0
                           ? std::max<int64_t>(fit / 4, 1)
                           : std::min(options.max_connections_per_address, fit);
  return limits;
}

http::Gate GateOf(const std::shared_ptr<front::ConnectionCounts>& counts) {
  return [counts](const sockaddr_storage& peer) -> std::shared_ptr<void> {
    const front::Origin origin = front::Origin::Of(peer);
    const auto answer = counts->Admit(origin, ForwardClock().NowUnixNanos());
    if (answer != front::ConnectionCounts::Answer::kWelcome) return nullptr;
    // A place is what its end does.
    return {counts.get(), [counts, origin](void*) { counts->Leave(origin); }};
  };
}

tracking::RunSearcherOptions SearcherOptions(const MemoryShares& shares) {
  tracking::RunSearcherOptions options;
  options.index.max_column_bytes = static_cast<size_t>(shares.index_column_bytes);
  options.index.max_bitmap_bytes = static_cast<size_t>(shares.index_bitmap_bytes);
  options.index.max_permutation_bytes = static_cast<size_t>(shares.index_order_bytes);
  options.max_cached_run_bytes = static_cast<size_t>(shares.run_cache_bytes);
  return options;
}

calls::RepliesOptions RepliesOptions(const MemoryShares& shares) {
  calls::RepliesOptions options;
  options.budget_bytes = shares.reply_bytes;
  return options;
}

calls::WaitingRoomOptions RoomOptions(const MemoryShares& shares) {
  calls::WaitingRoomOptions options;
  options.max_bytes = shares.folding_room_bytes;
  return options;
}

// What is received waits for a thread next, so it takes from the same share.
calls::IntakeOptions IntakeOptions(const MemoryShares& shares, const ServerOptions& server) {
  calls::IntakeOptions options;
  options.max_bytes = shares.waiting_call_bytes / 4;
  options.max_calls_under_way = server.long_calls_per_method;
  return options;
}

metrics::CompactorOptions CompactorOptions() {
  metrics::CompactorOptions options;
  options.on_failure = [](const metrics::WaitingSeries& series, const absl::Status& status) {
    Log(LogLevel::kWarning, "metrics were not folded; trying again",
        {{"run", series.run_id},
         {"metric", series.metric},
         {"error", std::string(status.message())}});
  };
  return options;
}

events::HistoryOptions HistoryOptions(const ServerOptions& options) {
  events::HistoryOptions history;
  history.events.age_nanos = options.event_retention_seconds * kNanosPerSecond;
  history.events.max_bytes = options.event_log_mib << 20;
  history.on_failure = [](const absl::Status& status) {
    Log(LogLevel::kWarning, "old events or answers were not removed; trying again",
        {{"error", std::string(status.message())}});
  };
  return history;
}

webhooks::DelivererOptions WebhookOptions(const ServerOptions& options) {
  webhooks::DelivererOptions deliverer;
  deliverer.outgoing.allow_http = options.webhook_allow_http;
  deliverer.outgoing.allow_private = options.webhook_allow_private;
  deliverer.on_warning = [](const std::string& what, const webhooks::Webhook& webhook,
                            const std::string& why) {
    Log(LogLevel::kWarning, what,
        {{"webhook", webhook.id}, {"name", webhook.record.name()}, {"why", why}});
  };
  return deliverer;
}

}  // namespace

// Members are destroyed in the reverse order: fronts, then pool, then stores.
class Server::Impl {
 public:
  explicit Impl(const ServerOptions& options)
      : options_(options),
        shares_(MemoryShares::For(options.memory_limit_bytes)),
        long_calls_(options.long_calls_per_method, shares_.waiting_call_bytes),
        replies_(RepliesOptions(shares_)) {}

  ~Impl() { Stop(); }

  absl::Status Start() {
    CAIRN_RETURN_IF_ERROR(ValidateOptions(options_));
    if (options_.memory_limit_bytes > 0) {
      Log(LogLevel::kInfo, "memory is shared out", {{"shares", shares_.Describe()}});
    }
    if (options_.tls.enabled()) {
      CAIRN_ASSIGN_OR_RETURN(certificate_, CertificateKeeper::Load(options_.tls));
    }
    CAIRN_ASSIGN_OR_RETURN(descriptors_, ShareDescriptors());
    const front::ConnectionLimits connections =
        ConnectionLimits(options_, descriptors_.grpc_connections);
    CAIRN_ASSIGN_OR_RETURN(store_, OpenStore(options_, shares_, descriptors_.store_files));
    CAIRN_RETURN_IF_ERROR(MigrateStore(*store_));
    http_connections_ = std::make_shared<front::ConnectionCounts>(
        HttpConnectionLimits(options_, descriptors_.http_connections));
    const Clock& clock = SystemClock();
    CAIRN_ASSIGN_OR_RETURN(const int64_t store_time,
                           events::ResumeStoreTime(*store_->GetSnapshot(), clock.NowUnixNanos()));
    store_clock_.emplace(store_time, ForwardClock());
    CAIRN_RETURN_IF_ERROR(tracking::EnsureDefaultExperiment(*store_, clock.NowUnixNanos()));
    tracking::RunSearcherOptions search = SearcherOptions(shares_);
    if (!options_.in_memory) search.checkpoint_directory = options_.data_dir + "/index";
    CAIRN_RETURN_IF_ERROR(LoadAccess());
    const std::string key_directory = options_.in_memory ? std::string() : options_.data_dir;
    CAIRN_ASSIGN_OR_RETURN(auditor_, audit::Auditor::Open(*store_, key_directory));
    auditor_->Start();
    event_feed_ = std::make_unique<events::EventFeed>(*store_);
    event_feed_->Start();
    run_searcher_ = std::make_unique<tracking::RunSearcher>(*store_, std::move(search));
    CAIRN_RETURN_IF_ERROR(run_searcher_->Load());
    metric_compactor_ = std::make_unique<metrics::MetricCompactor>(*store_, CompactorOptions());
    metric_compactor_->Start();
    folding_room_ = std::make_unique<calls::WaitingRoom>(
        [this] { return metric_compactor_->full(); }, RoomOptions(shares_));
    intake_ = std::make_unique<calls::Intake>(IntakeOptions(shares_, options_), ForwardClock());
    CAIRN_RETURN_IF_ERROR(OpenBlobs(*store_clock_));
    StartRunWorkers();
    CAIRN_RETURN_IF_ERROR(StartOperations(clock));
    history_ =
        std::make_unique<events::HistoryTrimmer>(*store_, *store_clock_, HistoryOptions(options_));
    history_->Start();
    pool_ = std::make_unique<ThreadPool>(PoolThreads(options_), limits::kWaitingCalls);
    disk_pool_ = std::make_unique<ThreadPool>(DiskThreads(options_), limits::kWaitingCalls);
    mutator_ = std::make_unique<storage::Mutator>(*store_, *store_clock_, *pool_);
    StartPromotions();
    // NOLINTNEXTLINE(modernize-make-unique): an aggregate
    environment_.reset(new calls::Environment{
        *mutator_, clock, calls::CallPools{*pool_, *disk_pool_, long_calls_},
        calls::SerialChanges{*promotions_, *promotion_mutator_}, *folding_room_, *intake_, replies_,
        alarms_, metrics_, access_.get()});
    CAIRN_RETURN_IF_ERROR(MakeMethods(clock, connections));
    CAIRN_ASSIGN_OR_RETURN(
        grpc_, rpc::GrpcServer::Start(AcceptorOptions(connections), shares_.request_bytes,
                                      *environment_, *methods_));
    grpc_address_ = WithPort(options_.grpc_address, grpc_->port());
    StartWebhooks();
    return StartHttp();
  }

  void Stop() {
    if (operations_ != nullptr) operations_->ReleaseWaits();
    if (event_feed_ != nullptr) event_feed_->Close();
    if (webhooks_ != nullptr) webhooks_->Stop();
    if (http_ != nullptr) http_->Stop(std::chrono::milliseconds(options_.drain_millis));
    if (grpc_ != nullptr) grpc_->Stop(std::chrono::milliseconds(options_.drain_millis));
    SignLastCheckpoint();
  }

  const std::string& grpc_address() const { return grpc_address_; }
  const std::string& http_address() const { return http_address_; }
  CertificateKeeper* certificate() const { return certificate_.get(); }

 private:
  // Once nobody calls any more. Without it the next start goes on all the same.
  void SignLastCheckpoint() {
    if (auditor_ == nullptr || std::exchange(is_signed_, true)) return;
    if (const absl::Status kept = auditor_->Stop(); !kept.ok()) {
      Log(LogLevel::kWarning, "the last checkpoint of the audit was not kept",
          {{"error", std::string(kept.message())}});
    }
  }

  front::AcceptorOptions AcceptorOptions(const front::ConnectionLimits& connections) const {
    front::AcceptorOptions acceptor;
    acceptor.address = options_.grpc_address;
    acceptor.limits = connections;
    if (certificate_ != nullptr) acceptor.tls = &certificate_->context();
    return acceptor;
  }

  // Before anybody may write, so that no token or binding falls between.
  absl::Status LoadAccess() {
    if (!options_.auth) return absl::OkStatus();
    access_ = std::make_unique<auth::AccessControl>(*store_);
    CAIRN_ASSIGN_OR_RETURN(const auth::LoadedAccess loaded, access_->Load());
    Log(loaded.unreadable == 0 ? LogLevel::kInfo : LogLevel::kWarning,
        "callers are asked who they are",
        {{"tokens", std::to_string(loaded.tokens)},
         {"role_bindings", std::to_string(loaded.bindings)},
         {"unreadable", std::to_string(loaded.unreadable)}});
    if (loaded.tokens == 0 && options_.tls.client_ca_file.empty()) {
      Log(LogLevel::kWarning,
          "there is no token, so nobody can call; `cairnd init` makes the first");
    }
    return absl::OkStatus();
  }

  absl::Status MakeMethods(const Clock& clock, const front::ConnectionLimits& connections) {
    service::ServerFacts facts;
    facts.start_unix_nanos = clock.NowUnixNanos();
    facts.connections = connections.total;
    facts.connections_per_address = connections.per_address;
    facts.memory_limit_bytes = options_.memory_limit_bytes;
    facts.long_calls_per_method = long_calls_.per_method();
    facts.event_retention = HistoryOptions(options_).events;
    facts.tls_grpc = !options_.tls.certificate_file.empty();
    facts.tls_http = facts.tls_grpc;
    facts.client_certificates = options_.auth && !options_.tls.client_ca_file.empty();
    // NOLINTNEXTLINE(modernize-make-unique): an aggregate
    backends_.reset(new service::Backends{*store_, SystemIds(), *store_clock_, *run_searcher_,
                                          *metric_compactor_, *run_leases_, *operations_, *blobs_,
                                          artifacts::MakeManifestLoader(*blobs_), *event_feed_,
                                          *measurer_, facts, access_.get(), auditor_.get()});
    CAIRN_ASSIGN_OR_RETURN(methods_, service::MakeMethodTable(*backends_));
    return absl::OkStatus();
  }

  // What works on runs in the background.
  void StartRunWorkers() {
    run_purger_ = std::make_unique<tracking::RunPurger>(
        *store_, [this](std::string_view run_id) { metric_compactor_->Forget(run_id); });
    run_purger_->Start();
    tracking::RunLeaseOptions leases;
    leases.default_lease_nanos = options_.default_run_lease_seconds * kNanosPerSecond;
    run_leases_ = std::make_unique<tracking::RunLeaseKeeper>(*store_, *run_searcher_, leases);
    run_leases_->Start();
  }

  // Promotions wait for each other and for no other call (decision 35).
  void StartPromotions() {
    promotions_ = std::make_unique<calls::SerialQueue>(
        [this](std::function<void()> task) { promotion_pool_->Resubmit(std::move(task)); },
        ForwardClock(), calls::SerialQueueOptions());
    promotion_pool_ =
        std::make_unique<ThreadPool>(PromotionThreads(), limits::kWaitingCalls, kPromotionNice);
    promotion_mutator_ =
        std::make_unique<storage::Mutator>(*store_, *store_clock_, *promotion_pool_);
  }

  absl::Status StartOperations(const Clock& clock) {
    operations_ = std::make_unique<operations::OperationRunner>(*store_, clock, *store_clock_);
    operations_->Add(tracking::MakePurgeExperimentWork(*run_searcher_));
    operations_->Add(tracking::MakeBulkChangeRunsWork(*run_searcher_));
    operations_->Add(evaluation::MakeEvaluationWork(*measurer_, clock));
    operations_->Add(blobs_->NewCollectionWork());
    operations_->Add(blobs_->NewScrubWork());
    return operations_->Start();
  }

  absl::Status OpenBlobs(const Clock& clock) {
    artifacts::BlobStoreOptions blob_options;
    blob_options.max_open_packs = descriptors_.pack_readers;
    blob_options.max_uploads = descriptors_.uploads;
    blob_options.lease_nanos = options_.blob_lease_seconds * kNanosPerSecond;
    if (options_.in_memory) {
      CAIRN_ASSIGN_OR_RETURN(scratch_, ScratchDirectory::Make());
      blob_options.directory = scratch_->path();
    } else {
      blob_options.directory = options_.data_dir + "/packs";
      CAIRN_ASSIGN_OR_RETURN(const auto volume, storage::SpaceAt(options_.data_dir));
      blob_options.pack_bytes = storage::VolumeBudget::For(volume.total_bytes).pack_bytes;
    }
    CAIRN_ASSIGN_OR_RETURN(blobs_,
                           artifacts::OpenBlobStore(std::move(blob_options), *store_, clock));
    measurer_ = std::make_unique<evaluation::Measurer>(
        [&blobs = *blobs_](const Digest& digest, int64_t max_bytes) {
          return blobs.ReadAll(digest, max_bytes);
        });
    return absl::OkStatus();
  }

  void StartWebhooks() {
    webhooks::DelivererOptions options = WebhookOptions(options_);
    webhook_store_ = std::make_unique<webhooks::WebhookStore>(*store_, SystemIds(), SystemClock(),
                                                              options.outgoing);
    webhooks_ = std::make_unique<webhooks::Deliverer>(*store_, *webhook_store_, SystemClock(),
                                                      mlflow::MessagesOf, std::move(options));
    webhooks_->Start();
  }

  absl::Status StartHttp() {
    http::HttpServerOptions http_options;
    http_options.address = options_.http_address;
    http_options.allowed_hosts = options_.allowed_hosts;
    http_options.authorize = MakeHttpAuthorizer(*environment_);
    http_options.threads = HttpThreads(options_);
    if (certificate_ != nullptr) http_options.tls = &certificate_->context();
    http_options.limits.max_body_bytes = kHttpBodyBytes;
    // Larger ones are those of calls: this much of those that the server reads whole, and of those
    // that calls read.
    const auto large_bytes =
        std::max<int64_t>(limits::kMessageBytes, IntakeOptions(shares_, options_).max_bytes);
    http_options.limits.max_large_bytes = static_cast<size_t>(large_bytes);
    const auto share = std::max<int64_t>(limits::kMessageBytes, large_bytes / 2);
    http_options.limits.max_large_share = static_cast<size_t>(share);
    http_options.limits.max_connections = static_cast<size_t>(descriptors_.http_connections);
    http_options.gate = GateOf(http_connections_);
    gateway::ArrivalLimits arrival;
    arrival.max_bytes = large_bytes;
    arrival.max_bytes_of_one = share;
    CAIRN_ASSIGN_OR_RETURN(
        auto router,
        MakeHttpRouter({*store_, metrics_, *metric_compactor_, *run_searcher_, *grpc_, *promotions_,
                        *environment_, *methods_, *webhooks_, arrival, *http_connections_,
                        options_.tls.enabled(), options_.blob_lease_seconds}));
    CAIRN_ASSIGN_OR_RETURN(http_,
                           http::HttpServer::Start(std::move(http_options), std::move(router)));
    http_address_ = http_->address();
    return absl::OkStatus();
  }

  const ServerOptions options_;
  const MemoryShares shares_;
  std::unique_ptr<CertificateKeeper> certificate_;  // null without TLS
  front::DescriptorShares descriptors_;
  std::shared_ptr<front::ConnectionCounts> http_connections_;
  calls::LongCalls long_calls_;
  calls::Replies replies_;
  calls::Alarms alarms_;
  observability::CallMetrics metrics_;
  std::unique_ptr<ScratchDirectory> scratch_;
  std::unique_ptr<storage::KvStore> store_;
  std::optional<RunningClock> store_clock_;      // for what is kept for a time
  std::unique_ptr<auth::AccessControl> access_;  // null: nobody is asked
  std::unique_ptr<audit::Auditor> auditor_;
  bool is_signed_ = false;  // the last checkpoint
  std::unique_ptr<events::EventFeed> event_feed_;
  std::unique_ptr<tracking::RunSearcher> run_searcher_;
  std::unique_ptr<metrics::MetricCompactor> metric_compactor_;
  std::unique_ptr<calls::WaitingRoom> folding_room_;
  std::unique_ptr<calls::Intake> intake_;
  std::unique_ptr<tracking::RunPurger> run_purger_;
  std::unique_ptr<tracking::RunLeaseKeeper> run_leases_;
  std::unique_ptr<artifacts::BlobStore> blobs_;
  std::unique_ptr<evaluation::Measurer> measurer_;
  std::unique_ptr<operations::OperationRunner> operations_;
  std::unique_ptr<events::HistoryTrimmer> history_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<ThreadPool> disk_pool_;
  std::unique_ptr<storage::Mutator> mutator_;
  // Before its threads, whose last tasks may still look whether anybody waits.
  std::unique_ptr<calls::SerialQueue> promotions_;
  std::unique_ptr<ThreadPool> promotion_pool_;
  std::unique_ptr<storage::Mutator> promotion_mutator_;
  std::unique_ptr<const service::Backends> backends_;
  std::unique_ptr<const service::MethodTable> methods_;
  std::unique_ptr<calls::Environment> environment_;
  std::unique_ptr<webhooks::WebhookStore> webhook_store_;
  std::unique_ptr<webhooks::Deliverer> webhooks_;
  std::unique_ptr<rpc::GrpcServer> grpc_;
  std::unique_ptr<http::HttpServer> http_;
  std::string grpc_address_;
  std::string http_address_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options) {
  auto impl = std::make_unique<Impl>(options);
  CAIRN_RETURN_IF_ERROR(impl->Start());
  Log(LogLevel::kInfo, "serving",
      {{"grpc", impl->grpc_address()},
       {"http", impl->http_address()},
       {"tls", options.tls.enabled() ? "grpc,http" : "off"},
       {"auth", options.auth ? "on" : "off"},
       {"data_dir", options.in_memory ? "(memory)" : options.data_dir}});
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::grpc_address() const { return impl_->grpc_address(); }
const std::string& Server::http_address() const { return impl_->http_address(); }
void Server::Stop() { impl_->Stop(); }

void Server::ReloadCertificate() {
  if (impl_->certificate() != nullptr) impl_->certificate()->Reload();
}

void Server::CheckCertificate() {
  if (impl_->certificate() != nullptr) impl_->certificate()->Check();
}

}  // namespace cairn

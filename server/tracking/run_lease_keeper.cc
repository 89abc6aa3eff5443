#include "server/tracking/run_lease_keeper.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "cairn/v1/events.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/observability/log.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "server/tracking/runs.h"

namespace cairn::tracking {
namespace {

using cairn::internal::RunRecord;
using cairn::v1::Run;
using storage::WriteSet;

constexpr int32_t kRunsPerPage = 1000;
constexpr size_t kSilentPerRound = 256;
// A commit that fails is tried again after so long.
constexpr int64_t kRetryNanos = kNanosPerSecond;
// Between two looks; a lease may be over for so long before it is noticed.
constexpr int64_t kMinWaitNanos = kNanosPerSecond / 10;
constexpr int64_t kMaxWaitNanos = kNanosPerSecond;

bool IsRunning(const Run& run) { return run.state() == Run::RUNNING && !run.has_delete_time(); }

int64_t ToNanos(const google::protobuf::Duration& duration) {
  return duration.seconds() * kNanosPerSecond + duration.nanos();
}

google::protobuf::Duration ToDuration(int64_t nanos) {
  google::protobuf::Duration duration;
  duration.set_seconds(nanos / kNanosPerSecond);
  duration.set_nanos(static_cast<int32_t>(nanos % kNanosPerSecond));
  return duration;
}

absl::Status HasEnded(const Run& run) {
  const std::string state = Run::State_Name(run.state());
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::RUN_ENDED,
               fmt::format("{} has ended as {}; ResumeRun takes it back", run.name(), state))
      .With("run", run.name())
      .With("state", state)
      .Precondition("RUN_STATE", run.name(), fmt::format("has ended as {}", state));
}

// Whether the lease of the event's run may begin or end by it.
bool ChangesRun(cairn::v1::Event::Kind kind) {
  switch (kind) {
    case cairn::v1::Event::RUN_CREATED:
    case cairn::v1::Event::RUN_UPDATED:
    case cairn::v1::Event::RUN_FINISHED:
    case cairn::v1::Event::RUN_DELETED:
    case cairn::v1::Event::RUN_UNDELETED:
    case cairn::v1::Event::RUN_RESUMED:
      return true;
    default:
      return false;
  }
}

void LogFailure(std::string_view what, const absl::Status& status) {
  observability::Log(observability::LogLevel::kWarning, std::string(what),
                     {{"error", std::string(status.message())}});
}

}  // namespace

RunLeaseKeeper::RunLeaseKeeper(storage::KvStore& store, RunSearcher& searcher,
                               RunLeaseOptions options)
    : store_(store), searcher_(searcher), options_(options) {
  listener_ = store_.AddCommitListener([this](storage::Revision, const auto& events) {
    for (const storage::Event& event : events) {
      if (ChangesRun(event.kind)) Committed(event);
    }
  });
}

RunLeaseKeeper::~RunLeaseKeeper() {
  store_.RemoveCommitListener(listener_);
  {
    MutexLock lock(&mutex_);
    closing_ = true;
  }
  wake_.SignalAll();
  if (thread_.joinable()) thread_.join();
}

void RunLeaseKeeper::Start() {
  thread_ = std::thread([this] { Work(); });
}

int64_t RunLeaseKeeper::LeaseNanos(const Run& run) const {
  return run.has_lease_duration() ? ToNanos(run.lease_duration()) : options_.default_lease_nanos;
}

void RunLeaseKeeper::Changed(const Run& run) {
  const int64_t lease = IsRunning(run) ? LeaseNanos(run) : 0;
  if (lease > 0) {
    leases_.Begin(run.uid(), lease, options_.forward->NowUnixNanos());
  } else {
    leases_.Forget(run.uid());
  }
}

void RunLeaseKeeper::Committed(const storage::Event& event) {
  cairn::v1::Event told;
  if (told.ParseFromString(event.image) && told.has_run()) return Changed(told.run());
  // A new run with so many params that the event does not hold it.
  const auto stored = ReadLiveRun(*store_.GetSnapshot(), "name", event.resource);
  if (stored.ok()) Changed(stored->value.run());
}

absl::StatusOr<storage::Plan> RunLeaseKeeper::PlanHeartbeat(
    const storage::Snapshot& snapshot, const cairn::v1::HeartbeatRunRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const auto stored, ReadLiveRun(snapshot, "name", request.name()));
  const Run& run = stored.value.run();
  if (run.state() != Run::RUNNING && run.state() != Run::SCHEDULED) return HasEnded(run);
  cairn::v1::HeartbeatRunResponse response;
  const int64_t lease = LeaseNanos(run);
  if (lease > 0) *response.mutable_lease_duration() = ToDuration(lease);
  if (request.validate_only()) return storage::AnswerOnly(std::move(response));
  if (!leases_.Renew(run.uid(), options_.forward->NowUnixNanos())) {
    return storage::AnswerOnly(std::move(response));
  }
  // The run is about to be ended: writing its record decides who comes first.
  const storage::Key key = storage::RunKey(run.uid());
  WriteSet write_set;
  write_set.RequireRevision(key, stored.mod_revision)
      .PutRecord(key, stored.value.SerializeAsString())
      .Emit(run.name(), cairn::v1::Event::RUN_HEARD);
  return storage::MakePlan(std::move(write_set), std::move(response));
}

absl::Status RunLeaseKeeper::BeginAll() {
  cairn::v1::SearchRunsRequest request;
  request.set_filter("state = RUNNING");
  request.set_page_size(kRunsPerPage);
  for (const char* field : {"uid", "state", "delete_time", "lease_duration"}) {
    request.mutable_read_mask()->add_paths(field);
  }
  do {
    CAIRN_ASSIGN_OR_RETURN(const auto page, searcher_.Search(request));
    for (const Run& run : page.runs()) {
      if (!leases_.HeardAt(run.uid()).has_value()) Changed(run);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::Status RunLeaseKeeper::Sweep() {
  absl::Status first;
  while (true) {
    const auto silent = leases_.TakeSilent(options_.forward->NowUnixNanos(), kSilentPerRound);
    for (const SilentRun& run : silent) first.Update(End(run));
    if (silent.size() < kSilentPerRound) return first;
  }
}

// Ends a silent run, unless it was heard of or changed meanwhile.
absl::Status RunLeaseKeeper::End(const SilentRun& silent) {
  const int64_t now = options_.forward->NowUnixNanos();
  absl::StatusOr<std::optional<storage::Stored<RunRecord>>> stored =
      storage::ReadRecord<RunRecord>(*store_.GetSnapshot(), storage::RunKey(silent.run_id));
  if (!stored.ok()) {
    leases_.Keep(silent.run_id, now + kRetryNanos);
    return stored.status();
  }
  if (!stored->has_value() || !IsRunning((*stored)->value.run())) {
    leases_.Forget(silent.run_id);
    return absl::OkStatus();
  }
  if (leases_.HeardAt(silent.run_id) != silent.heard_nanos) {
    leases_.Keep(silent.run_id, now);
    return absl::OkStatus();
  }
  RunRecord record = (*stored)->value;
  Run& run = *record.mutable_run();
  const int64_t silence = now - silent.heard_nanos;
  run.set_state(Run::KILLED);
  run.set_state_message(fmt::format("silent for {} s", silence / kNanosPerSecond));
  StampEnd(options_.clock->NowUnixNanos() - silence, run);
  WriteSet write_set;
  const storage::Key key = storage::RunKey(run.uid());
  write_set.RequireRevision(key, (*stored)->mod_revision)
      .PutRecord(key, record.SerializeAsString())
      .Emit(cairn::v1::Event::RUN_FINISHED, run);
  absl::Status ended = store_.CommitAndWait(std::move(write_set)).status();
  if (ended.ok()) return ended;  // the lease ended with the commit
  // Somebody changed the run, or it could not be written: it is looked at again.
  const bool conflict = HasReason(ended, ErrorReason::COMMIT_CONFLICT);
  leases_.Keep(silent.run_id, conflict ? now : now + kRetryNanos);
  return conflict ? absl::OkStatus() : ended;
}

void RunLeaseKeeper::Work() {
  absl::Status begun = BeginAll();
  if (!begun.ok()) LogFailure("the leases of running runs did not begin; trying again", begun);
  while (Wait()) {
    if (!begun.ok()) begun = BeginAll();
    const absl::Status swept = Sweep();
    if (!swept.ok()) LogFailure("silent runs were not ended; trying again", swept);
  }
}

// Until a lease may be over; false when closing.
bool RunLeaseKeeper::Wait() {
  const int64_t due = leases_.NextDue().value_or(INT64_MAX);
  const int64_t now = options_.forward->NowUnixNanos();
  const int64_t nanos =
      due <= now ? kMinWaitNanos : std::clamp(due - now, kMinWaitNanos, kMaxWaitNanos);
  MutexLock lock(&mutex_);
  if (!closing_) wake_.WaitFor(&mutex_, std::chrono::nanoseconds(nanos));
  return !closing_;
}

}  // namespace cairn::tracking

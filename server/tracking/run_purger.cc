#include "server/tracking/run_purger.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/observability/log.h"
#include "server/tracking/run_purge.h"

namespace cairn::tracking {
namespace {

constexpr std::chrono::seconds kAfterFailedSweep{1};
constexpr size_t kRunsPerRound = 256;

}  // namespace

RunPurger::RunPurger(storage::KvStore& store, std::function<void(std::string_view)> forget)
    : store_(store), forget_(std::move(forget)) {
  listener_ = store_.AddCommitListener([this](storage::Revision, const auto& events) {
    for (const storage::Event& event : events) {
      if (event.kind == cairn::v1::Event::RUN_PURGED) return Wake();
    }
  });
}

RunPurger::~RunPurger() {
  store_.RemoveCommitListener(listener_);
  {
    MutexLock lock(&mutex_);
    closing_ = true;
  }
  wake_.SignalAll();
  if (thread_.joinable()) thread_.join();
}

void RunPurger::Start() {
  thread_ = std::thread([this] { Work(); });
}

void RunPurger::Wake() {
  {
    MutexLock lock(&mutex_);
    signalled_ = true;
  }
  wake_.SignalAll();
}

bool RunPurger::closing() {
  MutexLock lock(&mutex_);
  return closing_;
}

void RunPurger::Work() {
  while (!closing()) {
    const absl::StatusOr<bool> more = SweepSome();
    if (!more.ok()) {
      observability::Log(observability::LogLevel::kWarning,
                         "what purged runs left was not removed; trying again",
                         {{"error", std::string(more.status().message())}});
    }
    MutexLock lock(&mutex_);
    if (!more.ok()) {
      if (!closing_) wake_.WaitFor(&mutex_, kAfterFailedSweep);
      continue;
    }
    while (!*more && !signalled_ && !closing_) wake_.Wait(&mutex_);
    signalled_ = false;
  }
}

absl::Status RunPurger::SweepAll() {
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const bool more, SweepSome());
    if (!more) return absl::OkStatus();
  }
}

// Finishes some purges; false if there were none.
absl::StatusOr<bool> RunPurger::SweepSome() {
  CAIRN_ASSIGN_OR_RETURN(const auto ids, PurgedRuns(*store_.GetSnapshot(), kRunsPerRound));
  for (const std::string& id : ids) {
    if (closing()) break;
    CAIRN_RETURN_IF_ERROR(SweepRun(id));
  }
  return !ids.empty();
}

absl::Status RunPurger::SweepRun(std::string_view run_id) {
  if (forget_) forget_(run_id);
  bool more = true;
  while (more && !closing()) {
    storage::WriteSet write_set;
    CAIRN_ASSIGN_OR_RETURN(more,
                           PlanSweep(*store_.GetSnapshot(), run_id, kMaxPurgedKeys, write_set));
    if (write_set.preconditions.empty()) break;
    CAIRN_RETURN_IF_ERROR(store_.CommitAndWait(std::move(write_set)).status());
  }
  return absl::OkStatus();
}

}  // namespace cairn::tracking

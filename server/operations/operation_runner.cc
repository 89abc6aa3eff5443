#include "server/operations/operation_runner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/observability/log.h"
#include "server/storage/keyspace.h"

namespace cairn::operations {
namespace {

using storage::KeyRange;
using storage::ScanOrder;
using storage::WriteSet;

constexpr std::chrono::seconds kPause{1};
constexpr int64_t kRemoveEveryNanos = int64_t{3600} * kNanosPerSecond;
constexpr int kMaxConflicts = 64;
constexpr size_t kMaxRemoved = 1000;  // in one commit

// What goes away by itself: the store is busy, full or stopping.
bool IsPassing(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status);
}

// The full name of the message that is the operation's metadata.
std::string TypeIn(const google::longrunning::Operation& operation) {
  const std::string& url = operation.metadata().type_url();
  return url.substr(url.rfind('/') + 1);
}

bool IsChange(v1::Event::Kind kind) {
  return kind == v1::Event::OPERATION_UPDATED || kind == v1::Event::OPERATION_DELETED;
}

absl::Status UnknownKind(std::string_view type_url) {
  return Error(absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
               fmt::format("this server does not know operations of the kind {}", type_url))
      .With("type", type_url);
}

}  // namespace

OperationRunner::OperationRunner(storage::KvStore& store, const Clock& clock, const Clock& ageing)
    : store_(store), clock_(clock), ageing_(ageing) {
  listener_ = store_.AddCommitListener([this](storage::Revision, const auto& events) {
    for (const storage::Event& event : events) {
      if (event.kind == v1::Event::OPERATION_CREATED) Created(event.resource);
      // Those of nobody are this one's own steps.
      if (IsChange(event.kind) && !event.principal.empty()) Changed(event.resource);
    }
  });
}

OperationRunner::~OperationRunner() {
  store_.RemoveCommitListener(listener_);
  {
    MutexLock lock(&mutex_);
    closing_ = true;
  }
  wake_.SignalAll();
  for (auto& [name, lane] : lanes_) {
    if (lane.thread.joinable()) lane.thread.join();
  }
  ReleaseWaits();
}

void OperationRunner::Add(std::unique_ptr<Work> work) {
  lanes_[work->lane()];
  std::string type = work->metadata_type();
  works_[std::move(type)] = std::move(work);
}

absl::Status OperationRunner::Start() {
  {
    MutexLock lock(&mutex_);
    lanes_[""];
    CAIRN_RETURN_IF_ERROR(storage::ScanRecords<Operation>(
        *store_.GetSnapshot(), KeyRange::Prefix(storage::OperationPrefix()), ScanOrder::kAscending,
        [this](std::string_view, const StoredOperation& stored) {
          if (!stored.value.done()) LaneOf(stored.value).queue.push_back(stored.value.name());
          return true;
        }));
  }
  for (auto& [name, lane] : lanes_) {
    lane.thread = std::thread([this, &lane = lane] { Loop(lane); });
  }
  return absl::OkStatus();
}

OperationRunner::Lane& OperationRunner::LaneOf(const Operation& operation) {
  const auto work = works_.find(TypeIn(operation));
  return lanes_.at(work == works_.end() ? "" : work->second->lane());
}

void OperationRunner::Created(const std::string& name) {
  const auto stored = ReadOperation(*store_.GetSnapshot(), name);
  if (!stored.ok() || stored->value.done()) return;
  {
    MutexLock lock(&mutex_);
    if (!lanes_.contains("")) return;  // Start will find it in the store
    auto& queue = LaneOf(stored->value).queue;
    if (std::find(queue.begin(), queue.end(), name) != queue.end()) return;
    queue.push_back(name);
  }
  wake_.SignalAll();
}

void OperationRunner::Changed(const std::string& name) {
  const auto stored = ReadOperation(*store_.GetSnapshot(), name);
  if (stored.ok() && !stored->value.done()) return;
  std::vector<std::function<void()>> ready;
  {
    MutexLock lock(&mutex_);
    const auto rest = std::stable_partition(waits_.begin(), waits_.end(),
                                            [&](const Wait& wait) { return wait.name != name; });
    for (auto at = rest; at != waits_.end(); ++at) ready.push_back(std::move(at->ready));
    waits_.erase(rest, waits_.end());
  }
  for (const auto& call : ready) call();
}

int64_t OperationRunner::WhenDone(const std::string& name, std::function<void()> ready) {
  int64_t number = 0;
  {
    MutexLock lock(&mutex_);
    number = ++last_wait_;
    if (!released_) {
      waits_.push_back({number, name, std::move(ready)});
      ready = nullptr;
    }
  }
  // It may have ended before the wait was noted.
  ready ? ready() : Changed(name);
  return number;
}

bool OperationRunner::StopWaiting(int64_t wait) {
  MutexLock lock(&mutex_);
  return std::erase_if(waits_, [wait](const Wait& other) { return other.number == wait; }) != 0;
}

void OperationRunner::ReleaseWaits() {
  std::vector<Wait> waits;
  {
    MutexLock lock(&mutex_);
    released_ = true;
    waits.swap(waits_);
  }
  for (const Wait& wait : waits) wait.ready();
}

absl::Status OperationRunner::RemoveOld() {
  const int64_t now = std::min(clock_.NowUnixNanos(), ageing_.NowUnixNanos());
  const int64_t oldest = now - kRetentionNanos;
  WriteSet write_set;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<Operation>(
      *store_.GetSnapshot(), KeyRange::Prefix(storage::OperationPrefix()), ScanOrder::kAscending,
      [&](std::string_view key, const StoredOperation& stored) {
        if (stored.value.done() && EndUnixNanos(stored.value) < oldest) {
          write_set.Delete({storage::OperationPrefix().family, std::string(key)})
              .Emit(stored.value.name(), v1::Event::OPERATION_DELETED)
              .FreesSpace();
        }
        return write_set.deletes.size() < kMaxRemoved;
      }));
  if (write_set.deletes.empty()) return absl::OkStatus();
  return store_.CommitAndWait(std::move(write_set)).status();
}

bool OperationRunner::closing() {
  MutexLock lock(&mutex_);
  return closing_;
}

// Waits a moment; false when closing.
bool OperationRunner::Pause() {
  MutexLock lock(&mutex_);
  if (!closing_) wake_.WaitFor(&mutex_, kPause);
  return !closing_;
}

void OperationRunner::Loop(Lane& lane) {
  while (const std::optional<std::string> name = NextName(lane)) {
    Work* const work = WorkOf(*name);
    if (!RunOne(*name)) return;
    if (work != nullptr) work->Ended();
    Changed(*name);
  }
}

// Tried again with the next round if it failed.
void OperationRunner::RemoveOldNowAndThen() {
  const int64_t now = ageing_.NowUnixNanos();
  if (removed_old_nanos_ != 0 && now - removed_old_nanos_ < kRemoveEveryNanos) return;
  if (RemoveOld().ok()) removed_old_nanos_ = now;
}

// The next operation of the lane; waits until there is one, nullopt when closing.
std::optional<std::string> OperationRunner::NextName(Lane& lane) {
  const bool removes = &lane == &lanes_.at("");
  while (!closing()) {
    if (removes) RemoveOldNowAndThen();
    MutexLock lock(&mutex_);
    if (closing_) break;
    if (!lane.queue.empty()) {
      std::string name = std::move(lane.queue.front());
      lane.queue.pop_front();
      return name;
    }
    wake_.WaitFor(&mutex_, std::chrono::nanoseconds(kRemoveEveryNanos));
  }
  return std::nullopt;
}

// What works on the operation; null when it is gone or of a kind that nobody knows.
Work* OperationRunner::WorkOf(const std::string& name) const {
  const auto stored = ReadOperation(*store_.GetSnapshot(), name);
  const auto work = stored.ok() ? works_.find(TypeIn(stored->value)) : works_.end();
  return work == works_.end() ? nullptr : work->second.get();
}

// Works on one operation until it is done; false when closing.
bool OperationRunner::RunOne(const std::string& name) {
  std::string cursor;
  int conflicts = 0;
  bool told = false;
  while (!closing()) {
    const absl::StatusOr<bool> more = Advance(name, cursor);
    if (more.ok()) {
      if (!*more) return true;
      conflicts = 0;
      told = false;
    } else if (HasReason(more.status(), ErrorReason::COMMIT_CONFLICT) &&
               ++conflicts < kMaxConflicts) {
      continue;
    } else {
      if (!told) {
        observability::Log(observability::LogLevel::kWarning, "an operation waits",
                           {{"operation", name}, {"reason", more.status().ToString()}});
      }
      told = true;
      if (!Pause()) return false;
    }
  }
  return false;
}

// Commits one step, or the end; false when the operation is done or gone. An error is
// that of a commit that may be tried again.
absl::StatusOr<bool> OperationRunner::Advance(const std::string& name, std::string& cursor) {
  auto snapshot = store_.GetSnapshot();
  absl::StatusOr<StoredOperation> stored = ReadOperation(*snapshot, name);
  if (absl::IsNotFound(stored.status())) return false;
  CAIRN_RETURN_IF_ERROR(stored.status());
  if (stored->value.done()) return false;
  const auto work = works_.find(TypeIn(stored->value));
  if (work == works_.end()) {
    snapshot.reset();
    const absl::Status unknown = UnknownKind(stored->value.metadata().type_url());
    CAIRN_RETURN_IF_ERROR(Finish(*std::move(stored), unknown));
    return false;
  }
  absl::StatusOr<Step> step = work->second->Next(*snapshot, stored->value.metadata(), cursor);
  snapshot.reset();
  if (!step.ok()) {
    if (IsPassing(step.status())) return step.status();
    CAIRN_RETURN_IF_ERROR(Finish(*std::move(stored), step.status()));
    return false;
  }
  Operation operation = stored->value;
  *operation.mutable_metadata() = Pack(*step->metadata);
  const bool last = step->response != nullptr;
  if (last) {
    MarkDone(operation, absl::OkStatus(), step->response.get(), clock_.NowUnixNanos());
  }
  const storage::Key key = storage::OperationKey(name.substr(name.rfind('/') + 1));
  step->write_set.RequireRevision(key, stored->mod_revision)
      .PutRecord(key, operation.SerializeAsString())
      .Emit(v1::Event::OPERATION_UPDATED, operation)
      .FreesSpace();  // most operations do
  const absl::Status committed = store_.CommitAndWait(std::move(step->write_set)).status();
  const bool again = IsPassing(committed) || HasReason(committed, ErrorReason::COMMIT_CONFLICT);
  if (!committed.ok() && !again) {
    CAIRN_RETURN_IF_ERROR(Finish(*std::move(stored), committed));
    return false;
  }
  CAIRN_RETURN_IF_ERROR(committed);
  cursor = std::move(step->cursor);
  return !last;
}

absl::Status OperationRunner::Finish(StoredOperation stored, const absl::Status& error) {
  Operation& operation = stored.value;
  MarkDone(operation, error, nullptr, clock_.NowUnixNanos());
  const storage::Key key =
      storage::OperationKey(operation.name().substr(operation.name().rfind('/') + 1));
  WriteSet write_set;
  write_set.RequireRevision(key, stored.mod_revision)
      .PutRecord(key, operation.SerializeAsString())
      .Emit(v1::Event::OPERATION_UPDATED, operation)
      .FreesSpace();
  return store_.CommitAndWait(std::move(write_set)).status();
}

}  // namespace cairn::operations

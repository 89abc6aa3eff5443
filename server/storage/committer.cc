#include "server/storage/committer.h"

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::storage {
namespace {

constexpr std::chrono::seconds kRecoveryInterval{1};
constexpr std::chrono::milliseconds kRoomInterval{20};  // between tries of what was postponed

absl::Status Unavailable(std::string_view why) {
  return Error(absl::StatusCode::kUnavailable, ErrorReason::STORE_UNAVAILABLE,
               fmt::format("the store does not take writes: {}", why))
      .With("cause", why)
      .RetryAfterSeconds(1);
}

absl::Status QueueFull(int64_t sets, int64_t bytes) {
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
               fmt::format("{} commits of {} bytes are waiting; try again", sets, bytes))
      .With("queuedCommits", std::to_string(sets))
      .With("queuedBytes", std::to_string(bytes))
      .RetryAfterSeconds(0.1);
}

bool IsPause(const absl::Status& status) {
  return status.code() == absl::StatusCode::kResourceExhausted;
}

}  // namespace

Committer::Committer(CommitBackend& backend, MergeFunction merge, Revision last_revision,
                     CommitterOptions options)
    : backend_(backend),
      merge_(std::move(merge)),
      options_(options),
      last_revision_(last_revision),
      cache_(static_cast<size_t>(options.cache_bytes)),
      thread_([this] { Work(); }) {}

Committer::~Committer() {
  {
    MutexLock lock(&mutex_);
    closing_ = true;
  }
  arrived_.Signal();
  thread_.join();
}

void Committer::Commit(WriteSet write_set, CommitCallback done) {
  Waiting item{std::move(write_set), std::move(done), 0};
  absl::Status refused = CheckWriteSet(item.set);
  item.bytes = WriteSetBytes(item.set);
  if (refused.ok()) refused = Enqueue(item);
  if (refused.ok()) {
    arrived_.Signal();
  } else {
    item.done(std::move(refused));
  }
}

absl::Status Committer::Enqueue(Waiting& item) {
  MutexLock lock(&mutex_);
  CAIRN_RETURN_IF_ERROR(Admit(item));
  queued_bytes_ += item.bytes;
  queue_.push_back(std::move(item));
  return absl::OkStatus();
}

absl::Status Committer::Admit(const Waiting& item) {
  if (closing_) return Unavailable("it is closing");
  const auto sets = static_cast<int64_t>(queue_.size() + postponed_.size());
  const bool fits = sets < options_.max_queued_sets &&
                    (sets == 0 || queued_bytes_ + item.bytes <= options_.max_queued_bytes);
  return fits ? absl::OkStatus() : QueueFull(sets, queued_bytes_);
}

int64_t Committer::AddListener(CommitListener listener) {
  MutexLock lock(&listener_mutex_);
  listeners_.emplace(++last_listener_, std::move(listener));
  return last_listener_;
}

void Committer::RemoveListener(int64_t number) {
  MutexLock lock(&listener_mutex_);
  listeners_.erase(number);
}

absl::Status Committer::Health() const {
  MutexLock lock(&mutex_);
  if (closing_) return Unavailable("it is closing");
  return health_;
}

absl::Status Committer::CurrentHealth() const {
  MutexLock lock(&mutex_);
  return health_;
}

void Committer::SetHealth(absl::Status health) {
  MutexLock lock(&mutex_);
  health_ = std::move(health);
}

void Committer::Work() {
  while (true) {
    std::vector<Waiting> group = NextGroup();
    if (group.empty()) return;
    CommitTogether(std::move(group));
  }
}

// Waits for work; an empty group means that the committer is closing.
std::vector<Committer::Waiting> Committer::NextGroup() {
  MutexLock lock(&mutex_);
  while (true) {
    const bool due = closing_ || SteadyClock::now() >= next_try_;
    if (due && !postponed_.empty()) return Take(postponed_);
    KeepBehindPostponed();
    if (!queue_.empty()) return Take(queue_);
    if (closing_ && postponed_.empty()) return {};
    if (!closing_) AwaitWork();
  }
}

// What frees space stays in its own order.
void Committer::KeepBehindPostponed() {
  while (!postponed_.empty() && !queue_.empty() && queue_.front().set.frees_space) {
    postponed_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
}

std::vector<Committer::Waiting> Committer::Take(std::deque<Waiting>& from) {
  std::vector<Waiting> group;
  int64_t bytes = 0;
  while (!from.empty() && static_cast<int64_t>(group.size()) < options_.max_group_sets) {
    Waiting& next = from.front();
    if (!group.empty() && (bytes + next.bytes > options_.max_group_bytes ||
                           next.set.frees_space != group.front().set.frees_space)) {
      break;
    }
    bytes += next.bytes;
    queued_bytes_ -= next.bytes;
    group.push_back(std::move(next));
    from.pop_front();
  }
  return group;
}

// Looks after a full disk while it waits.
void Committer::AwaitWork() {
  if (postponed_.empty() && !IsPause(health_)) return arrived_.Wait(&mutex_);
  arrived_.WaitFor(
      &mutex_, postponed_.empty() ? std::chrono::milliseconds(kRecoveryInterval) : kRoomInterval);
  const auto now = SteadyClock::now();
  if (closing_ || !queue_.empty() || !IsPause(health_) || now < next_recovery_) return;
  next_recovery_ = now + kRecoveryInterval;
  mutex_.Unlock();
  static_cast<void>(LeavePause(/*frees_space=*/false));  // Health tells
  mutex_.Lock();
}

bool Committer::Postpone(std::vector<Waiting>& waiting) {
  if (!waiting.front().set.frees_space) return false;
  const auto now = SteadyClock::now();
  if (now >= waiting.front().postponed_until.value_or(SteadyClock::time_point::max())) return false;
  int64_t bytes = 0;
  for (const Waiting& item : waiting) bytes += item.bytes;
  if (!backend_.ShouldPostpone(bytes)) return false;
  MutexLock lock(&mutex_);
  if (closing_) return false;
  for (size_t i = waiting.size(); i > 0; --i) {
    Waiting& item = waiting[i - 1];
    if (!item.postponed_until) item.postponed_until = now + options_.longest_postponement;
    postponed_.push_front(std::move(item));
  }
  queued_bytes_ += bytes;
  next_try_ = now + kRoomInterval;
  return true;
}

void Committer::CommitTogether(std::vector<Waiting> waiting) {
  if (Postpone(waiting)) return;
  std::vector<WriteSet> sets;
  sets.reserve(waiting.size());
  for (Waiting& item : waiting) sets.push_back(std::move(item.set));
  CommitGroup group(std::move(sets));

  absl::Status written = LeavePause(group.sets().front().frees_space);
  if (written.ok()) {
    group.Load(ReadLatest(group.keys_to_load()));
    group.Decide(last_revision_, options_.clock->NowUnixNanos(), merge_);
    written = WriteGroup(group.batch());
  }
  if (written.ok()) NotifyListeners(group);
  for (size_t i = 0; i < waiting.size(); ++i) {
    // A refusal rests on earlier sets of the group: it holds only if they do.
    waiting[i].done(written.ok() ? group.results()[i] : CommitResult(written));
  }
}

std::vector<absl::StatusOr<std::optional<Record>>> Committer::ReadLatest(
    const std::vector<const Key*>& keys) {
  std::vector<absl::StatusOr<std::optional<Record>>> records(keys.size());
  std::vector<const Key*> unknown;
  std::vector<size_t> places;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (const std::optional<Record>* known = cache_.Find(*keys[i])) {
      records[i] = *known;
    } else {
      unknown.push_back(keys[i]);
      places.push_back(i);
    }
  }
  if (unknown.empty()) return records;
  auto read = backend_.ReadLatest(unknown);
  for (size_t i = 0; i < unknown.size(); ++i) {
    if (read[i].ok()) cache_.Set(*unknown[i], *read[i]);
    records[places[i]] = std::move(read[i]);
  }
  return records;
}

absl::Status Committer::WriteGroup(const CommitBatch& batch) {
  if (batch.last_revision == last_revision_) return absl::OkStatus();  // all refused
  const CommitBackend::WriteResult result = backend_.Write(batch);
  if (result.status.ok()) {
    last_revision_ = batch.last_revision;
    for (const Change& change : batch.changes) cache_.Update(*change.key, *change.record);
    return absl::OkStatus();
  }
  cache_.Clear();  // the outcome may be unknown
  const absl::Status unknown = Unavailable(std::string(result.status.message()));
  SetHealth(result.may_recover ? result.status : unknown);
  return result.outcome_known ? result.status : unknown;
}

// OK when the committer runs, perhaps again, or may write what frees space: then the
// pause goes on for others.
absl::Status Committer::LeavePause(bool frees_space) {
  absl::Status health = CurrentHealth();
  if (health.ok()) {
    health = backend_.Health();
    if (IsPause(health)) SetHealth(health);
  }
  if (!IsPause(health)) return health;
  cache_.Clear();
  const auto recovery = backend_.Recover(last_revision_, frees_space);
  if (!recovery.ok()) return health;
  NotifyRecovered(*recovery);
  last_revision_ = recovery->last_revision;
  if (!frees_space) SetHealth(absl::OkStatus());
  return absl::OkStatus();
}

void Committer::NotifyListeners(const CommitGroup& group) {
  MutexLock lock(&listener_mutex_);
  for (size_t i = 0; i < group.sets().size(); ++i) {
    const CommitResult& result = group.results()[i];
    if (!result.ok()) continue;
    for (const auto& [number, listener] : listeners_) listener(*result, group.sets()[i].events);
  }
}

void Committer::NotifyRecovered(const CommitBackend::Recovery& recovery) {
  std::map<Revision, std::vector<Event>> by_revision;
  for (Revision r = last_revision_ + 1; r <= recovery.last_revision; ++r) by_revision[r];
  for (const StoredEvent& stored : recovery.events) {
    by_revision[stored.revision].push_back(stored.event);
  }
  MutexLock lock(&listener_mutex_);
  for (const auto& [revision, events] : by_revision) {
    for (const auto& [number, listener] : listeners_) listener(revision, events);
  }
}

}  // namespace cairn::storage

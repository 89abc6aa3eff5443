#include "server/events/event_feed.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "lib/base/status_macros.h"

namespace cairn::events {
namespace {

using storage::Revision;
using storage::StoredEvent;

// How many commits are taken out of the ring at a time.
constexpr size_t kCommitsAtOnce = 1024;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

bool Passes(const std::vector<std::shared_ptr<const ToldCommit>>& commits, Revision from,
            const EventFilter& filter) {
  return std::any_of(commits.begin(), commits.end(), [&](const auto& commit) {
    return commit->revision >= from &&
           std::any_of(commit->events.begin(), commit->events.end(),
                       [&](const EncodedEvent& event) {
                         return filter.Passes(event.resource, event.kind);
                       });
  });
}

}  // namespace

EventFeed::EventFeed(storage::KvStore& store, EventFeedOptions options)
    : store_(store), options_(options) {}

EventFeed::~EventFeed() {
  store_.RemoveCommitListener(listener_);
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    news_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void EventFeed::Start() {
  listener_ = store_.AddCommitListener(
      [this](Revision revision, const auto& events) { OnCommit(revision, events); });
  const Revision stored = store_.GetSnapshot()->revision();
  {
    MutexLock lock(&mutex_);
    newest_ = std::max(newest_, stored);
  }
  {
    MutexLock lock(&waits_mutex_);
    looked_at_ = stored;
  }
  thread_ = std::thread([this, stored] { Work(stored); });
}

void EventFeed::OnCommit(Revision revision, const std::vector<storage::Event>& events) {
  MutexLock lock(&mutex_);
  newest_ = revision;
  if (joined_ == 0) return;
  auto commit = std::make_shared<ToldCommit>();
  commit->revision = revision;
  commit->events.reserve(events.size());
  for (const storage::Event& event : events) commit->events.push_back(EncodeEvent(revision, event));
  ring_bytes_ += commit->bytes();
  ring_.push_back(std::move(commit));
  while (ring_bytes_ > options_.ring_bytes && ring_.size() > 1) {
    ring_bytes_ -= ring_.front()->bytes();
    ring_.pop_front();
  }
  news_.Signal();
}

void EventFeed::Join() {
  MutexLock lock(&mutex_);
  ++joined_;
}

void EventFeed::Leave() {
  MutexLock lock(&mutex_);
  if (--joined_ > 0) return;
  ring_.clear();
  ring_bytes_ = 0;
}

Revision EventFeed::newest() const {
  MutexLock lock(&mutex_);
  return newest_;
}

// Empty when the ring does not reach back to `from`, and when there is nothing newer.
EventFeed::Commits EventFeed::FromRing(Revision from, size_t most) const {
  MutexLock lock(&mutex_);
  if (ring_.empty() || from < ring_.front()->revision || from > newest_) return {};
  const auto begin = ring_.begin() + (from - ring_.front()->revision);
  const auto left = static_cast<size_t>(ring_.end() - begin);
  return {begin, begin + static_cast<std::ptrdiff_t>(std::min(left, most))};
}

absl::StatusOr<Revision> EventFeed::Read(Revision from, const Visit& visit) const {
  const Revision end = newest();
  while (from <= end) {
    const Commits commits = FromRing(from, kCommitsAtOnce);
    for (const auto& commit : commits) {
      if (!visit(*commit)) return commit->revision;
    }
    if (!commits.empty()) {
      from = commits.back()->revision + 1;
      continue;
    }
    bool stopped = false;
    CAIRN_ASSIGN_OR_RETURN(const Revision read, ReadLog(from, visit, stopped));
    if (stopped) return read;
    from = read + 1;
  }
  return std::max(end, from - 1);
}

// Reads the log up to the newest revision.
absl::StatusOr<Revision> EventFeed::ReadLog(Revision from, const Visit& visit,
                                            bool& stopped) const {
  const Revision end = newest();
  ToldCommit commit;
  const auto flush = [&] {
    stopped = commit.revision != 0 && !visit(commit);
    return !stopped;
  };
  const absl::Status read = store_.ScanEvents(from, [&](const StoredEvent& stored) {
    if (stored.revision > end) return false;
    if (stored.revision != commit.revision) {
      if (!flush()) return false;
      commit = {stored.revision, {}};
    }
    commit.events.push_back(EncodeEvent(stored.revision, stored.event));
    return true;
  });
  CAIRN_RETURN_IF_ERROR(read);
  if (!stopped) flush();
  return stopped ? commit.revision : end;
}

int64_t EventFeed::WhenTold(Revision from, const EventFilter& filter, int64_t deadline_nanos,
                            Ready ready) {
  int64_t number = 0;
  bool sooner = false;
  {
    MutexLock lock(&waits_mutex_);
    number = ++last_number_;
    if (!closed_ && looked_at_ < from) {
      waits_.emplace(number, Wait{from, &filter, deadline_nanos, std::move(ready)});
      ready = nullptr;
      sooner = deadline_nanos < awaited_nanos_;
      if (sooner) awaited_nanos_ = deadline_nanos;
    }
  }
  // Commits that were looked at before, perhaps for nobody.
  if (ready) ready(from - 1);
  if (sooner) Nudge();
  return number;
}

void EventFeed::Forget(int64_t wait) {
  if (wait == 0) return;
  MutexLock lock(&waits_mutex_);
  waits_.erase(wait);
  due_.erase(std::remove_if(due_.begin(), due_.end(),
                            [wait](const Due& due) { return due.number == wait; }),
             due_.end());
  while (calling_ == wait && std::this_thread::get_id() != thread_.get_id()) {
    called_.Wait(&waits_mutex_);
  }
}

void EventFeed::Close() {
  {
    MutexLock lock(&waits_mutex_);
    closed_ = true;
  }
  Nudge();
}

bool EventFeed::closed() const {
  MutexLock lock(&waits_mutex_);
  return closed_;
}

void EventFeed::Nudge() {
  MutexLock lock(&mutex_);
  nudged_ = true;
  news_.Signal();
}

void EventFeed::Work(Revision seen) {
  while (true) {
    const News news = AwaitNews(seen, NextDeadline());
    Look(news);
    CallDue();
    seen = news.newest;
    if (news.stopping) return;
  }
}

int64_t EventFeed::NextDeadline() {
  MutexLock lock(&waits_mutex_);
  awaited_nanos_ = kNever;
  for (const auto& [number, wait] : waits_) {
    awaited_nanos_ = std::min(awaited_nanos_, wait.deadline_nanos);
  }
  return awaited_nanos_;
}

EventFeed::News EventFeed::AwaitNews(Revision seen, int64_t deadline_nanos) {
  News news;
  {
    MutexLock lock(&mutex_);
    while (!stopping_ && !nudged_ && newest_ == seen) {
      const int64_t now = options_.forward->NowUnixNanos();
      if (now >= deadline_nanos) break;
      if (deadline_nanos == kNever) {
        news_.Wait(&mutex_);
      } else {
        news_.WaitFor(&mutex_, std::chrono::nanoseconds(deadline_nanos - now));
      }
    }
    nudged_ = false;
    news.stopping = stopping_;
    news.newest = newest_;
  }
  if (news.newest > seen) {
    news.commits = FromRing(seen + 1, static_cast<size_t>(news.newest - seen));
    news.whole = !news.commits.empty() && news.commits.back()->revision >= news.newest;
  }
  return news;
}

// Finds those for whom there is something.
void EventFeed::Look(const News& news) {
  const int64_t now = options_.forward->NowUnixNanos();
  MutexLock lock(&waits_mutex_);
  const bool all = closed_ || news.stopping || !news.whole;
  for (auto it = waits_.begin(); it != waits_.end();) {
    Wait& wait = it->second;
    const bool told = all || Passes(news.commits, wait.from, *wait.filter);
    if (!told && now < wait.deadline_nanos) {
      ++it;
      continue;
    }
    const Revision passed = told ? looked_at_ : news.newest;
    due_.push_back({it->first, std::move(wait.ready), std::max(passed, wait.from - 1)});
    it = waits_.erase(it);
  }
  looked_at_ = news.newest;
}

void EventFeed::CallDue() {
  while (true) {
    std::optional<Due> due;
    {
      MutexLock lock(&waits_mutex_);
      calling_ = 0;
      called_.SignalAll();
      if (due_.empty()) return;
      due = std::move(due_.front());
      due_.pop_front();
      calling_ = due->number;
    }
    due->ready(due->passed);
  }
}

}  // namespace cairn::events

#include "server/webhooks/deliverer.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/http/web_url.h"

namespace cairn::webhooks {
namespace {

constexpr size_t kEventsAtOnce = 64;
// A webhook that wants nothing of what happens keeps up with the log's beginning all the same.
constexpr storage::Revision kUnkeptRevisions = 4096;
constexpr int64_t kIdleNanos = 60 * kNanosPerSecond;
constexpr size_t kWaitingTests = 16;

bool MayBeTold(v1::Event::Kind kind) {
  switch (kind) {
    case v1::Event::MODEL_CREATED:
    case v1::Event::MODEL_VERSION_CREATED:
    case v1::Event::MODEL_VERSION_UPDATED:
    case v1::Event::ALIAS_SET:
    case v1::Event::ALIAS_DELETED:
      return true;
    default:
      return false;
  }
}

bool IsTaken(int status) { return status >= 200 && status < 300; }
bool IsRefused(int status) {
  return status >= 400 && status < 500 && status != 408 && status != 429;
}

}  // namespace

Deliverer::Deliverer(storage::KvStore& store, WebhookStore& webhooks, const Clock& clock,
                     Translate translate, DelivererOptions options)
    : store_(store),
      webhooks_(webhooks),
      clock_(clock),
      translate_(std::move(translate)),
      options_(std::move(options)),
      tests_(1, kWaitingTests) {
  options_.outgoing.stopping = [this] { return stopping(); };
}

Deliverer::~Deliverer() { Stop(); }

void Deliverer::Start() {
  webhooks_.OnChange([this] { OnChange(); });
  listener_ = store_.AddCommitListener(
      [this](storage::Revision, const std::vector<storage::Event>& events) { OnCommit(events); });
  thread_ = std::thread([this] { Work(); });
}

void Deliverer::Stop() {
  {
    const MutexLock lock(&mutex_);
    stopping_ = true;
    news_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
  store_.RemoveCommitListener(std::exchange(listener_, 0));
}

bool Deliverer::stopping() const {
  const MutexLock lock(&mutex_);
  return stopping_;
}

void Deliverer::OnCommit(const std::vector<storage::Event>& events) {
  const bool is_news = std::any_of(events.begin(), events.end(),
                                   [](const auto& event) { return MayBeTold(event.kind); });
  if (!is_news) return;
  const MutexLock lock(&mutex_);
  committed_ = true;
  news_.SignalAll();
}

void Deliverer::OnChange() {
  const MutexLock lock(&mutex_);
  changed_ = true;
  news_.SignalAll();
}

bool Deliverer::Test(Webhook webhook, Message message, std::function<void(TestResult)> done) {
  if (stopping()) return false;
  return tests_.TrySubmit(
      [this, webhook = std::move(webhook), message = std::move(message), done = std::move(done)] {
        TestResult result;
        const auto status = Post(webhook, SystemIds().NewUuid4(), message, clock_.NowUnixNanos());
        if (status.ok()) {
          result.status = *status;
        } else {
          result.failed = status.status();
        }
        done(std::move(result));
      });
}

void Deliverer::Work() {
  bool changed = false;
  while (!stopping()) {
    {
      const MutexLock lock(&mutex_);
      changed = std::exchange(changed_, false) || changed;
      committed_ = false;
    }
    if (changed) changed = !LoadLanes();
    for (auto& [id, lane] : lanes_) {
      if (lane.not_before_nanos > ForwardClock().NowUnixNanos()) continue;
      // One that has much to hear does not hold up the others for ever.
      if (!stopping() && Advance(lane)) OnCommitted();
    }
    AwaitNews();
  }
}

void Deliverer::OnCommitted() {
  const MutexLock lock(&mutex_);
  committed_ = true;
}

void Deliverer::AwaitNews() {
  const int64_t now = ForwardClock().NowUnixNanos();
  int64_t until = now + kIdleNanos;
  for (const auto& [id, lane] : lanes_) {
    if (lane.not_before_nanos > now) until = std::min(until, lane.not_before_nanos);
  }
  const MutexLock lock(&mutex_);
  while (!committed_ && !changed_ && !stopping_) {
    const int64_t left = until - ForwardClock().NowUnixNanos();
    if (left <= 0 || !news_.WaitFor(&mutex_, std::chrono::nanoseconds(left))) return;
  }
}

bool Deliverer::LoadLanes() {
  auto all = webhooks_.List();
  if (!all.ok()) {
    Warn("webhooks cannot be read; trying again", {}, std::string(all.status().message()));
    return false;
  }
  std::map<std::string, Lane> lanes;
  for (Webhook& webhook : *all) {
    if (webhook.record.disabled()) continue;
    const auto known = lanes_.find(webhook.id);
    const bool goes_on = known != lanes_.end() && known->second.webhook.record.after_revision() ==
                                                      webhook.record.after_revision();
    Lane lane;
    if (goes_on) lane.position = known->second.position;
    if (goes_on) lane.kept = known->second.kept;
    if (!goes_on) {
      const auto position = webhooks_.ReadPosition(webhook);
      if (!position.ok()) {
        Warn("the position of a webhook cannot be read", webhook,
             std::string(position.status().message()));
        continue;
      }
      lane.position = *position;
      lane.kept = position->revision;
    }
    std::string id = webhook.id;
    lane.webhook = std::move(webhook);
    lanes.emplace(std::move(id), std::move(lane));
  }
  lanes_ = std::move(lanes);
  return true;
}

absl::StatusOr<Deliverer::Events> Deliverer::NextEvents(const Position& from) const {
  Events next;
  const storage::Revision newest = store_.GetSnapshot()->revision();
  next.end = newest + 1;
  if (from.revision > newest) return next;
  CAIRN_RETURN_IF_ERROR(
      store_.ScanEvents(from.revision, [&next, newest](const storage::StoredEvent& event) {
        if (event.revision > newest) return false;
        const bool begins = next.events.empty() || next.events.back().revision != event.revision;
        if (begins && next.events.size() >= kEventsAtOnce) {
          next.end = event.revision;
          return false;
        }
        if (MayBeTold(event.event.kind)) next.events.push_back(event);
        return true;
      }));
  return next;
}

bool Deliverer::Advance(Lane& lane) {
  const auto next = NextEvents(lane.position);
  if (HasReason(next.status(), ErrorReason::EVENTS_COMPACTED)) {
    const storage::Revision oldest = std::stoll(MetadataOf(next.status(), "oldestRevision"));
    Warn("a webhook was not told of events that the log has no more", lane.webhook,
         fmt::format("revisions {} to {}", lane.position.revision, oldest - 1));
    lane.position = {oldest, 0};
    Keep(lane);
    return true;
  }
  if (!next.ok()) {
    Pause(lane, std::string(next.status().message()));
    return false;
  }
  int32_t messages = 0;
  for (size_t i = 0; i < next->events.size(); ++i) {
    const storage::StoredEvent& event = next->events[i];
    if (i == 0 || next->events[i - 1].revision != event.revision) messages = 0;
    if (event.revision > lane.position.revision) lane.position = {event.revision, 0};
    if (!Tell(lane, event, messages)) return false;
  }
  if (next->end > lane.position.revision) lane.position = {next->end, 0};
  if (lane.position.revision - lane.kept > kUnkeptRevisions) Keep(lane);
  return !next->events.empty();
}

bool Deliverer::Tell(Lane& lane, const storage::StoredEvent& event, int32_t& messages) {
  const auto told = translate_(*store_.GetSnapshot(), event);
  if (!told.ok()) {
    Warn("an event cannot be told and is passed over", lane.webhook,
         fmt::format("revision {}: {}", event.revision, std::string(told.status().message())));
    return true;
  }
  for (const Message& message : *told) {
    const int32_t number = messages++;
    if (number < lane.position.messages || !Wants(lane.webhook.record, message.topic)) continue;
    if (!Send(lane, message, event, number)) return false;
    lane.position = {event.revision, number + 1};
    lane.failures = 0;
    Keep(lane);
  }
  return true;
}

bool Deliverer::Send(Lane& lane, const Message& message, const storage::StoredEvent& event,
                     int32_t number) {
  if (stopping()) return false;
  const std::string id = fmt::format("{}-{}-{}", lane.webhook.id, event.revision, number);
  const auto status = Post(lane.webhook, id, message, event.event.commit_unix_nanos);
  if (absl::IsCancelled(status.status())) return false;
  if (!status.ok()) {
    Pause(lane, std::string(status.status().message()));
    return false;
  }
  if (IsTaken(*status)) return true;
  if (IsRefused(*status)) {
    Warn("a webhook refused a message, which is passed over", lane.webhook,
         fmt::format("it answered {} to {}", *status, id));
    return true;
  }
  Pause(lane, fmt::format("it answered {}", *status));
  return false;
}

void Deliverer::Pause(Lane& lane, const std::string& why) {
  constexpr int kQuickTries = 3;
  const int failures = ++lane.failures;
  int64_t pause = options_.first_pause_nanos * failures;
  if (failures >= kQuickTries) {
    const int doublings = std::min(failures - kQuickTries, 20);
    pause = std::min(options_.long_pause_nanos << doublings, options_.longest_pause_nanos);
    Warn("a webhook takes no messages; trying again", lane.webhook,
         fmt::format("{}; {} tries", why, failures));
  }
  lane.not_before_nanos = ForwardClock().NowUnixNanos() + pause;
}

void Deliverer::Keep(Lane& lane) {
  const absl::Status kept = webhooks_.WritePosition(lane.webhook.id, lane.position);
  if (kept.ok()) {
    lane.kept = lane.position.revision;
  } else if (!absl::IsAborted(kept)) {  // else it is gone
    Warn("the position of a webhook was not kept", lane.webhook, std::string(kept.message()));
  }
}

absl::StatusOr<int> Deliverer::Post(const Webhook& webhook, const std::string& id,
                                    const Message& message, int64_t unix_nanos) const {
  CAIRN_ASSIGN_OR_RETURN(const http::WebUrl url, http::ParseWebUrl("url", webhook.record.url()));
  const std::string body = BodyOf(message, unix_nanos);
  const int64_t now = clock_.NowUnixNanos() / kNanosPerSecond;
  return http::PostOnce(url, HeadersOf(webhook.record, id, now, body), body, options_.outgoing);
}

void Deliverer::Warn(const std::string& what, const Webhook& webhook,
                     const std::string& why) const {
  if (options_.on_warning != nullptr) options_.on_warning(what, webhook, why);
}

}  // namespace cairn::webhooks

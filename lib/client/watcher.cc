#include "lib/client/watcher.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cairn::client {
namespace {

v1::WatchRequest RequestOf(const WatchOptions& options) {
  v1::WatchRequest request;
  request.mutable_resources()->Assign(options.resources.begin(), options.resources.end());
  for (const v1::Event::Kind kind : options.kinds) request.add_kinds(kind);
  const int64_t millis = options.patience.heartbeat_millis;
  request.mutable_heartbeat()->set_seconds(millis / 1000);
  request.mutable_heartbeat()->set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
  return request;
}

}  // namespace

bool EndsForGood(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

int64_t WatchState::Begin() {
  half_.clear();
  return start_;
}

std::optional<WatchBatch> WatchState::Take(v1::WatchResponse message) {
  if (message.oldest_revision() > 0) {
    // What comes next is asked for with the next stream, and only then the caller may read: what
    // changes while it reads is told by that stream.
    lost_before_ = message.oldest_revision();
    start_ = 0;
    half_.clear();
    return std::nullopt;
  }
  std::vector<v1::Event> events = std::move(half_);
  half_.clear();
  for (v1::Event& event : *message.mutable_events()) {
    if (event.revision() >= start_) events.push_back(std::move(event));
  }
  int64_t told = message.revision();
  if (message.fragment() && !events.empty()) {
    // All but the last revision are whole.
    const int64_t open = events.back().revision();
    const auto rest = std::find_if(events.begin(), events.end(),
                                   [open](const v1::Event& e) { return e.revision() == open; });
    half_.assign(std::make_move_iterator(rest), std::make_move_iterator(events.end()));
    events.erase(rest, events.end());
    told = open - 1;
    if (events.empty()) return std::nullopt;
  } else if (message.fragment()) {
    return std::nullopt;
  }
  if (told + 1 < start_) return std::nullopt;
  start_ = told + 1;
  return WatchBatch{told, std::move(events), std::exchange(lost_before_, std::nullopt)};
}

Watcher::Watcher(WatchSource& source, const WatchOptions& options)
    : source_(source),
      state_(options.start_revision),
      stream_(source, options.patience, [this, &source, request = RequestOf(options)]() mutable {
        request.set_start_revision(state_.Begin());
        return source.Watch(request);
      }) {}

absl::StatusOr<std::optional<WatchBatch>> Watcher::Next(std::chrono::milliseconds at_most) {
  using std::chrono::milliseconds;
  const int64_t end = source_.NowMillis() + at_most.count();
  milliseconds left = at_most;
  while (ended_.ok()) {
    auto message = stream_.Next(left);
    if (!message.ok()) {
      ended_ = std::move(message).status();
      break;
    }
    if (!message->has_value()) return std::optional<WatchBatch>();
    if (auto batch = state_.Take(**std::move(message))) return batch;
    left = milliseconds(std::max<int64_t>(end - source_.NowMillis(), 0));
  }
  return ended_;
}

absl::Status Watcher::Run(const std::function<bool(const WatchBatch&)>& on_batch) {
  while (true) {
    absl::StatusOr<std::optional<WatchBatch>> batch = Next(std::chrono::hours(1));
    if (!batch.ok()) return std::move(batch).status();
    if (batch->has_value() && !on_batch(**batch)) return absl::OkStatus();
  }
}

}  // namespace cairn::client

#include "server/service/watch_source.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/wire_fields.h"
#include "server/auth/patterns.h"

namespace cairn::service {
namespace {

using events::EncodedEvent;
using events::EventFeed;
using events::EventFilter;
using events::ToldCommit;
using storage::Revision;

constexpr int64_t kNanosPerMilli = 1'000'000;
constexpr int64_t kDefaultHeartbeatNanos = 60 * kNanosPerSecond;
constexpr int64_t kShortestHeartbeatNanos = 100 * kNanosPerMilli;
constexpr int64_t kLongestHeartbeatNanos = 3600 * kNanosPerSecond;
constexpr int kMaxResources = 100;
// A response is closed when it has so much: a stalled watcher holds no more than one of them.
constexpr size_t kResponseBytes = size_t{32} << 10;
// After so many events that do not pass, a response says how far the stream is.
constexpr int64_t kLookedAtOnce = 65'536;

// A watch, one response after the other.
class WatchSource final : public PartSource {
 public:
  WatchSource(EventFeed& feed, EventFilter filter, WatchRights rights, int64_t heartbeat_nanos,
              const Clock& forward)
      : place_(feed, std::move(filter), std::move(rights), heartbeat_nanos, forward) {}

  void BeginAt(Revision revision) { place_.GoTo(revision); }

  absl::StatusOr<Part> Next(const std::function<int64_t()>& /*room*/, std::string& part) override {
    if (over_) return Part::kEnd;
    CAIRN_RETURN_IF_ERROR(place_.Check());
    if (std::exchange(begins_, false)) return Say(place_.next() - 1, false, part);
    Filling filling;
    const auto read = place_.feed().Read(
        place_.next(), [&](const ToldCommit& commit) { return Take(commit, filling, part); });
    if (absl::IsOutOfRange(read.status()) && part.empty()) return SayGone(read.status(), part);
    if (!read.ok() && part.empty()) return read.status();
    if (read.ok() && !filling.full) place_.GoTo(*read + 1);
    if (part.empty() && filling.looked_at < kLookedAtOnce && !place_.silent_for_long()) {
      return Part::kLater;
    }
    return Say(place_.next() - (filling.fragment ? 0 : 1), filling.fragment, part);
  }

  void WhenReady(std::function<void()> ready) override { place_.WhenReady(std::move(ready)); }

 private:
  // How far a response is.
  struct Filling {
    int64_t looked_at = 0;  // events
    bool full = false;
    bool fragment = false;  // it ends within a revision
  };

  // Adds what passes; false when the response is complete, and then the place is where the next one
  // goes on.
  bool Take(const ToldCommit& commit, Filling& filling, std::string& part) {
    bool any = skip_ > 0;
    for (size_t i = skip_; i < commit.events.size(); ++i) {
      const EncodedEvent& event = commit.events[i];
      ++filling.looked_at;
      if (!place_.filter().Passes(event.resource, event.kind)) continue;
      if (!part.empty() && part.size() + event.bytes.size() > kResponseBytes) {
        // Responses break between revisions where they can.
        filling.full = true;
        filling.fragment = any;
        skip_ = any ? i : 0;
        place_.GoTo(commit.revision);
        return false;
      }
      AppendField(v1::WatchResponse::kEventsFieldNumber, event.bytes, part);
      any = true;
    }
    skip_ = 0;
    place_.GoTo(commit.revision + 1);
    filling.full = filling.looked_at >= kLookedAtOnce;
    return !filling.full;
  }

  absl::StatusOr<Part> Say(Revision revision, bool fragment, std::string& part) {
    v1::WatchResponse rest;
    rest.set_revision(revision);
    rest.set_fragment(fragment);
    part += rest.SerializeAsString();
    place_.Spoke();
    return Part::kFilled;
  }

  absl::StatusOr<Part> SayGone(const absl::Status& gone, std::string& part) {
    v1::WatchResponse last;
    last.set_revision(place_.next() - 1);
    last.set_oldest_revision(std::stoll(MetadataOf(gone, "oldestRevision")));
    part = last.SerializeAsString();
    over_ = true;
    return Part::kFilled;
  }

  FeedPlace place_;
  size_t skip_ = 0;  // events of the next revision that were told already
  bool begins_ = true;
  bool over_ = false;
};

EventFilter With(EventFilter filter, std::function<bool(std::string_view)> may_read) {
  filter.may_read = std::move(may_read);
  return filter;
}

absl::StatusOr<EventFilter> FilterOf(const v1::WatchRequest& request) {
  EventFilter filter;
  if (request.resources_size() > kMaxResources) {
    return InvalidField(ErrorReason::TOO_LARGE, "resources",
                        std::to_string(request.resources_size()),
                        fmt::format("must be at most {}", kMaxResources))
        .ToStatus();
  }
  for (const std::string& resource : request.resources()) {
    auto root = CanonicalRoot(resource);
    if (!root.has_value()) {
      return InvalidField(ErrorReason::NAME_INVALID, "resources", resource,
                          "must be a resource name or a collection, like models/m or models")
          .ToStatus();
    }
    filter.resources.push_back(*std::move(root));
  }
  for (const int kind : request.kinds()) {
    if (!v1::Event::Kind_IsValid(kind) || kind == v1::Event::KIND_UNSPECIFIED) {
      return InvalidField(ErrorReason::VALUE_INVALID, "kinds", std::to_string(kind),
                          "must be kinds of cairn.v1.Event that this server knows")
          .ToStatus();
    }
    filter.kinds.insert(static_cast<v1::Event::Kind>(kind));
  }
  return filter;
}

absl::StatusOr<Revision> StartOf(const v1::WatchRequest& request, Revision newest) {
  const Revision start = request.start_revision();
  if (start == 0) return newest + 1;
  if (start >= 1 && start <= newest + 1) return start;
  return InvalidField(ErrorReason::VALUE_INVALID, "start_revision", std::to_string(start),
                      fmt::format("must be 0 or a revision up to {}, the next one", newest + 1))
      .ToStatus();
}

}  // namespace

std::optional<std::string> CanonicalRoot(std::string_view name) {
  const auto parts = std::count(name.begin(), name.end(), '/') + 1;
  if (parts % 2 == 0) return auth::CanonicalName(name);
  // A collection is as any resource of it, less its id.
  const auto member = auth::CanonicalName(std::string(name) + "/x");
  if (!member.has_value()) return std::nullopt;
  return member->substr(0, member->size() - 2);
}

FeedPlace::FeedPlace(EventFeed& feed, EventFilter filter, WatchRights rights,
                     int64_t heartbeat_nanos, const Clock& forward)
    : feed_(feed),
      filter_(With(std::move(filter), std::move(rights.may_read))),
      still_known_(std::move(rights.still_known)),
      heartbeat_nanos_(heartbeat_nanos),
      forward_(forward),
      spoke_nanos_(forward.NowUnixNanos()) {
  feed_.Join();
}

FeedPlace::~FeedPlace() {
  int64_t wait = 0;
  {
    MutexLock lock(&mutex_);
    wait = wait_;
  }
  feed_.Forget(wait);
  feed_.Leave();
}

absl::Status FeedPlace::Check() const {
  if (!feed_.closed()) return still_known_ ? still_known_() : absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, ErrorReason::SHUTTING_DOWN,
               "the server stops; watch again from the revision that was told last")
      .RetryAfterSeconds(0.5);
}

void FeedPlace::WhenReady(std::function<void()> ready) {
  MutexLock lock(&mutex_);
  wait_ = feed_.WhenTold(next(), filter_, spoke_nanos_ + heartbeat_nanos_,
                         [this, ready = std::move(ready)](Revision passed) {
                           passed_ = passed;
                           ready();
                         });
}

absl::StatusOr<int64_t> HeartbeatNanos(bool is_set, const google::protobuf::Duration& heartbeat) {
  if (!is_set) return kDefaultHeartbeatNanos;
  const int64_t seconds = std::clamp<int64_t>(heartbeat.seconds(), -1, 4000);
  const int64_t nanos = seconds * kNanosPerSecond + heartbeat.nanos();
  if (nanos >= kShortestHeartbeatNanos && nanos <= kLongestHeartbeatNanos) return nanos;
  return InvalidField(ErrorReason::VALUE_INVALID, "heartbeat",
                      fmt::format("{} s", heartbeat.seconds()), "must be from 0.1 s to 3600 s")
      .ToStatus();
}

absl::StatusOr<std::unique_ptr<PartSource>> OpenWatch(EventFeed& feed,
                                                      const v1::WatchRequest& request,
                                                      WatchRights rights, const Clock& forward) {
  CAIRN_ASSIGN_OR_RETURN(EventFilter filter, FilterOf(request));
  CAIRN_ASSIGN_OR_RETURN(const int64_t heartbeat,
                         HeartbeatNanos(request.has_heartbeat(), request.heartbeat()));
  // It joins before it looks where the feed is, so that nothing falls between.
  auto source =
      std::make_unique<WatchSource>(feed, std::move(filter), std::move(rights), heartbeat, forward);
  CAIRN_ASSIGN_OR_RETURN(const Revision start, StartOf(request, feed.newest()));
  source->BeginAt(start);
  return source;
}

}  // namespace cairn::service

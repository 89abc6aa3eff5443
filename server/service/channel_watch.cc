#include "server/service/channel_watch.h"

#include <string>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/models.h"

namespace cairn::service {
namespace {

using events::EncodedEvent;
using events::EventFeed;
using events::EventFilter;
using events::ToldCommit;
using storage::Revision;

// So many channels, with names as long as they may be, stay below the size of a part.
constexpr int32_t kChannelsPerPart = 32;

class ChannelWatch final : public PartSource {
 public:
  ChannelWatch(const storage::KvStore& store, EventFeed& feed, std::string parent,
               EventFilter filter, WatchRights rights, int64_t heartbeat_nanos,
               const Clock& forward)
      : store_(store),
        place_(feed, std::move(filter), std::move(rights), heartbeat_nanos, forward) {
    BeginList();
    list_.set_parent(std::move(parent));
  }

  absl::StatusOr<Part> Next(const std::function<int64_t()>& /*room*/, std::string& part) override {
    CAIRN_RETURN_IF_ERROR(place_.Check());
    v1::WatchChannelsResponse response;
    CAIRN_RETURN_IF_ERROR(listing_ ? AddPage(response) : AddMoves(response));
    const bool says = response.channels_size() > 0 || response.synced() || listing_;
    if (!says && !place_.silent_for_long()) return Part::kLater;
    response.set_revision(listing_ ? listed_from_ : place_.next() - 1);
    part = response.SerializeAsString();
    place_.Spoke();
    return Part::kFilled;
  }

  void WhenReady(std::function<void()> ready) override { place_.WhenReady(std::move(ready)); }

 private:
  // The pages may be of later revisions: what moves meanwhile is told once more.
  void BeginList() {
    listing_ = true;
    list_.clear_page_token();
    list_.set_page_size(kChannelsPerPart);
    listed_from_ = place_.feed().newest();
  }

  absl::Status AddPage(v1::WatchChannelsResponse& response) {
    CAIRN_ASSIGN_OR_RETURN(auto page, registry::ListChannels(*store_.GetSnapshot(), list_));
    for (v1::Channel& channel : *page.mutable_channels()) {
      if (place_.filter().Passes(channel.name(), v1::Event::CHANNEL_MOVED)) {
        *response.add_channels() = std::move(channel);
      }
    }
    list_.set_page_token(page.next_page_token());
    if (!list_.page_token().empty()) return absl::OkStatus();
    listing_ = false;
    response.set_synced(true);
    place_.GoTo(listed_from_ + 1);
    return absl::OkStatus();
  }

  absl::Status AddMoves(v1::WatchChannelsResponse& response) {
    const auto read = place_.feed().Read(place_.next(), [&](const ToldCommit& commit) {
      for (const EncodedEvent& event : commit.events) Add(event, response);
      place_.GoTo(commit.revision + 1);
      return response.channels_size() < kChannelsPerPart;
    });
    if (absl::IsOutOfRange(read.status())) {
      BeginList();
      return AddPage(response);
    }
    CAIRN_RETURN_IF_ERROR(read.status());
    place_.GoTo(*read + 1);
    return absl::OkStatus();
  }

  void Add(const EncodedEvent& event, v1::WatchChannelsResponse& response) const {
    if (!place_.filter().Passes(event.resource, event.kind)) return;
    v1::Event parsed;
    if (parsed.ParseFromString(event.bytes) && parsed.has_channel()) {
      *response.add_channels() = std::move(*parsed.mutable_channel());
    }
  }

  const storage::KvStore& store_;
  FeedPlace place_;
  bool listing_ = true;
  v1::ListChannelsRequest list_;  // the next page
  Revision listed_from_ = 0;
};

// The models whose channels are listed.
absl::StatusOr<std::string> ParentOf(const std::string& resource) {
  if (resource.empty()) return ModelName("-");
  if (const auto channel = ParseChannelName("resource", resource); channel.ok()) {
    return ModelName(channel->model);
  }
  CAIRN_RETURN_IF_ERROR(ParseResourceName("resource", resource, "models/*").status());
  return resource;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PartSource>> OpenChannelWatch(
    const storage::KvStore& store, EventFeed& feed, const v1::WatchChannelsRequest& request,
    WatchRights rights, const Clock& forward) {
  CAIRN_ASSIGN_OR_RETURN(std::string parent, ParentOf(request.resource()));
  CAIRN_ASSIGN_OR_RETURN(const int64_t heartbeat,
                         HeartbeatNanos(request.has_heartbeat(), request.heartbeat()));
  EventFilter filter;
  filter.kinds = {v1::Event::CHANNEL_MOVED};
  // Checked by ParentOf, so it has one.
  if (auto root = CanonicalRoot(request.resource())) filter.resources = {*std::move(root)};
  return std::make_unique<ChannelWatch>(store, feed, std::move(parent), std::move(filter),
                                        std::move(rights), heartbeat, forward);
}

}  // namespace cairn::service

#ifndef CAIRN_SERVER_SERVICE_CHANNEL_WATCH_H_
#define CAIRN_SERVER_SERVICE_CHANNEL_WATCH_H_

#include <memory>

#include "absl/status/statusor.h"
#include "cairn/v1/watch.pb.h"
#include "lib/base/clock.h"
#include "server/events/event_feed.h"
#include "server/service/method.h"
#include "server/service/watch_source.h"
#include "server/storage/kv_store.h"

namespace cairn::service {

// The channels that a WatchChannelsRequest asks for as they are, a page with each part, and then
// each as it moves. When events are gone before it came to them it tells all channels once more:
// so what was told last is what is served, also to who was away for long.
//
// Holds one page of channels at a time and, while it waits, a revision; no thread (decision 23).
// The heartbeats go by `forward`, which never jumps.
//
// Errors are those that WatchService.WatchChannels documents. What is passed outlives the source,
// and what `rights` refer to as well.
absl::StatusOr<std::unique_ptr<PartSource>> OpenChannelWatch(
    const storage::KvStore& store, events::EventFeed& feed, const v1::WatchChannelsRequest& request,
    WatchRights rights, const Clock& forward = ForwardClock());

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_CHANNEL_WATCH_H_

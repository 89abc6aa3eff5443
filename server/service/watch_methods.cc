#include <functional>
#include <string_view>

#include "cairn/v1/watch.pb.h"
#include "lib/base/clock.h"
#include "server/auth/access_control.h"
#include "server/service/channel_watch.h"
#include "server/service/methods.h"
#include "server/service/watch_source.h"

namespace cairn::service {
namespace {

// What the caller may hear of, asked again for each event: a stream outlives bindings and tokens.
WatchRights RightsOf(const auth::AccessControl* access, const Caller& caller) {
  if (access == nullptr || caller.identity == nullptr) return {};
  WatchRights rights;
  rights.may_read = [access, identity = caller.identity](std::string_view resource) {
    return access->Sees(*identity, resource);
  };
  rights.still_known = [access, identity = caller.identity] {
    return access->StillValid(*identity, SystemClock().NowUnixNanos());
  };
  return rights;
}

}  // namespace

void AddWatchMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::WatchRequest::descriptor()->file()->FindServiceByName("WatchService"));
  table.StreamsFiltered<v1::WatchRequest>(
      "Watch", [access = backends.access, &feed = backends.event_feed](
                   const Caller& caller, const v1::WatchRequest& request) {
        return OpenWatch(feed, request, RightsOf(access, caller));
      });
  table.StreamsFiltered<v1::WatchChannelsRequest>(
      "WatchChannels",
      [access = backends.access, &store = backends.store, &feed = backends.event_feed](
          const Caller& caller, const v1::WatchChannelsRequest& request) {
        return OpenChannelWatch(store, feed, request, RightsOf(access, caller));
      });
}

}  // namespace cairn::service

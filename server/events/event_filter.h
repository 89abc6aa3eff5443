#ifndef CAIRN_SERVER_EVENTS_EVENT_FILTER_H_
#define CAIRN_SERVER_EVENTS_EVENT_FILTER_H_

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cairn/v1/events.pb.h"

namespace cairn::events {

// Which events somebody wants to hear of and may hear of. Value type; thread-safe while it is not
// changed.
struct EventFilter {
  // Names of resources and collections: each stands for itself and what lies below it. None: all.
  std::vector<std::string> resources;
  // None: all.
  std::set<v1::Event::Kind> kinds;
  // Whether the watcher may read the resource; null: everything. Quick; called from any thread.
  std::function<bool(std::string_view resource)> may_read;

  // All three must let it pass. O(resources): a filter has a handful.
  bool Passes(std::string_view resource, v1::Event::Kind kind) const;
};

// Whether `resource` is `root` or lies below it: `models/m/versions/3` below
// `models/m`, and `models/m2` not. Names are split at '/'.
bool IsAtOrBelow(std::string_view resource, std::string_view root);

}  // namespace cairn::events

#endif  // CAIRN_SERVER_EVENTS_EVENT_FILTER_H_

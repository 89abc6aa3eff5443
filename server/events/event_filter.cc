#include "server/events/event_filter.h"

#include <algorithm>

namespace cairn::events {

bool IsAtOrBelow(std::string_view resource, std::string_view root) {
  return resource.substr(0, root.size()) == root &&
         (resource.size() == root.size() || resource[root.size()] == '/');
}

bool EventFilter::Passes(std::string_view resource, v1::Event::Kind kind) const {
  if (!kinds.empty() && kinds.count(kind) == 0) return false;
  const bool wanted = resources.empty() ||
                      std::any_of(resources.begin(), resources.end(), [&](const std::string& root) {
                        return IsAtOrBelow(resource, root);
                      });
  return wanted && (!may_read || may_read(resource));
}

}  // namespace cairn::events

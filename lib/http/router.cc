#include "lib/http/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "lib/base/status_macros.h"

namespace cairn::http {
namespace {

bool IsMethod(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool IsName(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

absl::Status Bad(const Route& route, std::string_view why) {
  return absl::InvalidArgumentError(
      fmt::format("route {} {}: {}", route.method, route.pattern, why));
}

}  // namespace

absl::StatusOr<Router::Segment> Router::ParseSegment(std::string_view text, bool last) {
  constexpr std::string_view kRestMark = "=**";
  if (text.empty()) return absl::InvalidArgumentError("the pattern has an empty segment");
  if (text.front() != '{') {
    if (text.find_first_of("{}%?#") != std::string_view::npos) {
      return absl::InvalidArgumentError("a text segment holds a reserved character");
    }
    return Segment{Kind::kText, std::string(text)};
  }
  if (text.back() != '}') return absl::InvalidArgumentError("a parameter is not closed");
  std::string_view name = text.substr(1, text.size() - 2);
  Kind kind = Kind::kParam;
  if (name.ends_with(kRestMark)) {
    if (!last) return absl::InvalidArgumentError("only the last segment may be {name=**}");
    kind = Kind::kRest;
    name.remove_suffix(kRestMark.size());
  }
  if (!IsName(name)) return absl::InvalidArgumentError("a parameter has no valid name");
  return Segment{kind, std::string(name)};
}

absl::StatusOr<std::vector<Router::Segment>> Router::ParsePattern(std::string_view pattern) {
  if (pattern.empty() || pattern.front() != '/') {
    return absl::InvalidArgumentError("the pattern must begin with a slash");
  }
  std::vector<Segment> segments;
  std::set<std::string> names;
  std::string_view rest = pattern.substr(1);
  for (bool last = pattern == "/"; !last;) {
    const std::size_t end = rest.find('/');
    last = end == std::string_view::npos;
    CAIRN_ASSIGN_OR_RETURN(Segment segment, ParseSegment(rest.substr(0, end), last));
    if (segment.kind != Kind::kText && !names.insert(segment.text).second) {
      return absl::InvalidArgumentError("a parameter is named twice");
    }
    segments.push_back(std::move(segment));
    if (!last) rest.remove_prefix(end + 1);
  }
  return segments;
}

absl::StatusOr<Router::Entry> Router::ParseRoute(Route route) {
  if (!IsMethod(route.method)) return Bad(route, "the method must be upper case letters");
  if (route.permission.empty()) return Bad(route, "a permission is required");
  const int handlers = (route.handler ? 1 : 0) + (route.async ? 1 : 0) + (route.stream ? 1 : 0);
  if (handlers != 1) return Bad(route, "exactly one handler is required");
  if (!route.handler && route.slow) return Bad(route, "a handler that answers later is not slow");
  auto segments = ParsePattern(route.pattern);
  if (!segments.ok()) {
    const auto why = segments.status().message();
    return Bad(route, std::string_view(why.data(), why.size()));
  }
  return Entry{std::move(route), *std::move(segments)};
}

// Orders by method-free specificity: text before parameter before rest at the
// first difference, then longer before shorter. Zero: the same requests.
int Router::Compare(const Entry& a, const Entry& b) {
  const std::size_t common = std::min(a.segments.size(), b.segments.size());
  for (std::size_t i = 0; i < common; ++i) {
    const Segment& x = a.segments[i];
    const Segment& y = b.segments[i];
    if (x.kind != y.kind) return x.kind < y.kind ? -1 : 1;
    if (x.kind != Kind::kText) continue;
    if (const int order = x.text.compare(y.text); order != 0) return order;
  }
  if (a.segments.size() == b.segments.size()) return 0;
  return a.segments.size() > b.segments.size() ? -1 : 1;
}

absl::StatusOr<Router> Router::Create(std::vector<Route> routes) {
  Router router;
  for (Route& route : routes) {
    CAIRN_ASSIGN_OR_RETURN(Entry entry, ParseRoute(std::move(route)));
    for (const Entry& other : router.entries_) {
      if (other.route.method == entry.route.method && Compare(other, entry) == 0) {
        return Bad(entry.route,
                   fmt::format("matches the same requests as {}", other.route.pattern));
      }
    }
    router.entries_.push_back(std::move(entry));
  }
  std::stable_sort(router.entries_.begin(), router.entries_.end(),
                   [](const Entry& a, const Entry& b) { return Compare(a, b) < 0; });
  return router;
}

bool Router::Matches(const Entry& entry, const std::vector<std::string>& segments) {
  const bool rest = !entry.segments.empty() && entry.segments.back().kind == Kind::kRest;
  if (rest ? segments.size() < entry.segments.size() : segments.size() != entry.segments.size()) {
    return false;
  }
  // From the end, where paths differ most.
  for (std::size_t i = entry.segments.size(); i-- > 0;) {
    const Segment& pattern = entry.segments[i];
    if (pattern.kind == Kind::kText ? pattern.text != segments[i] : segments[i].empty()) {
      return false;
    }
  }
  // Every part of the rest must be a name, like any other segment.
  return std::none_of(segments.begin(), segments.end(),
                      [](const std::string& segment) { return segment.empty(); });
}

NameValues Router::Params(const Entry& entry, const std::vector<std::string>& segments) {
  NameValues params;
  for (std::size_t i = 0; i < entry.segments.size(); ++i) {
    const Segment& pattern = entry.segments[i];
    if (pattern.kind == Kind::kText) continue;
    std::string value = segments[i];
    for (std::size_t j = i + 1; pattern.kind == Kind::kRest && j < segments.size(); ++j) {
      value += '/';
      value += segments[j];
    }
    params.push_back({pattern.text, std::move(value)});
  }
  return params;
}

Router::Match Router::Find(std::string_view method,
                           const std::vector<std::string>& segments) const {
  Match match;
  const Entry* get = nullptr;
  const Entry* exact = nullptr;
  std::set<std::string> allowed;
  for (const Entry& entry : entries_) {
    if (!Matches(entry, segments)) continue;
    if (exact == nullptr && entry.route.method == method) exact = &entry;
    if (get == nullptr && entry.route.method == "GET") get = &entry;
    allowed.insert(entry.route.method);
  }
  if (exact == nullptr && method == "HEAD") exact = get;
  if (exact != nullptr) {
    match.route = &exact->route;
    match.params = Params(*exact, segments);
    return match;
  }
  if (get != nullptr) allowed.insert("HEAD");
  match.allowed.assign(allowed.begin(), allowed.end());
  return match;
}

std::vector<const Route*> Router::routes() const {
  std::vector<const Route*> routes;
  for (const Entry& entry : entries_) routes.push_back(&entry.route);
  return routes;
}

}  // namespace cairn::http

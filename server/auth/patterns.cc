#include "server/auth/patterns.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"

namespace cairn::auth {
namespace {

constexpr size_t kMaxPatternNameBytes = 4096;
constexpr std::string_view kAnyId = "-";
constexpr std::array<std::string_view, 5> kKinds = {"experiments", "datasets", "models", "policies",
                                                    "operations"};
// What else than a whole kind may be bound; experiments, which have numbers, stand apart.
constexpr std::array<std::string_view, 4> kForms = {"datasets/*", "models/*", "policies/*",
                                                    "models/*/channels/*"};

// What else has a name; runs stand apart.
constexpr std::array<std::string_view, 8> kUnbound = {
    "datasets/*/versions/*", "models/*/versions/*",
    "models/*/aliases/*",    "models/*/channels/*/decisions/*",
    "operations/*",          "tokens/*",
    "roleBindings/*",        "experiments/*/views/*"};

bool IsCollection(std::string_view part) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  return !part.empty() && is_lower(part[0]) && std::all_of(part.begin(), part.end(), [&](char c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

// Of ids of such characters alone, which most are, the spelling is plain to see.
bool IsPlain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

// Appends the one spelling of an id; false if it can be none.
bool AppendId(std::string_view part, std::string& to) {
  if (!part.empty() && std::all_of(part.begin(), part.end(), IsPlain)) {
    to += part;
    return true;
  }
  const auto id = PercentDecode(part);
  if (!id.has_value() || id->empty() || *id == "." || *id == ".." || !IsValidUtf8(*id) ||
      HasControlCharacter(*id)) {
    return false;
  }
  to += PercentEncode(*id);
  return true;
}

// `name` has one of `forms`, and names one thing in each of its parts.
template <size_t kSize>
bool IsOneOf(const std::array<std::string_view, kSize>& forms, std::string_view name) {
  return std::any_of(forms.begin(), forms.end(), [&](std::string_view form) {
    const auto ids = ParseResourceName("", name, form);
    return ids.ok() && std::find(ids->begin(), ids->end(), kAnyId) == ids->end();
  });
}

// Of an experiment, or `experiments/-/runs/{id}`.
bool IsRun(std::string_view name) {
  constexpr std::string_view kOfAny = "experiments/-/";
  const std::string of_one = name.starts_with(kOfAny)
                                 ? fmt::format("experiments/0/{}", name.substr(kOfAny.size()))
                                 : std::string(name);
  return ParseRunName("", of_one).ok();
}

bool IsPattern(const std::string& name) {
  if (name == kEverything) return true;
  const size_t slash = name.find('/');
  if (name.substr(slash + 1) == kAnyId) {
    return std::find(kKinds.begin(), kKinds.end(), name.substr(0, slash)) != kKinds.end();
  }
  if (ParseExperimentName("", name).ok()) return true;
  return IsOneOf(kForms, name);
}

}  // namespace

std::optional<std::string> CanonicalName(std::string_view name) {
  if (name == kEverything) return std::string(name);
  if (name.size() > kMaxPatternNameBytes) return std::nullopt;
  std::string canonical;
  canonical.reserve(name.size());
  while (true) {
    const size_t slash = name.find('/');
    if (slash == std::string_view::npos || !IsCollection(name.substr(0, slash))) {
      return std::nullopt;
    }
    canonical.append(name.substr(0, slash + 1));
    name.remove_prefix(slash + 1);
    const size_t end = name.find('/');
    if (!AppendId(name.substr(0, end), canonical)) return std::nullopt;
    if (end == std::string_view::npos) return canonical;
    canonical.push_back('/');
    name.remove_prefix(end + 1);
  }
}

absl::StatusOr<std::string> CanonicalPattern(std::string_view field, std::string_view pattern) {
  if (pattern.empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, field, pattern,
                        "is required: * for the whole server")
        .ToStatus();
  }
  auto name = CanonicalName(pattern);
  if (!name.has_value() || !IsPattern(*name)) {
    return InvalidField(ErrorReason::NAME_INVALID, field, pattern,
                        "must be *, experiments/-, datasets/-, models/-, policies/-, "
                        "operations/-, or the name of an experiment, data set, model, channel "
                        "or policy")
        .ToStatus();
  }
  return *std::move(name);
}

absl::StatusOr<std::string> CanonicalResource(std::string_view field, std::string_view name) {
  auto canonical = CanonicalName(name);
  if (canonical.has_value() &&
      (IsPattern(*canonical) || IsOneOf(kUnbound, *canonical) || IsRun(*canonical))) {
    return *std::move(canonical);
  }
  return InvalidField(ErrorReason::NAME_INVALID, field, name,
                      "must be *, all of a kind like experiments/- or models/-, or the name of a "
                      "resource like models/segments or experiments/7")
      .ToStatus();
}

std::string_view PrefixOf(std::string_view pattern) {
  if (pattern == kEverything) return {};
  const size_t slash = pattern.find('/');
  return pattern.substr(slash + 1) == kAnyId ? pattern.substr(0, slash) : pattern;
}

bool Covers(std::string_view prefix, std::string_view name) {
  return prefix.empty() ||
         (name.starts_with(prefix) && (name.size() == prefix.size() || name[prefix.size()] == '/'));
}

}  // namespace cairn::auth

#include "server/auth/grants.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "lib/base/errors.h"

namespace cairn::auth {
namespace {

const v1::RoleBinding* FirstWith(v1::Verb verb, const std::vector<BindingPtr>& bindings) {
  for (const BindingPtr& binding : bindings) {
    if ((VerbsOf(*binding) & SetOf(verb)) != 0) return binding.get();
  }
  return nullptr;
}

}  // namespace

absl::Status Denied(std::string_view principal, v1::Verb verb, std::string_view resource) {
  const std::string name = v1::Verb_Name(verb);
  return Error(absl::StatusCode::kPermissionDenied, ErrorReason::PERMISSION_DENIED,
               fmt::format("\"{}\" may not {} {}", principal, name,
                           resource == kEverything ? "the server as a whole" : resource))
      .With("principal", principal)
      .With("verb", name)
      .With("resource", resource);
}

absl::Status DeniedAny(std::string_view principal, v1::Verb verb, std::string_view kind,
                       const std::vector<std::string>& asked) {
  const std::string name = v1::Verb_Name(verb);
  const std::string of_kind = kind == kEverything ? "anything" : fmt::format("any of {}", kind);
  const std::string subject = asked.empty() ? of_kind : fmt::format("{}", fmt::join(asked, ", "));
  return Error(absl::StatusCode::kPermissionDenied, ErrorReason::PERMISSION_DENIED,
               fmt::format("\"{}\" may not {} {}: no role binding gives it {} on {}", principal,
                           name, subject, name, of_kind))
      .With("principal", principal)
      .With("verb", name)
      .With("resource", asked.empty() ? std::string(kind) : subject);
}

void Grants::Set(const v1::RoleBinding& binding) {
  Remove(binding.name());
  const auto pattern = CanonicalPattern("resource", binding.resource());
  if (!pattern.ok() || *pattern != binding.resource()) return;
  const auto added = std::make_shared<const v1::RoleBinding>(binding);
  by_name_.Set(binding.name(), added);
  const Member* held = Find(binding.member());
  auto member = held == nullptr ? std::make_shared<Member>() : std::make_shared<Member>(*held);
  (*member)[std::string(PrefixOf(*pattern))].push_back(added);
  by_member_.Set(binding.member(), std::move(member));
}

void Grants::Remove(const std::string& name) {
  const BindingPtr* found = by_name_.Find(name);
  if (found == nullptr) return;
  const BindingPtr removed = *found;
  by_name_.Erase(name);
  auto member = std::make_shared<Member>(*Find(removed->member()));
  const auto bindings = member->find(PrefixOf(removed->resource()));
  std::erase(bindings->second, removed);
  if (bindings->second.empty()) member->erase(bindings);
  if (member->empty()) {
    by_member_.Erase(removed->member());
  } else {
    by_member_.Set(removed->member(), std::move(member));
  }
}

const Grants::Member* Grants::Find(const std::string& member) const {
  const auto* found = by_member_.Find(member);
  return found == nullptr ? nullptr : found->get();
}

const v1::RoleBinding* Grants::Find(const std::vector<std::string>& members, v1::Verb verb,
                                    std::string_view name) const {
  for (const std::string& each : members) {
    const Member* member = Find(each);
    if (member == nullptr) continue;
    const v1::RoleBinding* found = nullptr;
    AnyPrefixOf(name, [&](std::string_view prefix) {
      const auto at = member->find(prefix);
      if (at != member->end()) found = FirstWith(verb, at->second);
      return found != nullptr;
    });
    if (found != nullptr) return found;
  }
  return nullptr;
}

const v1::RoleBinding* Grants::FindWithin(const std::vector<std::string>& members, v1::Verb verb,
                                          std::string_view prefix) const {
  for (const std::string& each : members) {
    const Member* member = Find(each);
    if (member == nullptr) continue;
    for (const auto& [covered, bindings] : *member) {
      if (!Covers(prefix, covered) && !Covers(covered, prefix)) continue;
      const v1::RoleBinding* found = FirstWith(verb, bindings);
      if (found != nullptr) return found;
    }
  }
  return nullptr;
}

Sight Grants::SightOf(const std::vector<std::string>& members, v1::Verb verb) const {
  Sight sight;
  for (const std::string& each : members) {
    const Member* member = Find(each);
    if (member == nullptr) continue;
    for (const auto& [prefix, bindings] : *member) {
      if (FirstWith(verb, bindings) == nullptr) continue;
      if (prefix.empty()) return Sight::All();
      sight.prefixes_.insert(prefix);
    }
  }
  return sight;
}

std::vector<BindingPtr> Grants::Of(const std::vector<std::string>& members) const {
  std::vector<BindingPtr> all;
  for (const std::string& each : members) {
    const Member* member = Find(each);
    if (member == nullptr) continue;
    const auto begin = static_cast<std::ptrdiff_t>(all.size());
    for (const auto& [prefix, bindings] : *member) {
      all.insert(all.end(), bindings.begin(), bindings.end());
    }
    std::sort(all.begin() + begin, all.end(),
              [](const BindingPtr& a, const BindingPtr& b) { return a->name() < b->name(); });
  }
  return all;
}

}  // namespace cairn::auth

#include "server/service/authorize.h"

#include <algorithm>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/auth/access_control.h"
#include "server/auth/patterns.h"
#include "server/service/resources.h"

namespace cairn::service {
namespace {

// What a filter of the request names beside its rule (Watch), for the words of a refusal.
std::vector<std::string> FilterOf(const google::protobuf::Message& request) {
  std::vector<std::string> names;
  const auto* field = request.GetDescriptor()->FindFieldByName("resources");
  if (field == nullptr || !field->is_repeated() ||
      field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return names;
  }
  const auto* reflection = request.GetReflection();
  for (int i = 0; i < reflection->FieldSize(request, field); ++i) {
    names.push_back(reflection->GetRepeatedString(request, field, i));
  }
  return names;
}

absl::Status AuthorizeFiltered(const auth::AccessControl& access, const Method& method,
                               const auth::Identity& identity, std::vector<std::string> names,
                               const google::protobuf::Message& request) {
  const v1::Verb verb = method.rule.verb();
  const std::string& lists = method.rule.lists();
  // `models/-` as a parent names nothing in particular.
  std::erase(names, lists);
  if (!names.empty()) CAIRN_RETURN_IF_ERROR(access.Authorize(identity, verb, names));
  const bool bounded = !names.empty() && lists != auth::kEverything;
  if (lists.empty() || bounded) return absl::OkStatus();
  return method.filters ? access.AuthorizeAny(identity, verb, lists, FilterOf(request))
                        : access.Authorize(identity, verb, {lists});
}

}  // namespace

absl::Status CheckIdentity(const auth::AccessControl* access, const Caller& caller) {
  if (access == nullptr || caller.identity != nullptr) return absl::OkStatus();
  if (!caller.unauthenticated.ok()) return caller.unauthenticated;
  return Error(absl::StatusCode::kUnauthenticated, ErrorReason::TOKEN_MISSING,
               "the call is not authenticated");
}

absl::Status Authorize(const auth::AccessControl* access, const Method& method,
                       const Caller& caller, const google::protobuf::Message& request,
                       bool continues) {
  if (access == nullptr) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(CheckIdentity(access, caller));
  const auth::Identity& identity = *caller.identity;
  if (identity.local) return absl::OkStatus();
  const v1::Verb verb = method.rule.verb();
  if (method.rule.anywhere()) return access->AuthorizeAnywhere(identity, verb);
  if (const std::string& kind = method.rule.within(); !kind.empty()) {
    return method.asks_itself ? access->AuthorizeAny(identity, verb, kind)
                              : access->Authorize(identity, verb, {kind});
  }
  std::vector<std::string> names = ResourcesOf(method, request);
  if (names.empty() && continues) return absl::OkStatus();
  if (method.rule.filtered()) {
    CAIRN_RETURN_IF_ERROR(AuthorizeFiltered(*access, method, identity, std::move(names), request));
  } else {
    CAIRN_RETURN_IF_ERROR(access->Authorize(identity, verb, names));
  }
  const std::vector<std::string> reads = ReadsOf(method, request);
  return reads.empty() ? absl::OkStatus() : access->Authorize(identity, v1::READ, reads);
}

auth::Sight SightOf(const auth::AccessControl* access, const Caller& caller) {
  return AllowanceOf(access, caller, v1::READ).sight;
}

auth::Allowance AllowanceOf(const auth::AccessControl* access, const Caller& caller,
                            v1::Verb verb) {
  auth::Allowance allowance{auth::Sight::All(), caller.principal(), verb};
  if (access == nullptr) return allowance;
  const bool known = caller.identity != nullptr;
  allowance.sight = known ? access->SightOf(*caller.identity, verb) : auth::Sight();
  return allowance;
}

}  // namespace cairn::service

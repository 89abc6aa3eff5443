#include "server/auth/tokens.h"

#include <algorithm>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "google/protobuf/empty.pb.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/auth/administrators.h"
#include "server/auth/identity.h"
#include "server/auth/patterns.h"
#include "server/auth/role_bindings.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"

namespace cairn::auth {
namespace {

using internal::TokenRecord;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

constexpr int kMaxGroups = 64;
constexpr size_t kMaxTokenDisplayNameBytes = 250;
constexpr int64_t kMaxTtlSeconds = int64_t{100} * 365 * 24 * 3600;

std::string TokenName(std::string_view id) { return ResourceName({"tokens", id}); }

absl::Status CheckToken(const v1::Token& token) {
  CAIRN_RETURN_IF_ERROR(CheckCallerName("token.principal", token.principal()));
  if (token.groups_size() > kMaxGroups) {
    return InvalidField(ErrorReason::TOO_LARGE, "token.groups", std::to_string(token.groups_size()),
                        fmt::format("must have at most {} entries", kMaxGroups));
  }
  for (const std::string& group : token.groups()) {
    CAIRN_RETURN_IF_ERROR(CheckCallerName("token.groups", group));
  }
  if (token.display_name().empty()) return absl::OkStatus();
  return ValidateHumanName("token.display_name", token.display_name(), kMaxTokenDisplayNameBytes,
                           /*allow_slash=*/true);
}

// When the token stops being valid; 0 for never.
absl::StatusOr<int64_t> ExpiryOf(const v1::CreateTokenRequest& request, int64_t now_unix_nanos) {
  const auto refuse = [](std::string_view field, std::string_view value, std::string_view rule) {
    return InvalidField(ErrorReason::VALUE_INVALID, field, value, rule).ToStatus();
  };
  if (!request.has_ttl()) {
    if (!request.token().has_expire_time()) return 0;
    const auto& time = request.token().expire_time();
    const int64_t now_seconds = now_unix_nanos / kNanosPerSecond;
    const bool in_range = time.nanos() >= 0 && time.nanos() < kNanosPerSecond &&
                          time.seconds() >= 0 && time.seconds() <= now_seconds + kMaxTtlSeconds;
    if (in_range && ToUnixNanos(time) > now_unix_nanos) return ToUnixNanos(time);
    return refuse("token.expire_time", fmt::format("{}s {}ns", time.seconds(), time.nanos()),
                  "must be in the future, within 100 years");
  }
  const auto& ttl = request.ttl();
  const std::string text = fmt::format("{}s {}ns", ttl.seconds(), ttl.nanos());
  if (request.token().has_expire_time()) {
    return refuse("ttl", text, "must not stand beside token.expire_time");
  }
  const bool whole = ttl.nanos() >= 0 && ttl.nanos() < kNanosPerSecond && ttl.seconds() >= 0;
  if (!whole || ttl.seconds() > kMaxTtlSeconds || (ttl.seconds() == 0 && ttl.nanos() == 0)) {
    return refuse("ttl", text, "must be above 0 and at most 100 years");
  }
  return now_unix_nanos + ttl.seconds() * kNanosPerSecond + ttl.nanos();
}

v1::Token NewToken(const v1::Token& asked, int64_t expire_unix_nanos, std::string_view id,
                   const TokenCall& call) {
  v1::Token token;
  token.set_name(TokenName(id));
  token.set_principal(asked.principal());
  for (const std::string& group : asked.groups()) {
    const bool known =
        std::find(token.groups().begin(), token.groups().end(), group) != token.groups().end();
    if (!known) token.add_groups(group);
  }
  token.set_display_name(asked.display_name());
  if (expire_unix_nanos != 0) *token.mutable_expire_time() = ToTimestamp(expire_unix_nanos);
  *token.mutable_create_time() = ToTimestamp(call.now_unix_nanos);
  token.set_creator(call.creator);
  return token;
}

void WriteToken(const v1::Token& token, const TokenParts& drawn, WriteSet& write_set) {
  TokenRecord record;
  *record.mutable_token() = token;
  record.set_secret_sha256(SecretDigest(drawn.secret));
  const storage::Key key = storage::TokenKey(drawn.id);
  write_set.RequireAbsent(key)
      .PutRecord(key, record.SerializeAsString())
      .Emit(v1::Event::TOKEN_CREATED, token)
      // The record has the digest of the secret as well, which nobody needs to read for ever.
      .Audit(v1::Event::TOKEN_CREATED, token.name(), token.SerializeAsString());
}

// By which the token of a request is found again: its id follows from who asks and the request's
// id.
std::string IdOfRequest(const std::string& creator, const std::string& request_id) {
  return Sha256Hex(fmt::format("token\n{}\n{}", creator, request_id)).substr(0, kTokenIdDigits);
}

// The parts of the token that the request is to make, if nothing has its id yet.
absl::StatusOr<TokenParts> PartsFor(const v1::CreateTokenRequest& request, const TokenCall& call,
                                    const AccessRecords& read) {
  if (request.request_id().empty()) return call.drawn;
  if (!IsUuid4(request.request_id())) {
    return InvalidField(ErrorReason::REQUEST_ID_INVALID, "request_id", request.request_id(),
                        "must be a UUID of version 4 in lower case")
        .ToStatus();
  }
  TokenParts parts = call.drawn;
  parts.id = IdOfRequest(call.creator, request.request_id());
  const std::string name = TokenName(parts.id);
  if (!read.tokens.contains(name)) return parts;
  return Error(absl::StatusCode::kAlreadyExists, ErrorReason::TOKEN_EXISTS,
               fmt::format("this request made {} already, and its text is not kept: revoke it if "
                           "nobody has the text, and ask for another with a new request_id",
                           name))
      .With("token", name)
      .With("requestId", request.request_id())
      .Resource("Token", name)
      .ToStatus();
}

v1::CreateTokenResponse TokenAnswer(v1::Token token, const TokenParts* drawn) {
  v1::CreateTokenResponse response;
  if (drawn != nullptr) response.set_text(FormatToken(*drawn));
  *response.mutable_token() = std::move(token);
  return response;
}

}  // namespace

absl::StatusOr<Plan> PlanCreateToken(const Snapshot& snapshot,
                                     const v1::CreateTokenRequest& request, const TokenCall& call) {
  CAIRN_RETURN_IF_ERROR(CheckToken(request.token()));
  CAIRN_ASSIGN_OR_RETURN(const int64_t expires, ExpiryOf(request, call.now_unix_nanos));
  CAIRN_ASSIGN_OR_RETURN(const AccessRecords read, ReadAccess(snapshot));
  if (read.tokens.size() >= kMaxTokens) {
    return Error(absl::StatusCode::kResourceExhausted, ErrorReason::TOO_LARGE,
                 fmt::format("there are {} tokens: revoke some first", kMaxTokens))
        .With("tokenCount", std::to_string(kMaxTokens))
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const TokenParts parts, PartsFor(request, call, read));
  v1::Token token = NewToken(request.token(), expires, parts.id, call);
  WriteSet write_set;
  GuardAccess(read, write_set);
  WriteToken(token, parts, write_set);
  const TokenParts* told = request.validate_only() ? nullptr : &parts;
  return storage::MakePlan(std::move(write_set), TokenAnswer(std::move(token), told));
}

absl::StatusOr<Plan> PlanRevokeToken(const Snapshot& snapshot,
                                     const v1::RevokeTokenRequest& request,
                                     int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const auto ids, ParseResourceName("name", request.name(), "tokens/*"));
  const std::string name = TokenName(ids[0]);
  CAIRN_ASSIGN_OR_RETURN(const AccessRecords before, ReadAccess(snapshot));
  const auto found = before.tokens.find(name);
  if (found == before.tokens.end()) {
    return NotFound(ErrorReason::TOKEN_NOT_FOUND, "Token", request.name()).ToStatus();
  }
  CAIRN_RETURN_IF_ERROR(storage::CheckEtag(name, request.etag(), found->second.mod_revision));
  AccessRecords after = before;
  after.tokens.erase(name);
  CAIRN_RETURN_IF_ERROR(
      CheckAdministratorLeft(before, after, now_unix_nanos, request.force(), name));
  WriteSet write_set;
  GuardAccess(before, write_set);
  const storage::Key key = storage::TokenKey(ids[0]);
  write_set.RequireRevision(key, found->second.mod_revision)
      .Delete(key)
      .Emit(name, v1::Event::TOKEN_REVOKED)
      .Audit(v1::Event::TOKEN_REVOKED, name, "")
      .FreesSpace();
  return storage::MakePlan(std::move(write_set), google::protobuf::Empty());
}

absl::StatusOr<v1::ListTokensResponse> ListTokens(const Snapshot& snapshot,
                                                  const v1::ListTokensRequest& request) {
  v1::ListTokensResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<TokenRecord>(
          snapshot, request, storage::KeyRange::Prefix(storage::TokenPrefix()),
          storage::ScanOrder::kAscending, {}, [&](std::string_view, auto stored) {
            v1::Token& token = *response.add_tokens();
            token = std::move(*stored.value.mutable_token());
            token.set_etag(EtagOf(stored.mod_revision));
            return true;
          }));
  return response;
}

absl::StatusOr<Plan> PlanFirstAdmin(const Snapshot& snapshot, const std::string& principal,
                                    const TokenCall& call) {
  v1::Token asked;
  asked.set_principal(principal);
  asked.set_display_name("first administrator");
  CAIRN_RETURN_IF_ERROR(CheckToken(asked));
  CAIRN_ASSIGN_OR_RETURN(const AccessRecords read, ReadAccess(snapshot));
  if (read.HasAdministrator(call.now_unix_nanos)) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::ADMIN_EXISTS,
                 "a token that is valid can administer the server already: ask whoever has it for "
                 "another one")
        .Precondition("ADMINISTRATOR", "tokens", "has an administrator's token")
        .ToStatus();
  }
  v1::Token token = NewToken(asked, 0, call.drawn.id, call);
  v1::RoleBinding binding;
  binding.set_member("principal:" + principal);
  binding.set_role(v1::RoleBinding::ADMIN);
  binding.set_resource(std::string(kEverything));
  WriteSet write_set;
  GuardAccess(read, write_set);
  WriteToken(token, call.drawn, write_set);
  WriteRoleBinding(read, std::move(binding), call.now_unix_nanos, write_set);
  return storage::MakePlan(std::move(write_set), TokenAnswer(std::move(token), &call.drawn));
}

}  // namespace cairn::auth

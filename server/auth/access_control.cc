#include "server/auth/access_control.h"

#include <algorithm>

#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/hmac.h"
#include "lib/base/status_macros.h"
#include "server/auth/patterns.h"
#include "server/auth/token_text.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::auth {
namespace {

using internal::RoleBindingRecord;
using internal::TokenRecord;

uint64_t NextAccessId() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

std::string_view IdOfToken(std::string_view name) { return name.substr(name.rfind('/') + 1); }

bool IsOfAccess(const storage::Event& event) {
  return event.kind == v1::Event::TOKEN_CREATED || event.kind == v1::Event::TOKEN_REVOKED ||
         event.kind == v1::Event::ROLE_BINDING_SET || event.kind == v1::Event::ROLE_BINDING_DELETED;
}

// Hands every record of `prefix` that parses to `add`; answers how many do not.
template <typename Message, typename Add>
absl::StatusOr<size_t> ReadAll(const storage::Snapshot& snapshot, const storage::Key& prefix,
                               const Add& add) {
  size_t unreadable = 0;
  CAIRN_RETURN_IF_ERROR(
      snapshot.Scan(storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
                    [&](std::string_view key, const storage::Record& record) {
                      auto message = storage::ParseRecord<Message>(key, record.payload);
                      if (message.ok()) {
                        add(*message);
                      } else {
                        ++unreadable;
                      }
                      return true;
                    }));
  return unreadable;
}

absl::Status Unauthenticated(ErrorReason reason, std::string_view message) {
  return Error(absl::StatusCode::kUnauthenticated, reason, message);
}

}  // namespace

AccessControl::AccessControl(storage::KvStore& store)
    : store_(store), id_(NextAccessId()), state_(std::make_shared<const State>()) {}

AccessControl::~AccessControl() { store_.RemoveCommitListener(listener_); }

// Where it cannot be read the thread keeps nothing, and asks again the next time.
std::shared_ptr<const AccessControl::State> AccessControl::Newest(uint64_t& version) const {
  MutexLock lock(&mutex_);
  version = version_.load(std::memory_order_acquire);
  if (state_version_ == version) return state_;
  LoadedAccess report;
  auto read = Read(*store_.GetSnapshot(), report);
  if (!read.ok()) {
    version = 0;
    return std::make_shared<const State>();
  }
  state_ = std::make_shared<const State>(*std::move(read));
  state_version_ = version;
  return state_;
}

const AccessControl::State& AccessControl::Current() const {
  struct Seen {
    uint64_t owner = 0;
    uint64_t version = 0;
    std::shared_ptr<const State> state;
  };
  static thread_local Seen seen;
  if (seen.owner != id_ || seen.version != version_.load(std::memory_order_acquire)) {
    seen.owner = id_;
    seen.state = Newest(seen.version);
  }
  return *seen.state;
}

void AccessControl::AddToken(const TokenRecord& record, Tokens& tokens) {
  tokens.Set(IdOfToken(record.token().name()),
             std::make_shared<const KnownToken>(
                 KnownToken{record.secret_sha256(), IdentityOf(record.token())}));
}

absl::StatusOr<AccessControl::State> AccessControl::Read(const storage::Snapshot& snapshot,
                                                         LoadedAccess& report) {
  auto tokens = std::make_shared<Tokens>();
  auto grants = std::make_shared<Grants>();
  CAIRN_ASSIGN_OR_RETURN(report.unreadable, ReadAll<TokenRecord>(snapshot, storage::TokenPrefix(),
                                                                 [&](const TokenRecord& record) {
                                                                   AddToken(record, *tokens);
                                                                 }));
  CAIRN_ASSIGN_OR_RETURN(const size_t unreadable_bindings,
                         ReadAll<RoleBindingRecord>(snapshot, storage::RoleBindingPrefix(),
                                                    [&](const RoleBindingRecord& record) {
                                                      grants->Set(record.role_binding());
                                                    }));
  report.unreadable += unreadable_bindings;
  report.tokens = tokens->size();
  report.bindings = grants->size();
  return State{std::move(tokens), std::move(grants)};
}

absl::StatusOr<LoadedAccess> AccessControl::Load() {
  listener_ = store_.AddCommitListener([this](storage::Revision, const auto& events) {
    if (std::any_of(events.begin(), events.end(), IsOfAccess)) {
      version_.fetch_add(1, std::memory_order_release);
    }
  });
  LoadedAccess report;
  MutexLock lock(&mutex_);
  const uint64_t version = version_.load(std::memory_order_acquire);
  CAIRN_ASSIGN_OR_RETURN(State state, Read(*store_.GetSnapshot(), report));
  state_ = std::make_shared<const State>(std::move(state));
  state_version_ = version + 1;
  // So that threads which asked before ask again.
  version_.fetch_add(1, std::memory_order_release);
  return report;
}

absl::StatusOr<IdentityPtr> AccessControl::Authenticate(std::string_view token,
                                                        int64_t now_unix_nanos) const {
  if (token.empty()) {
    return Unauthenticated(ErrorReason::TOKEN_MISSING,
                           "a token is required: authorization: Bearer cairn_…");
  }
  const auto parts = ParseToken(token);
  const auto* known = parts.has_value() ? Current().tokens->Find(parts->id) : nullptr;
  if (known == nullptr || !IsSameCode(SecretDigest(parts->secret), (*known)->secret_sha256)) {
    return Unauthenticated(ErrorReason::TOKEN_INVALID, "the token is not valid");
  }
  const IdentityPtr& identity = (*known)->identity;
  CAIRN_RETURN_IF_ERROR(CheckExpiry(*identity, now_unix_nanos));
  return identity;
}

absl::Status AccessControl::CheckExpiry(const Identity& identity, int64_t now_unix_nanos) {
  if (identity.expire_unix_nanos == 0 || now_unix_nanos < identity.expire_unix_nanos) {
    return absl::OkStatus();
  }
  const std::string expired = FormatRfc3339(identity.expire_unix_nanos);
  return Error(absl::StatusCode::kUnauthenticated, ErrorReason::TOKEN_EXPIRED,
               fmt::format("the token was valid until {}", expired))
      .With("expireTime", expired)
      .With("token", identity.token);
}

absl::Status AccessControl::StillValid(const Identity& identity, int64_t now_unix_nanos) const {
  if (identity.token.empty()) return absl::OkStatus();
  if (Current().tokens->Find(IdOfToken(identity.token)) == nullptr) {
    return Unauthenticated(ErrorReason::TOKEN_INVALID, "the token is not valid any more");
  }
  return CheckExpiry(identity, now_unix_nanos);
}

bool AccessControl::Sees(const Identity& identity, std::string_view name) const {
  if (identity.local) return true;
  const Grants& grants = *Current().grants;
  return grants.Find(identity.members, v1::READ, kEverything) != nullptr ||
         grants.Find(identity.members, v1::READ, name) != nullptr;
}

absl::Status AccessControl::Authorize(const Identity& identity, v1::Verb verb,
                                      const std::vector<std::string>& names) const {
  if (identity.local) return absl::OkStatus();
  const Grants& grants = *Current().grants;
  if (grants.Find(identity.members, verb, kEverything) != nullptr) return absl::OkStatus();
  if (names.empty()) return Denied(identity.principal, verb, kEverything);
  for (const std::string& name : names) {
    const auto canonical = CanonicalName(name);
    if (!canonical.has_value() || grants.Find(identity.members, verb, *canonical) == nullptr) {
      return Denied(identity.principal, verb, name);
    }
  }
  return absl::OkStatus();
}

bool AccessControl::CouldAny(const Identity& identity, v1::Verb verb, std::string_view kind) const {
  return identity.local ||
         Current().grants->FindWithin(identity.members, verb, PrefixOf(kind)) != nullptr;
}

absl::Status AccessControl::AuthorizeAny(const Identity& identity, v1::Verb verb,
                                         std::string_view kind,
                                         const std::vector<std::string>& asked) const {
  return CouldAny(identity, verb, kind) ? absl::OkStatus()
                                        : DeniedAny(identity.principal, verb, kind, asked);
}

absl::Status AccessControl::AuthorizeAnywhere(const Identity& identity, v1::Verb verb) const {
  if (verb == v1::READ && CouldAny(identity, v1::LOG, kEverything)) return absl::OkStatus();
  if (CouldAny(identity, verb, kEverything)) return absl::OkStatus();
  return Denied(identity.principal, verb, "anything");
}

Sight AccessControl::SightOf(const Identity& identity, v1::Verb verb) const {
  return identity.local ? Sight::All() : Current().grants->SightOf(identity.members, verb);
}

std::vector<BindingPtr> AccessControl::BindingsOf(const Identity& identity) const {
  return Current().grants->Of(identity.members);
}

std::optional<std::string> AccessControl::BindingFor(const Identity& identity, v1::Verb verb,
                                                     std::string_view name) const {
  if (identity.local) return std::string();
  const Grants& grants = *Current().grants;
  const v1::RoleBinding* binding = grants.Find(identity.members, verb, kEverything);
  const auto canonical = CanonicalName(name);
  if (binding == nullptr && canonical.has_value()) {
    binding = grants.Find(identity.members, verb, *canonical);
  }
  if (binding == nullptr) return std::nullopt;
  return binding->name();
}

}  // namespace cairn::auth

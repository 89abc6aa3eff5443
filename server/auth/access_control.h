#ifndef CAIRN_SERVER_AUTH_ACCESS_CONTROL_H_
#define CAIRN_SERVER_AUTH_ACCESS_CONTROL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "lib/base/mutex.h"
#include "server/auth/grants.h"
#include "server/auth/identity.h"
#include "server/auth/text_map.h"
#include "server/storage/kv_store.h"

namespace cairn::auth {

// What Load found.
struct LoadedAccess {
  size_t tokens = 0;
  size_t bindings = 0;
  size_t unreadable = 0;  // records that do not parse; they allow nothing
};

// Who calls, and what they may: every token and role binding, in memory.
//
// It hears of commits before they are acknowledged, and whoever asks after one that changed a token
// or binding has them read again first: so whoever was told that a token is revoked never sees it
// accepted again. A call that was let in before goes on. What cannot be read allows nothing.
//
// Callers ask about one state from begin to end of a question. A state is immutable and replaced as
// a whole; each thread keeps the one it saw last and looks at a counter for whether there is a
// newer one, so that questions take no lock (but the first of a thread after a change) and write
// nothing that other threads read. Safe to call from any thread; the store must outlive it.
class AccessControl {
 public:
  explicit AccessControl(storage::KvStore& store);
  ~AccessControl();
  AccessControl(const AccessControl&) = delete;
  AccessControl& operator=(const AccessControl&) = delete;

  // Reads all tokens and bindings, and follows the store from now on. Once; until then nobody is
  // allowed anything. Errors are those of the store.
  absl::StatusOr<LoadedAccess> Load() CAIRN_EXCLUDES(mutex_);

  // Who calls with the text of a token (token_text.h).
  //   UNAUTHENTICATED (TOKEN_MISSING)  there is none
  //   UNAUTHENTICATED (TOKEN_INVALID)  it is malformed, unknown, revoked or has another secret:
  //                                    nobody is told which
  //   UNAUTHENTICATED (TOKEN_EXPIRED)  it was valid until `expireTime`; told to whoever has the
  //                                    secret only
  absl::StatusOr<IdentityPtr> Authenticate(std::string_view token, int64_t now_unix_nanos) const;

  // Whether `identity` may do `verb` to all of `names`, which are as the caller wrote them; none
  // stands for the server as a whole. Nothing is looked up: the answer is the same whether or not
  // a resource exists. A name that is none is allowed to those who may do it to everything, and is
  // then refused for what it is.
  //   PERMISSION_DENIED (PERMISSION_DENIED) with `verb`, `resource` and `principal`
  absl::Status Authorize(const Identity& identity, v1::Verb verb,
                         const std::vector<std::string>& names) const;

  // Whether it may do `verb` to anything of `kind` (`experiments/-`, or `*`), even if that does
  // not exist: for answers that hold what the caller may see. The same error for the kind; it
  // speaks of `asked`, which the caller wants to see of that kind, unless that is empty.
  absl::Status AuthorizeAny(const Identity& identity, v1::Verb verb, std::string_view kind,
                            const std::vector<std::string>& asked = {}) const;
  bool CouldAny(const Identity& identity, v1::Verb verb, std::string_view kind) const;

  // For what belongs to nobody, blobs: whether it may do `verb` to anything at all. Whoever may
  // LOG somewhere may READ these.
  absl::Status AuthorizeAnywhere(const Identity& identity, v1::Verb verb) const;

  // What it may do with `verb`, for queries that ask for many rows.
  Sight SightOf(const Identity& identity, v1::Verb verb) const;

  // Whether it may READ a resource that is stored under this name: for what is asked of many.
  bool Sees(const Identity& identity, std::string_view name) const;

  // Whether what proved who it is still does: its token is neither revoked nor over. For calls that
  // last; errors are those of Authenticate.
  absl::Status StillValid(const Identity& identity, int64_t now_unix_nanos) const;

  // The bindings that apply to it; those of its principal first.
  std::vector<BindingPtr> BindingsOf(const Identity& identity) const;
  // The name of a binding that lets it do `verb` to `name` ("" for a local one); nullopt if it may
  // not.
  std::optional<std::string> BindingFor(const Identity& identity, v1::Verb verb,
                                        std::string_view name) const;

 private:
  struct KnownToken {
    std::string secret_sha256;
    IdentityPtr identity;
  };
  // By id.
  using Tokens = SharedMap<std::shared_ptr<const KnownToken>>;
  struct State {
    std::shared_ptr<const Tokens> tokens = std::make_shared<const Tokens>();
    std::shared_ptr<const Grants> grants = std::make_shared<const Grants>();
  };

  static void AddToken(const internal::TokenRecord& record, Tokens& tokens);
  static absl::StatusOr<State> Read(const storage::Snapshot& snapshot, LoadedAccess& report);
  static absl::Status CheckExpiry(const Identity& identity, int64_t now_unix_nanos);

  // The newest state; valid until this thread asks again.
  const State& Current() const CAIRN_EXCLUDES(mutex_);
  std::shared_ptr<const State> Newest(uint64_t& version) const CAIRN_EXCLUDES(mutex_);

  storage::KvStore& store_;
  const uint64_t id_;  // of this object, among all there ever were
  int64_t listener_ = 0;
  // Grows with every commit that changes a token or binding.
  std::atomic<uint64_t> version_{1};
  mutable Mutex mutex_;
  mutable std::shared_ptr<const State> state_ CAIRN_GUARDED_BY(mutex_);
  mutable uint64_t state_version_ CAIRN_GUARDED_BY(mutex_) = 1;  // what state_ was read at
};

}  // namespace cairn::auth

#endif  // CAIRN_SERVER_AUTH_ACCESS_CONTROL_H_

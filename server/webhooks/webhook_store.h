#ifndef CAIRN_SERVER_WEBHOOKS_WEBHOOK_STORE_H_
#define CAIRN_SERVER_WEBHOOKS_WEBHOOK_STORE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "lib/base/mutex.h"
#include "server/storage/kv_store.h"
#include "server/webhooks/webhook.h"

namespace cairn::webhooks {

// How far a webhook was told: everything of earlier revisions, and so many messages of this one.
// Messages are counted whether the webhook wants them or not.
struct Position {
  storage::Revision revision = 0;
  int32_t messages = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

// The webhooks of a store, and their positions. A position stands under a key of its own, so that
// telling somebody something changes nothing that people see.
//
// All calls block: those that change something for a commit, so none is for a thread that commits.
// Safe to call from any thread. All that it is made of outlives it.
class WebhookStore {
 public:
  static constexpr size_t kMaxWebhooks = 100;

  WebhookStore(storage::KvStore& store, IdSource& ids, const Clock& clock,
               const http::OutgoingOptions& outgoing)
      : store_(store), ids_(ids), clock_(clock), outgoing_(outgoing) {}

  // Is called after each change, by the one who made it. Before anything else.
  void OnChange(std::function<void()> changed) { changed_ = std::move(changed); }

  // Makes it of what people say of it: name, URL, events, description, secret, whether it is
  // disabled. It hears of what is committed behind this call.
  //   INVALID_ARGUMENT                       as CheckWebhook
  //   FAILED_PRECONDITION (TOO_LARGE)        there are kMaxWebhooks
  absl::StatusOr<Webhook> Create(internal::WebhookRecord record);

  // NOT_FOUND when there is none of this id.
  absl::StatusOr<Webhook> Get(const std::string& id) const;

  // All of them, the newest first. One that is damaged is left out.
  absl::StatusOr<std::vector<Webhook>> List() const;

  // Writes what `change` made of it. Who was disabled and is enabled hears of what is committed
  // behind this call. Errors are those of Get and CheckWebhook.
  absl::StatusOr<Webhook> Update(const std::string& id,
                                 const std::function<void(internal::WebhookRecord&)>& change);

  // With its position. Errors are those of Get.
  absl::Status Delete(const std::string& id);

  absl::StatusOr<Position> ReadPosition(const Webhook& webhook) const;
  // ABORTED (COMMIT_CONFLICT): the webhook is gone.
  absl::Status WritePosition(const std::string& id, const Position& position);

 private:
  absl::Status Commit(storage::WriteSet write_set);

  storage::KvStore& store_;
  IdSource& ids_;
  const Clock& clock_;
  const http::OutgoingOptions outgoing_;
  std::function<void()> changed_;
  Mutex changing_;  // one change at a time; nobody else writes webhooks
};

}  // namespace cairn::webhooks

#endif  // CAIRN_SERVER_WEBHOOKS_WEBHOOK_STORE_H_

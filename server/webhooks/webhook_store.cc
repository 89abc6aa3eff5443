#include "server/webhooks/webhook_store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::webhooks {
namespace {

using internal::WebhookPositionRecord;
using internal::WebhookRecord;

absl::StatusOr<storage::Stored<WebhookRecord>> ReadWebhook(const storage::Snapshot& snapshot,
                                                           const std::string& id) {
  if (IsUuid4(id)) {
    CAIRN_ASSIGN_OR_RETURN(auto found,
                           storage::ReadRecord<WebhookRecord>(snapshot, storage::WebhookKey(id)));
    if (found.has_value()) return *std::move(found);
  }
  return absl::NotFoundError(fmt::format("Webhook with ID {} not found.", id.substr(0, 100)));
}

}  // namespace

absl::StatusOr<Webhook> WebhookStore::Create(WebhookRecord record) {
  CAIRN_RETURN_IF_ERROR(CheckWebhook(record, outgoing_));
  const MutexLock lock(&changing_);
  CAIRN_ASSIGN_OR_RETURN(const auto all, List());
  if (all.size() >= kMaxWebhooks) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::TOO_LARGE,
                 fmt::format("there are {} webhooks, which is as many as may be; delete some",
                             kMaxWebhooks))
        .With("limit", std::to_string(kMaxWebhooks))
        .ToStatus();
  }
  Webhook webhook{ids_.NewUuid4(), std::move(record)};
  webhook.record.set_create_unix_millis(clock_.NowUnixNanos() / 1'000'000);
  webhook.record.set_update_unix_millis(webhook.record.create_unix_millis());
  webhook.record.set_after_revision(store_.GetSnapshot()->revision());
  storage::WriteSet write_set;
  write_set.RequireAbsent(storage::WebhookKey(webhook.id))
      .PutRecord(storage::WebhookKey(webhook.id), webhook.record.SerializeAsString());
  CAIRN_RETURN_IF_ERROR(Commit(std::move(write_set)));
  return webhook;
}

absl::StatusOr<Webhook> WebhookStore::Get(const std::string& id) const {
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadWebhook(*store_.GetSnapshot(), id));
  return Webhook{id, std::move(stored.value)};
}

absl::StatusOr<std::vector<Webhook>> WebhookStore::List() const {
  std::vector<Webhook> all;
  const storage::Key prefix = storage::WebhookPrefix();
  CAIRN_RETURN_IF_ERROR(
      store_.GetSnapshot()->Scan(storage::KeyRange::Prefix(prefix), storage::ScanOrder::kAscending,
                                 [&](std::string_view key, const storage::Record& record) {
                                   auto id = storage::LastStringOf(prefix, key);
                                   auto stored = storage::ParseStored<WebhookRecord>(key, record);
                                   if (id.ok() && stored.ok())
                                     all.push_back({*std::move(id), std::move(stored->value)});
                                   return true;
                                 }));
  std::sort(all.begin(), all.end(), [](const Webhook& a, const Webhook& b) {
    return std::pair(b.record.create_unix_millis(), b.id) <
           std::pair(a.record.create_unix_millis(), a.id);
  });
  return all;
}

absl::StatusOr<Webhook> WebhookStore::Update(const std::string& id,
                                             const std::function<void(WebhookRecord&)>& change) {
  const MutexLock lock(&changing_);
  CAIRN_ASSIGN_OR_RETURN(Webhook webhook, Get(id));
  const bool was_disabled = webhook.record.disabled();
  change(webhook.record);
  CAIRN_RETURN_IF_ERROR(CheckWebhook(webhook.record, outgoing_));
  webhook.record.set_update_unix_millis(clock_.NowUnixNanos() / 1'000'000);
  storage::WriteSet write_set;
  if (was_disabled && !webhook.record.disabled()) {
    webhook.record.set_after_revision(store_.GetSnapshot()->revision());
    write_set.Delete(storage::WebhookPositionKey(id));
  }
  write_set.RequireExists(storage::WebhookKey(id))
      .PutRecord(storage::WebhookKey(id), webhook.record.SerializeAsString());
  CAIRN_RETURN_IF_ERROR(Commit(std::move(write_set)));
  return webhook;
}

absl::Status WebhookStore::Delete(const std::string& id) {
  const MutexLock lock(&changing_);
  CAIRN_RETURN_IF_ERROR(Get(id).status());
  storage::WriteSet write_set;
  write_set.RequireExists(storage::WebhookKey(id))
      .Delete(storage::WebhookKey(id))
      .Delete(storage::WebhookPositionKey(id))
      .FreesSpace();
  return Commit(std::move(write_set));
}

absl::StatusOr<Position> WebhookStore::ReadPosition(const Webhook& webhook) const {
  const Position first{webhook.record.after_revision() + 1, 0};
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<WebhookPositionRecord>(
                             *store_.GetSnapshot(), storage::WebhookPositionKey(webhook.id)));
  if (!stored.has_value() || stored->value.revision() < first.revision) return first;
  return Position{stored->value.revision(), stored->value.messages()};
}

absl::Status WebhookStore::WritePosition(const std::string& id, const Position& position) {
  WebhookPositionRecord record;
  record.set_revision(position.revision);
  record.set_messages(position.messages);
  storage::WriteSet write_set;
  write_set.RequireExists(storage::WebhookKey(id))
      .PutRecord(storage::WebhookPositionKey(id), record.SerializeAsString());
  return store_.CommitAndWait(std::move(write_set)).status();
}

absl::Status WebhookStore::Commit(storage::WriteSet write_set) {
  CAIRN_RETURN_IF_ERROR(store_.CommitAndWait(std::move(write_set)).status());
  if (changed_ != nullptr) changed_();
  return absl::OkStatus();
}

}  // namespace cairn::webhooks

#ifndef CAIRN_SERVER_WEBHOOKS_WEBHOOK_H_
#define CAIRN_SERVER_WEBHOOKS_WEBHOOK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/webhooks.pb.h"
#include "lib/http/outgoing_post.h"
#include "server/storage/kv_store.h"

namespace cairn::webhooks {

// What a webhook can hear of. The numbers are stored, and are those of MLflow's messages.
enum class Entity : uint8_t {
  kRegisteredModel = 1,
  kModelVersion = 2,
  kModelVersionTag = 3,
  kModelVersionAlias = 4,
  kPrompt = 5,
  kPromptVersion = 6,
  kPromptVersionTag = 8,
  kPromptAlias = 9,
};
enum class Action : uint8_t { kCreated = 1, kDeleted = 3, kSet = 4 };

// What happened to what. Value type.
struct Topic {
  Entity entity = Entity::kRegisteredModel;
  Action action = Action::kCreated;
  friend bool operator==(const Topic&, const Topic&) = default;
};

// By the names of MLflow's messages, in capitals: MODEL_VERSION, CREATED. INVALID_ARGUMENT
// (VALUE_INVALID), which names `field`, for a pair that this server has no events of; tags of
// whole prompts, budgets and everything unknown among them. Pure.
absl::StatusOr<Topic> ParseTopic(std::string_view field, std::string_view entity,
                                 std::string_view action);
// The names, in capitals.
std::string_view NameOf(Entity entity);
std::string_view NameOf(Action action);
// The topics of a record; what this build does not know is left out.
std::vector<Topic> TopicsOf(const internal::WebhookRecord& record);
bool Wants(const internal::WebhookRecord& record, const Topic& topic);

// Whom the server tells. Value type. The record has the secret: never on the wire.
struct Webhook {
  std::string id;  // a UUID
  internal::WebhookRecord record;
};

inline constexpr size_t kMaxNameBytes = 63;
inline constexpr size_t kMaxDescriptionBytes = 1000;
inline constexpr size_t kMaxSecretBytes = 1000;

// Whether somebody may make a webhook like this: its name has 1 to 63 letters, digits, dots,
// underscores and hyphens and begins and ends with a letter or digit; it wants something; its URL
// is one that `outgoing` allows, as far as that can be said without looking up a name.
// INVALID_ARGUMENT (VALUE_INVALID, TOO_LARGE), which names the field, the value but that of the
// secret, and the rule. Pure.
absl::Status CheckWebhook(const internal::WebhookRecord& record,
                          const http::OutgoingOptions& outgoing);

// One message of one webhook: what happened, as JSON.
struct Message {
  Topic topic;
  std::string data;  // a JSON object
};

// The body that is sent: {"entity": …, "action": …, "timestamp": …, "data": …}, the names in small
// letters and the time in UTC as ISO 8601 has it. Pure.
std::string BodyOf(const Message& message, int64_t unix_nanos);

// `v1,` and the HMAC-SHA256 of "id.timestamp.body" in Base64, as Standard Webhooks has it. Pure.
std::string SignatureOf(std::string_view secret, std::string_view id, std::string_view timestamp,
                        std::string_view body);

// What goes along with a body: its type, the id of the delivery, when it was sent, and the
// signature if there is a secret. Pure.
http::NameValues HeadersOf(const internal::WebhookRecord& record, const std::string& id,
                           int64_t unix_seconds, const std::string& body);

}  // namespace cairn::webhooks

#endif  // CAIRN_SERVER_WEBHOOKS_WEBHOOK_H_

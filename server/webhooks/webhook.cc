#include "server/webhooks/webhook.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/hmac.h"
#include "lib/base/status_macros.h"
#include "lib/http/web_url.h"

namespace cairn::webhooks {
namespace {

using internal::WebhookRecord;

struct TopicRow {
  Topic topic;
  std::string_view entity;
  std::string_view action;
};

constexpr std::array kTopics = {
    TopicRow{{Entity::kRegisteredModel, Action::kCreated}, "REGISTERED_MODEL", "CREATED"},
    TopicRow{{Entity::kModelVersion, Action::kCreated}, "MODEL_VERSION", "CREATED"},
    TopicRow{{Entity::kModelVersionTag, Action::kSet}, "MODEL_VERSION_TAG", "SET"},
    TopicRow{{Entity::kModelVersionTag, Action::kDeleted}, "MODEL_VERSION_TAG", "DELETED"},
    TopicRow{{Entity::kModelVersionAlias, Action::kCreated}, "MODEL_VERSION_ALIAS", "CREATED"},
    TopicRow{{Entity::kModelVersionAlias, Action::kDeleted}, "MODEL_VERSION_ALIAS", "DELETED"},
    TopicRow{{Entity::kPrompt, Action::kCreated}, "PROMPT", "CREATED"},
    TopicRow{{Entity::kPromptVersion, Action::kCreated}, "PROMPT_VERSION", "CREATED"},
    TopicRow{{Entity::kPromptVersionTag, Action::kSet}, "PROMPT_VERSION_TAG", "SET"},
    TopicRow{{Entity::kPromptVersionTag, Action::kDeleted}, "PROMPT_VERSION_TAG", "DELETED"},
    TopicRow{{Entity::kPromptAlias, Action::kCreated}, "PROMPT_ALIAS", "CREATED"},
    TopicRow{{Entity::kPromptAlias, Action::kDeleted}, "PROMPT_ALIAS", "DELETED"},
};

absl::Status CheckBytes(std::string_view field, std::string_view value, size_t most) {
  if (value.size() <= most) return absl::OkStatus();
  return InvalidField(ErrorReason::TOO_LARGE, field, fmt::format("{} bytes", value.size()),
                      fmt::format("must be at most {} bytes long", most));
}

bool IsLetterOrDigit(char c) {
  return static_cast<unsigned char>(c) < 0x80 && std::isalnum(static_cast<unsigned char>(c)) != 0;
}

absl::Status CheckName(const std::string& name) {
  const bool ends_well = !name.empty() && name.size() <= kMaxNameBytes &&
                         IsLetterOrDigit(name.front()) && IsLetterOrDigit(name.back());
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-';
  });
  if (ends_well && is_plain) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, "name", name.substr(0, 100),
                      "must have 1 to 63 letters, digits, dots (.), underscores (_) and hyphens "
                      "(-), and begin and end with a letter or digit");
}

}  // namespace

absl::StatusOr<Topic> ParseTopic(std::string_view field, std::string_view entity,
                                 std::string_view action) {
  std::vector<std::string> known;
  for (const TopicRow& row : kTopics) {
    if (row.entity == entity && row.action == action) return row.topic;
    known.push_back(fmt::format("{}.{}", row.entity, row.action));
  }
  return InvalidField(ErrorReason::VALUE_INVALID, field,
                      fmt::format("{}.{}", entity.substr(0, 50), action.substr(0, 50)),
                      fmt::format("must be one of {}", fmt::join(known, ", ")))
      .ToStatus();
}

std::string_view NameOf(Entity entity) {
  const auto* const row = std::find_if(kTopics.begin(), kTopics.end(), [entity](const auto& known) {
    return known.topic.entity == entity;
  });
  return row == kTopics.end() ? "" : row->entity;
}

std::string_view NameOf(Action action) {
  const auto* const row = std::find_if(kTopics.begin(), kTopics.end(), [action](const auto& known) {
    return known.topic.action == action;
  });
  return row == kTopics.end() ? "" : row->action;
}

std::vector<Topic> TopicsOf(const WebhookRecord& record) {
  std::vector<Topic> topics;
  for (const WebhookRecord::Event& event : record.events()) {
    const auto* const row =
        std::find_if(kTopics.begin(), kTopics.end(), [&event](const TopicRow& known) {
          return static_cast<int>(known.topic.entity) == event.entity() &&
                 static_cast<int>(known.topic.action) == event.action();
        });
    if (row != kTopics.end()) topics.push_back(row->topic);
  }
  return topics;
}

bool Wants(const WebhookRecord& record, const Topic& topic) {
  const std::vector<Topic> topics = TopicsOf(record);
  return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

absl::Status CheckWebhook(const WebhookRecord& record, const http::OutgoingOptions& outgoing) {
  CAIRN_RETURN_IF_ERROR(CheckName(record.name()));
  CAIRN_ASSIGN_OR_RETURN(const http::WebUrl url, http::ParseWebUrl("url", record.url()));
  CAIRN_RETURN_IF_ERROR(http::CheckOutgoing("url", url, outgoing));
  CAIRN_RETURN_IF_ERROR(CheckBytes("description", record.description(), kMaxDescriptionBytes));
  CAIRN_RETURN_IF_ERROR(CheckBytes("secret", record.secret(), kMaxSecretBytes));
  if (record.events().empty()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "events", "", "must name at least one event");
  }
  if (static_cast<size_t>(record.events_size()) > kTopics.size()) {
    return InvalidField(ErrorReason::TOO_LARGE, "events", std::to_string(record.events_size()),
                        fmt::format("must name each of the {} events once", kTopics.size()));
  }
  return absl::OkStatus();
}

std::string BodyOf(const Message& message, int64_t unix_nanos) {
  const std::time_t seconds = unix_nanos / kNanosPerSecond;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format(
      R"({{"entity":"{}","action":"{}","timestamp":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00","data":{}}})",
      AsciiLower(NameOf(message.topic.entity)), AsciiLower(NameOf(message.topic.action)),
      utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
      unix_nanos % kNanosPerSecond / 1000, message.data);
}

std::string SignatureOf(std::string_view secret, std::string_view id, std::string_view timestamp,
                        std::string_view body) {
  return "v1," +
         absl::Base64Escape(HmacSha256(secret, fmt::format("{}.{}.{}", id, timestamp, body)));
}

http::NameValues HeadersOf(const WebhookRecord& record, const std::string& id, int64_t unix_seconds,
                           const std::string& body) {
  const std::string timestamp = std::to_string(unix_seconds);
  http::NameValues headers = {{"Content-Type", "application/json"},
                              {"User-Agent", "cairn"},
                              {"X-MLflow-Delivery-Id", id},
                              {"X-MLflow-Timestamp", timestamp}};
  if (!record.secret().empty()) {
    headers.push_back({"X-MLflow-Signature", SignatureOf(record.secret(), id, timestamp, body)});
  }
  return headers;
}

}  // namespace cairn::webhooks

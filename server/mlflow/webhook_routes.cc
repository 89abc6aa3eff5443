#include <algorithm>
#include <charconv>
#include <coroutine>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/auth/access_control.h"
#include "server/gateway/json_text.h"
#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"
#include "server/mlflow/route_table.h"
#include "server/mlflow/webhook_payload.h"
#include "server/service/authorize.h"
#include "server/webhooks/deliverer.h"

namespace cairn::mlflow {
namespace {

using cairn::internal::WebhookRecord;
using gateway::JsonText;
using webhooks::Topic;
using webhooks::Webhook;

constexpr int64_t kWebhooksOfAPage = 100;
constexpr int64_t kMostWebhooksOfAPage = 1000;

// No row of the method table is behind these routes, so they ask for themselves: only who may ADMIN
// the server as a whole. What they do blocks for a commit, so it is done on the pool.
absl::Status AdmitAdmin(const Session& session) {
  const auth::AccessControl* access = session.environment().access;
  CAIRN_RETURN_IF_ERROR(service::CheckIdentity(access, session.caller()));
  if (access == nullptr) return absl::OkStatus();
  return access->Authorize(*session.caller().identity, v1::ADMIN, {});
}

Task<absl::Status> Enter(Session& session) {
  CAIRN_CO_RETURN_IF_ERROR(AdmitAdmin(session));
  if (session.webhooks() == nullptr) co_return Refuse(kNoEndpoint, "This server has no webhooks.");
  OnPool pool{session.environment().pools.compute};
  co_await pool;
  co_return absl::OkStatus();
}

// The secret is not in it, and nothing that tells of it.
void WriteWebhook(const Webhook& webhook, JsonText& json) {
  const WebhookRecord& record = webhook.record;
  json.Begin('{').Key("webhook_id").Text(webhook.id);
  json.Key("name").Text(record.name()).Key("url").Text(record.url());
  json.Key("events").Begin('[');
  for (const Topic& topic : webhooks::TopicsOf(record)) {
    json.Begin('{').Key("entity").Text(webhooks::NameOf(topic.entity));
    json.Key("action").Text(webhooks::NameOf(topic.action)).End('}');
  }
  json.End(']');
  json.TextUnlessEmpty("description", record.description());
  json.Key("status").Text(record.disabled() ? "DISABLED" : "ACTIVE");
  json.Key("creation_timestamp").Int(record.create_unix_millis());
  json.Key("last_updated_timestamp").Int(record.update_unix_millis()).End('}');
}

Reply ReplyOfWebhook(const absl::StatusOr<Webhook>& webhook) {
  if (!webhook.ok()) return webhook.status();
  JsonText json;
  json.Begin('{').Key("webhook");
  WriteWebhook(*webhook, json);
  json.End('}');
  return json.Take();
}

std::optional<Topic> TopicOf(const Fields& event) {
  auto topic = webhooks::ParseTopic(event.PathOf("entity"), event.Required("entity"),
                                    event.Required("action"));
  if (topic.ok()) return *topic;
  event.Refuse(topic.status());
  return std::nullopt;
}

void TakeEvents(const Fields& fields, WebhookRecord& record) {
  record.clear_events();
  for (const Fields& event : fields.Items("events")) {
    const auto topic = TopicOf(event);
    if (!topic.has_value()) return;
    const bool is_there = webhooks::Wants(record, *topic);
    if (is_there) continue;
    WebhookRecord::Event& added = *record.add_events();
    added.set_entity(static_cast<int>(topic->entity));
    added.set_action(static_cast<int>(topic->action));
  }
}

void TakeStatus(const Fields& fields, WebhookRecord& record) {
  const std::string status = fields.Text("status");
  if (status.empty()) return;
  if (status != "ACTIVE" && status != "DISABLED") {
    fields.Refuse(InvalidText(status, "status", "must be ACTIVE or DISABLED"));
  }
  record.set_disabled(status == "DISABLED");
}

Task<Reply> CreateWebhook(Session& session, const Fields& fields) {
  CAIRN_CO_RETURN_IF_ERROR(co_await Enter(session));
  WebhookRecord record;
  record.set_name(fields.Required("name"));
  record.set_url(fields.Required("url"));
  if (!fields.Has("events")) fields.Refuse(MissingValue("events"));
  TakeEvents(fields, record);
  record.set_description(fields.Text("description"));
  record.set_secret(fields.Text("secret"));
  TakeStatus(fields, record);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return ReplyOfWebhook(session.webhooks()->webhooks().Create(std::move(record)));
}

// "<time>-<id>" of the last one of a page. They are in the order of their making, the newest first.
bool IsBehind(const Webhook& webhook, int64_t millis, std::string_view id) {
  return std::pair(webhook.record.create_unix_millis(), std::string_view(webhook.id)) <
         std::pair(millis, id);
}

Task<Reply> ListWebhooks(Session& session, const Fields& fields) {
  CAIRN_CO_RETURN_IF_ERROR(co_await Enter(session));
  int64_t most = fields.Int("max_results").value_or(0);
  if (most == 0) most = kWebhooksOfAPage;
  if (most < 1 || most > kMostWebhooksOfAPage) {
    fields.Refuse(InvalidValue(std::to_string(most), "max_results", "must be 1 to 1000"));
  }
  const std::string token = fields.Text("page_token");
  int64_t millis = 0;
  const size_t dash = std::min(token.find('-'), token.size());
  const auto parsed = std::from_chars(token.data(), token.data() + dash, millis);
  if (!token.empty() && (parsed.ec != std::errc() || parsed.ptr != token.data() + dash)) {
    fields.Refuse(InvalidText(token, "page_token", "must be one that this server gave"));
  }
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const std::string id = dash < token.size() ? token.substr(dash + 1) : "";
  auto all = session.webhooks()->webhooks().List();
  if (!all.ok()) co_return all.status();
  if (!token.empty()) {
    std::erase_if(*all, [&](const Webhook& webhook) { return !IsBehind(webhook, millis, id); });
  }
  const bool more = all->size() > static_cast<size_t>(most);
  if (more) all->resize(static_cast<size_t>(most));
  JsonText json;
  json.Begin('{').Key("webhooks").Begin('[');
  for (const Webhook& webhook : *all) WriteWebhook(webhook, json);
  json.End(']');
  if (more) {
    json.Key("next_page_token")
        .Text(fmt::format("{}-{}", all->back().record.create_unix_millis(), all->back().id));
  }
  json.End('}');
  co_return json.Take();
}

Task<Reply> GetWebhook(Session& session, const Fields& fields) {
  CAIRN_CO_RETURN_IF_ERROR(co_await Enter(session));
  const std::string id = fields.Required("webhook_id");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  co_return ReplyOfWebhook(session.webhooks()->webhooks().Get(id));
}

// Name, URL and events that are empty stay as they are; an empty description or secret is taken.
Task<Reply> UpdateWebhook(Session& session, const Fields& fields) {
  CAIRN_CO_RETURN_IF_ERROR(co_await Enter(session));
  const std::string id = fields.Required("webhook_id");
  WebhookRecord wanted;
  TakeEvents(fields, wanted);
  TakeStatus(fields, wanted);
  const std::string name = fields.Text("name");
  const std::string url = fields.Text("url");
  const auto description = fields.OptionalText("description");
  const auto secret = fields.OptionalText("secret");
  const bool has_status = !fields.Text("status").empty();
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto changed = session.webhooks()->webhooks().Update(id, [&](WebhookRecord& record) {
    if (!name.empty()) record.set_name(name);
    if (!url.empty()) record.set_url(url);
    if (wanted.events_size() > 0) *record.mutable_events() = wanted.events();
    if (description.has_value()) record.set_description(*description);
    if (secret.has_value()) record.set_secret(*secret);
    if (has_status) record.set_disabled(wanted.disabled());
  });
  co_return ReplyOfWebhook(changed);
}

Task<Reply> DeleteWebhook(Session& session, const Fields& fields) {
  CAIRN_CO_RETURN_IF_ERROR(co_await Enter(session));
  const std::string id = fields.Required("webhook_id");
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  CAIRN_CO_RETURN_IF_ERROR(session.webhooks()->webhooks().Delete(id));
  co_return std::string(kEmptyReply);
}

// Awaited while a message is sent; nullopt: too many are.
struct TestCall {
  webhooks::Deliverer& deliverer;
  Webhook webhook;
  webhooks::Message message;
  std::optional<webhooks::TestResult> result;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    return deliverer.Test(std::move(webhook), std::move(message),
                          [this, awaiting](webhooks::TestResult got) {
                            result = std::move(got);
                            awaiting.resume();
                          });
  }
  std::optional<webhooks::TestResult> await_resume() { return std::move(result); }
};

// What the receiver wrote is told to nobody: a webhook is no way to read what only this server can
// reach. So `response_body` is not there.
std::string ReplyOfTest(const webhooks::TestResult& result) {
  const bool success = result.status >= 200 && result.status < 300;
  JsonText json;
  json.Begin('{').Key("result").Begin('{').Key("success").Bool(success);
  if (result.status != 0) json.Key("response_status").Int(result.status);
  if (!result.failed.ok()) json.Key("error_message").Text(std::string(result.failed.message()));
  json.End('}').End('}');
  return json.Take();
}

Task<Reply> TestWebhook(Session& session, const Fields& fields) {
  CAIRN_CO_RETURN_IF_ERROR(co_await Enter(session));
  const std::string id = fields.Required("webhook_id");
  const auto event = fields.Object("event");
  std::optional<Topic> topic;
  if (event.has_value()) topic = TopicOf(*event);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  auto webhook = session.webhooks()->webhooks().Get(id);
  if (!webhook.ok()) co_return webhook.status();
  const std::vector<Topic> wanted = webhooks::TopicsOf(webhook->record);
  if (!topic.has_value()) topic = wanted.empty() ? Topic() : wanted.front();
  TestCall call{*session.webhooks(), *std::move(webhook), ExampleOf(*topic), std::nullopt};
  auto result = co_await call;
  if (!result.has_value()) {
    co_return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
                    "too many webhooks are being tested; try again later")
        .ToStatus();
  }
  co_return ReplyOfTest(*result);
}

}  // namespace

std::vector<RouteRow> WebhookRoutes() {
  return {
      {"POST", "/webhooks", CreateWebhook},
      {"GET", "/webhooks", ListWebhooks},
      {"GET", "/webhooks/{webhook_id}", GetWebhook},
      {"PATCH", "/webhooks/{webhook_id}", UpdateWebhook},
      {"DELETE", "/webhooks/{webhook_id}", DeleteWebhook},
      {"POST", "/webhooks/{webhook_id}/test", TestWebhook},
  };
}

}  // namespace cairn::mlflow

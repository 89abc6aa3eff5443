// What webhooks are checked for, and what is sent.

#include "server/webhooks/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::webhooks {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

internal::WebhookRecord Record() {
  internal::WebhookRecord record;
  record.set_name("to-chat.1");
  record.set_url("https://example.org/hook");
  record.set_secret("s3cret");
  auto& event = *record.add_events();
  event.set_entity(2);
  event.set_action(1);
  return record;
}

TEST(WebhookTest, PairsOfTheRegistryAreTopics) {
  const auto topic = ParseTopic("events[0]", "MODEL_VERSION_TAG", "DELETED");
  ASSERT_THAT(topic, IsOk());
  EXPECT_EQ(*topic, (Topic{Entity::kModelVersionTag, Action::kDeleted}));
  for (const auto& [entity, action] : {std::pair{"REGISTERED_MODEL", "UPDATED"},
                                       {"MODEL_VERSION", "SET"},
                                       {"PROMPT_TAG", "SET"},
                                       {"BUDGET_POLICY", "EXCEEDED"},
                                       {"model_version", "created"},
                                       {"", ""}}) {
    const auto refused = ParseTopic("events[0]", entity, action);
    EXPECT_EQ(ReasonOf(refused.status()), "VALUE_INVALID") << entity << "." << action;
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr("MODEL_VERSION_ALIAS.CREATED"));
  }
}

TEST(WebhookTest, NamesHaveSixtyThreePlainCharacters) {
  for (const std::string& good : {std::string("a"), std::string("A.b_c-9"), std::string(63, 'x')}) {
    auto record = Record();
    record.set_name(good);
    EXPECT_THAT(CheckWebhook(record, {}), IsOk()) << good;
  }
  for (const std::string& bad : {std::string(), std::string("-a"), std::string("a-"),
                                 std::string("a b"), std::string("ä"), std::string(64, 'x')}) {
    auto record = Record();
    record.set_name(bad);
    EXPECT_EQ(MetadataOf(CheckWebhook(record, {}), "field"), "name") << bad;
  }
}

TEST(WebhookTest, WhatIsRefusedNeverShowsTheSecret) {
  auto record = Record();
  record.set_secret(std::string(1001, 'q'));
  const absl::Status refused = CheckWebhook(record, {});
  EXPECT_EQ(MetadataOf(refused, "field"), "secret");
  EXPECT_THAT(refused.ToString(), Not(HasSubstr("qqq")));
}

TEST(WebhookTest, WantsWhatItSays) {
  const auto record = Record();
  EXPECT_TRUE(Wants(record, {Entity::kModelVersion, Action::kCreated}));
  EXPECT_FALSE(Wants(record, {Entity::kRegisteredModel, Action::kCreated}));
  auto none = Record();
  none.clear_events();
  EXPECT_EQ(MetadataOf(CheckWebhook(none, {}), "field"), "events");
}

TEST(WebhookTest, BodiesSayWhatHappenedAndWhen) {
  const Message message{{Entity::kModelVersionAlias, Action::kCreated}, R"({"name":"m"})"};
  EXPECT_EQ(BodyOf(message, 1'700'000'000'123'456'789),
            R"({"entity":"model_version_alias","action":"created",)"
            R"("timestamp":"2023-11-14T22:13:20.123456+00:00","data":{"name":"m"}})");
}

// Computed with Python's hmac and base64.
TEST(WebhookTest, SignaturesAreThoseOfStandardWebhooks) {
  EXPECT_EQ(SignatureOf("s3cret", "id-1", "1700000000", R"({"a":1})"),
            "v1,ptB/Bx6uQbTgbsxdLuNLpNIrB0UNx4wkLFDG/8MNclw=");
}

TEST(WebhookTest, WithoutASecretNothingIsSigned) {
  auto record = Record();
  EXPECT_NE(http::FindHeader(HeadersOf(record, "i", 1, "{}"), "x-mlflow-signature"), nullptr);
  record.clear_secret();
  EXPECT_EQ(http::FindHeader(HeadersOf(record, "i", 1, "{}"), "x-mlflow-signature"), nullptr);
}

}  // namespace
}  // namespace cairn::webhooks

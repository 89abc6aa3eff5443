// What MLflow's webhooks are told.

#include "server/mlflow/webhook_payload.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace cairn::mlflow {
namespace {

using Json = nlohmann::json;
using webhooks::Action;
using webhooks::Entity;
using webhooks::Topic;

v1::ModelVersion Version(const std::map<std::string, std::string>& tags) {
  v1::ModelVersion version;
  version.set_name("models/churn/versions/7");
  for (const auto& [key, value] : tags) (*version.mutable_tags())[key] = value;
  return version;
}

TEST(WebhookPayloadTest, TagsThatChangedAreTold) {
  const auto messages = TagMessages(Version({{"a", "1"}, {"b", "2"}, {"c", "3"}}),
                                    {{"a", "1"}, {"b", "old"}, {"gone", "x"}});
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[0].topic, (Topic{Entity::kModelVersionTag, Action::kSet}));
  EXPECT_EQ(Json::parse(messages[0].data),
            Json({{"name", "churn"}, {"version", "7"}, {"key", "b"}, {"value", "2"}}));
  EXPECT_EQ(Json::parse(messages[1].data)["key"], "c");
  EXPECT_EQ(messages[2].topic, (Topic{Entity::kModelVersionTag, Action::kDeleted}));
  EXPECT_EQ(Json::parse(messages[2].data),
            Json({{"name", "churn"}, {"version", "7"}, {"key", "gone"}}));
}

TEST(WebhookPayloadTest, TagsOfAPromptHaveATopicOfTheirOwn) {
  const auto messages = TagMessages(
      Version(
          {{"mlflow.prompt.is_prompt", "true"}, {"mlflow.prompt.text", "Hello"}, {"tone", "kind"}}),
      {});
  ASSERT_EQ(messages.size(), 1U) << "what makes a prompt of it is no tag that somebody set";
  EXPECT_EQ(messages[0].topic, (Topic{Entity::kPromptVersionTag, Action::kSet}));
  EXPECT_EQ(Json::parse(messages[0].data)["key"], "tone");
}

TEST(WebhookPayloadTest, WhereNoTagChangedNothingIsTold) {
  EXPECT_TRUE(
      TagMessages(Version({{"a", "1"}, {"mlflow.stage", "Staging"}}), {{"a", "1"}}).empty());
}

TEST(WebhookPayloadTest, ExamplesHaveTheFieldsOfTheirTopic) {
  const auto keys = [](const Topic& topic) {
    std::string all;
    const Json data = Json::parse(ExampleOf(topic).data);
    for (const auto& [key, value] : data.items()) all += key + " ";
    return all;
  };
  EXPECT_EQ(keys({Entity::kRegisteredModel, Action::kCreated}), "description name tags ");
  EXPECT_EQ(keys({Entity::kModelVersion, Action::kCreated}),
            "description name run_id source tags version ");
  EXPECT_EQ(keys({Entity::kPrompt, Action::kCreated}), "description name tags ");
  EXPECT_EQ(keys({Entity::kPromptVersion, Action::kCreated}),
            "description name tags template version ");
  EXPECT_EQ(keys({Entity::kPromptAlias, Action::kDeleted}), "alias name ");
  EXPECT_EQ(keys({Entity::kModelVersionTag, Action::kSet}), "key name value version ");
  EXPECT_EQ(keys({Entity::kModelVersionTag, Action::kDeleted}), "key name version ");
  EXPECT_EQ(keys({Entity::kModelVersionAlias, Action::kCreated}), "alias name version ");
  EXPECT_EQ(keys({Entity::kModelVersionAlias, Action::kDeleted}), "alias name ");
  EXPECT_EQ(ExampleOf({Entity::kModelVersionAlias, Action::kDeleted}).topic.action,
            Action::kDeleted);
}

}  // namespace
}  // namespace cairn::mlflow

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client-cli/commands/consumers.h"
#include "tests/testing/status_matchers.h"

namespace cairn::cli {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

TEST(ConsumerReferenceTest, AChannelIsWithAnyConsumerOrTheOneOfTheFlag) {
  for (const char* consumer : {"", "web-1"}) {
    const auto who = ParseConsumerReference("customer-segments#production", consumer);
    ASSERT_THAT(who, IsOk());
    EXPECT_EQ(who->channel, "customer-segments#production");
    EXPECT_EQ(who->consumer, consumer);
  }
}

TEST(ConsumerReferenceTest, AConsumersNameIsOfItsChannelWithoutEscapes) {
  const auto who = ParseConsumerReference("models/m/channels/production/consumers/web%2F1%25", "");
  ASSERT_THAT(who, IsOk());
  EXPECT_EQ(who->channel, "models/m/channels/production");
  EXPECT_EQ(who->consumer, "web/1%");
}

TEST(ConsumerReferenceTest, WhatNamesNobodyOrTwoIsAUsageError) {
  const struct {
    const char* name;
    const char* flag;
    const char* words;
  } cases[] = {{"", "", "names no consumer"},
               {"web%2", "", "broken escape"},
               {"web%zz", "", "broken escape"},
               {"web-1", "web-2", "--consumer is for a channel"},
               {"web-1", "web-1", "--consumer is for a channel"}};
  for (const auto& [name, flag, words] : cases) {
    const auto who =
        ParseConsumerReference(std::string("models/m/channels/production/consumers/") + name, flag);
    ASSERT_THAT(who, StatusIs(absl::StatusCode::kInvalidArgument)) << name;
    EXPECT_THAT(std::string(who.status().message()), HasSubstr(words));
  }
}

}  // namespace
}  // namespace cairn::cli

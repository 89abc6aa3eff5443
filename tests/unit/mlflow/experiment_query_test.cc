// Searches of experiments, which are filtered and sorted here.

#include "server/mlflow/experiment_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/mlflow/entities.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Experiment Make(int number, const std::string& name, int64_t created) {
  v1::Experiment experiment;
  experiment.set_name("experiments/" + std::to_string(number));
  experiment.set_display_name(name);
  *experiment.mutable_create_time() = TimestampOf(created);
  *experiment.mutable_update_time() = TimestampOf(created + 5);
  if (number == 2) (*experiment.mutable_tags())["team"] = "crm";
  return experiment;
}

std::vector<std::string> Found(const std::string& filter,
                               const std::vector<std::string>& order_by = {}) {
  std::vector<v1::Experiment> all = {Make(1, "b", 10), Make(2, "A", 30), Make(10, "c", 30)};
  const auto query = ExperimentQuery::Parse(filter, order_by);
  if (!query.ok()) return {ErrorCodeOf(query.status())};
  query->Apply(all);
  std::vector<std::string> names;
  for (const auto& experiment : all) names.push_back(experiment.display_name());
  return names;
}

TEST(ExperimentQueryTest, NewestFirstThenById) {
  EXPECT_THAT(Found(""), ElementsAre("A", "c", "b"));
}

TEST(ExperimentQueryTest, OrderIsFollowedAndIdsDecideTheOtherWay) {
  EXPECT_THAT(Found("", {"name DESC"}), ElementsAre("c", "b", "A"));
  EXPECT_THAT(Found("", {"creation_time"}), ElementsAre("b", "c", "A"));
}

TEST(ExperimentQueryTest, Filters) {
  EXPECT_THAT(Found("name = 'A'"), ElementsAre("A"));
  EXPECT_THAT(Found("name ILIKE 'a'"), ElementsAre("A"));
  EXPECT_THAT(Found("name LIKE 'a'"), IsEmpty());
  EXPECT_THAT(Found("creation_time < 30"), ElementsAre("b"));
  EXPECT_THAT(Found("attribute.last_update_time >= 35 AND tags.team = 'crm'"), ElementsAre("A"));
  EXPECT_THAT(Found("tags.team != 'other'"), ElementsAre("A"));
  EXPECT_THAT(Found("tags.team IS NULL"), ElementsAre("c", "b"));
}

TEST(ExperimentQueryTest, WhatIsWrongIsRefused) {
  for (const std::string filter :
       {"name > 'a'", "name = 5", "creation_time = 'x'", "creation_time LIKE 'x'", "id = '1'",
        "name IS NULL", "metrics.a = 1"}) {
    EXPECT_THAT(Found(filter), ElementsAre(std::string(kInvalidParameter))) << filter;
  }
}

TEST(ExperimentQueryTest, TokensComeBack) {
  EXPECT_EQ(*OffsetOfExperimentPage(""), 0u);
  EXPECT_EQ(*OffsetOfExperimentPage(ExperimentPageToken(42)), 42u);
  for (const std::string token : {"x", "bm8", "ZXhwZXJpbWVudHNALTE"}) {
    EXPECT_FALSE(OffsetOfExperimentPage(token).ok()) << token;
  }
}

}  // namespace
}  // namespace cairn::mlflow

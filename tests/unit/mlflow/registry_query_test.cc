// Searches of models and versions, which are filtered and sorted here.

#include "server/mlflow/registry_query.h"

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

v1::Model MakeModel(const std::string& name, int64_t updated) {
  v1::Model model;
  model.set_name("models/" + name);
  model.set_display_name(name);
  *model.mutable_update_time() = TimestampOf(updated);
  return model;
}

std::vector<std::string> Models(const std::string& filter,
                                const std::vector<std::string>& order_by = {}) {
  std::vector<v1::Model> all = {MakeModel("churn", 30), MakeModel("Ads", 20), MakeModel("ask", 10)};
  (*all[0].mutable_tags())["team"] = "crm";
  (*all[2].mutable_tags())["mlflow.prompt.is_prompt"] = "true";
  const auto query = RegistryQuery::Parse(RegistryQuery::Kind::kModels, filter, order_by);
  if (!query.ok()) return {ErrorCodeOf(query.status())};
  query->Apply(all);
  std::vector<std::string> names;
  for (const auto& model : all) names.push_back(model.display_name());
  return names;
}

v1::ModelVersion MakeVersion(const std::string& model, int number, int64_t created) {
  v1::ModelVersion version;
  version.set_name("models/" + model + "/versions/" + std::to_string(number));
  version.set_run("experiments/1/runs/r" + std::to_string(number));
  *version.mutable_create_time() = TimestampOf(created);
  (*version.mutable_tags())["mlflow.source"] = "runs:/r/" + model;
  return version;
}

std::vector<std::string> Versions(const std::string& filter,
                                  const std::vector<std::string>& order_by = {}) {
  std::vector<v1::ModelVersion> all = {MakeVersion("a", 1, 10), MakeVersion("a", 2, 30),
                                       MakeVersion("a", 10, 30), MakeVersion("b", 1, 20)};
  (*all[1].mutable_tags())["ok"] = "yes";
  *all[0].mutable_update_time() = TimestampOf(99);
  const auto query = RegistryQuery::Parse(RegistryQuery::Kind::kVersions, filter, order_by);
  if (!query.ok()) return {ErrorCodeOf(query.status())};
  query->Apply(all);
  std::vector<std::string> names;
  for (const auto& version : all) names.push_back(version.name().substr(7));
  return names;
}

TEST(RegistryQueryTest, ModelsByNameAndWithoutPrompts) {
  EXPECT_THAT(Models(""), ElementsAre("Ads", "churn"));
  EXPECT_THAT(Models("", {"timestamp DESC"}), ElementsAre("churn", "Ads"));
  EXPECT_THAT(Models("", {"last_updated_timestamp"}), ElementsAre("Ads", "churn"));
  EXPECT_THAT(Models("tags.`mlflow.prompt.is_prompt` = 'true'"), ElementsAre("ask"));
  EXPECT_THAT(Models("tags.`mlflow.prompt.is_prompt` != 'true'"), ElementsAre("Ads", "churn"));
}

TEST(RegistryQueryTest, FiltersOfModels) {
  EXPECT_THAT(Models("name = 'Ads'"), ElementsAre("Ads"));
  EXPECT_THAT(Models("name LIKE 'a%'"), IsEmpty());
  EXPECT_THAT(Models("name ILIKE 'a%'"), ElementsAre("Ads"));
  EXPECT_THAT(Models("name IN ('churn', 'none')"), ElementsAre("churn"));
  EXPECT_THAT(Models("name != 'churn'"), ElementsAre("Ads"));
  EXPECT_THAT(Models("tags.team = 'crm' AND name LIKE '%u%'"), ElementsAre("churn"));
  EXPECT_THAT(Models("tag.team != 'other'"), ElementsAre("churn"));
  EXPECT_THAT(Models("tag.team IS NULL"), ElementsAre("Ads"));
}

TEST(RegistryQueryTest, TheLastChangedVersionComesFirst) {
  EXPECT_THAT(Versions(""),
              ElementsAre("a/versions/1", "a/versions/10", "a/versions/2", "b/versions/1"));
  EXPECT_THAT(Versions("", {"version_number ASC"}),
              ElementsAre("a/versions/1", "b/versions/1", "a/versions/2", "a/versions/10"));
  EXPECT_THAT(Versions("name = 'a'", {"creation_timestamp DESC"}),
              ElementsAre("a/versions/10", "a/versions/2", "a/versions/1"));
}

TEST(RegistryQueryTest, FiltersOfVersions) {
  EXPECT_THAT(Versions("run_id IN ('r10')"), ElementsAre("a/versions/10"));
  EXPECT_THAT(Versions("source_path LIKE '%/b'"), ElementsAre("b/versions/1"));
  EXPECT_THAT(Versions("version_number > 1 and name='a'"),
              ElementsAre("a/versions/10", "a/versions/2"));
  EXPECT_THAT(Versions("tags.ok = 'yes'"), ElementsAre("a/versions/2"));
  EXPECT_THAT(Versions("tags.`mlflow.source` LIKE '%'"), IsEmpty());  // the gateway's own
}

TEST(RegistryQueryTest, WhatIsWrongIsRefused) {
  const std::string refused(kInvalidParameter);
  EXPECT_THAT(Models("version_number > 1"), ElementsAre(refused));
  EXPECT_THAT(Models("name > 'a'"), ElementsAre(refused));
  EXPECT_THAT(Models("name = a"), ElementsAre(refused));
  EXPECT_THAT(Models("", {"version_number"}), ElementsAre(refused));
  EXPECT_THAT(Versions("version_number LIKE '1'"), ElementsAre(refused));
  EXPECT_THAT(Versions("version_number = '1'"), ElementsAre(refused));
  EXPECT_THAT(Versions("name NOT IN ('a')"), ElementsAre(refused));
  EXPECT_THAT(Versions("aliases = 'a'"), ElementsAre(refused));
}

TEST(RegistryQueryTest, NamesThatAreEnough) {
  EXPECT_THAT(
      *RegistryQuery::Parse(RegistryQuery::Kind::kVersions, "name IN ('b', 'a')", {})->Names(),
      ElementsAre("a", "b"));
  EXPECT_FALSE(RegistryQuery::Parse(RegistryQuery::Kind::kVersions, "name LIKE 'a'", {})
                   ->Names()
                   .has_value());
}

TEST(RegistryQueryTest, ATokenIsOfOneQuery) {
  const auto query = RegistryQuery::Parse(RegistryQuery::Kind::kModels, "name LIKE 'a%'", {"name"});
  const auto other = RegistryQuery::Parse(RegistryQuery::Kind::kModels, "name LIKE 'b%'", {"name"});
  ASSERT_TRUE(query.ok() && other.ok());
  const std::string token = query->PageToken(7);
  EXPECT_EQ(*query->OffsetOf(token), 7u);
  EXPECT_EQ(*query->OffsetOf(""), 0u);
  EXPECT_EQ(ErrorCodeOf(other->OffsetOf(token).status()), kInvalidParameter);
  EXPECT_EQ(ErrorCodeOf(query->OffsetOf("nonsense").status()), kInvalidParameter);
}

}  // namespace
}  // namespace cairn::mlflow

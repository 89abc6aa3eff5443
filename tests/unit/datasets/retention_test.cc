// Which versions a data set's rule keeps, over a store in memory.

#include "server/datasets/retention.h"

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include "fmt/format.h"
#include "lib/base/resource_names.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::datasets {
namespace {

using absl::StatusCode;
using Versions = std::vector<int64_t>;
using testing::IsOk;

v1::RetentionRule Rule(int32_t keep_last, int64_t keep_for_seconds = 0) {
  v1::RetentionRule rule;
  rule.set_keep_last(keep_last);
  if (keep_for_seconds > 0) rule.mutable_keep_for()->set_seconds(keep_for_seconds);
  return rule;
}

class RetentionTest : public UseCaseTest {
 protected:
  absl::StatusOr<v1::Dataset> Update(const v1::Dataset& wanted,
                                     const std::vector<std::string>& mask = {}) {
    v1::UpdateDatasetRequest request;
    *request.mutable_dataset() = wanted;
    request.mutable_dataset()->set_name("datasets/d");
    for (const std::string& path : mask) request.mutable_update_mask()->add_paths(path);
    return Apply<v1::Dataset>(PlanUpdateDataset(*Now(), request, NextTime()));
  }

  absl::StatusOr<v1::Dataset> SetRule(const v1::RetentionRule& rule) {
    v1::Dataset wanted;
    *wanted.mutable_retention() = rule;
    return Update(wanted);
  }

  v1::ApplyDatasetRetentionResponse Prune(bool only_check = false) {
    v1::ApplyDatasetRetentionRequest request;
    request.set_name("datasets/d");
    request.set_validate_only(only_check);
    const auto answer = Apply<v1::ApplyDatasetRetentionResponse>(
        PlanApplyDatasetRetention(*Now(), request, NextTime()));
    EXPECT_THAT(answer, IsOk());
    return answer.ok() ? *answer : v1::ApplyDatasetRetentionResponse();
  }

  // Numbers of the versions there are, ascending.
  Versions Left() {
    v1::ListDatasetVersionsRequest request;
    request.set_parent("datasets/d");
    request.set_page_size(1000);
    const auto list = ListDatasetVersions(*Now(), request);
    EXPECT_THAT(list, IsOk());
    std::set<int64_t> numbers;
    for (const auto& version : list->dataset_versions()) {
      numbers.insert(ParseDatasetVersionName("name", version.name())->version);
    }
    return {numbers.begin(), numbers.end()};
  }

  // Creates so many versions, a second apart.
  void Put(int count) {
    for (int i = 0; i < count; ++i) PutDataset("d", fmt::format("content {}", ++contents_));
  }

  void PointAlias(const std::string& alias, int64_t version) {
    v1::SetDatasetAliasRequest request;
    request.set_name("datasets/d");
    request.set_alias(alias);
    request.set_version(version);
    ASSERT_THAT(Apply<v1::Dataset>(PlanSetDatasetAlias(*Now(), request, NextTime())), IsOk());
  }

  int contents_ = 0;
};

TEST_F(RetentionTest, WithoutARuleEverythingIsKept) {
  Put(4);
  EXPECT_EQ(Prune().deleted_size(), 0);
  EXPECT_EQ(Left(), (Versions{1, 2, 3, 4}));
}

TEST_F(RetentionTest, TheNewestAreKeptByNumber) {
  Put(5);
  ASSERT_THAT(SetRule(Rule(2)), IsOk());
  EXPECT_EQ(Left().size(), 5u);  // the rule alone removes nothing
  const storage::Revision before = Revision();
  const auto would = Prune(/*only_check=*/true);
  EXPECT_EQ(Revision(), before);
  const auto done = Prune();
  EXPECT_EQ(would.SerializeAsString(), done.SerializeAsString());
  ASSERT_EQ(done.deleted_size(), 3);
  EXPECT_EQ(done.deleted(0), "datasets/d/versions/3");
  EXPECT_EQ(done.deleted(2), "datasets/d/versions/1");
  EXPECT_EQ(Left(), (Versions{4, 5}));
  const storage::Revision after = Revision();
  EXPECT_EQ(Prune().deleted_size(), 0);
  EXPECT_EQ(Revision(), after);
}

TEST_F(RetentionTest, ANewVersionPushesTheOldestOut) {
  Put(3);
  ASSERT_THAT(SetRule(Rule(2)), IsOk());
  Put(1);
  EXPECT_EQ(Left(), (Versions{3, 4}));
  Put(2);
  EXPECT_EQ(Left(), (Versions{5, 6}));
}

TEST_F(RetentionTest, YoungOnesAreKeptByAge) {
  Put(6);  // at seconds 1 to 6
  ASSERT_THAT(SetRule(Rule(0, 5)), IsOk());
  // At second 8: those of second 4 on.
  EXPECT_EQ(Prune().deleted_size(), 3);
  EXPECT_EQ(Left(), (Versions{4, 5, 6}));
  calls_ += 1000;
  EXPECT_EQ(Prune().deleted_size(), 2);
  EXPECT_EQ(Left(), (Versions{6}));
}

TEST_F(RetentionTest, AJumpOfTheMachinesClockMakesNoVersionTooOld) {
  const RequestTime jumped{kStart + int64_t{10} * 365 * 24 * 3600 * kNanosPerSecond,
                           kStart + int64_t{3600} * kNanosPerSecond};
  EXPECT_EQ(jumped.ageing_unix_nanos, kStart + int64_t{3600} * kNanosPerSecond);
  const RequestTime back{kStart, kStart + int64_t{3600} * kNanosPerSecond};
  EXPECT_EQ(back.ageing_unix_nanos, kStart);
  Put(2);
  ASSERT_THAT(SetRule(Rule(0, 24 * 3600)), IsOk());
  v1::ApplyDatasetRetentionRequest request;
  request.set_name("datasets/d");
  const auto kept =
      Apply<v1::ApplyDatasetRetentionResponse>(PlanApplyDatasetRetention(*Now(), request, jumped));
  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ(kept->deleted_size(), 0);
  const auto over = Apply<v1::ApplyDatasetRetentionResponse>(
      PlanApplyDatasetRetention(*Now(), request, jumped.stamp_unix_nanos));
  ASSERT_THAT(over, IsOk());
  EXPECT_GT(over->deleted_size(), 0);
}

TEST_F(RetentionTest, OneReasonToKeepIsEnough) {
  Put(6);
  ASSERT_THAT(SetRule(Rule(2, 5)), IsOk());
  EXPECT_EQ(Prune().deleted_size(), 3);
  calls_ += 1000;
  EXPECT_EQ(Prune().deleted_size(), 1);
  EXPECT_EQ(Left(), (Versions{5, 6}));
}

TEST_F(RetentionTest, WhatSomethingUsesIsKeptAndNamed) {
  Put(1);
  PointAlias("gold", 1);
  const v1::Run maker = CreateRun();
  PutDataset("d", "made", {}, maker.name());
  const v1::Run reader = CreateRun({}, PutDataset("d", "read"));
  PutDataset("d", "listed");
  v1::CreateRunRequest lister;
  lister.set_parent("experiments/0");
  lister.mutable_run()->add_outputs()->set_resource("datasets/d/versions/4");
  ASSERT_THAT(Apply<v1::Run>(tracking::PlanCreateRun(*Now(), lister, Facts())), IsOk());
  PutDataset("child", "child", {PutDataset("d", "parent")});
  v1::ModelVersion model;
  model.set_training_dataset(PutDataset("d", "trained"));
  v1::Evaluation evaluation;
  evaluation.add_values()->set_metric("silhouette");
  evaluation.set_dataset_version(PutDataset("d", "measured"));
  *model.add_files() = PutFile("m", "m");
  ASSERT_THAT(CreateModelVersion("m", model, "", evaluation), IsOk());
  Put(2);  // 8 and 9
  ASSERT_THAT(SetRule(Rule(1)), IsOk());
  const auto answer = Prune();
  ASSERT_EQ(answer.deleted_size(), 1);
  EXPECT_EQ(answer.deleted(0), "datasets/d/versions/8");
  EXPECT_EQ(Left(), (Versions{1, 2, 3, 4, 5, 6, 7, 9}));
  std::map<std::string, std::string> users;
  for (const auto& kept : answer.kept()) users[kept.name()] = kept.user();
  EXPECT_EQ(users["datasets/d/versions/1"], "datasets/d/aliases/gold");
  EXPECT_EQ(users["datasets/d/versions/2"], maker.name());
  EXPECT_EQ(users["datasets/d/versions/3"], reader.name());
  EXPECT_TRUE(users["datasets/d/versions/4"].starts_with("experiments/0/runs/"));
  EXPECT_EQ(users["datasets/d/versions/5"], "datasets/child/versions/1");
  EXPECT_EQ(users["datasets/d/versions/6"], "models/m/versions/1");
  EXPECT_EQ(users["datasets/d/versions/7"], "models/m/versions/1/evaluations/1");
  EXPECT_FALSE(answer.more());
}

TEST_F(RetentionTest, AParentOfTheNewVersionStays) {
  Put(1);
  ASSERT_THAT(SetRule(Rule(1)), IsOk());
  PutDataset("d", "next", {"datasets/d/versions/1"});
  EXPECT_EQ(Left(), (Versions{1, 2}));
}

TEST_F(RetentionTest, MoreThanOneCommitTakesIsDoneInSeveral) {
  Put(250);
  ASSERT_THAT(SetRule(Rule(20)), IsOk());
  auto answer = Prune();
  EXPECT_EQ(answer.deleted_size(), 100);
  EXPECT_TRUE(answer.more());
  Put(1);  // takes 100 with it
  answer = Prune();
  EXPECT_EQ(answer.deleted_size(), 31);
  EXPECT_FALSE(answer.more());
  EXPECT_EQ(Left().size(), 20u);
  EXPECT_EQ(Left().back(), 251);
}

TEST_F(RetentionTest, AUseThatComesMeanwhileSavesTheVersion) {
  Put(3);
  ASSERT_THAT(SetRule(Rule(1)), IsOk());
  v1::ApplyDatasetRetentionRequest request;
  request.set_name("datasets/d");
  auto plan = PlanApplyDatasetRetention(*Now(), request, NextTime());
  ASSERT_THAT(plan, IsOk());
  CreateRun({}, "datasets/d/versions/2");
  ExpectError(Apply<v1::ApplyDatasetRetentionResponse>(std::move(plan)).status(),
              StatusCode::kAborted, "COMMIT_CONFLICT");
  EXPECT_EQ(Prune().deleted_size(), 1);
  EXPECT_EQ(Left(), (Versions{2, 3}));
}

TEST_F(RetentionTest, NumbersOfDeletedVersionsAreNotUsedAgain) {
  Put(2);
  ASSERT_THAT(SetRule(Rule(1)), IsOk());
  Prune();
  Put(1);
  EXPECT_EQ(Left(), (Versions{3}));
  EXPECT_EQ(PutDataset("d", "content 1"), "datasets/d/versions/4");
}

// Rules, ages and aliases at random against what the words of the rule say.
TEST_F(RetentionTest, ExactlyWhatTheRuleSaysIsKept) {
  std::mt19937_64 random(5);
  std::map<int64_t, int64_t> created;  // number to time
  std::set<int64_t> aliased;
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(fmt::format("seed 5, round {}", round));
    const auto keep_last = static_cast<int32_t>(random() % 5);
    const auto keep_for = static_cast<int64_t>(random() % 8) + (keep_last == 0 ? 1 : 0);
    ASSERT_TRUE(Update(v1::Dataset(), {"retention"}).ok() || created.empty());
    for (auto left = random() % 4; left > 0 || created.empty(); left -= left > 0 ? 1 : 0) {
      calls_ += static_cast<int64_t>(random() % 3);
      Put(1);
      created[Left().back()] = calls_;
    }
    if (random() % 3 == 0) {
      PointAlias(fmt::format("a{}", round), created.rbegin()->first);
      aliased.insert(created.rbegin()->first);
    }
    ASSERT_THAT(SetRule(Rule(keep_last, keep_for)), IsOk());
    Prune();
    const int64_t now = calls_;
    size_t from_newest = 0;
    Versions kept;
    for (auto it = created.rbegin(); it != created.rend(); ++it, ++from_newest) {
      const bool young = keep_for > 0 && it->second > now - keep_for;
      if (from_newest == 0 || from_newest < static_cast<size_t>(keep_last) || young ||
          aliased.count(it->first) > 0) {
        kept.insert(kept.begin(), it->first);
      }
    }
    EXPECT_EQ(Left(), kept);
    std::map<int64_t, int64_t> rest;
    for (const int64_t number : kept) rest[number] = created[number];
    created = std::move(rest);
  }
}

TEST_F(RetentionTest, RulesThatMeanNothingAreRefused) {
  Put(1);
  std::vector<v1::RetentionRule> wrong = {Rule(0), Rule(-1), Rule(1'000'001),
                                          Rule(1, int64_t{101} * 366 * 24 * 3600)};
  wrong.emplace_back().mutable_keep_for();
  wrong.emplace_back().mutable_keep_for()->set_seconds(-1);
  wrong.emplace_back().mutable_keep_for()->set_nanos(-1);
  for (const auto& rule : wrong) {
    ExpectError(SetRule(rule).status(), StatusCode::kInvalidArgument, "VALUE_INVALID");
    v1::CreateDatasetRequest create;
    create.mutable_dataset()->set_display_name("other");
    *create.mutable_dataset()->mutable_retention() = rule;
    ExpectError(PlanCreateDataset(*Now(), create, kStart).status(), StatusCode::kInvalidArgument,
                "VALUE_INVALID");
  }
}

TEST_F(RetentionTest, TheMaskSaysWhichFieldsChange) {
  Put(1);
  v1::Dataset wanted;
  wanted.set_description("sales");
  *wanted.mutable_retention() = Rule(3);
  ASSERT_THAT(Update(wanted, {"description"}), IsOk());
  auto dataset = Update(v1::Dataset());
  EXPECT_EQ(dataset->description(), "sales");
  EXPECT_FALSE(dataset->has_retention());
  const storage::Revision before = Revision();
  EXPECT_THAT(Update(v1::Dataset()), IsOk());
  EXPECT_THAT(Update(wanted, {"description"}), IsOk());
  EXPECT_EQ(Revision(), before);
  dataset = Update(wanted, {"*"});
  EXPECT_EQ(dataset->retention().keep_last(), 3);
  dataset = Update(v1::Dataset(), {"retention"});
  EXPECT_FALSE(dataset->has_retention());
  EXPECT_EQ(dataset->description(), "sales");
  for (const char* path : {"aliases", "display_name", "nonsense", "retention.keep_last"}) {
    ExpectError(Update(wanted, {path}).status(), StatusCode::kInvalidArgument,
                "UPDATE_MASK_INVALID");
  }
  v1::Dataset stale;
  stale.set_description("other");
  stale.set_etag("stale");
  ExpectError(Update(stale).status(), StatusCode::kAborted, "ETAG_MISMATCH");
}

}  // namespace
}  // namespace cairn::datasets

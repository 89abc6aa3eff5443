// Runs of kind LOGGED_MODEL: left out where runs are meant, and where versions come from.

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "server/tracking/run_purge.h"
#include "server/tracking/run_search.h"
#include "server/tracking/run_update.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::tracking {
namespace {

using absl::StatusCode;
using google::protobuf::Empty;
using testing::IsOk;

class LoggedModelsTest : public UseCaseTest {
 protected:
  v1::Run LogModel(const std::string& parent = "") {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    request.mutable_run()->set_kind(v1::Run::LOGGED_MODEL);
    request.mutable_run()->set_parent_run(parent);
    const auto model = Apply<v1::Run>(PlanCreateRun(*Now(), request, Facts()));
    EXPECT_THAT(model, IsOk());
    return model.value_or(v1::Run());
  }

  std::vector<std::string> Search(const std::string& filter) {
    v1::SearchRunsRequest request;
    request.set_filter(filter);
    const auto page = SearchRuns(*Now(), request, {});
    EXPECT_THAT(page, IsOk()) << filter;
    std::vector<std::string> names;
    if (!page.ok()) return names;
    for (const v1::Run& run : page->runs()) names.push_back(run.name());
    return names;
  }

  absl::StatusOr<v1::ModelVersion> Register(const std::string& run) {
    v1::ModelVersion version;
    version.set_run(run);
    return CreateModelVersion("m", version);
  }

  std::set<std::string> Before(const std::string& name) {
    v1::GetLineageRequest request;
    request.set_name(name);
    request.set_direction(v1::GetLineageRequest::UPSTREAM);
    const auto lineage = datasets::GetLineage(*Now(), request);
    EXPECT_THAT(lineage, IsOk());
    std::set<std::string> names;
    if (!lineage.ok()) return names;
    for (const auto& node : lineage->nodes()) names.insert(node.kind() + " " + node.name());
    return names;
  }

  absl::Status DeleteAndPurge(const std::string& name) {
    v1::DeleteRunRequest remove;
    remove.set_name(name);
    EXPECT_THAT(Apply<v1::Run>(PlanDeleteRun(*Now(), remove, Facts())), IsOk());
    v1::PurgeRunRequest purge;
    purge.set_name(name);
    return Apply<Empty>(PlanPurgeRun(*Now(), purge)).status();
  }
};

TEST_F(LoggedModelsTest, AreFoundOnlyWhereTheKindIsNamed) {
  const v1::Run run = CreateRun();
  const v1::Run model = LogModel(run.name());
  const std::vector<std::string> only_run = {run.name()};
  const std::vector<std::string> only_model = {model.name()};
  EXPECT_EQ(Search(""), only_run);
  EXPECT_EQ(Search("state = RUNNING"), only_run);
  EXPECT_EQ(Search("kind = RUN"), only_run);
  EXPECT_EQ(Search("kind != LOGGED_MODEL"), only_run);
  EXPECT_EQ(Search("kind = LOGGED_MODEL"), only_model);
  EXPECT_EQ(Search("NOT kind = RUN"), only_model);
  EXPECT_EQ(Search("kind IN (LOGGED_MODEL, RUN)").size(), 2u);
  EXPECT_EQ(Search("kind:*").size(), 2u);
  v1::ListRunsRequest list;
  list.set_parent("experiments/0");
  const auto page = ListRuns(*Now(), list);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->runs_size(), 1);
  EXPECT_EQ(page->runs(0).name(), run.name());
}

TEST_F(LoggedModelsTest, AKindIsOneOfTwoWordsAndNeverChanges) {
  v1::SearchRunsRequest search;
  for (const std::string filter : {"kind = MODEL", "kind < RUN", "kind = \"\""}) {
    search.set_filter(filter);
    ExpectError(SearchRuns(*Now(), search, {}).status(), StatusCode::kInvalidArgument,
                "FILTER_INVALID");
  }
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  create.mutable_run()->set_kind(static_cast<v1::Run::Kind>(77));
  ExpectError(Apply<v1::Run>(PlanCreateRun(*Now(), create, Facts())).status(),
              StatusCode::kInvalidArgument, "VALUE_INVALID");
  v1::UpdateRunRequest update;
  update.mutable_run()->set_name(CreateRun().name());
  update.mutable_run()->set_kind(v1::Run::LOGGED_MODEL);
  ExpectError(Apply<v1::Run>(PlanUpdateRun(*Now(), update)).status(), StatusCode::kInvalidArgument,
              "VALUE_INVALID");
}

TEST_F(LoggedModelsTest, AVersionTakesTheFilesOfTheModelAndTheRestOfItsRun) {
  const std::string data = PutDataset("retail", "a,b\n");
  const v1::Run run = CreateRun({{"k", "4"}}, data);
  const v1::Run model = LogModel(run.name());
  ASSERT_THAT(LogArtifacts(run.name(), {PutFile("plot.svg", "plot")}), IsOk());
  ASSERT_THAT(LogArtifacts(model.name(), {PutFile("MLmodel", "flavors")}), IsOk());
  const auto version = Register(model.name());
  ASSERT_THAT(version, IsOk());
  EXPECT_EQ(version->run(), run.name());
  EXPECT_EQ(version->logged_model(), model.name());
  EXPECT_EQ(version->params().at("k"), "4");
  EXPECT_EQ(version->training_dataset(), data);
  ASSERT_EQ(version->files_size(), 1);
  EXPECT_EQ(version->files(0).path(), "MLmodel");
  const std::set<std::string> before = {"ModelVersion " + version->name(),
                                        "LoggedModel " + model.name(), "Run " + run.name(),
                                        "DatasetVersion " + data};
  EXPECT_EQ(Before(version->name()), before);
}

TEST_F(LoggedModelsTest, ARunThatAVersionCameFromByItsModelStays) {
  const v1::Run run = CreateRun();
  const v1::Run model = LogModel(run.name());
  ASSERT_THAT(LogArtifacts(model.name(), {PutFile("MLmodel", "flavors")}), IsOk());
  ASSERT_THAT(Register(model.name()), IsOk());
  ExpectError(DeleteAndPurge(model.name()), StatusCode::kFailedPrecondition, "RUN_IN_USE");
  ExpectError(DeleteAndPurge(run.name()), StatusCode::kFailedPrecondition, "RUN_IN_USE");
}

TEST_F(LoggedModelsTest, AreAmongTheOutputsOfRunsAndOtherRunsAreNot) {
  const v1::Run run = CreateRun();
  const v1::Run model = LogModel();
  v1::LogBatchRequest request;
  request.set_run(run.name());
  request.add_outputs()->set_resource(CreateRun().name());
  const auto log = [&] {
    return Apply<v1::LogBatchResponse>(PlanLogBatch(*Now(), request, Facts()));
  };
  ExpectError(log().status(), StatusCode::kInvalidArgument, "VALUE_INVALID");
  request.mutable_outputs(0)->set_resource(model.name());
  ASSERT_THAT(log(), IsOk());
  EXPECT_EQ(Before(model.name()).count("Run " + run.name()), 1u);
  EXPECT_EQ(Search("kind = LOGGED_MODEL").size(), 1u);
  // A purge takes the edges from both ends.
  ASSERT_THAT(DeleteAndPurge(model.name()), IsOk());
  v1::GetLineageRequest lineage;
  lineage.set_name(run.name());
  lineage.set_count(true);
  const auto after = datasets::GetLineage(*Now(), lineage);
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->counts_size(), 0);
}

TEST_F(LoggedModelsTest, APurgedModelLeavesNoEdgeAtItsRun) {
  const v1::Run run = CreateRun();
  const v1::Run model = LogModel(run.name());
  ASSERT_THAT(DeleteAndPurge(model.name()), IsOk());
  bool found = false;
  EXPECT_THAT(Now()->Scan({storage::Family::kIndex, "", ""}, storage::ScanOrder::kAscending,
                          [&](std::string_view key, const storage::Record&) {
                            found = found || key.find(model.uid()) != std::string_view::npos;
                            return true;
                          }),
              IsOk());
  EXPECT_FALSE(found);
}

}  // namespace
}  // namespace cairn::tracking

// Graphs of what was made from what: no edge hidden, nothing left out silently.

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include "cairn/internal/records.pb.h"
#include "lib/base/resource_names.h"
#include "server/storage/keyspace.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::datasets {
namespace {

using Edges = std::set<std::pair<std::string, std::string>>;
using Request = v1::GetLineageRequest;
using testing::IsOk;

class LineageTest : public UseCaseTest {
 protected:
  v1::Lineage Get(const std::string& name, Request::Direction direction, int max_depth = 0) {
    Request request;
    request.set_name(name);
    request.set_direction(direction);
    request.set_max_depth(max_depth);
    auto lineage = GetLineage(*Now(), request);
    EXPECT_THAT(lineage, IsOk());
    return lineage.ok() ? *std::move(lineage) : v1::Lineage();
  }

  static Edges EdgesOf(const v1::Lineage& lineage) {
    Edges edges;
    for (const auto& edge : lineage.edges()) edges.emplace(edge.from(), edge.to());
    return edges;
  }

  std::string Register(const std::string& run, const std::string& training_dataset) {
    v1::ModelVersion version;
    version.set_run(run);
    version.set_training_dataset(training_dataset);
    *version.add_files() = PutFile("model.bin", "model");
    const auto made = CreateModelVersion("m", version);
    EXPECT_THAT(made, IsOk());
    return made.ok() ? made->name() : "";
  }
};

TEST_F(LineageTest, ATrainingSetThatTheRunDidNotReadHasAnEdgeOfItsOwn) {
  const std::string read = PutDataset("read", "1");
  const std::string trained = PutDataset("trained", "2");
  const std::string run = CreateRun({}, read).name();
  const std::string model = Register(run, trained);
  const Edges all = {{read, run}, {run, model}, {trained, model}};
  EXPECT_EQ(EdgesOf(Get(model, Request::UPSTREAM)), all);
  EXPECT_EQ(EdgesOf(Get(trained, Request::DOWNSTREAM)), (Edges{{trained, model}}));
  EXPECT_EQ(EdgesOf(Get(run, Request::DIRECTION_UNSPECIFIED)), (Edges{{read, run}, {run, model}}));
}

TEST_F(LineageTest, ATrainingSetThatTheRunReadLeadsThroughTheRunOnly) {
  const std::string read = PutDataset("read", "1");
  const std::string run = CreateRun({}, read).name();
  const std::string model = Register(run, read);
  const Edges all = {{read, run}, {run, model}};
  EXPECT_EQ(EdgesOf(Get(model, Request::UPSTREAM)), all);
  EXPECT_EQ(EdgesOf(Get(read, Request::DOWNSTREAM)), all);
}

TEST_F(LineageTest, AModelWithoutARunHasTheEdgeFromItsTrainingSet) {
  const std::string trained = PutDataset("trained", "2");
  const std::string model = Register("", trained);
  EXPECT_EQ(EdgesOf(Get(model, Request::UPSTREAM)), (Edges{{trained, model}}));
  EXPECT_EQ(EdgesOf(Get(trained, Request::DOWNSTREAM)), (Edges{{trained, model}}));
}

TEST_F(LineageTest, TheProducingStepIsTheLabelOfWhatItMade) {
  v1::DatasetVersion version;
  *version.add_files() = PutFile("a.csv", "1");
  version.set_producer("clean/duplicates");
  version.set_row_count(7);
  const std::string made = CreateDatasetVersion("d", version)->name();
  EXPECT_EQ(Get(made, Request::UPSTREAM).nodes(0).label(), "7 rows clean/duplicates");
}

TEST_F(LineageTest, LeavesBeyondTheLimitAreToldOf) {
  const std::string root = PutDataset("root", "1");
  for (const int extra : {-1, 0, 1}) {
    // With the root 10,000 nodes; edges to runs that are shown though nobody made them.
    storage::WriteSet edges;
    const int from = extra < 0 ? 0 : 9999 + extra - 1;
    for (int i = from; i < 9999 + extra; ++i) {
      v1::DatasetVersion leaf;
      leaf.set_name("datasets/leaf/versions/" + std::to_string(i + 1));
      internal::DatasetVersionRecord record;
      *record.mutable_version() = leaf;
      edges.PutRecord(storage::DatasetVersionKey("leaf", i + 1), record.SerializeAsString());
      edges.PutRecord(storage::LineageDownKey(root, leaf.name()), "");
    }
    ASSERT_THAT(store_->CommitAndWait(std::move(edges)), IsOk());
    const v1::Lineage lineage = Get(root, Request::DOWNSTREAM);
    EXPECT_EQ(lineage.nodes_size(), std::min(10'000 + extra, 10'000));
    EXPECT_EQ(lineage.edges_size(), lineage.nodes_size() - 1);
    EXPECT_EQ(lineage.truncated(), extra > 0) << extra;
  }
}

TEST_F(LineageTest, AnAnswerFitsIntoAMessageHoweverLongTheNamesAre) {
  const std::string root = PutDataset("root", "1");
  const std::string dataset(200, '.');  // three bytes each in a resource name
  storage::WriteSet edges;
  for (int i = 1; i <= 5000; ++i) {
    v1::DatasetVersion leaf;
    leaf.set_name(DatasetVersionName(dataset, i));
    internal::DatasetVersionRecord record;
    *record.mutable_version() = leaf;
    edges.PutRecord(storage::DatasetVersionKey(dataset, i), record.SerializeAsString());
    edges.PutRecord(storage::LineageDownKey(root, leaf.name()), "");
  }
  ASSERT_THAT(store_->CommitAndWait(std::move(edges)), IsOk());
  const v1::Lineage lineage = Get(root, Request::DOWNSTREAM);
  EXPECT_TRUE(lineage.truncated());
  EXPECT_LT(lineage.ByteSizeLong(), size_t{4} << 20);
  EXPECT_EQ(lineage.nodes(0).name(), root);
  EXPECT_EQ(lineage.edges_size(), lineage.nodes_size() - 1);
}

}  // namespace
}  // namespace cairn::datasets

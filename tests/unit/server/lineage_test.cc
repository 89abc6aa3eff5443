// Lineage beyond what a picture shows: bounded lists of each hop, and exact counts of all of it.

#include <map>
#include <string>
#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::datasets {
namespace {

using testing::IsOk;
using Request = v1::GetLineageRequest;

class LineageTest : public UseCaseTest {
 protected:
  // A data set that `runs` runs read, every tenth of which made another one.
  std::string Fan(int runs) {
    std::string data = PutDataset("fan", "a,b\n");
    for (int i = 0; i < runs; ++i) {
      const v1::Run run = CreateRun({}, data);
      if (i % 10 == 0) PutDataset("made", std::to_string(i), {}, run.name());
    }
    return data;
  }

  v1::Lineage Read(const std::string& name, int per_hop, bool count, int depth = 0) {
    Request request;
    request.set_name(name);
    request.set_max_per_hop(per_hop);
    request.set_max_depth(depth);
    request.set_count(count);
    const auto lineage = GetLineage(*Now(), request);
    EXPECT_THAT(lineage, IsOk());
    return lineage.value_or(v1::Lineage());
  }

  using Place = std::pair<int, std::string>;  // signed hop, kind
  static std::map<Place, int64_t> CountsOf(const v1::Lineage& lineage) {
    std::map<Place, int64_t> counts;
    for (const auto& entry : lineage.counts()) {
      const int sign = entry.direction() == Request::UPSTREAM ? -1 : 1;
      counts[{sign * entry.hop(), entry.kind()}] = entry.count();
    }
    return counts;
  }
  static std::map<Place, int64_t> ListedOf(const v1::Lineage& lineage) {
    std::map<Place, int64_t> listed;
    for (const auto& node : lineage.nodes()) {
      if (node.hop() != 0) ++listed[{node.hop(), node.kind()}];
    }
    return listed;
  }
};

TEST_F(LineageTest, CountsAreExactHoweverFewAreListed) {
  const std::string data = Fan(57);
  const v1::Lineage lineage = Read(data, 4, true);
  const std::map<Place, int64_t> counts = {{{1, "Run"}, 57}, {{2, "DatasetVersion"}, 6}};
  EXPECT_EQ(CountsOf(lineage), counts);
  const std::map<Place, int64_t> listed = {{{1, "Run"}, 4}, {{2, "DatasetVersion"}, 4}};
  EXPECT_EQ(ListedOf(lineage), listed);
  EXPECT_TRUE(lineage.truncated());
  EXPECT_FALSE(lineage.counts_truncated());
}

TEST_F(LineageTest, WithoutCountsOnlyWhatIsListedIsFollowed) {
  const std::string data = Fan(57);
  const v1::Lineage lineage = Read(data, 4, false);
  EXPECT_EQ(lineage.counts_size(), 0);
  EXPECT_EQ(ListedOf(lineage).at({1, "Run"}), 4);
  EXPECT_TRUE(lineage.truncated());
  for (const auto& edge : lineage.edges()) {
    int ends = 0;
    for (const auto& node : lineage.nodes()) {
      ends += node.name() == edge.from() || node.name() == edge.to() ? 1 : 0;
    }
    EXPECT_EQ(ends, 2) << edge.from() << " " << edge.to();
  }
}

TEST_F(LineageTest, EverythingIsListedAndCountedOnceWhereThereIsRoom) {
  const std::string data = Fan(21);
  const v1::Lineage lineage = Read(data, 0, true);
  EXPECT_EQ(CountsOf(lineage), ListedOf(lineage));
  EXPECT_FALSE(lineage.truncated());
  EXPECT_EQ(lineage.nodes(0).name(), data);
  EXPECT_EQ(lineage.nodes(0).hop(), 0);
}

TEST_F(LineageTest, HopsAreSignedByDirectionAndEndAtTheDepth) {
  const std::string data = Fan(11);
  const std::string made = "datasets/made/versions/1";
  const v1::Lineage back = Read(made, 0, true);
  const std::map<Place, int64_t> counts = {{{-1, "Run"}, 1}, {{-2, "DatasetVersion"}, 1}};
  EXPECT_EQ(CountsOf(back), counts);
  const v1::Lineage near = Read(data, 0, true, 1);
  EXPECT_EQ(CountsOf(near), (std::map<Place, int64_t>{{{1, "Run"}, 11}}));
  EXPECT_TRUE(near.truncated());
}

TEST_F(LineageTest, NegativeBoundsAreRefusedByName) {
  for (const std::string field : {"max_depth", "max_per_hop"}) {
    Request request;
    request.set_name("datasets/fan/versions/1");
    field == "max_depth" ? request.set_max_depth(-1) : request.set_max_per_hop(-1);
    const auto refused = GetLineage(*Now(), request);
    ExpectError(refused.status(), absl::StatusCode::kInvalidArgument, "VALUE_INVALID");
    EXPECT_EQ(MetadataOf(refused.status(), "field"), field);
  }
}

}  // namespace
}  // namespace cairn::datasets

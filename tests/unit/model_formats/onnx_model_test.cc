#include "lib/model_formats/onnx_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "lib/base/digest.h"
#include "lib/model/model_file.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/model/test_model.h"
#include "tests/unit/model_formats/wire_reader.h"

namespace cairn::model_formats {
namespace {

using cairn::testing::IsOk;
using cairn::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::Not;

SegmentationModel NamedModel() {
  SegmentationModel model = model::SmallModel();
  for (const char* name : {"Loyal", "Occasional", "Great \"spenders\""}) {
    model.add_segments()->set_name(name);
  }
  return model;
}

SegmentationModel QuantileModel() {
  SegmentationModel model = NamedModel();
  auto* feature = model.mutable_features(3);
  feature->set_transform(SegmentationModel::Feature::QUANTILE);
  for (const double q : {0.0, 1.0, 1.0, 5.0}) feature->add_quantiles(q);
  return model;
}

WireMessage GraphOf(const absl::StatusOr<std::string>& bytes) {
  EXPECT_THAT(bytes, IsOk());
  return WireMessage(WireMessage(bytes.value_or("")).Text(7));
}

std::vector<std::string> NamesOf(const std::vector<WireMessage>& messages, int field) {
  std::vector<std::string> names;
  for (const WireMessage& message : messages) names.push_back(message.Text(field));
  return names;
}

std::map<std::string, std::string> MetadataOf(const std::string& bytes) {
  std::map<std::string, std::string> out;
  for (const WireMessage& entry : WireMessage(bytes).Messages(14)) {
    out[entry.Text(1)] = entry.Text(2);
  }
  return out;
}

// Every value is made once, before it is used.
void ExpectInOrder(const WireMessage& graph) {
  std::set<std::string> known;
  for (const std::string& name : NamesOf(graph.Messages(11), 1)) known.insert(name);
  for (const std::string& name : NamesOf(graph.Messages(5), 8)) {
    EXPECT_TRUE(known.insert(name).second) << name;
  }
  for (const WireMessage& node : graph.Messages(1)) {
    for (const std::string& input : node.Texts(1)) EXPECT_TRUE(known.contains(input)) << input;
    EXPECT_TRUE(known.insert(node.Text(2)).second) << node.Text(2);
  }
  for (const std::string& name : NamesOf(graph.Messages(12), 1)) {
    EXPECT_TRUE(known.contains(name)) << name;
  }
}

// Constants are as long as their dimensions say.
void ExpectWholeConstants(const WireMessage& graph) {
  const std::map<int64_t, size_t> bytes_of = {{7, 8}, {9, 1}, {11, 8}};
  for (const WireMessage& tensor : graph.Messages(5)) {
    size_t count = 1;
    for (const int64_t dim : tensor.Integers(1)) count *= static_cast<size_t>(dim);
    const int64_t type = tensor.Integers(2).at(0);
    if (type == 8) {
      EXPECT_EQ(tensor.Texts(6).size(), count);
    } else {
      EXPECT_EQ(tensor.Text(9).size(), count * bytes_of.at(type)) << tensor.Text(8);
    }
  }
}

TEST(OnnxModelTest, EveryValueIsMadeOnceAndBeforeItsUse) {
  for (const SegmentationModel& model : {model::SmallModel(), NamedModel(), QuantileModel()}) {
    for (const auto& bytes : {OnnxModel(model), OnnxColumnModel(model)}) {
      const WireMessage graph = GraphOf(bytes);
      ExpectInOrder(graph);
      ExpectWholeConstants(graph);
    }
  }
}

TEST(OnnxModelTest, OneTableGoesInAndSegmentsWithDistancesComeOut) {
  const WireMessage graph = GraphOf(OnnxModel(NamedModel()));
  EXPECT_THAT(NamesOf(graph.Messages(11), 1), ElementsAre("features"));
  EXPECT_THAT(NamesOf(graph.Messages(12), 1), ElementsAre("segment", "distances"));
  // The type of the input: doubles, rows × 4.
  const WireMessage tensor = graph.Message(11).Message(2).Message(1);
  EXPECT_THAT(tensor.Integers(1), ElementsAre(11));
  const std::vector<WireMessage> dims = tensor.Message(2).Messages(1);
  ASSERT_EQ(dims.size(), 2u);
  EXPECT_EQ(dims[0].Text(2), "customers");
  EXPECT_THAT(dims[1].Integers(1), ElementsAre(4));
}

TEST(OnnxModelTest, ColumnsGoInByNameAndNamesOfSegmentsComeOut) {
  const WireMessage graph = GraphOf(OnnxColumnModel(NamedModel()));
  EXPECT_THAT(NamesOf(graph.Messages(11), 1), ElementsAre("spend", "items", "gap", "hour"));
  EXPECT_THAT(NamesOf(graph.Messages(12), 1), ElementsAre("segment", "segment_name", "distance"));
  const WireMessage nameless = GraphOf(OnnxColumnModel(model::SmallModel()));
  EXPECT_THAT(NamesOf(nameless.Messages(12), 1), ElementsAre("segment", "distance"));
}

TEST(OnnxModelTest, MetadataNamesFeaturesSegmentsAndTheNativeFile) {
  const SegmentationModel model = NamedModel();
  auto metadata = MetadataOf(OnnxModel(model).value());
  EXPECT_EQ(metadata["cairn.features"], R"(["spend","items","gap","hour"])");
  EXPECT_EQ(metadata["cairn.segments"], R"(["Loyal","Occasional","Great \"spenders\""])");
  EXPECT_EQ(metadata["cairn.model_sha256"], Sha256Hex(model::SerializeModel(model).value()));
  EXPECT_FALSE(MetadataOf(OnnxModel(model::SmallModel()).value()).contains("cairn.segments"));
}

TEST(OnnxModelTest, EqualModelsGiveEqualBytesAndOthersDoNot) {
  EXPECT_EQ(OnnxModel(NamedModel()).value(), OnnxModel(NamedModel()).value());
  SegmentationModel other = NamedModel();
  other.set_centers(0, other.centers(0) + 1e-12);
  EXPECT_NE(OnnxModel(NamedModel()).value(), OnnxModel(other).value());
}

TEST(OnnxModelTest, AModelThatIsInvalidIsRefused) {
  SegmentationModel model = NamedModel();
  model.mutable_features(0)->set_scale(0);
  EXPECT_THAT(OnnxModel(model), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(OnnxColumnModel(model), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(OnnxModelTest, AFeatureCalledLikeAnOutputIsRefusedWhereColumnsHaveNames) {
  for (const char* name : {"segment", "segment_name", "distance", "cairn/1"}) {
    SegmentationModel model = NamedModel();
    model.mutable_features(2)->set_name(name);
    EXPECT_THAT(OnnxColumnModel(model).status().message(), ::testing::HasSubstr("features.2.name"));
    EXPECT_THAT(OnnxModel(model), IsOk());
  }
}

}  // namespace
}  // namespace cairn::model_formats

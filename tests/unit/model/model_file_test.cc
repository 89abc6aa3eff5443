#include "lib/model/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/model/test_model.h"

namespace cairn::model {
namespace {

using testing::IsOk;
using testing::StatusIs;

std::string KindOf(const absl::Status& status) {
  EXPECT_TRUE(HasReason(status, ErrorReason::MODEL_MALFORMED)) << status;
  return MetadataOf(status, "kind");
}

std::string ParseKind(std::string_view bytes) { return KindOf(ParseModel(bytes).status()); }

std::string Bytes() { return SerializeModel(SmallModel()).value(); }

// Puts a fitting digest behind changed bytes.
std::string Resealed(std::string bytes) {
  bytes.resize(bytes.size() - 32);
  const Digest digest = DigestOf(bytes);
  bytes.append(reinterpret_cast<const char*>(digest.sha256.data()), 32);
  return bytes;
}

TEST(ModelFileTest, RoundTripKeepsEverything) {
  const auto parsed = ParseModel(Bytes());
  ASSERT_THAT(parsed, IsOk());
  EXPECT_EQ(SerializeModel(*parsed).value(), Bytes());
  EXPECT_EQ(parsed->features(0).name(), "spend");
  EXPECT_EQ(parsed->params().at("init"), "k-means++");
  EXPECT_EQ(parsed->centers(4), 4.0);
}

TEST(ModelFileTest, BeginsWithMagicVersionAndLength) {
  const std::string bytes = Bytes();
  EXPECT_EQ(bytes.substr(0, 8), "CAIRNSEG");
  EXPECT_EQ(bytes.substr(8, 4), std::string("\x01\0\0\0", 4));
  const auto length = static_cast<uint8_t>(bytes[12]) + 256 * static_cast<uint8_t>(bytes[13]);
  EXPECT_EQ(bytes.size(), 16u + static_cast<size_t>(length) + 32u);
}

TEST(ModelFileTest, ForeignBytesAreNoModel) {
  EXPECT_EQ(ParseKind(""), kModelKindMagic);
  EXPECT_EQ(ParseKind("PK\x03\x04 something else entirely"), kModelKindMagic);
}

TEST(ModelFileTest, EveryPrefixIsTruncated) {
  const std::string bytes = Bytes();
  for (size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_EQ(ParseKind(bytes.substr(0, size)), kModelKindTruncated) << size;
  }
}

TEST(ModelFileTest, BytesBehindTheEndAreRefused) {
  EXPECT_EQ(ParseKind(Bytes() + "x"), kModelKindTrailingBytes);
}

TEST(ModelFileTest, NewerVersionIsNamed) {
  std::string bytes = Bytes();
  bytes[8] = 2;
  const absl::Status status = ParseModel(Resealed(bytes)).status();
  EXPECT_EQ(KindOf(status), kModelKindNewerVersion);
  EXPECT_EQ(MetadataOf(status, "version"), "2");
}

TEST(ModelFileTest, EveryFlippedBitOfTheMessageIsFound) {
  const std::string bytes = Bytes();
  for (size_t i = 16; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_EQ(ParseKind(damaged), kModelKindDigestMismatch) << i;
  }
}

TEST(ModelFileTest, MessageThatDoesNotParseIsFoundBehindAFittingDigest) {
  std::string bytes = Bytes();
  bytes[16] = '\x07';  // Field 0 of wire type 7: neither exists.
  EXPECT_EQ(ParseKind(Resealed(bytes)), kModelKindMessage);
}

TEST(ModelFileTest, RandomDamageNeverGetsThrough) {
  const uint32_t seed = 20240501;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string bytes = Bytes();
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = bytes;
    for (int edit = 0; edit < 3; ++edit) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    if (random() % 2 == 0) damaged = Resealed(damaged);
    const auto parsed = ParseModel(damaged);
    if (parsed.ok()) {
      EXPECT_THAT(ValidateModel(*parsed), IsOk());
    } else {
      EXPECT_TRUE(HasReason(parsed.status(), ErrorReason::MODEL_MALFORMED));
    }
  }
}

struct Fault {
  const char* name;
  std::function<void(SegmentationModel*)> make;
  std::string_view kind;
  const char* field;
};

class ModelFaultTest : public ::testing::TestWithParam<Fault> {};

TEST_P(ModelFaultTest, IsRefusedByField) {
  SegmentationModel model = SmallModel();
  GetParam().make(&model);
  const absl::Status status = ValidateModel(model);
  EXPECT_EQ(KindOf(status), GetParam().kind) << status;
  EXPECT_EQ(MetadataOf(status, "field"), GetParam().field);
  EXPECT_THAT(SerializeModel(model), StatusIs(absl::StatusCode::kInvalidArgument));
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

INSTANTIATE_TEST_SUITE_P(
    All, ModelFaultTest,
    ::testing::Values(
        Fault{"Algorithm", [](auto* m) { m->set_algorithm("dbscan"); }, kModelKindValue,
              "algorithm"},
        Fault{"NoFeatures", [](auto* m) { m->clear_features(); }, kModelKindShape, "features"},
        Fault{"NameTwice", [](auto* m) { m->mutable_features(1)->set_name("spend"); },
              kModelKindShape, "features.1.name"},
        Fault{"NoName", [](auto* m) { m->mutable_features(2)->clear_name(); }, kModelKindShape,
              "features.2.name"},
        Fault{"NoTransform", [](auto* m) { m->mutable_features(0)->clear_transform(); },
              kModelKindValue, "features.0.transform"},
        Fault{"ScaleZero", [](auto* m) { m->mutable_features(3)->set_scale(0); }, kModelKindValue,
              "features.3.scale"},
        Fault{"CenterNan", [](auto* m) { m->mutable_features(3)->set_center(kNan); },
              kModelKindValue, "features.3.center"},
        Fault{"MinAboveMax", [](auto* m) { m->mutable_features(0)->set_min(101); }, kModelKindValue,
              "features.0.min"},
        Fault{"EightEdges",
              [](auto* m) { m->mutable_features(0)->mutable_decile_edges()->RemoveLast(); },
              kModelKindShape, "features.0.decile_edges"},
        Fault{"SharesOfOtherEdges", [](auto* m) { m->mutable_features(0)->add_edge_shares(0.1); },
              kModelKindShape, "features.0.edge_shares"},
        Fault{"SharesFall",
              [](auto* m) {
                for (int i = 9; i > 0; --i) m->mutable_features(0)->add_edge_shares(i / 10.0);
              },
              kModelKindValue, "features.0.edge_shares"},
        Fault{"EdgesFall", [](auto* m) { m->mutable_features(0)->set_decile_edges(8, 0); },
              kModelKindValue, "features.0.decile_edges"},
        Fault{"MeanShort", [](auto* m) { m->mutable_projection()->mutable_mean()->RemoveLast(); },
              kModelKindShape, "projection.mean"},
        Fault{"AxesUneven", [](auto* m) { m->mutable_projection()->add_components(1); },
              kModelKindShape, "projection.components"},
        Fault{"AxesInfinite", [](auto* m) { m->mutable_projection()->set_components(0, kInf); },
              kModelKindValue, "projection.components.0"},
        Fault{"RatiosShort",
              [](auto* m) {
                m->mutable_projection()->mutable_explained_variance_ratio()->RemoveLast();
              },
              kModelKindShape, "projection"},
        Fault{"NoClusters", [](auto* m) { m->set_cluster_count(0); }, kModelKindShape,
              "cluster_count"},
        Fault{"CentersShort", [](auto* m) { m->mutable_centers()->RemoveLast(); }, kModelKindShape,
              "centers"},
        Fault{"CentersOfAnotherSpace", [](auto* m) { m->clear_projection(); }, kModelKindShape,
              "centers"},
        Fault{"CenterInfinite", [](auto* m) { m->set_centers(5, -kInf); }, kModelKindValue,
              "centers.5"},
        Fault{"SizesShort", [](auto* m) { m->mutable_cluster_sizes()->RemoveLast(); },
              kModelKindShape, "cluster_sizes"},
        Fault{"SizesDoNotAddUp", [](auto* m) { m->set_cluster_sizes(0, 4); }, kModelKindValue,
              "cluster_sizes"},
        Fault{"SizesOverflow",
              [](auto* m) { m->set_cluster_sizes(0, std::numeric_limits<int64_t>::max()); },
              kModelKindValue, "cluster_sizes"},
        Fault{"MetricNan", [](auto* m) { (*m->mutable_metrics())["silhouette"] = kNan; },
              kModelKindValue, "metrics.silhouette"}),
    [](const auto& fault) { return fault.param.name; });

}  // namespace
}  // namespace cairn::model

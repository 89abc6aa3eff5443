#include "server/storage/keyspace.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "server/storage/kv_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::storage {
namespace {

using testing::StatusIs;

constexpr char kRun[] = "0123456789abcdef0123456789abcdef";

struct Vector {
  Key key;
  Family family;
  const char* hex;
};

// Worked out by a separate program from docs/storage-format.md.
std::vector<Vector> Vectors() {
  return {
      {FormatKey(), Family::kMeta, "01"},
      {LastRevisionKey(), Family::kMeta, "04"},
      {EventLogStartKey(), Family::kMeta, "05"},
      {EventMarkKey(300), Family::kMeta, "06800000000000012c"},
      {AuditEndKey(), Family::kMeta, "07"},
      {AuditEntryKey(1), Family::kRecord, "3c8000000000000001"},
      {KeptValueKey("ab"), Family::kRecord, "3d61620001"},
      {AuditCheckpointKey(1000), Family::kRecord, "3e80000000000003e8"},
      {AuditByResourceKey("models/m", 1), Family::kIndex, "4a6d6f64656c732f6d00018000000000000001"},
      {CounterKey("experiments"), Family::kMeta, "026578706572696d656e74730001"},
      {CollectionKey("models/m/versions"), Family::kMeta,
       "036d6f64656c732f6d2f76657273696f6e730001"},
      {ExperimentKey(7), Family::kRecord, "108000000000000007"},
      {RunKey(kRun), Family::kRecord,
       "1130313233343536373839616263646566303132333435363738396162636465660001"},
      {RunParamKey(kRun, "lr"), Family::kRecord,
       "12303132333435363738396162636465663031323334353637383961626364656600016c720001"},
      {RunTagKey(kRun, "team"), Family::kRecord,
       "13303132333435363738396162636465663031323334353637383961626364656600017465616d0001"},
      {RunMetricKey(kRun, "loss"), Family::kRecord,
       "14303132333435363738396162636465663031323334353637383961626364656600016c6f73730001"},
      {PurgedRunKey(kRun), Family::kRecord,
       "1530313233343536373839616263646566303132333435363738396162636465660001"},
      {ViewKey(7, "ab"), Family::kRecord, "16800000000000000761620001"},
      {OperationKey("018bcfe56800"), Family::kRecord, "183031386263666535363830300001"},
      {TokenKey("00c0ffee"), Family::kRecord, "1930306330666665650001"},
      {RoleBindingKey("0b"), Family::kRecord, "1a30620001"},
      {WebhookKey("0b"), Family::kRecord, "1b30620001"},
      {WebhookPositionKey("0b"), Family::kRecord, "1c30620001"},
      {DatasetKey("retail"), Family::kRecord, "2072657461696c0001"},
      {DatasetVersionKey("retail", 3), Family::kRecord, "2172657461696c00018000000000000003"},
      {ArtifactKey("runs/r", "a/b"), Family::kRecord, "2872756e732f720001612f620001"},
      {ManifestPartKey("d/1", "a/b"), Family::kRecord, "29642f310001612f620001"},
      {ModelKey("m"), Family::kRecord, "306d0001"},
      {ModelVersionKey("m", 2), Family::kRecord, "316d00018000000000000002"},
      {ModelVersionStateKey("m", 2), Family::kRecord, "346d00018000000000000002"},
      {EvaluationKey("m", 2, 3), Family::kRecord, "356d000180000000000000028000000000000003"},
      {ConsumerKey("m", "production", "host-7"), Family::kRecord,
       "3f6d000170726f64756374696f6e0001686f73742d370001"},
      {RolloutKey("m", "production", 4), Family::kRecord,
       "366d000170726f64756374696f6e00018000000000000004"},
      {AliasKey("m", "champion"), Family::kRecord, "326d00016368616d70696f6e0001"},
      {ChannelKey("m", "production"), Family::kRecord, "336d000170726f64756374696f6e0001"},
      {DecisionKey("m", "production", "d1"), Family::kRecord,
       "386d000170726f64756374696f6e000164310001"},
      {DecisionCandidateKey("m", "production", "d1", 1), Family::kRecord,
       "376d000170726f64756374696f6e0001643100018000000000000001"},
      {AuditKey("m", "production", 1), Family::kRecord,
       "396d000170726f64756374696f6e00018000000000000001"},
      {PolicyKey("p"), Family::kRecord, "3a700001"},
      {PolicyRevisionKey("p", "ab"), Family::kRecord, "3b70000161620001"},
      {ExperimentByNameKey("Default"), Family::kIndex, "4044656661756c740001"},
      {RunByExperimentKey(7, 1000, kRun), Family::kIndex,
       "4180000000000000077ffffffffffffc17303132333435363738396162636465663031323334353637383961626"
       "36465660001"},
      {DatasetVersionByDigestKey("retail", "ab"), Family::kIndex, "4272657461696c000161620001"},
      {ViewByTitleKey(7, "best", "ab"), Family::kIndex, "47800000000000000762657374000161620001"},
      {PolicyByChannelKey("m", "production"), Family::kIndex, "436d000170726f64756374696f6e0001"},
      {LineageDownKey("a", "b"), Family::kIndex, "44610001620001"},
      {LineageUpKey("a", "b"), Family::kIndex, "46610001620001"},
      {EvaluationByInputsKey("m", 2, "ab"), Family::kIndex, "486d0001800000000000000261620001"},
      {DecisionBySequenceKey("m", "production", 1), Family::kIndex,
       "456d000170726f64756374696f6e00018000000000000001"},
      {MetricBatchKey(kRun, "loss", -1, "b1"), Family::kMetric,
       "50303132333435363738396162636465663031323334353637383961626364656600016c6f737300017ffffffff"
       "fffffff62310001"},
      {MetricWriterKey(kRun, "9b2f6c1e-4a3d-4f7b-8c2d-1e5a6b7c8d9e"), Family::kMetric,
       "54303132333435363738396162636465663031323334353637383961626364656600013962326636633165"
       "2d346133642d346637622d386332642d3165356136623763386439650001"},
      {MetricBundleKey(kRun, "b1"), Family::kMetric,
       "553031323334353637383961626364656630313233343536373839616263646566000162310001"},
      {BlobEntryKey("ab"), Family::kBlob, "6061620001"},
      {UploadKey("u"), Family::kBlob, "61750001"},
      {PackKey(1), Family::kBlob, "628000000000000001"},
      {RequestKey("anonymous", "S/M", "id"), Family::kRequest,
       "70616e6f6e796d6f75730001532f4d000169640001"},
  };
}

TEST(Keyspace, EveryKeyIsAsDocumented) {
  const std::string document =
      ReadFile(std::string(CAIRN_SOURCE_DIR) + "/docs/storage-format.md").value();
  for (const Vector& vector : Vectors()) {
    EXPECT_EQ(HexEncode(vector.key.bytes), vector.hex);
    EXPECT_EQ(vector.key.family, vector.family) << vector.hex;
    EXPECT_NE(document.find("`" + std::string(vector.hex) + "`"), std::string::npos)
        << "docs/storage-format.md lacks " << vector.hex;
  }
}

TEST(Keyspace, EveryKindHasAVector) {
  std::set<char> kinds;
  for (const Vector& vector : Vectors()) kinds.insert(vector.key.bytes[0]);
  EXPECT_EQ(kinds.size(), Vectors().size());
}

TEST(Keyspace, APrefixCoversItsKeysAndNoOthers) {
  const auto covers = [](const Key& prefix, const Key& key) {
    const KeyRange range = KeyRange::Prefix(prefix);
    return range.family == key.family && range.begin <= key.bytes &&
           (range.end.empty() || key.bytes < range.end);
  };
  EXPECT_TRUE(covers(RunParamPrefix("r"), RunParamKey("r", "x")));
  EXPECT_FALSE(covers(RunParamPrefix("r"), RunParamKey("rx", "x")));
  EXPECT_FALSE(covers(RunParamPrefix("r"), RunTagKey("r", "x")));
  EXPECT_TRUE(covers(ModelVersionPrefix("m"), ModelVersionKey("m", 1)));
  EXPECT_FALSE(covers(ModelVersionPrefix("m"), ModelVersionKey("m2", 1)));
  EXPECT_TRUE(covers(ExperimentPrefix(), ExperimentKey(-1)));
  EXPECT_TRUE(covers(RunByExperimentPrefix(7), RunByExperimentKey(7, 5, kRun)));
  EXPECT_FALSE(covers(RunByExperimentPrefix(7), RunByExperimentKey(8, 5, kRun)));
  EXPECT_FALSE(covers(AuditPrefix("m", "a"), AuditKey("m", "ab", 1)));
  EXPECT_TRUE(covers(AuditByResourcesPrefix("models/m/aliases/"),
                     AuditByResourceKey("models/m/aliases/a", 1)));
  EXPECT_FALSE(
      covers(AuditByResourcesPrefix("models/m/aliases/"), AuditByResourceKey("models/m", 1)));
  EXPECT_TRUE(
      covers(DecisionCandidatePrefix("m", "c", "d"), DecisionCandidateKey("m", "c", "d", 1)));
  EXPECT_FALSE(
      covers(DecisionCandidatePrefix("m", "c", "d"), DecisionCandidateKey("m", "c", "d1", 1)));
}

TEST(Keyspace, VersionsAreOrderedByNumberAndRunsFromTheNewest) {
  EXPECT_LT(ModelVersionKey("m", 9), ModelVersionKey("m", 10));
  EXPECT_LT(RunByExperimentKey(1, 200, "b"), RunByExperimentKey(1, 100, "a"));
  EXPECT_LT(RunByExperimentKey(1, 100, "a"), RunByExperimentKey(1, 100, "b"));
}

TEST(Keyspace, ComponentsReadBack) {
  EXPECT_EQ(LastStringOf(RunParamPrefix("r"), RunParamKey("r", "x/y").bytes).value(), "x/y");
  EXPECT_EQ(RunIdOfRunByExperiment(RunByExperimentKey(1, -5, kRun).bytes).value(), kRun);
  const auto place = PlaceOfAuditByResource(AuditByResourceKey("models/m", 7).bytes);
  ASSERT_TRUE(place.ok());
  EXPECT_EQ(place->resource, "models/m");
  EXPECT_EQ(place->sequence, 7);
}

TEST(Keyspace, KeysOfAnotherFormAreRefused) {
  for (const std::string& bytes : {RunParamKey("s", "x").bytes, RunParamKey("r", "x").bytes + "y",
                                   RunParamPrefix("r").bytes, std::string()}) {
    const auto last = LastStringOf(RunParamPrefix("r"), bytes);
    EXPECT_TRUE(HasReason(last.status(), ErrorReason::RECORD_CORRUPT)) << HexEncode(bytes);
  }
  for (const std::string& bytes : {ExperimentByNameKey("x").bytes, RunByExperimentPrefix(1).bytes,
                                   RunByExperimentKey(1, 2, kRun).bytes + "y", std::string()}) {
    EXPECT_THAT(RunIdOfRunByExperiment(bytes), StatusIs(absl::StatusCode::kDataLoss))
        << HexEncode(bytes);
    EXPECT_THAT(PlaceOfAuditByResource(bytes), StatusIs(absl::StatusCode::kDataLoss))
        << HexEncode(bytes);
  }
}

}  // namespace
}  // namespace cairn::storage

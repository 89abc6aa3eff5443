#include "lib/promotion/read_values.h"

#include "cairn/internal/records.pb.h"
#include "gtest/gtest.h"
#include "lib/base/digest.h"
#include "lib/base/netstring.h"
#include "tests/testing/status_matchers.h"

namespace cairn::promotion {
namespace {

TEST(ReadValues, AVersionIsMadeAgainFromItsBytesWithTheStateOfItsRun) {
  internal::ModelVersionRecord record;
  record.mutable_version()->set_name("models/m/versions/1");
  const std::string sealed = record.SerializeAsString();
  const std::string value = VersionValue(sealed, cairn::v1::ModelVersion::READY, "FAILED");
  const auto read = ReadVersionValue(value);
  ASSERT_THAT(read, testing::IsOk());
  EXPECT_EQ(read->version.name(), "models/m/versions/1");
  EXPECT_EQ(read->version.state(), cairn::v1::ModelVersion::READY);
  EXPECT_EQ(read->run_state, "FAILED");
  EXPECT_EQ(read->sha256, Sha256Hex(value));
  EXPECT_NE(VersionValue(sealed, cairn::v1::ModelVersion::READY, "SUCCEEDED"), value);
}

TEST(ReadValues, TheBytesOfTheDocumentation) {
  EXPECT_EQ(VersionValue("", cairn::v1::ModelVersion::READY, ""),
            "16:cairn.version.v1,0:,5:READY,0:,");
}

TEST(ReadValues, TagsThatChangedAreReadInsteadOfThoseRegistered) {
  internal::ModelVersionRecord record;
  record.mutable_version()->set_name("models/m/versions/1");
  (*record.mutable_version()->mutable_tags())["gone"] = "x";
  Tags tags;
  tags["team"] = "crm";
  tags["a"] = "";
  const std::string value =
      VersionValue(record.SerializeAsString(), cairn::v1::ModelVersion::READY, "", &tags);
  const auto read = ReadVersionValue(value);
  ASSERT_THAT(read, testing::IsOk());
  EXPECT_EQ(read->version.tags_size(), 2);
  EXPECT_EQ(read->version.tags().at("team"), "crm");
  EXPECT_EQ(VersionValue("", cairn::v1::ModelVersion::READY, "", &tags),
            "16:cairn.version.v2,0:,5:READY,0:,20:1:a,0:,4:team,3:crm,,");
  EXPECT_THAT(ReadVersionValue(value.substr(0, value.size() - 1)),
              testing::FailsWith(ErrorReason::RECORD_CORRUPT));
  tags.clear();
  const auto none = ReadVersionValue(
      VersionValue(record.SerializeAsString(), cairn::v1::ModelVersion::READY, "", &tags));
  ASSERT_THAT(none, testing::IsOk());
  EXPECT_TRUE(none->version.tags().empty());
}

TEST(ReadValues, OtherBytesAreCorrupt) {
  std::string old;
  for (const char* part : {"cairn.version.v1", "", "READY"}) AppendNetstring(old, part);
  EXPECT_THAT(ReadVersionValue(old), testing::FailsWith(ErrorReason::RECORD_CORRUPT));
  EXPECT_THAT(ReadVersionValue(""), testing::FailsWith(ErrorReason::RECORD_CORRUPT));
}

}  // namespace
}  // namespace cairn::promotion

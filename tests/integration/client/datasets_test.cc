// Data sets over a real socket: what the client's calls do, and the journey of a table with
// the real mlctl.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/client/client.h"
#include "lib/client/uploader.h"
#include "tests/integration/client/mlctl_fixture.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;

constexpr char kRequestId[] = "1b4e28ba-2fa1-4d2f-883f-0016d3cca427";

class DatasetJourneyTest : public testing::MlctlFixture {
 protected:
  void SetUp() override {
    MlctlFixture::SetUp();
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    auto connected = client::Client::Connect(options);
    ASSERT_THAT(connected, IsOk());
    client_ = *std::move(connected);
  }

  std::string Put(const std::string& dataset, const std::string& bytes) {
    auto files = client::Uploader(*client_).Upload({client::UploadItem::Bytes("a.csv", bytes)});
    EXPECT_THAT(files, IsOk());
    v1::CreateDatasetVersionRequest request;
    request.set_parent("datasets/" + dataset);
    *request.mutable_dataset_version()->add_files() = files->at(0);
    const auto version = client_->datasets().CreateDatasetVersion(request);
    EXPECT_THAT(version, IsOk());
    return version.ok() ? version->name() : "";
  }

  std::unique_ptr<client::Client> client_;
};

TEST_F(DatasetJourneyTest, ARepeatedRequestGetsTheFirstAnswer) {
  Put("d", "one");
  Put("d", "two");
  v1::SetDatasetAliasRequest alias;
  alias.set_name("datasets/d");
  alias.set_alias("gold");
  alias.set_version(1);
  alias.set_request_id(kRequestId);
  const auto first = client_->datasets().SetDatasetAlias(alias);
  ASSERT_THAT(first, IsOk());
  EXPECT_FALSE(first->etag().empty());
  const auto again = client_->datasets().SetDatasetAlias(alias);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->etag(), first->etag());
  alias.set_version(2);
  EXPECT_EQ(ReasonOf(client_->datasets().SetDatasetAlias(alias).status()), "REQUEST_ID_REUSED");

  v1::DeleteDatasetVersionRequest deletion;
  deletion.set_name("datasets/d/versions/2");
  deletion.set_request_id(kRequestId);
  EXPECT_THAT(client_->datasets().DeleteDatasetVersion(deletion), IsOk());
  EXPECT_THAT(client_->datasets().DeleteDatasetVersion(deletion), IsOk());
  deletion.clear_request_id();
  EXPECT_EQ(ReasonOf(client_->datasets().DeleteDatasetVersion(deletion).status()),
            "DATASET_VERSION_NOT_FOUND");

  v1::UpdateDatasetVersionRequest update;
  update.mutable_dataset_version()->set_name("datasets/d/versions/gold");
  (*update.mutable_dataset_version()->mutable_tags())["a"] = "1";
  update.set_request_id(kRequestId);
  const auto tagged = client_->datasets().UpdateDatasetVersion(update);
  ASSERT_THAT(tagged, IsOk());
  EXPECT_EQ(client_->datasets().UpdateDatasetVersion(update)->etag(), tagged->etag());

  v1::DeleteDatasetAliasRequest removal;
  removal.set_name("datasets/d");
  removal.set_alias("gold");
  removal.set_request_id(kRequestId);
  EXPECT_TRUE(client_->datasets().DeleteDatasetAlias(removal)->aliases().empty());
  EXPECT_THAT(client_->datasets().DeleteDatasetAlias(removal), IsOk());
}

TEST_F(DatasetJourneyTest, WhatWasChangedIsThereAfterARestart) {
  Put("d", "one");
  Put("d", "two");
  v1::SetDatasetAliasRequest alias;
  alias.set_name("datasets/d");
  alias.set_alias("gold");
  alias.set_version(1);
  ASSERT_THAT(client_->datasets().SetDatasetAlias(alias), IsOk());
  v1::DeleteDatasetVersionRequest deletion;
  deletion.set_name("datasets/d/versions/2");
  ASSERT_THAT(client_->datasets().DeleteDatasetVersion(deletion), IsOk());
  server_.Kill();
  SetUp();
  v1::GetDatasetRequest get;
  get.set_name("datasets/d");
  const auto dataset = client_->datasets().GetDataset(get);
  ASSERT_THAT(dataset, IsOk());
  EXPECT_EQ(dataset->latest_version(), 1);
  EXPECT_EQ(dataset->aliases().at("gold"), 1);
  EXPECT_EQ(Put("d", "two"), "datasets/d/versions/3");
}

TEST_F(DatasetJourneyTest, ATableIsProfiledComparedAndDeleted) {
  std::string before = "id,price,country\n";
  std::string after = "id,price,country\n";
  for (int i = 0; i < 300; ++i) {
    before += fmt::format("{},{},\"France, South\"\n", i, i * 0.5);
    if (i >= 2) after += fmt::format("{},{},\"France, South\"\n", i, i == 7 ? 1000 : i * 0.5);
  }
  after += "300,,Norway\n";
  const std::string file = Write("sales.csv", before);
  EXPECT_THAT(Expect(0, {"put", "dataset", "retail", file}), EndsWith("dataset:retail@1\n"));
  Write("sales.csv", after);
  EXPECT_THAT(Expect(0, {"put", "dataset", "retail", file, "--parent", "retail@latest"}),
              EndsWith("dataset:retail@2\n"));
  EXPECT_EQ(Expect(0, {"alias", "set", "dataset:retail@1", "gold"}), "dataset:retail@gold -> 1\n");
  EXPECT_THAT(Expect(0, {"list", "aliases", "dataset:retail"}), HasSubstr("gold\t1\t"));
  EXPECT_THAT(
      Expect(0, {"describe", "dataset", "retail@gold"}),
      AllOf(HasSubstr("Rows\t300\n"), HasSubstr("Aliases\tgold\n"),
            HasSubstr("id\tint64\t0\t300\t0\t149.5\t299\t"),
            HasSubstr("country\tstring\t0\t1\tFrance, South\t"), HasSubstr("France, South (300)")));
  EXPECT_THAT(Expect(0, {"diff", "dataset", "retail@gold", "retail", "--key", "id"}),
              AllOf(HasSubstr("dataset:retail@1 -> dataset:retail@2\n"), HasSubstr("rows  -1\n"),
                    HasSubstr("~ price  stability "), HasSubstr("nulls 0 -> 1"),
                    HasSubstr("rows by id: 1 added, 2 removed, 1 changed, 297 equal\n"),
                    HasSubstr("+ 300,,Norway\n"), HasSubstr("- 0,0,\"France, South\"\n"),
                    HasSubstr("> 7,1000,\"France, South\"\n")));
  EXPECT_THAT(Expect(0, {"diff", "dataset", "retail@1", "retail@2", "--key", "id", "-o", "json"}),
              HasSubstr("\"equalCount\": \"297\""));
  EXPECT_THAT(Expect(2, {"diff", "dataset", "retail@1", "retail@2", "--key", "nr"}),
              HasSubstr("must be a column of both"));
  const std::string folder = folder_ / "fetched";
  EXPECT_THAT(Expect(0, {"fetch", "dataset:retail@gold", "-o", folder}),
              EndsWith(folder + "/sales.csv\n"));
  EXPECT_EQ(*ReadFile(folder + "/sales.csv"), before);
  EXPECT_THAT(Expect(0, {"lineage", "dataset:retail@gold", "--format", "dot"}),
              HasSubstr("\"datasets/retail/versions/1\" -> \"datasets/retail/versions/2\";"));
  EXPECT_THAT(Expect(5, {"delete", "dataset", "retail@1", "--yes"}), HasSubstr("is used by"));
  EXPECT_THAT(Expect(0, {"delete", "dataset", "retail@2", "--dry-run"}),
              AllOf(HasSubstr("nothing was changed"), HasSubstr("dataset:retail@2")));
  EXPECT_EQ(Expect(0, {"delete", "dataset", "retail@2", "--yes"}), "dataset:retail@2 deleted\n");
  EXPECT_THAT(Expect(0, {"put", "dataset", "retail", file}), EndsWith("dataset:retail@3\n"));
}

TEST_F(DatasetJourneyTest, WhatIsNoTableIsStoredWithAHint) {
  const std::string file = Write("bad.csv", "a,b\n1\n");
  EXPECT_THAT(Expect(0, {"put", "dataset", "bad", file}),
              AllOf(HasSubstr("dataset:bad@1\n"), HasSubstr("line 2: 1 fields instead of 2")));
  EXPECT_THAT(Expect(0, {"describe", "dataset", "bad@1"}), Not(HasSubstr("Columns")));
  const std::string good = Write("good.csv", "a\n1\n2\n");
  EXPECT_THAT(Expect(2, {"put", "dataset", "good", good, "--rows", "3"}), HasSubstr("has 2 rows"));
  Expect(0, {"put", "dataset", "good", good, "--no-profile", "--rows", "3"});
  EXPECT_THAT(Expect(0, {"describe", "dataset", "good@1"}),
              AllOf(HasSubstr("Rows\t3\n"), Not(HasSubstr("Columns"))));
  Expect(0, {"tag", "dataset", "good@1", "checked=yes", "stage=raw"});
  Expect(0, {"tag", "dataset", "good@latest", "--remove", "stage"});
  EXPECT_THAT(Expect(0, {"describe", "dataset", "good@1"}),
              AllOf(HasSubstr("checked\tyes\n"), Not(HasSubstr("stage"))));
}

}  // namespace
}  // namespace cairn

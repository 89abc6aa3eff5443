// Bad input and bad circumstances: a clear error, nothing half-written.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/client/client.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using testing::HttpGet;
using testing::IsOk;
using testing::ProgramPath;
using testing::RunProgram;
using testing::ServerProcess;
using testing::StatusIs;
using testing::TempFolder;

class RefusalTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  std::unique_ptr<client::Client> Connect() {
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    return *client::Client::Connect(options);
  }

  testing::ProgramResult StartAnother(const std::string& data_dir) {
    return RunProgram({ProgramPath("cairnd"), "--data-dir", data_dir, "--grpc-address",
                       "127.0.0.1:0", "--http-address", "127.0.0.1:0"});
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
};

TEST_F(RefusalTest, ADirectoryInUseIsNamed) {
  const auto second = StartAnother(folder_ / "store");
  EXPECT_NE(second.exit_code, 0);
  EXPECT_THAT(second.output, HasSubstr("STORE_LOCKED"));
  EXPECT_THAT(second.output, HasSubstr(folder_ / "store"));
}

TEST_F(RefusalTest, ANewerStoreIsLeftAlone) {
  ASSERT_EQ(server_.Stop(), 0);
  ASSERT_THAT(WriteFileAtomically(folder_ / "store/CAIRN", "cairn store, format 99\n"), IsOk());
  const auto refused = StartAnother(folder_ / "store");
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.output, HasSubstr("STORE_NEWER"));
  EXPECT_EQ(*ReadFile(folder_ / "store/CAIRN"), "cairn store, format 99\n");
}

TEST_F(RefusalTest, ADamagedStoreIsRefusedNotReset) {
  ASSERT_EQ(server_.Stop(), 0);
  ASSERT_THAT(WriteFileAtomically(folder_ / "store/kv/CURRENT", "no manifest\n"), IsOk());
  const auto refused = StartAnother(folder_ / "store");
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.output, HasSubstr("STORE_CORRUPT"));
  EXPECT_EQ(*ReadFile(folder_ / "store/kv/CURRENT"), "no manifest\n");
}

TEST_F(RefusalTest, AddressesBeyondLoopbackNeedAnExplicitFlag) {
  const auto refused = RunProgram(
      {ProgramPath("cairnd"), "--data-dir", folder_ / "other", "--grpc-address", "0.0.0.0:0"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.output, HasSubstr("grpc-address"));
}

TEST_F(RefusalTest, BytesUnderAWrongDigestAreNotKept) {
  const auto client = Connect();
  v1::BatchUpdateBlobsRequest request;
  auto* entry = request.add_entries();
  *entry->mutable_digest() = client::ToWire(DigestOf("hello"));
  entry->set_data("jello");
  const auto answer = client->artifacts().BatchUpdateBlobs(request);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->results(0).status().code(),
            static_cast<int>(absl::StatusCode::kInvalidArgument));
  v1::FindMissingBlobsRequest find;
  *find.add_digests() = client::ToWire(DigestOf("hello"));
  *find.add_digests() = client::ToWire(DigestOf("jello"));
  EXPECT_EQ(client->artifacts().FindMissingBlobs(find)->missing_size(), 2);
}

TEST_F(RefusalTest, AMissingBlobLeavesNoVersionBehind) {
  const auto client = Connect();
  v1::CreateDatasetVersionRequest request;
  request.set_parent("datasets/d");
  auto* file = request.mutable_dataset_version()->add_files();
  file->set_path("a.csv");
  *file->mutable_digest() = client::ToWire(DigestOf("never sent"));
  const auto created = client->datasets().CreateDatasetVersion(request);
  EXPECT_THAT(created, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ReasonOf(created.status()), "BLOB_NOT_FOUND");
  EXPECT_EQ(client->datasets().ListDatasets({})->datasets_size(), 0);
}

TEST_F(RefusalTest, APathOutOfTheTreeIsRefused) {
  const auto client = Connect();
  v1::CreateDatasetVersionRequest request;
  request.set_parent("datasets/d");
  auto* file = request.mutable_dataset_version()->add_files();
  file->set_path("a/../../b");
  *file->mutable_digest() = client::ToWire(DigestOf(""));
  EXPECT_EQ(ReasonOf(client->datasets().CreateDatasetVersion(request).status()),
            "ARTIFACT_PATH_INVALID");
}

TEST_F(RefusalTest, AnUnknownModelIsNotFound) {
  v1::GetModelRequest get;
  get.set_name("models/nobody");
  const auto model = Connect()->registry().GetModel(get);
  EXPECT_THAT(model, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ReasonOf(model.status()), "MODEL_NOT_FOUND");
  EXPECT_EQ(MetadataOf(model.status(), "resource"), "models/nobody");
}

TEST_F(RefusalTest, AMessageAboveTheLimitIsRefusedAndTheServerGoesOn) {
  const auto client = Connect();
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  create.mutable_run()->set_display_name(std::string(5 << 20, 'x'));
  EXPECT_THAT(client->tracking().CreateRun(create), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(client->Ping(), IsOk());
}

TEST_F(RefusalTest, AParameterCannotChange) {
  const auto client = Connect();
  v1::CreateRunRequest create;
  create.set_parent("experiments/0");
  (*create.mutable_run()->mutable_params())["k"] = "4";
  const auto run = client->tracking().CreateRun(create);
  ASSERT_THAT(run, IsOk());
  v1::LogBatchRequest batch;
  batch.set_run(run->name());
  (*batch.mutable_params())["k"] = "5";
  (*batch.mutable_tags())["half"] = "written";
  EXPECT_EQ(ReasonOf(client->tracking().LogBatch(batch).status()), "PARAM_CHANGED");
  v1::GetRunRequest get;
  get.set_name(run->name());
  EXPECT_EQ(client->tracking().GetRun(get)->tags_size(), 0);
}

TEST_F(RefusalTest, APageTokenBelongsToItsArguments) {
  const auto client = Connect();
  for (int i = 0; i < 3; ++i) {
    v1::CreateRunRequest create;
    create.set_parent("experiments/0");
    ASSERT_THAT(client->tracking().CreateRun(create), IsOk());
  }
  v1::ListRunsRequest list;
  list.set_parent("experiments/0");
  list.set_page_size(2);
  const auto first = client->tracking().ListRuns(list);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->runs_size(), 2);
  list.set_page_token(first->next_page_token());
  EXPECT_EQ(client->tracking().ListRuns(list)->runs_size(), 1);
  list.set_show_deleted(true);
  EXPECT_EQ(ReasonOf(client->tracking().ListRuns(list).status()), "PAGE_TOKEN_INVALID");
}

TEST_F(RefusalTest, HttpAnswersHealthVersionAndMetrics) {
  EXPECT_THAT(HttpGet(server_.http_address(), "/health"), HasSubstr(R"({"status":"ok"})"));
  EXPECT_THAT(HttpGet(server_.http_address(), "/version"), HasSubstr("storeFormat"));
  ASSERT_THAT(Connect()->Ping(), IsOk());
  EXPECT_THAT(HttpGet(server_.http_address(), "/metrics"), HasSubstr("cairn_calls_total"));
  EXPECT_THAT(HttpGet(server_.http_address(), "/nothing"), HasSubstr("404"));
}

}  // namespace
}  // namespace cairn

// `cairnd check`: reads a store that a real server wrote, finds damage in each kind of file, and
// changes nothing.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "lib/base/digest.h"
#include "tests/fault/directory_image.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using fault::DirectoryImage;
using testing::IsOk;
using testing::ProgramResult;
using testing::ServerProcess;
using testing::TempFolder;

ProgramResult Check(const std::string& directory) {
  return testing::RunProgram({testing::ProgramPath("cairnd"), "check", "--data-dir", directory});
}

class StoreCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = folder_ / "store";
    ServerProcess server(store_);
    ASSERT_TRUE(server.Start());
    {  // A stop waits for connections that are open.
      const auto channel =
          grpc::CreateChannel(server.grpc_address(), grpc::InsecureChannelCredentials());
      const auto tracking = v1::TrackingService::NewStub(channel);
      MakeExperiments(*tracking, "e");
      StorePackedBlob(*v1::ArtifactService::NewStub(channel));
    }
    ASSERT_EQ(server.Stop(), 0);
    image_ = DirectoryImage::Of(store_);
  }

  static void MakeExperiments(v1::TrackingService::Stub& tracking, const std::string& prefix) {
    for (int i = 0; i < 20; ++i) {
      grpc::ClientContext context;
      v1::CreateExperimentRequest request;
      request.mutable_experiment()->set_display_name(prefix + std::to_string(i));
      v1::Experiment experiment;
      ASSERT_THAT(tracking.CreateExperiment(&context, request, &experiment), IsOk());
    }
  }

  // Leaves the store as a kill does, so that a log has records: a start flushes what was there.
  void KillWithALog() {
    const auto has_records = [](const auto& file) {
      return file.first.find(".log") != std::string::npos &&
             file.second.find_first_not_of('\0') != std::string::npos;
    };
    for (int round = 0; round < 20; ++round) {
      ServerProcess server(store_);
      ASSERT_TRUE(server.Start());
      MakeExperiments(*v1::TrackingService::NewStub(grpc::CreateChannel(
                          server.grpc_address(), grpc::InsecureChannelCredentials())),
                      "r" + std::to_string(round) + "-");
      server.Kill();
      image_ = DirectoryImage::Of(store_);
      if (std::any_of(image_.files().begin(), image_.files().end(), has_records)) return;
    }
    FAIL() << "no log has records";
  }

  static void StorePackedBlob(v1::ArtifactService::Stub& artifacts) {
    const std::string bytes(200'000, 'p');
    v1::BatchUpdateBlobsRequest request;
    auto* blob = request.add_entries();
    blob->mutable_digest()->set_sha256(Sha256Hex(bytes));
    blob->mutable_digest()->set_size_bytes(static_cast<int64_t>(bytes.size()));
    blob->set_data(bytes);
    grpc::ClientContext context;
    v1::BatchUpdateBlobsResponse response;
    ASSERT_THAT(artifacts.BatchUpdateBlobs(&context, request, &response), IsOk());
    ASSERT_EQ(response.results(0).status().code(), 0);
  }

  void Damage(const std::string& name_part) {
    DirectoryImage damaged = image_;
    for (auto& [name, bytes] : damaged.files()) {
      const size_t written = bytes.find_last_not_of('\0') + 1;
      if (name.find(name_part) == std::string::npos || written < 100) continue;
      bytes[written / 2] ^= 0x10;
    }
    ASSERT_FALSE(damaged == image_) << name_part;
    damaged.WriteTo(store_);
    const ProgramResult checked = Check(store_);
    EXPECT_EQ(checked.exit_code, 1) << checked.output;
    EXPECT_NE(checked.output.find("damage: "), std::string::npos) << checked.output;
    EXPECT_EQ(DirectoryImage::Of(store_).DifferenceTo(damaged), "");
  }

  TempFolder folder_;
  std::string store_;
  DirectoryImage image_;
};

TEST_F(StoreCheckTest, ASoundStoreIsReadAndLeftAsItIs) {
  const ProgramResult checked = Check(store_);
  EXPECT_EQ(checked.exit_code, 0) << checked.output;
  EXPECT_NE(checked.output.find("damage=0"), std::string::npos) << checked.output;
  EXPECT_NE(checked.output.find("packs=1"), std::string::npos) << checked.output;
  EXPECT_EQ(DirectoryImage::Of(store_).DifferenceTo(image_), "");
}

TEST_F(StoreCheckTest, DamageInALogIsFound) {
  KillWithALog();
  Damage(".log");
}

TEST_F(StoreCheckTest, DamageInAManifestIsFound) { Damage("MANIFEST"); }

TEST_F(StoreCheckTest, DamageInAPackIsFound) { Damage(".pack"); }

TEST_F(StoreCheckTest, AStoreThatIsInUseIsRefused) {
  ServerProcess server(store_);
  ASSERT_TRUE(server.Start());
  const ProgramResult checked = Check(store_);
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_NE(checked.output.find("STORE_LOCKED"), std::string::npos) << checked.output;
}

TEST_F(StoreCheckTest, WhereThereIsNoStoreNoneIsMade) {
  const std::string nothing = folder_ / "nothing";
  EXPECT_EQ(Check(nothing).exit_code, 1);
  EXPECT_FALSE(std::filesystem::exists(nothing));
}

}  // namespace
}  // namespace cairn

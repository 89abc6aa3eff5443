// Uploads and a server on a volume that is really full, and what a client is told of uploads
// that are broken off.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/server.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "google/longrunning/operations.grpc.pb.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/client/artifact_client.h"
#include "lib/client/grpc_status.h"
#include "tests/testing/memory_volume.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/unary_call.h"

namespace cairn {
namespace {

using testing::Call;
using testing::IsOk;
using testing::MemoryVolume;
using testing::OnThreadOfItsOwn;
using testing::ServerProcess;
using testing::StatusIs;
using testing::TempFolder;

std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  uint32_t state = 1;
  for (char& c : bytes) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return bytes;
}

constexpr int64_t kMebibytes = 512;

class Stubs {
 public:
  explicit Stubs(const ServerProcess& server)
      : channel_(grpc::CreateChannel(server.grpc_address(), grpc::InsecureChannelCredentials())),
        artifacts(v1::ArtifactService::NewStub(channel_)),
        tracking(v1::TrackingService::NewStub(channel_)),
        admin(v1::AdminService::NewStub(channel_)),
        operations(google::longrunning::Operations::NewStub(channel_)) {}

 private:
  const std::shared_ptr<grpc::Channel> channel_;

 public:
  const std::unique_ptr<v1::ArtifactService::Stub> artifacts;
  const std::unique_ptr<v1::TrackingService::Stub> tracking;
  const std::unique_ptr<v1::AdminService::Stub> admin;
  const std::unique_ptr<google::longrunning::Operations::Stub> operations;
};

std::string UploadName(const Digest& digest) {
  return "uploads/" + SystemIds().NewUuid4() + "/blobs/" + digest.Hex() + "/" +
         std::to_string(digest.size_bytes);
}

// One stream of an upload.
class Sender {
 public:
  Sender(Stubs& stubs, std::string name) : name_(std::move(name)) {
    writer_ = stubs.artifacts->Write(&context_, &response_);
  }

  bool Send(const std::string& bytes, int64_t from, int64_t to, bool finish) {
    constexpr int64_t kPart = 256 << 10;
    v1::WriteRequest request;
    request.set_resource_name(name_);
    bool taken = true;
    for (int64_t at = from; taken && at < to; at += kPart) {
      const int64_t end = std::min(to, at + kPart);
      request.set_write_offset(at);
      request.set_data(bytes.substr(static_cast<size_t>(at), static_cast<size_t>(end - at)));
      request.set_finish_write(finish && end == to);
      taken = writer_->Write(request);
    }
    return taken;
  }

  absl::StatusOr<int64_t> Close() {
    writer_->WritesDone();
    const grpc::Status status = writer_->Finish();
    if (!status.ok()) return client::FromGrpcStatus(status);
    return response_.committed_size_bytes();
  }

 private:
  const std::string name_;
  grpc::ClientContext context_;
  v1::WriteResponse response_;
  std::unique_ptr<grpc::ClientWriter<v1::WriteRequest>> writer_;
};

int64_t Committed(Stubs& stubs, const std::string& name) {
  v1::QueryWriteStatusRequest request;
  request.set_resource_name(name);
  const auto status = Call(*stubs.artifacts, &v1::ArtifactService::Stub::QueryWriteStatus, request);
  EXPECT_THAT(status, IsOk());
  return status.ok() ? status->committed_size_bytes() : -1;
}

void ExpectBlob(Stubs& stubs, const std::string& bytes) {
  grpc::ClientContext context;
  v1::ReadRequest request;
  *request.mutable_digest() = client::ToWire(DigestOf(bytes));
  const auto reader = stubs.artifacts->Read(&context, request);
  std::string read;
  v1::ReadResponse part;
  while (reader->Read(&part)) read += part.data();
  EXPECT_THAT(reader->Finish(), IsOk());
  EXPECT_TRUE(read == bytes);
}

void ExpectDiskFull(const absl::Status& status) {
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(HasReason(status, ErrorReason::DISK_FULL)) << status;
}

v1::Run CreateRun(Stubs& stubs) {
  v1::CreateRunRequest request;
  request.set_parent("experiments/0");
  auto run = Call(*stubs.tracking, &v1::TrackingService::Stub::CreateRun, request);
  EXPECT_THAT(run, IsOk());
  return run.ok() ? *run : v1::Run();
}

absl::Status LogParam(Stubs& stubs, const std::string& run, const std::string& key) {
  v1::LogBatchRequest request;
  request.set_run(run);
  (*request.mutable_params())[key] = "value";
  return Call(*stubs.tracking, &v1::TrackingService::Stub::LogBatch, request).status();
}

absl::Status PurgeRun(Stubs& stubs, const std::string& run) {
  v1::DeleteRunRequest remove;
  remove.set_name(run);
  const auto deleted = Call(*stubs.tracking, &v1::TrackingService::Stub::DeleteRun, remove);
  if (!deleted.ok()) return deleted.status();
  v1::PurgeRunRequest purge;
  purge.set_name(run);
  return Call(*stubs.tracking, &v1::TrackingService::Stub::PurgeRun, purge).status();
}

absl::Status Collect(Stubs& stubs) {
  const auto begun = Call(*stubs.artifacts, &v1::ArtifactService::Stub::CollectGarbage,
                          v1::CollectGarbageRequest());
  if (!begun.ok()) return begun.status();
  google::longrunning::WaitOperationRequest request;
  request.set_name(begun->name());
  request.mutable_timeout()->set_seconds(60);
  const auto ended =
      Call(*stubs.operations, &google::longrunning::Operations::Stub::WaitOperation, request);
  if (!ended.ok()) return ended.status();
  EXPECT_TRUE(ended->done());
  return absl::OkStatus();
}

// The server keeps an eighth of the volume free, and uploads leave twice that.
constexpr int64_t kReserve = (kMebibytes << 20) / 8;

TEST(FullVolumeTest, AnUploadThatMeetsAFullVolumeIsToldAndGoesOnWhenThereIsRoom) {
  OnThreadOfItsOwn([] {
    const TempFolder folder;
    MemoryVolume volume(folder.path(), kMebibytes);
    if (!volume.mounted()) GTEST_SKIP() << "only root can mount a volume of its own";
    ServerProcess server(volume / "store");
    ASSERT_TRUE(server.Start());
    Stubs stubs(server);
    const std::string bytes = Pattern(24 << 20);
    const std::string name = UploadName(DigestOf(bytes));
    {
      Sender sender(stubs, name);
      ASSERT_TRUE(sender.Send(bytes, 0, 10 << 20, /*finish=*/false));
      EXPECT_EQ(sender.Close().value_or(-1), 10 << 20);
    }
    ASSERT_TRUE(volume.LeaveFree(2 * kReserve + (3 << 20)));
    {
      Sender sender(stubs, name);
      sender.Send(bytes, 10 << 20, 24 << 20, /*finish=*/true);
      ExpectDiskFull(sender.Close().status());
    }
    const int64_t kept = Committed(stubs, name);
    EXPECT_GT(kept, 10 << 20);
    // How much more fits depends on what the database sets aside and gives back meanwhile.
    EXPECT_LT(kept, 24 << 20);
    EXPECT_GE(volume.FreeBytes(), 2 * kReserve - (6 << 20));
    server.Kill();
    ASSERT_TRUE(server.Start()) << "full as the volume is";
    Stubs again(server);
    EXPECT_EQ(Committed(again, name), kept);
    volume.GiveBack();
    Sender sender(again, name);
    ASSERT_TRUE(sender.Send(bytes, kept, 24 << 20, /*finish=*/true));
    EXPECT_EQ(sender.Close().value_or(-1), 24 << 20);
    ExpectBlob(again, bytes);
  });
}

TEST(FullVolumeTest, BelowTheReserveRunsCanBePurgedAndBlobsCollectedAndNothingIsLogged) {
  OnThreadOfItsOwn([] {
    const TempFolder folder;
    MemoryVolume volume(folder.path(), kMebibytes);
    if (!volume.mounted()) GTEST_SKIP() << "only root can mount a volume of its own";
    ServerProcess server(volume / "store");
    ASSERT_TRUE(server.Start());
    Stubs stubs(server);
    const std::string first = CreateRun(stubs).name(), second = CreateRun(stubs).name();
    ASSERT_TRUE(volume.LeaveFree(3 * kReserve / 4));
    ExpectDiskFull(LogParam(stubs, first, "a"));
    EXPECT_THAT(PurgeRun(stubs, first), IsOk());
    EXPECT_THAT(Collect(stubs), IsOk());
    ExpectDiskFull(LogParam(stubs, second, "a"));
    server.Kill();
    ASSERT_TRUE(server.Start()) << "full as the volume is";
    Stubs again(server);
    ASSERT_TRUE(volume.LeaveFree(3 * kReserve /
                                 4));  // the start gave back what RocksDB's log had set aside
    ExpectDiskFull(LogParam(again, second, "a"));
    ASSERT_TRUE(volume.LeaveFree(kReserve / 8));
    ExpectDiskFull(PurgeRun(again, second));
    volume.GiveBack();
    const absl::Status logged = LogParam(again, second, "a");
    EXPECT_THAT(logged, IsOk());
    EXPECT_THAT(PurgeRun(again, second), IsOk());
  });
}

class BrokenUploadTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
};

TEST_F(BrokenUploadTest, WhatAStreamWithoutAnEndIsAnsweredIsThereAfterAKill) {
  const std::string bytes = Pattern(1'500'000);
  const std::string name = UploadName(DigestOf(bytes));
  {
    Stubs stubs(server_);
    Sender sender(stubs, name);
    ASSERT_TRUE(sender.Send(bytes, 0, 1'000'000, /*finish=*/false));
    EXPECT_EQ(sender.Close().value_or(-1), 1'000'000);
  }
  server_.Kill();
  ASSERT_TRUE(server_.Start());
  Stubs stubs(server_);
  EXPECT_EQ(Committed(stubs, name), 1'000'000);
  Sender sender(stubs, name);
  ASSERT_TRUE(sender.Send(bytes, 1'000'000, 1'500'000, /*finish=*/true));
  EXPECT_EQ(sender.Close().value_or(-1), 1'500'000);
  ExpectBlob(stubs, bytes);
}

TEST_F(BrokenUploadTest, AStreamWithoutAnEndOfASmallBlobIsAnsweredThatNothingIsKept) {
  Stubs stubs(server_);
  const std::string bytes = Pattern(2'000);
  Sender sender(stubs, UploadName(DigestOf(bytes)));
  ASSERT_TRUE(sender.Send(bytes, 0, 1'000, /*finish=*/false));
  EXPECT_EQ(sender.Close().value_or(-1), 0);
}

TEST_F(BrokenUploadTest, TheLargestBlobThatIsAdvertisedIsTakenAndALargerOneIsRefused) {
  Stubs stubs(server_);
  const auto info =
      Call(*stubs.admin, &v1::AdminService::Stub::GetServerInfo, v1::GetServerInfoRequest());
  ASSERT_THAT(info, IsOk());
  Digest digest = DigestOf("x");
  digest.size_bytes = info->max_blob_size_bytes();
  Sender largest(stubs, UploadName(digest));
  ASSERT_TRUE(largest.Send("y", 0, 1, /*finish=*/false));
  EXPECT_EQ(largest.Close().value_or(-1), 1);
  digest.size_bytes += 1;
  Sender larger(stubs, UploadName(digest));
  larger.Send("y", 0, 1, /*finish=*/false);
  EXPECT_TRUE(HasReason(larger.Close().status(), ErrorReason::BLOB_TOO_LARGE));
}

TEST_F(BrokenUploadTest, ADigestThatIsNoneFailsItsOwnEntryOfABatchOnly) {
  Stubs stubs(server_);
  v1::BatchReadBlobsRequest request;
  *request.add_digests() = client::ToWire(DigestOf(""));
  request.add_digests()->set_sha256("no digest");
  *request.add_digests() = client::ToWire(DigestOf(""));
  request.mutable_digests(2)->set_size_bytes(-1);
  *request.add_digests() = client::ToWire(DigestOf(""));
  const auto read = Call(*stubs.artifacts, &v1::ArtifactService::Stub::BatchReadBlobs, request);
  ASSERT_THAT(read, IsOk());
  ASSERT_EQ(read->results_size(), 4);
  const auto code = [&read](int i) { return read->results(i).status().code(); };
  EXPECT_EQ(code(0), grpc::OK);
  EXPECT_EQ(code(1), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(code(2), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(code(3), grpc::OK);
}

}  // namespace
}  // namespace cairn

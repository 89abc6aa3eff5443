// Blobs from upload to collection over a real socket: leases, damage on disk, usage.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "google/longrunning/operations.grpc.pb.h"
#include "lib/base/digest.h"
#include "lib/base/files.h"
#include "lib/client/grpc_status.h"
#include "tests/testing/eventually.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using google::longrunning::Operation;
using google::longrunning::Operations;
using testing::IsOk;
using testing::ServerProcess;
using testing::TempFolder;
using v1::ArtifactService;

class BlobLifeWireTest : public ::testing::Test {
 protected:
  void SetUp() override { Start("1s"); }
  void TearDown() override { ::unsetenv("CAIRND_BLOB_LEASE"); }

  void Start(const char* lease) {
    ::setenv("CAIRND_BLOB_LEASE", lease, 1);
    ASSERT_TRUE(server_.Start());
    const auto channel =
        grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials());
    artifacts_ = ArtifactService::NewStub(channel);
    operations_ = Operations::NewStub(channel);
    tracking_ = v1::TrackingService::NewStub(channel);
  }

  static std::string Noise(size_t size, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (ArtifactService::Stub::*method)(grpc::ClientContext*,
                                                                              const Request&,
                                                                              Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (artifacts_.get()->*method)(&context, request, &response);
    if (!status.ok()) return client::FromGrpcStatus(status);
    return response;
  }

  static v1::BlobDigest Wire(const std::string& bytes) {
    v1::BlobDigest digest;
    digest.set_sha256(Sha256Hex(bytes));
    digest.set_size_bytes(static_cast<int64_t>(bytes.size()));
    return digest;
  }

  void Put(const std::string& bytes) {
    v1::BatchUpdateBlobsRequest request;
    *request.add_entries()->mutable_digest() = Wire(bytes);
    request.mutable_entries(0)->set_data(bytes);
    const auto stored = Call(&ArtifactService::Stub::BatchUpdateBlobs, request);
    ASSERT_THAT(stored, IsOk());
    EXPECT_EQ(stored->results(0).status().code(), 0) << stored->results(0).status().message();
  }

  bool IsThere(const std::string& bytes) {
    v1::FindMissingBlobsRequest request;
    *request.add_digests() = Wire(bytes);
    const auto missing = Call(&ArtifactService::Stub::FindMissingBlobs, request);
    EXPECT_THAT(missing, IsOk());
    return missing.ok() && missing->missing().empty();
  }

  int ReadCode(const std::string& bytes) {
    v1::BatchReadBlobsRequest request;
    *request.add_digests() = Wire(bytes);
    const auto read = Call(&ArtifactService::Stub::BatchReadBlobs, request);
    EXPECT_THAT(read, IsOk());
    if (!read.ok()) return -1;
    if (read->results(0).status().code() == 0) {
      EXPECT_EQ(read->results(0).data(), bytes);
    }
    return read->results(0).status().code();
  }

  std::string CreateRun() {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    grpc::ClientContext context;
    v1::Run run;
    const grpc::Status status = tracking_->CreateRun(&context, request, &run);
    EXPECT_THAT(status, IsOk());
    return run.name();
  }

  absl::Status Log(const std::string& run, const std::string& path, const std::string& bytes) {
    v1::LogArtifactsRequest request;
    request.set_run(run);
    auto* file = request.add_files();
    file->set_path(path);
    *file->mutable_digest() = Wire(bytes);
    return Call(&ArtifactService::Stub::LogArtifacts, request).status();
  }

  v1::BlobUsage Usage(const std::string& name) {
    v1::GetBlobUsageRequest request;
    request.set_name(name);
    const auto usage = Call(&ArtifactService::Stub::GetBlobUsage, request);
    EXPECT_THAT(usage, IsOk());
    return usage.ok() ? *usage : v1::BlobUsage();
  }

  template <typename Response>
  Response Wait(const absl::StatusOr<Operation>& asked) {
    EXPECT_THAT(asked, IsOk());
    if (!asked.ok()) return {};
    grpc::ClientContext context;
    google::longrunning::WaitOperationRequest request;
    request.set_name(asked->name());
    request.mutable_timeout()->set_seconds(60);
    Operation operation;
    const grpc::Status status = operations_->WaitOperation(&context, request, &operation);
    EXPECT_TRUE(status.ok() && operation.done()) << status.error_message();
    Response response;
    EXPECT_TRUE(operation.response().UnpackTo(&response)) << operation.DebugString();
    return response;
  }

  v1::CollectGarbageResponse Collect(bool dry_run = false) {
    v1::CollectGarbageRequest request;
    request.set_dry_run(dry_run);
    return Wait<v1::CollectGarbageResponse>(Call(&ArtifactService::Stub::CollectGarbage, request));
  }

  // Counts until no blob is leased any more.
  v1::CollectGarbageResponse WaitForLeases() {
    v1::CollectGarbageResponse counted;
    EXPECT_TRUE(testing::Eventually([&] {
      counted = Collect(/*dry_run=*/true);
      return counted.leased_blob_count() == 0;
    })) << "leases do not end";
    return counted;
  }

  v1::ScrubBlobsResponse Scrub() {
    return Wait<v1::ScrubBlobsResponse>(
        Call(&ArtifactService::Stub::ScrubBlobs, v1::ScrubBlobsRequest()));
  }

  // The one pack of the store.
  std::string PackPath() {
    const std::string folder = server_.data_dir() + "/packs";
    for (const auto& file : std::filesystem::directory_iterator(folder)) return file.path();
    return "";
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::unique_ptr<ArtifactService::Stub> artifacts_;
  std::unique_ptr<Operations::Stub> operations_;
  std::unique_ptr<v1::TrackingService::Stub> tracking_;
};

TEST_F(BlobLifeWireTest, WhatIsDeletedIsCountedThenCollectedAndItsRoomComesBack) {
  const std::string run = CreateRun();
  const std::string model = Noise(1'000'000, 1), notes = "notes", shared = Noise(80'000, 2);
  for (const std::string& bytes : {model, notes, shared}) Put(bytes);
  ASSERT_THAT(Log(run, "model/file", model), IsOk());
  ASSERT_THAT(Log(run, "model/notes", notes), IsOk());
  ASSERT_THAT(Log(run, "model/shared", shared), IsOk());
  ASSERT_THAT(Log(CreateRun(), "shared", shared), IsOk());

  const v1::BlobUsage own = Usage(run);
  EXPECT_EQ(own.file_bytes(), 1'080'005);
  EXPECT_EQ(own.shared_bytes(), 80'000);
  EXPECT_EQ(own.reclaimable_bytes(), 1'000'005);
  EXPECT_EQ(Usage("").reclaimable_bytes(), 0);

  v1::DeleteArtifactsRequest remove;
  remove.set_run(run);
  remove.add_paths("model/");
  remove.set_validate_only(true);
  const auto would = Call(&ArtifactService::Stub::DeleteArtifacts, remove);
  ASSERT_THAT(would, IsOk());
  EXPECT_EQ(would->files_size(), 3);
  remove.set_validate_only(false);
  ASSERT_THAT(Call(&ArtifactService::Stub::DeleteArtifacts, remove), IsOk());
  EXPECT_TRUE(absl::IsNotFound(Call(&ArtifactService::Stub::DeleteArtifacts, remove).status()));
  EXPECT_EQ(Usage("").reclaimable_bytes(), 1'000'005);
  const int64_t before = Usage("").pack_bytes();

  EXPECT_EQ(WaitForLeases().removed_bytes(), 1'000'005);
  EXPECT_EQ(Usage("").pack_bytes(), before);
  const auto collected = Collect();
  EXPECT_EQ(collected.removed_blob_count(), 2);
  EXPECT_EQ(collected.removed_bytes(), 1'000'005);
  EXPECT_EQ(collected.rewritten_pack_count(), 1);
  EXPECT_EQ(Usage("").pack_bytes(), before - collected.freed_bytes());
  EXPECT_LT(Usage("").pack_bytes(), 81'000);
  EXPECT_FALSE(IsThere(model));
  EXPECT_TRUE(absl::IsNotFound(Log(run, "again", model)));
  EXPECT_EQ(ReadCode(shared), 0);
  EXPECT_EQ(Scrub().damaged_blob_count(), 0);
}

TEST_F(BlobLifeWireTest, ALeasedBlobStays) {
  EXPECT_EQ(server_.Stop(), 0);
  Start("1h");
  const std::string bytes = "nobody refers to me yet";
  Put(bytes);
  const auto collected = Collect();
  EXPECT_EQ(collected.removed_blob_count(), 0);
  EXPECT_EQ(collected.leased_blob_count(), 1);
  EXPECT_THAT(Log(CreateRun(), "file", bytes), IsOk());
}

TEST_F(BlobLifeWireTest, DamageOnDiskIsFoundAndHealedBySendingTheBlobAgain) {
  const std::string a = Noise(300'000, 1), b = Noise(90'000, 2);
  Put(a);
  Put(b);
  EXPECT_EQ(server_.Stop(), 0);
  std::string pack = ReadFile(PackPath()).value();
  pack[20'000] ^= 4;
  ASSERT_THAT(WriteFileAtomically(PackPath(), pack), IsOk());
  Start("1h");
  const auto scrubbed = Scrub();
  EXPECT_EQ(scrubbed.damaged_blob_count(), 1);
  ASSERT_EQ(scrubbed.damaged_size(), 1);
  EXPECT_EQ(scrubbed.damaged(0).sha256(), Sha256Hex(a));
  EXPECT_EQ(ReadCode(a), static_cast<int>(grpc::StatusCode::DATA_LOSS));
  EXPECT_EQ(ReadCode(b), 0);
  EXPECT_FALSE(IsThere(a));
  EXPECT_TRUE(absl::IsNotFound(Log(CreateRun(), "a", a)));
  Put(a);
  EXPECT_EQ(ReadCode(a), 0);
  EXPECT_THAT(Log(CreateRun(), "a", a), IsOk());
  EXPECT_EQ(Scrub().damaged_blob_count(), 0);
}

}  // namespace
}  // namespace cairn

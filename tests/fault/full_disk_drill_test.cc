// A full volume again and again: filled by the server's own clients or by another program,
// killed and stopped, started, read, and brought back by deleting runs.
//
// CAIRN_FAULT_ROUNDS (1): restarts after SIGKILL, and as many after SIGTERM, of each volume.
// With more than 2 the volumes of 400 and 1,000 MiB are filled as well, not only one of 64.
// CAIRN_FAULT_VOLUME: the only volume, in MiB. Figures are printed.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cairn/v1/artifacts.grpc.pb.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "google/longrunning/operations.grpc.pb.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/client/artifact_client.h"
#include "lib/client/grpc_status.h"
#include "tests/testing/eventually.h"
#include "tests/testing/memory_volume.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/unary_call.h"

namespace cairn {
namespace {

using testing::Call;
using testing::Eventually;
using testing::IsOk;
using testing::MemoryVolume;
using testing::OnThreadOfItsOwn;
using testing::ServerProcess;
using testing::StatusIs;
using testing::TempFolder;

constexpr int64_t kMiB = int64_t{1} << 20;

int Rounds() {
  const char* rounds = ::getenv("CAIRN_FAULT_ROUNDS");
  return rounds == nullptr ? 1 : std::max(1, ::atoi(rounds));
}

std::vector<int64_t> VolumesInMiB() {
  if (const char* only = ::getenv("CAIRN_FAULT_VOLUME")) return {std::max(64, ::atoi(only))};
  return Rounds() > 2 ? std::vector<int64_t>{64, 400, 1000} : std::vector<int64_t>{64};
}

// Bytes that no codec makes smaller.
std::string Noise(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

// What was acknowledged of one run; all of it follows from the seed.
struct KnownRun {
  std::string name;
  uint64_t seed = 0;
  bool logged = false;
  std::vector<Digest> blobs;
};

// One client that knows what was acknowledged to it. Everything it writes is noise.
class Client {
 public:
  static constexpr size_t kTags = 8;
  static constexpr size_t kTagBytes = 2000;  // in hex
  enum Kind { kLargeBlobs, kSmallBlobs, kRecords };

  void Connect(const ServerProcess& server) {
    const auto channel =
        grpc::CreateChannel(server.grpc_address(), grpc::InsecureChannelCredentials());
    tracking_ = v1::TrackingService::NewStub(channel);
    artifacts_ = v1::ArtifactService::NewStub(channel);
    operations_ = google::longrunning::Operations::NewStub(channel);
  }

  void Disconnect() {
    tracking_.reset();
    artifacts_.reset();
    operations_.reset();
  }

  // Writes one run with something of `kind`.
  absl::Status WriteOne(Kind kind) {
    v1::CreateRunRequest create;
    create.set_parent("experiments/0");
    const auto run = Call(*tracking_, &v1::TrackingService::Stub::CreateRun, create);
    if (!run.ok()) return run.status();
    runs_.push_back({run->name(), ++seed_, false, {}});
    if (kind == kRecords) return LogTags(runs_.back());
    return LogBlob(runs_.back(), kind == kSmallBlobs ? 20'000 : 2'000'000);
  }

  // Writes lots of all kinds, about 2 MB of each, until every kind was refused.
  void WriteUntilRefused() {
    std::set<Kind> taken = {kLargeBlobs, kSmallBlobs, kRecords};
    while (!taken.empty()) WriteLot(taken);
  }

  // Writes a lot of each of the kinds, and takes those that are refused out.
  void WriteLot(std::set<Kind>& kinds) {
    for (const Kind kind : std::set<Kind>(kinds)) {
      absl::Status status;
      const int count = kind == kLargeBlobs ? 1 : kind == kSmallBlobs ? 25 : 100;
      for (int i = 0; status.ok() && i < count; ++i) status = WriteOne(kind);
      if (status.ok()) continue;
      kinds.erase(kind);
      EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
      EXPECT_TRUE(HasReason(status, ErrorReason::DISK_FULL)) << status;
    }
  }

  // Reads everything that was acknowledged; blobs of one run in `one_blob_of`.
  void ExpectAll(size_t one_blob_of) {
    for (size_t i = 0; i < runs_.size(); ++i) {
      const KnownRun& known = runs_[i];
      v1::GetRunRequest request;
      request.set_name(known.name);
      const auto run = Call(*tracking_, &v1::TrackingService::Stub::GetRun, request);
      ASSERT_THAT(run, IsOk());
      if (known.logged) {
        ASSERT_EQ(run->tags_size(), kTags);
        for (size_t tag = 0; tag < kTags; ++tag) {
          ASSERT_TRUE(run->tags().at(TagName(tag)) == TagValue(known, tag));
        }
      }
      if (i % one_blob_of != 0) continue;
      for (const Digest& digest : known.blobs) ExpectBlob(known, digest);
    }
  }

  // Purges every run but one of `kept`.
  absl::Status PurgeAllBut(size_t kept) {
    std::vector<KnownRun> left;
    for (size_t i = 0; i < runs_.size(); ++i) {
      if (i % kept == 0) {
        left.push_back(runs_[i]);
        continue;
      }
      if (absl::Status status = Purge(runs_[i].name); !status.ok()) return status;
    }
    runs_ = std::move(left);
    return absl::OkStatus();
  }

  // The same with every run, by operations, which go on by themselves after a refusal.
  absl::Status PurgeAll() {
    for (const auto change :
         {v1::BulkChangeRunsRequest::DELETE, v1::BulkChangeRunsRequest::PURGE}) {
      v1::BulkChangeRunsRequest request;
      request.add_parents("experiments/0");
      request.set_change(change);
      const auto begun = Call(*tracking_, &v1::TrackingService::Stub::BulkChangeRuns, request);
      if (!begun.ok()) return begun.status();
      if (absl::Status status = Wait(begun->name()); !status.ok()) return status;
    }
    runs_.clear();
    return absl::OkStatus();
  }

  absl::Status Collect() {
    const auto begun =
        Call(*artifacts_, &v1::ArtifactService::Stub::CollectGarbage, v1::CollectGarbageRequest());
    return begun.ok() ? Wait(begun->name()) : begun.status();
  }

  size_t runs() const { return runs_.size(); }

  // What was acknowledged and not purged.
  int64_t bytes() const {
    int64_t bytes = 0;
    for (const KnownRun& run : runs_) {
      if (run.logged) bytes += kTags * kTagBytes;
      for (const Digest& blob : run.blobs) bytes += static_cast<int64_t>(blob.size_bytes);
    }
    return bytes;
  }

 private:
  // Waits for the end of an operation, two minutes at most.
  absl::Status Wait(const std::string& operation) {
    google::longrunning::WaitOperationRequest request;
    request.set_name(operation);
    request.mutable_timeout()->set_seconds(120);
    const auto waited =
        Call(*operations_, &google::longrunning::Operations::Stub::WaitOperation, request);
    if (!waited.ok()) return waited.status();
    if (!waited->done())
      return absl::DeadlineExceededError(waited->ShortDebugString() + " is not done");
    return absl::Status(static_cast<absl::StatusCode>(waited->error().code()),
                        waited->error().message());
  }

  static std::string TagName(size_t tag) { return "tag" + std::to_string(tag); }
  static std::string TagValue(const KnownRun& run, size_t tag) {
    return HexEncode(Noise(run.seed * kTags + tag, kTagBytes / 2));
  }

  absl::Status LogTags(KnownRun& run) {
    v1::LogBatchRequest request;
    request.set_run(run.name);
    for (size_t tag = 0; tag < kTags; ++tag) {
      (*request.mutable_tags())[TagName(tag)] = TagValue(run, tag);
    }
    const auto logged = Call(*tracking_, &v1::TrackingService::Stub::LogBatch, request);
    run.logged = logged.ok();
    return logged.status();
  }

  absl::Status LogBlob(KnownRun& run, size_t size) {
    const std::string bytes = Noise(run.seed, size);
    const Digest digest = DigestOf(bytes);
    if (absl::Status status = Upload(digest, bytes); !status.ok()) return status;
    v1::LogArtifactsRequest request;
    request.set_run(run.name);
    v1::ArtifactFile& file = *request.add_files();
    file.set_path("file");
    *file.mutable_digest() = client::ToWire(digest);
    const auto logged = Call(*artifacts_, &v1::ArtifactService::Stub::LogArtifacts, request);
    if (logged.ok()) run.blobs.push_back(digest);
    return logged.status();
  }

  absl::Status Upload(const Digest& digest, const std::string& bytes) {
    grpc::ClientContext context;
    v1::WriteResponse response;
    const auto writer = artifacts_->Write(&context, &response);
    v1::WriteRequest request;
    request.set_resource_name("uploads/" + SystemIds().NewUuid4() + "/blobs/" + digest.Hex() + "/" +
                              std::to_string(digest.size_bytes));
    constexpr size_t kPart = 256 << 10;
    for (size_t at = 0; at < bytes.size(); at += kPart) {
      request.set_write_offset(static_cast<int64_t>(at));
      request.set_data(bytes.substr(at, kPart));
      request.set_finish_write(at + kPart >= bytes.size());
      if (!writer->Write(request)) break;
    }
    writer->WritesDone();
    const grpc::Status status = writer->Finish();
    return status.ok() ? absl::OkStatus() : client::FromGrpcStatus(status);
  }

  void ExpectBlob(const KnownRun& run, const Digest& digest) {
    grpc::ClientContext context;
    v1::ReadRequest request;
    *request.mutable_digest() = client::ToWire(digest);
    const auto reader = artifacts_->Read(&context, request);
    std::string read;
    v1::ReadResponse part;
    while (reader->Read(&part)) read += part.data();
    ASSERT_THAT(reader->Finish(), IsOk()) << run.name;
    ASSERT_TRUE(DigestOf(read) == digest) << run.name;
  }

  absl::Status Purge(const std::string& name) {
    v1::DeleteRunRequest remove;
    remove.set_name(name);
    const auto deleted = Call(*tracking_, &v1::TrackingService::Stub::DeleteRun, remove);
    if (!deleted.ok()) return deleted.status();
    v1::PurgeRunRequest purge;
    purge.set_name(name);
    return Call(*tracking_, &v1::TrackingService::Stub::PurgeRun, purge).status();
  }

  std::unique_ptr<v1::TrackingService::Stub> tracking_;
  std::unique_ptr<v1::ArtifactService::Stub> artifacts_;
  std::unique_ptr<google::longrunning::Operations::Stub> operations_;
  std::vector<KnownRun> runs_;
  uint64_t seed_ = 0;
};

// Between two looks the server is left alone for a while.
constexpr testing::Patience kPatience = {.pause = std::chrono::milliseconds(50)};

// Writes are taken again within a minute, without anything being given back from outside.
void ExpectWritesAgain(Client& client) {
  absl::Status status;
  Eventually(
      [&] {
        status = client.WriteOne(Client::kRecords);
        return status.ok();
      },
      kPatience);
  EXPECT_THAT(status, IsOk());
}

// The least that was free while it lives, looked at every few milliseconds.
class LeastFree {
 public:
  explicit LeastFree(const MemoryVolume& volume)
      : volume_(volume), least_(volume.FreeBytes()), thread_([this] { Look(); }) {}
  ~LeastFree() {
    ended_ = true;
    thread_.join();
  }
  LeastFree(const LeastFree&) = delete;
  LeastFree& operator=(const LeastFree&) = delete;

  int64_t bytes() const { return least_; }

 private:
  void Look() {
    while (!ended_) {
      least_ = std::min<int64_t>(least_, volume_.FreeBytes());
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  const MemoryVolume& volume_;
  std::atomic<bool> ended_ = false;
  std::atomic<int64_t> least_;
  std::thread thread_;
};

// What takes room under `folder`, a line for each file.
std::string FilesOf(const std::string& folder) {
  std::string lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    struct stat info {};
    if (!entry.is_regular_file() || ::stat(entry.path().c_str(), &info) != 0) continue;
    lines += "\n" + std::to_string(int64_t{info.st_blocks} * 512) + " " + entry.path().string();
  }
  return lines;
}

// A server on a volume of its own that is ended and started again.
class Drill {
 public:
  explicit Drill(int64_t mebibytes)
      : volume_(folder_.path(), mebibytes),
        bytes_(mebibytes * kMiB),
        server_(volume_ / "store", {"--blob-lease", "1s"}) {}

  bool mounted() const { return volume_.mounted(); }

  void Start() {
    const auto begin = std::chrono::steady_clock::now();
    const int64_t ballast = BallastBytes();
    ASSERT_TRUE(server_.Start()) << volume_.FreeBytes() << " bytes are free, the ballast had "
                                 << ballast << " and has " << BallastBytes();
    if (starts_ > 0) least_ballast_ = std::min(least_ballast_, BallastBytes());
    const auto took = std::chrono::steady_clock::now() - begin;
    longest_start_ = std::max(longest_start_, took / std::chrono::milliseconds(1));
    ++starts_;
    client_.Connect(server_);
  }
  // What the store holds back for a start.
  int64_t BallastBytes() const {
    struct stat info {};
    const std::string path = volume_ / "store/ballast";
    return ::stat(path.c_str(), &info) == 0 ? int64_t{info.st_blocks} * 512 : -1;
  }
  void Report() const {
    std::cout << "mib=" << bytes_ / kMiB << " starts=" << starts_ << " runs=" << client_.runs()
              << " longest_start_ms=" << longest_start_ << " least_ballast=" << least_ballast_
              << std::endl;
  }
  void End(bool by_kill) {
    client_.Disconnect();  // a stop waits for calls, and a while for connections
    if (by_kill) {
      server_.Kill();
    } else {
      EXPECT_EQ(server_.Stop(), 0);
    }
  }

  void FilledByOwnWrites() {
    ASSERT_NO_FATAL_FAILURE(Start());
    for (int round = 0; round < 2 * Rounds(); ++round) {
      SCOPED_TRACE(round);
      client_.WriteUntilRefused();
      End(/*by_kill=*/round % 2 == 0);
      ASSERT_NO_FATAL_FAILURE(Start());
      ASSERT_NO_FATAL_FAILURE(client_.ExpectAll(kBlobsOfOneIn));
    }
    const std::vector<bool> twice = {false, true}, thrice = {false, false, true};
    for (const bool by_operation : Rounds() > 2 ? thrice : twice) {
      SCOPED_TRACE(by_operation);
      const size_t runs = client_.runs();
      const int64_t bytes = client_.bytes();
      absl::Status purged;
      {
        const LeastFree least(volume_);
        purged = by_operation ? client_.PurgeAll() : client_.PurgeAllBut(3);
        std::cout << "mib=" << bytes_ / kMiB << " runs=" << runs
                  << " least_free_while_purging=" << least.bytes() << std::endl;
      }
      ASSERT_THAT(purged, IsOk()) << purged << "; " << client_.runs() << " runs, "
                                  << volume_.FreeBytes() << " bytes free";
      ASSERT_NO_FATAL_FAILURE(ExpectWritesAgain(client_));
      ASSERT_NO_FATAL_FAILURE(ExpectRoomAgain());
      FillAgain(bytes / 2);
      End(/*by_kill=*/true);
      ASSERT_NO_FATAL_FAILURE(Start());
      ASSERT_NO_FATAL_FAILURE(client_.ExpectAll(1));
    }
  }

  // No blobs, whose packs would give room back: nothing but records, deleted all at once.
  void FilledByRecords() {
    ASSERT_NO_FATAL_FAILURE(Start());
    std::set<Client::Kind> records = {Client::kRecords};
    while (!records.empty()) client_.WriteLot(records);
    const size_t runs = client_.runs();
    const absl::Status purged = client_.PurgeAll();
    ASSERT_THAT(purged, IsOk());
    const int64_t wanted = bytes_ / 2;
    EXPECT_TRUE(Eventually([&] { return volume_.FreeBytes() >= wanted; }, kPatience))
        << runs << " runs were purged";
    ASSERT_NO_FATAL_FAILURE(ExpectWritesAgain(client_));
  }

  void FilledByOthers(int64_t left) {
    ASSERT_NO_FATAL_FAILURE(Start());
    std::set<Client::Kind> kinds = {Client::kLargeBlobs, Client::kSmallBlobs, Client::kRecords};
    while (volume_.FreeBytes() > bytes_ / 2) client_.WriteLot(kinds);
    for (int round = 0; round < 2 * Rounds(); ++round) {
      SCOPED_TRACE(round);
      ASSERT_TRUE(volume_.LeaveFree(left));
      EXPECT_FALSE(client_.WriteOne(Client::kRecords).ok());
      End(/*by_kill=*/round % 2 == 0);
      ASSERT_NO_FATAL_FAILURE(Start());
      ASSERT_NO_FATAL_FAILURE(client_.ExpectAll(kBlobsOfOneIn));
    }
    volume_.GiveBack();
    ASSERT_NO_FATAL_FAILURE(ExpectWritesAgain(client_));
    ASSERT_NO_FATAL_FAILURE(client_.ExpectAll(1));
  }

 private:
  // A refusal has the rest of what was purged given back, and a collection the blobs of refused
  // records, so there is more room soon after both. How much is counted in bytes: which kinds of
  // writes get the room is left to the moment.
  void FillAgain(int64_t more_than) {
    client_.WriteUntilRefused();
    const auto fill = [&] {
      if (client_.bytes() > more_than) return true;
      EXPECT_THAT(client_.Collect(), IsOk());
      client_.WriteUntilRefused();
      return client_.bytes() > more_than;
    };
    const bool filled = Eventually(fill, kPatience);
    std::cout << "mib=" << bytes_ / kMiB << " bytes_again=" << client_.bytes()
              << " of=" << 2 * more_than << std::endl;
    EXPECT_TRUE(filled) << "most of what was purged was given back; " << volume_.FreeBytes()
                        << " bytes are free beside" << FilesOf(volume_ / "store");
  }

  // What was purged comes back until uploads are taken too, which is at twice the reserve:
  // blobs with a collection once their lease has ended.
  void ExpectRoomAgain() {
    const auto has_room = [&] {
      if (volume_.FreeBytes() >= bytes_ / 4) return true;
      EXPECT_THAT(client_.Collect(), IsOk());
      return false;
    };
    EXPECT_TRUE(Eventually(has_room, {.pause = std::chrono::milliseconds(200)}));
  }

  static constexpr size_t kBlobsOfOneIn = 16;

  const TempFolder folder_;
  MemoryVolume volume_;
  const int64_t bytes_;
  int64_t longest_start_ = 0;                                    // in milliseconds
  int64_t least_ballast_ = std::numeric_limits<int64_t>::max();  // after a restart
  int starts_ = 0;
  ServerProcess server_;
  Client client_;
};

void OnEachVolume(const std::function<void(Drill&)>& body) {
  for (const int64_t mebibytes : VolumesInMiB()) {
    SCOPED_TRACE(mebibytes);
    OnThreadOfItsOwn([&] {
      Drill drill(mebibytes);
      if (!drill.mounted()) GTEST_SKIP() << "only root can mount a volume of its own";
      body(drill);
      drill.Report();
    });
  }
}

TEST(FullDiskDrill, AVolumeFullOfOwnWritesStartsAndComesBackByPurging) {
  OnEachVolume([](Drill& drill) { drill.FilledByOwnWrites(); });
}

TEST(FullDiskDrill, AVolumeFullOfRecordsComesBackByPurgingThem) {
  OnEachVolume([](Drill& drill) { drill.FilledByRecords(); });
}

TEST(FullDiskDrill, AVolumeThatOthersFilledToTheLastPagesStarts) {
  OnEachVolume([](Drill& drill) { drill.FilledByOthers(200'000); });
}

TEST(FullDiskDrill, AVolumeThatOthersFilledToTheLastByteStarts) {
  OnEachVolume([](Drill& drill) { drill.FilledByOthers(0); });
}

}  // namespace
}  // namespace cairn

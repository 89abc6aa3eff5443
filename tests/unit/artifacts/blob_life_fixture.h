#ifndef CAIRN_TESTS_UNIT_ARTIFACTS_BLOB_LIFE_FIXTURE_H_
#define CAIRN_TESTS_UNIT_ARTIFACTS_BLOB_LIFE_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "server/artifacts/pack_blob_store.h"
#include "server/operations/operations.h"
#include "server/records/blob_refs.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/storage/forwarding_store.h"
#include "tests/unit/storage/scratch_directory.h"

namespace cairn::artifacts {

// A store that takes so many commits and then none: what a process that is killed had done.
class DyingStore final : public storage::ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  void DieAfter(int commits) { left_ = commits; }
  bool dead() const { return left_ == 0; }

  // Makes commit number `commit` from now on, from 0, answer that nobody knows whether it
  // is there. It is.
  void LoseAnswerOf(int commit) { lost_ = commit; }

  // From now on commits take their time, as on a slow disk.
  void MakeSlow() { is_slow_ = true; }

  void Commit(storage::WriteSet set, storage::CommitCallback done) override {
    if (left_ == 0) return done(absl::UnavailableError("the store died"));
    if (left_ > 0) --left_;
    if (lost_ >= 0 && lost_-- == 0) {
      done = [done = std::move(done)](const storage::CommitResult&) {
        done(absl::UnavailableError("the outcome is not known"));
      };
    }
    if (!is_slow_) return ForwardingStore::Commit(std::move(set), std::move(done));
    commits_.emplace_back([this, set = std::move(set), done = std::move(done)]() mutable {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ForwardingStore::Commit(std::move(set), std::move(done));
    });
  }

 private:
  int left_ = -1;
  int lost_ = -1;
  bool is_slow_ = false;
  std::vector<std::jthread> commits_;  // the slow ones; at the end, so that they end first
};

// Blobs from their upload to their end: a blob store over a memory store that survives its
// restarts, references to blobs as runs have them, and works driven step by step.
class BlobLifeTest : public ::testing::Test {
 protected:
  static constexpr int64_t kLease = 3600 * kNanosPerSecond;
  static constexpr int64_t kReserve = 1 << 20;
  static constexpr char kUploadId[] = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
  static constexpr char kOwner[] = "experiments/0/runs/0123456789abcdef0123456789abcdef";

  BlobLifeTest() { Open(); }

  static std::string Noise(size_t size, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
  }

  // Everything anew, also on disk.
  void StartOver() {
    blobs_.reset();
    std::filesystem::remove_all(Packs());
    dying_.reset();
    store_ = storage::MakeMemoryStore();
    dying_ = std::make_unique<DyingStore>(*store_);
    Open();
  }

  // Opens, or opens again as a restart does.
  void Open() {
    blobs_.reset();
    dying_->DieAfter(-1);
    BlobStoreOptions options;
    options.directory = Packs();
    options.checkpoint_bytes = 128 << 10;
    options.pack_bytes = 4 << 20;
    options.max_blob_bytes = 64 << 20;
    options.lease_nanos = kLease;
    options.forward = &clock_;
    options.max_uploads = max_uploads_;
    options.room = {[this] { return free_bytes_ -= shrinks_by_; }, kReserve};
    auto opened = OpenBlobStore(options, *dying_, clock_);
    ASSERT_THAT(opened, testing::IsOk());
    blobs_ = *std::move(opened);
  }

  // Long enough for every lease to be over, also those of a start.
  void LetLeasesEnd() { clock_.AdvanceNanos(kLease); }

  absl::Status Upload(const std::string& bytes, const std::string& uuid = kUploadId) {
    auto upload = blobs_->OpenUpload(uuid, DigestOf(bytes));
    if (!upload.ok()) return upload.status();
    for (size_t at = 0; at < bytes.size() && !(*upload)->complete(); at += 100'000) {
      if (static_cast<int64_t>(at) < (*upload)->offset()) at = (*upload)->offset();
      const auto part = std::string_view(bytes).substr(at, 100'000);
      absl::Status sent = (*upload)->Write(static_cast<int64_t>(at), part);
      if (!sent.ok()) return sent;
    }
    return (*upload)->Finish();
  }

  bool IsThere(const std::string& bytes) const {
    const auto missing = blobs_->FindMissing({DigestOf(bytes)});
    EXPECT_THAT(missing, testing::IsOk());
    return missing.ok() && missing->empty();
  }

  // Without taking a lease: whether the store has an entry.
  bool HasEntry(const std::string& bytes) const {
    return store_->GetSnapshot()->Get(BlobKey(DigestOf(bytes))).value().has_value();
  }

  // The commit that refers to a blob, planned now.
  absl::StatusOr<storage::WriteSet> PlanReference(const std::string& bytes,
                                                  const std::string& path = "file") const {
    v1::ArtifactFile file;
    file.mutable_digest()->set_sha256(Sha256Hex(bytes));
    file.mutable_digest()->set_size_bytes(static_cast<int64_t>(bytes.size()));
    google::protobuf::RepeatedPtrField<v1::ArtifactFile> files;
    *files.Add() = file;
    storage::WriteSet set;
    const absl::Status there = records::RequireBlobs(*store_->GetSnapshot(), files, set);
    if (!there.ok()) return there;
    internal::ArtifactRecord record;
    *record.mutable_digest() = file.digest();
    set.PutRecord(storage::ArtifactKey(kOwner, path), record.SerializeAsString());
    return set;
  }

  absl::Status Refer(const std::string& bytes, const std::string& path = "file") {
    auto set = PlanReference(bytes, path);
    return set.ok() ? store_->CommitAndWait(*std::move(set)).status() : set.status();
  }

  absl::Status Forget(const std::string& path = "file") {
    return store_->CommitAndWait(storage::WriteSet().Delete(storage::ArtifactKey(kOwner, path)))
        .status();
  }

  // Called between the moments of a work: before each step, and between a step and its commit.
  using Moment = std::function<void(int moment)>;

  // Runs a work to its end, or until a commit is refused; the metadata after the last commit.
  template <typename Metadata>
  Metadata Drive(operations::Work& work, Metadata metadata, const Moment& moment = nullptr) {
    std::string cursor;
    int now = 0;
    for (bool more = true; more;) {
      if (moment) moment(now++);
      auto step = work.Next(*store_->GetSnapshot(), operations::Pack(metadata), cursor);
      EXPECT_THAT(step, testing::IsOk());
      if (!step.ok()) break;
      if (moment) moment(now++);
      const absl::Status committed = dying_->CommitAndWait(std::move(step->write_set)).status();
      if (absl::IsAborted(committed)) continue;  // as the runner does
      if (!committed.ok()) break;
      metadata = static_cast<const Metadata&>(*step->metadata);
      cursor = step->cursor;
      more = step->response == nullptr;
    }
    return metadata;
  }

  v1::CollectGarbageMetadata Collect(const Moment& moment = nullptr, bool dry_run = false) {
    v1::CollectGarbageMetadata metadata;
    metadata.set_dry_run(dry_run);
    const auto work = blobs_->NewCollectionWork();
    return Drive(*work, metadata, moment);
  }

  v1::ScrubBlobsMetadata Scrub() {
    const auto work = blobs_->NewScrubWork();
    return Drive(*work, v1::ScrubBlobsMetadata());
  }

  absl::StatusOr<std::string> Read(const std::string& bytes) const {
    return blobs_->ReadAll(DigestOf(bytes), 64 << 20);
  }

  std::string Packs() const { return directory_.Join("packs"); }

  std::vector<std::string> PackPaths() const {
    std::vector<std::string> paths;
    for (const auto& file : std::filesystem::directory_iterator(Packs())) {
      paths.push_back(file.path().string());
    }
    return paths;
  }

  int64_t PackBytes() const {
    int64_t bytes = 0;
    for (const std::string& path : PackPaths()) {
      bytes += static_cast<int64_t>(std::filesystem::file_size(path));
    }
    return bytes;
  }

  storage::ScratchDirectory directory_;
  int64_t free_bytes_ = int64_t{1} << 40;
  int64_t shrinks_by_ = 0;  // with every look at the room
  int64_t max_uploads_ = 1024;
  ManualClock clock_{1'000 * kNanosPerSecond};
  std::unique_ptr<storage::KvStore> store_ = storage::MakeMemoryStore();
  std::unique_ptr<DyingStore> dying_ = std::make_unique<DyingStore>(*store_);
  std::unique_ptr<BlobStore> blobs_;
};

}  // namespace cairn::artifacts

#endif  // CAIRN_TESTS_UNIT_ARTIFACTS_BLOB_LIFE_FIXTURE_H_

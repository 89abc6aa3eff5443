#include "lib/client/blob_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/client/downloader.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/transfer_fixture.h"

namespace cairn::client {
namespace {

using testing::FailsWith;
using testing::IsOk;
using testing::StatusIs;

namespace fs = std::filesystem;

class BlobCacheTest : public TransferFixture {
 protected:
  std::unique_ptr<BlobCache> OpenCache(int64_t max_bytes = 1 << 30) const {
    auto cache = BlobCache::Open(Path("cache"), max_bytes);
    EXPECT_THAT(cache, IsOk());
    return std::move(*cache);
  }

  void Insert(BlobCache& cache, const std::string& bytes) const {
    ASSERT_THAT(WriteFileAtomically(Path("in"), bytes), IsOk());
    const int fd = ::open(Path("in").c_str(), O_RDONLY);
    cache.Insert(DigestOf(bytes), fd);
    ::close(fd);
  }

  // What the cache gives for the digest of `bytes`; "absent" for nothing.
  std::string Take(BlobCache& cache, const std::string& bytes) const {
    const int fd = ::open(Path("out-file").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    const auto found = cache.CopyTo(DigestOf(bytes), fd);
    ::close(fd);
    EXPECT_THAT(found, IsOk());
    std::string taken = *ReadFile(Path("out-file"));
    if (*found) return taken;
    EXPECT_EQ(taken, "");
    return "absent";
  }

  // The files of the cache but its tag.
  std::vector<fs::path> CachedFiles() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(Path("cache"))) {
      if (entry.is_regular_file() && entry.path().filename() != "CACHEDIR.TAG") {
        files.push_back(entry.path());
      }
    }
    return files;
  }

  absl::Status Fetch(const std::vector<v1::ArtifactFile>& files, const std::string& directory) {
    DownloadOptions options;
    options.cache_directory = Path("cache");
    Downloader downloader(
        *client_, [this](const TransferProgress& progress) { last_ = progress; }, options);
    return downloader.FetchFiles(files, Path(directory));
  }

  int ServerCalls() {
    return WithState([](FakeState& state)
                         CAIRN_NO_ANALYSIS { return state.batch_calls + state.read_calls; });
  }

  TransferProgress last_;
};

TEST_F(BlobCacheTest, GivesBackWhatWasInsertedAlsoToAnotherProcess) {
  const std::string bytes = NoiseBytes(3'000'000, 1);
  Insert(*OpenCache(), bytes);
  EXPECT_EQ(Take(*OpenCache(), bytes), bytes);
  EXPECT_EQ(Take(*OpenCache(), "other"), "absent");
  EXPECT_EQ(fs::status(Path("cache")).permissions(), fs::perms::owner_all);
}

TEST_F(BlobCacheTest, DamagedAndTornFilesCountAsAbsentAndAreRemoved) {
  const auto cache = OpenCache();
  const std::string bytes = NoiseBytes(100'000, 2);
  for (const int64_t size : {100'000, 50'000, 0}) {
    SCOPED_TRACE(size);
    Insert(*cache, bytes);
    ASSERT_EQ(CachedFiles().size(), 1u);
    const fs::path file = CachedFiles()[0];
    fs::permissions(file, fs::perms::owner_all);
    std::string damaged = bytes.substr(0, static_cast<size_t>(size));
    if (size == 100'000) damaged[70'000] = static_cast<char>(damaged[70'000] ^ 1);
    ASSERT_THAT(WriteFileAtomically(file.string(), damaged), IsOk());
    EXPECT_EQ(Take(*cache, bytes), "absent");
    EXPECT_TRUE(CachedFiles().empty());
  }
}

TEST_F(BlobCacheTest, WhatWasNotUsedForLongestGoesWhenThereIsTooMuch) {
  const auto cache = OpenCache(10'000);
  std::vector<std::string> blobs;
  for (uint64_t i = 0; i < 10; ++i) {
    blobs.push_back(NoiseBytes(1000, i));
    Insert(*cache, blobs.back());
    // Times in the past, the first the oldest: nothing here waits for the clock.
    for (const fs::path& file : CachedFiles()) {
      if (file.string().find(Sha256Hex(blobs.back())) == std::string::npos) continue;
      fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::hours(20 - i));
    }
  }
  EXPECT_EQ(Take(*cache, blobs[0]), blobs[0]);  // used a moment ago from now on
  const std::string last = NoiseBytes(1000, 99);
  Insert(*cache, last);
  EXPECT_EQ(Take(*cache, blobs[0]), blobs[0]);
  EXPECT_EQ(Take(*cache, last), last);
  EXPECT_EQ(Take(*cache, blobs[1]), "absent");
  EXPECT_EQ(Take(*cache, blobs[2]), "absent");
  EXPECT_EQ(Take(*cache, blobs[3]), blobs[3]);
}

TEST_F(BlobCacheTest, ABlobLargerThanTheCacheIsNotKept) {
  const auto cache = OpenCache(1000);
  Insert(*cache, NoiseBytes(1001, 3));
  EXPECT_TRUE(CachedFiles().empty());
}

TEST_F(BlobCacheTest, WhatAKilledProgramLeftIsRemovedAfterAnHour) {
  const auto cache = OpenCache(1500);
  const std::string old = Path("cache/tmp/" + std::string(32, 'a'));
  const std::string young = Path("cache/tmp/" + std::string(32, 'b'));
  for (const std::string& name : {old, young}) {
    ASSERT_THAT(WriteFileAtomically(name, "torn"), IsOk());
  }
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  Insert(*cache, NoiseBytes(1000, 4));
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young));
}

TEST_F(BlobCacheTest, FilesThatAreNotOfTheCacheStayHoweverOldAndLarge) {
  const auto cache = OpenCache(1500);
  const std::string hex(64, 'a');
  const std::vector<std::string> foreign = {"notes.txt",
                                            "aa/notes.txt",
                                            "aa/" + hex,              // no size
                                            "aa/" + hex + "-",        // an empty one
                                            "aa/" + hex + "-007",     // not as we write it
                                            "aa/" + hex + "-5.bak",   // something behind it
                                            "ab/" + hex + "-5",       // in another's place
                                            "aaa/" + hex + "-5",      // too deep a start
                                            "AA/" + hex + "-5",       // not our letters
                                            "aa/deep/" + hex + "-5",  // below
                                            "tmp/draft",              // no id
                                            "tmp/deep/" + std::string(32, 'a'),
                                            "tmp/" + std::string(33, 'a')};
  const auto now = fs::file_time_type::clock::now();
  for (const std::string& name : foreign) {
    const fs::path file = Path("cache/" + name);
    fs::create_directories(file.parent_path());
    ASSERT_THAT(WriteFileAtomically(file.string(), NoiseBytes(2000, 1)), IsOk());
    fs::last_write_time(file, now - std::chrono::hours(24 * 365));
  }
  // A link to somebody's directory and one to somebody's file.
  fs::create_directories(Path("home"));
  const std::string behind_link = Path("home/" + std::string(64, 'c') + "-5");
  ASSERT_THAT(WriteFileAtomically(behind_link, "mine"), IsOk());
  fs::create_directory_symlink(Path("home"), Path("cache/cc"));
  fs::create_symlink(behind_link, Path("cache/aa/" + hex + "-5"));
  Insert(*cache, NoiseBytes(1000, 2));
  Insert(*cache, NoiseBytes(1000, 3));  // sweeps: the first one goes
  EXPECT_EQ(Take(*cache, NoiseBytes(1000, 2)), "absent");
  for (const std::string& name : foreign) {
    EXPECT_TRUE(fs::exists(Path("cache/" + name))) << name;
  }
  EXPECT_TRUE(fs::exists(behind_link));
  EXPECT_TRUE(fs::is_symlink(Path("cache/aa/" + hex + "-5")));
}

TEST_F(BlobCacheTest, ADirectoryWithOtherFilesIsRefusedAndLeftAsItIs) {
  fs::create_directories(Path("cache"));
  ASSERT_THAT(WriteFileAtomically(Path("cache/thesis.tex"), "years of work"), IsOk());
  const auto refused = BlobCache::Open(Path("cache"), 1);
  EXPECT_TRUE(HasReason(refused.status(), ErrorReason::VALUE_INVALID)) << refused.status();
  EXPECT_EQ(std::distance(fs::directory_iterator(Path("cache")), fs::directory_iterator()), 1);
  // Nor does another program's tag make it ours.
  ASSERT_THAT(WriteFileAtomically(Path("cache/CACHEDIR.TAG"),
                                  "Signature: 8a477f597d28d172789f06886806bc55\n"),
              IsOk());
  EXPECT_THAT(BlobCache::Open(Path("cache"), 1), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(BlobCacheTest, AnEmptyDirectoryAndOneWhoseTagWasTornBecomeACache) {
  fs::create_directories(Path("cache"));
  ASSERT_THAT(BlobCache::Open(Path("cache"), 1), IsOk());
  const std::string whole = *ReadFile(Path("cache/CACHEDIR.TAG"));
  EXPECT_EQ(whole.find("Signature: 8a477f597d28d172789f06886806bc55\n"), 0u);
  fs::remove_all(Path("cache"));
  fs::create_directories(Path("cache"));
  ASSERT_THAT(WriteFileAtomically(Path("cache/CACHEDIR.TAG"), whole.substr(0, 20)), IsOk());
  ASSERT_THAT(BlobCache::Open(Path("cache"), 1), IsOk());
  EXPECT_EQ(*ReadFile(Path("cache/CACHEDIR.TAG")), whole);
}

TEST_F(BlobCacheTest, ProgramsThatMakeTheSameCacheAtOnceAllSucceed) {
  for (int round = 0; round < 50; ++round) {
    const std::string directory = Path(fmt::format("made{}", round));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&directory] {
        const auto cache = BlobCache::Open(directory, 1);
        EXPECT_THAT(cache, IsOk());
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

TEST_F(BlobCacheTest, ProgramsThatUseItAtOnceSeeWholeBlobsOrNone) {
  std::vector<std::thread> threads;
  std::vector<std::string> blobs;
  for (uint64_t i = 0; i < 6; ++i) blobs.push_back(NoiseBytes(40'000, i));
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto cache = BlobCache::Open(Path("cache"), 120'000);
      ASSERT_THAT(cache, IsOk());
      const std::string own = Path(fmt::format("own{}", t));
      for (size_t round = 0; round < 60; ++round) {
        const std::string& bytes = blobs[(round * 7 + static_cast<size_t>(t)) % blobs.size()];
        const int fd = ::open(own.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
        const auto found = (*cache)->CopyTo(DigestOf(bytes), fd);
        ASSERT_THAT(found, IsOk());
        if (*found) {
          EXPECT_TRUE(*ReadFile(own) == bytes);
        } else {
          EXPECT_EQ(::pwrite(fd, bytes.data(), bytes.size(), 0), 40'000);
          (*cache)->Insert(DigestOf(bytes), fd);
        }
        ::close(fd);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Those that were inserted at the same moment may be too many, but not more.
  EXPECT_LE(CachedFiles().size(), 6u);
}

TEST_F(BlobCacheTest, AFetchThatFindsEverythingAsksForNoBytes) {
  const std::vector<v1::ArtifactFile> files = {Serve("small", "text"),
                                               Serve("large", NoiseBytes(2'000'000, 5)),
                                               Serve("larger", NoiseBytes(20'000'000, 6))};
  ASSERT_THAT(Fetch(files, "first"), IsOk());
  const int calls = ServerCalls();
  EXPECT_GT(calls, 0);
  ASSERT_THAT(Fetch(files, "second"), IsOk());
  EXPECT_EQ(ServerCalls(), calls);
  EXPECT_EQ(last_.cached_bytes, last_.total_bytes);
  EXPECT_EQ(last_.done_files, 3);
  EXPECT_TRUE(*ReadFile(Path("second/larger")) == NoiseBytes(20'000'000, 6));
}

TEST_F(BlobCacheTest, WritingToAFetchedFileDoesNotDamageTheCache) {
  const auto file = Serve("large", NoiseBytes(2'000'000, 7));
  ASSERT_THAT(Fetch({file}, "first"), IsOk());
  ASSERT_THAT(Fetch({file}, "second"), IsOk());
  for (const char* place : {"first/large", "second/large"}) {
    const int fd = ::open(Path(place).c_str(), O_WRONLY);
    ASSERT_GE(fd, 0) << "fetched files can be written to";
    ASSERT_EQ(::pwrite(fd, "damage", 6, 1000), 6);
    ::close(fd);
  }
  const int calls = ServerCalls();
  ASSERT_THAT(Fetch({file}, "third"), IsOk());
  EXPECT_EQ(ServerCalls(), calls);
  EXPECT_TRUE(*ReadFile(Path("third/large")) == NoiseBytes(2'000'000, 7));
}

TEST_F(BlobCacheTest, ADamagedEntryIsFetchedAgain) {
  const auto file = Serve("large", NoiseBytes(2'000'000, 8));
  ASSERT_THAT(Fetch({file}, "first"), IsOk());
  fs::permissions(CachedFiles()[0], fs::perms::owner_all);
  fs::resize_file(CachedFiles()[0], 1'999'999);
  const int calls = ServerCalls();
  ASSERT_THAT(Fetch({file}, "second"), IsOk());
  EXPECT_GT(ServerCalls(), calls);
  EXPECT_TRUE(*ReadFile(Path("second/large")) == NoiseBytes(2'000'000, 8));
}

TEST_F(BlobCacheTest, ACacheThatCannotBeOpenedIsAnError) {
  ASSERT_THAT(WriteFileAtomically(Path("cache"), "a file"), IsOk());
  EXPECT_THAT(Fetch({Serve("small", "text")}, "first"), FailsWith(ErrorReason::FILE_ERROR));
  EXPECT_TRUE(HasReason(BlobCache::Open("", 1).status(), ErrorReason::VALUE_INVALID));
}

}  // namespace
}  // namespace cairn::client

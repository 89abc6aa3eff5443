// Uploads and downloads against the real server, cut wherever it hurts: they go on, send
// little again, and what arrives is what was sent.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/files.h"
#include "lib/client/client.h"
#include "lib/client/downloader.h"
#include "lib/client/uploader.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using client::Client;
using client::Downloader;
using client::TransferProgress;
using client::Uploader;
using client::UploadItem;
using testing::IsOk;
using testing::ServerProcess;
using testing::StatusIs;
using testing::TempFolder;

constexpr int64_t kMebi = 1 << 20;

std::string Noise(int64_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string bytes;
  while (static_cast<int64_t>(bytes.size()) < size) {
    const uint64_t word = random();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

class TransferJourneyTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  std::unique_ptr<Client> Connect() const {
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    return std::move(Client::Connect(options)).value();
  }

  std::string Write(const std::string& name, const std::string& bytes) const {
    EXPECT_THAT(WriteFileAtomically(folder_ / name, bytes), IsOk());
    return folder_ / name;
  }

  // Uploads a file; once `cut_after` bytes were sent, if that is not 0, `cut` is called.
  absl::Status Upload(const std::string& file, int64_t cut_after = 0,
                      const std::function<void(Client&)>& cut = nullptr) {
    const auto client = Connect();
    last_ = {};
    Uploader uploader(*client, [&](const TransferProgress& progress) {
      last_ = progress;
      if (cut_after > 0 && progress.transferred_bytes >= cut_after) {
        cut_after = 0;
        cut(*client);
      }
    });
    const auto files = uploader.Upload({UploadItem::File("file", file)});
    if (files.ok()) file_ = files->front();
    return files.status();
  }

  // Fetches what was uploaded last.
  absl::Status Fetch(const std::string& directory, int64_t cut_after = 0,
                     const std::string& cache = "") {
    const auto client = Connect();
    last_ = {};
    client::DownloadOptions options;
    options.cache_directory = cache;
    Downloader downloader(
        *client,
        [&](const TransferProgress& progress) {
          last_ = progress;
          if (cut_after > 0 && progress.transferred_bytes >= cut_after) client->Cancel();
        },
        options);
    return downloader.FetchFiles({file_}, folder_ / directory);
  }

  std::string Fetched(const std::string& directory) const {
    const auto bytes = ReadFile(folder_ / directory + "/file");
    EXPECT_THAT(bytes, IsOk());
    return bytes.value_or("");
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  TransferProgress last_;
  v1::ArtifactFile file_;
};

TEST_F(TransferJourneyTest, AnUploadCutAnywhereGoesOnAndSendsLittleAgain) {
  std::mt19937_64 random(1);
  for (uint64_t round = 0; round < 12; ++round) {
    const auto size = static_cast<int64_t>(12 * kMebi + random() % (24 * kMebi));
    const auto cut = static_cast<int64_t>(1 + random() % static_cast<uint64_t>(size - kMebi));
    SCOPED_TRACE(fmt::format("round {}: {} of {} bytes", round, cut, size));
    const std::string bytes = Noise(size, 100 + round);
    const std::string file = Write("file", bytes);
    const absl::Status status = Upload(file, cut, [](Client& client) { client.Cancel(); });
    const int64_t sent = last_.transferred_bytes;
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kCancelled) << status;
    ASSERT_THAT(Upload(file), IsOk());
    EXPECT_EQ(last_.done_bytes(), size);
    EXPECT_LE(sent + last_.transferred_bytes, size + 16 * kMebi);
    const std::string directory = fmt::format("out{}", round);
    ASSERT_THAT(Fetch(directory), IsOk());
    EXPECT_TRUE(Fetched(directory) == bytes);
    std::filesystem::remove_all(folder_ / directory);
  }
}

TEST_F(TransferJourneyTest, AnUploadGoesOnWhenTheServerWasKilled) {
  const std::string bytes = Noise(40 * kMebi, 2);
  const std::string file = Write("file", bytes);
  int64_t sent = 0;
  for (const int64_t cut : {3 * kMebi, 9 * kMebi}) {
    SCOPED_TRACE(cut);
    const absl::Status status = Upload(file, cut, [this](Client&) { server_.Kill(); });
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
    sent += last_.transferred_bytes;
    ASSERT_TRUE(server_.Start());
  }
  ASSERT_THAT(Upload(file), IsOk());
  EXPECT_LE(sent + last_.transferred_bytes, 40 * kMebi + 2 * 16 * kMebi);
  ASSERT_THAT(Fetch("out"), IsOk());
  EXPECT_TRUE(Fetched("out") == bytes);
}

TEST_F(TransferJourneyTest, TheSameFileAgainSendsNothingAndAByteInsertedAFewChunks) {
  std::string bytes = Noise(48 * kMebi, 3);
  ASSERT_THAT(Upload(Write("file", bytes)), IsOk());
  EXPECT_EQ(last_.transferred_bytes, 48 * kMebi);
  ASSERT_THAT(Upload(Write("file", bytes)), IsOk());
  EXPECT_EQ(last_.transferred_bytes, 0);
  EXPECT_EQ(last_.skipped_bytes, 48 * kMebi);
  bytes.insert(20'000'000, "x");
  ASSERT_THAT(Upload(Write("file", bytes)), IsOk());
  EXPECT_GT(last_.transferred_bytes, 0);
  EXPECT_LE(last_.transferred_bytes, 2 * kMebi);
  ASSERT_THAT(Fetch("out"), IsOk());
  EXPECT_TRUE(Fetched("out") == bytes);
}

TEST_F(TransferJourneyTest, TwoUploadsOfTheSameBytesAtOnceBothSucceed) {
  const std::string bytes = Noise(20 * kMebi, 4);
  const std::string file = Write("file", bytes);
  std::atomic<int> succeeded = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      const auto client = Connect();
      const auto files = Uploader(*client).Upload({UploadItem::File("file", file)});
      EXPECT_THAT(files, IsOk());
      succeeded += files.ok() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(succeeded, 2);
  ASSERT_THAT(Upload(file), IsOk());
  EXPECT_EQ(last_.transferred_bytes, 0);
  ASSERT_THAT(Fetch("out"), IsOk());
  EXPECT_TRUE(Fetched("out") == bytes);
}

TEST_F(TransferJourneyTest, ADownloadCutAnywhereGoesOnWhereItStopped) {
  const std::string bytes = Noise(40 * kMebi, 5);
  ASSERT_THAT(Upload(Write("file", bytes)), IsOk());
  std::mt19937_64 random(5);
  for (int round = 0; round < 6; ++round) {
    const auto cut = static_cast<int64_t>(1 + random() % (36 * kMebi));
    const std::string directory = fmt::format("out{}", round);
    SCOPED_TRACE(cut);
    const absl::Status status = Fetch(directory, cut);
    const int64_t received = last_.transferred_bytes;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
    ASSERT_THAT(Fetch(directory), IsOk());
    EXPECT_LE(received + last_.transferred_bytes, 56 * kMebi);
    EXPECT_TRUE(Fetched(directory) == bytes);
  }
}

TEST_F(TransferJourneyTest, WhatTheCacheHasNeedsNoServer) {
  const std::string bytes = Noise(18 * kMebi, 6);
  ASSERT_THAT(Upload(Write("file", bytes)), IsOk());
  ASSERT_THAT(Fetch("first", 0, folder_ / "cache"), IsOk());
  EXPECT_EQ(last_.transferred_bytes, 18 * kMebi);
  server_.Kill();
  ASSERT_THAT(Fetch("second", 0, folder_ / "cache"), IsOk());
  EXPECT_EQ(last_.cached_bytes, 18 * kMebi);
  EXPECT_TRUE(Fetched("second") == bytes);
}

TEST_F(TransferJourneyTest, ManySmallFilesAndLargeOnesGoTogether) {
  std::vector<UploadItem> items;
  for (int i = 0; i < 2500; ++i) {
    items.push_back(UploadItem::Bytes(fmt::format("small/{}", i), fmt::format("file {}\n", i)));
  }
  for (const int64_t size : {kMebi / 2, kMebi / 2 + 1, kMebi, 3 * kMebi, 17 * kMebi}) {
    items.push_back(
        UploadItem::Bytes(fmt::format("large/{}", size), Noise(size, static_cast<uint64_t>(size))));
  }
  const auto client = Connect();
  const auto files = Uploader(*client).Upload(items);
  ASSERT_THAT(files, IsOk());
  ASSERT_THAT(Downloader(*client).FetchFiles(*files, folder_ / "out"), IsOk());
  for (const UploadItem& item : items) {
    EXPECT_TRUE(*ReadFile(folder_ / "out/" + item.path) == item.bytes) << item.path;
  }
}

TEST_F(TransferJourneyTest, MlctlSumsUpWhatItTransferred) {
  const std::string file = Write("sales.bin", Noise(3 * kMebi, 7));
  const auto run = [this](std::vector<std::string> words) {
    words.insert(words.begin(), testing::ProgramPath("mlctl"));
    words.insert(words.end(), {"--server", server_.grpc_address(), "--timeout", "20s"});
    const auto result = testing::RunProgram(words);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return result.output;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  };
  std::string output = run({"put", "dataset", "retail", file});
  EXPECT_TRUE(has(output, "1 file, 3.0 MiB in ") && has(output, "3.0 MiB sent")) << output;
  output = run({"put", "dataset", "retail", file});
  EXPECT_TRUE(has(output, "0 B sent, 100.0 % deduplicated")) << output;
  EXPECT_FALSE(has(run({"put", "dataset", "retail", file, "-q"}), " sent"));
  output = run({"fetch", "dataset:retail@1", "-o", folder_ / "out"});
  EXPECT_TRUE(has(output, "3.0 MiB received")) << output;
}

}  // namespace
}  // namespace cairn

// The index of blobs is lost or packs are damaged, with the real programs: what the operator
// brings back, and what uploading heals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/files.h"
#include "lib/client/client.h"
#include "lib/client/downloader.h"
#include "lib/client/uploader.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using client::Client;
using client::UploadItem;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::ProgramPath;
using testing::ProgramResult;
using testing::RunProgram;
using testing::ServerProcess;
using testing::TempFolder;

class LostIndexTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.Start()); }

  static std::string Noise(size_t size, uint64_t seed) {
    std::mt19937_64 random(seed);
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
  }

  std::unique_ptr<Client> Connect() const {
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    return std::move(Client::Connect(options)).value();
  }

  std::vector<v1::ArtifactFile> Upload(const std::vector<std::string>& contents) const {
    std::vector<UploadItem> items;
    for (size_t i = 0; i < contents.size(); ++i) {
      const std::string name = std::to_string(i);
      EXPECT_THAT(WriteFileAtomically(folder_ / name, contents[i]), IsOk());
      items.push_back(UploadItem::File(name, folder_ / name));
    }
    const auto client = Connect();
    auto files = client::Uploader(*client).Upload(items);
    EXPECT_THAT(files, IsOk());
    return files.ok() ? *std::move(files) : std::vector<v1::ArtifactFile>();
  }

  // By digest alone; empty when it does not go.
  std::string Fetch(const v1::ArtifactFile& file) {
    const auto client = Connect();
    const std::string into = folder_ / ("out" + std::to_string(++fetches_));
    const auto fetched = client::Downloader(*client).FetchFiles({file}, into);
    if (!fetched.ok()) {
      last_error_ = fetched.ToString();
      return "";
    }
    return ReadFile(into + "/" + file.path()).value_or("");
  }

  ProgramResult Rebuild() const {
    return RunProgram({ProgramPath("cairnd"), "--data-dir", server_.data_dir(),
                       "--rebuild-blob-index", "--log-level", "error"});
  }

  // Flips a bit in the middle of each pack.
  void DamagePacks() const {
    for (const auto& file : std::filesystem::directory_iterator(server_.data_dir() + "/packs")) {
      std::string bytes = ReadFile(file.path()).value();
      bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 16);
      ASSERT_THAT(WriteFileAtomically(file.path(), bytes), IsOk());
    }
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::string last_error_;  // of the last fetch that failed
  int fetches_ = 0;
};

TEST_F(LostIndexTest, WithoutTheDatabaseLargeFilesComeBackFromThePacks) {
  const std::string large = Noise(9 << 20, 1), medium = Noise(200'000, 2), small = Noise(100, 3);
  const auto files = Upload({large, medium, small});
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(server_.Stop(), 0);
  std::filesystem::remove_all(server_.data_dir() + "/kv");
  EXPECT_FALSE(server_.Start()) << "nothing is reset by itself";
  const ProgramResult rebuilt = Rebuild();
  EXPECT_EQ(rebuilt.exit_code, 0);
  EXPECT_THAT(rebuilt.output, HasSubstr(" lists=1 incomplete_lists=0 unreadable=0"));
  ASSERT_TRUE(server_.Start());
  EXPECT_TRUE(Fetch(files[0]) == large);
  EXPECT_TRUE(Fetch(files[1]) == medium);
  EXPECT_EQ(Fetch(files[2]), "") << "it stood in the database";
  const ProgramResult scrubbed =
      RunProgram({ProgramPath("mlctl"), "scrub", "--server", server_.grpc_address()});
  EXPECT_EQ(scrubbed.exit_code, 0) << scrubbed.output;
}

TEST_F(LostIndexTest, ASoundStoreIsLeftAsItIsAndAServerThatRunsIsNotDisturbed) {
  const std::string large = Noise(3 << 20, 4);
  const auto files = Upload({large});
  const ProgramResult refused = Rebuild();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.output, HasSubstr("is in use by process"));
  EXPECT_EQ(server_.Stop(), 0);
  const ProgramResult rebuilt = Rebuild();
  EXPECT_EQ(rebuilt.exit_code, 0);
  EXPECT_THAT(rebuilt.output, HasSubstr(" blobs=0 lists=0 "));
  ASSERT_TRUE(server_.Start());
  EXPECT_TRUE(Fetch(files[0]) == large);
}

// Nobody scrubbed: the damaged chunk is found by putting it together with others.
TEST_F(LostIndexTest, UploadingAFileThatSharesADamagedChunkHealsBoth) {
  const std::string first = Noise(6 << 20, 5), second = "one more byte: " + first;
  const auto files = Upload({first});
  ASSERT_EQ(files.size(), 1u);
  server_.Kill();
  DamagePacks();
  ASSERT_TRUE(server_.Start());
  const auto others = Upload({second});
  ASSERT_EQ(others.size(), 1u);
  EXPECT_TRUE(Fetch(others[0]) == second);
  EXPECT_TRUE(Fetch(files[0]) == first);
}

TEST_F(LostIndexTest, AFileThatAReaderFoundDamagedIsHealedByUploadingItAgain) {
  const std::string bytes = Noise(6 << 20, 6);
  const auto files = Upload({bytes});
  ASSERT_EQ(files.size(), 1u);
  server_.Kill();
  DamagePacks();
  ASSERT_TRUE(server_.Start());
  EXPECT_EQ(Fetch(files[0]), "");
  Upload({bytes});
  EXPECT_TRUE(Fetch(files[0]) == bytes) << last_error_;
}

}  // namespace
}  // namespace cairn

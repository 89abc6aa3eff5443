// Very many files at once with the real programs: a data set of a whole directory, and
// artifacts of a run that appear whole or not at all when the client is killed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fmt/format.h"
#include "lib/base/files.h"
#include "lib/client/client.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::StatusIs;

namespace fs = std::filesystem;

using testing::ProgramPath;
using testing::ProgramResult;
using testing::RunningProgram;
using testing::RunProgram;
using testing::ServerProcess;
using testing::TempFolder;

class ManyFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.Start());
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    auto connected = client::Client::Connect(options);
    ASSERT_THAT(connected, IsOk());
    client_ = *std::move(connected);
  }

  // A directory with so many files of a few bytes, each with its own.
  std::string MakeDirectory(const std::string& name, int files) const {
    std::string directory = folder_ / name;
    for (int i = 0; i < files; ++i) {
      const std::string parent = fmt::format("{}/part {:03}", directory, i / 100);
      if (i % 100 == 0) fs::create_directories(parent);
      std::ofstream(fmt::format("{}/{:06}.txt", parent, i)) << name << " " << i << "\n";
    }
    return directory;
  }

  std::vector<std::string> Mlctl(std::vector<std::string> words) const {
    words.insert(words.begin(), ProgramPath("mlctl"));
    words.insert(words.end(), {"--server", server_.grpc_address(), "--timeout", "60s"});
    return words;
  }

  std::string Expect(int exit_code, const std::vector<std::string>& words) const {
    const ProgramResult result = RunProgram(Mlctl(words));
    EXPECT_EQ(result.exit_code, exit_code) << words[0] << " " << words[1] << ": " << result.output;
    return result.output;
  }

  // The number of files at one moment.
  int64_t CountFiles(const std::string& name) const {
    v1::GetBlobUsageRequest request;
    request.set_name(name);
    const auto usage = client_->artifacts().GetBlobUsage(request);
    EXPECT_THAT(usage, IsOk());
    return usage.ok() ? usage->file_count() : -1;
  }

  std::string NewRun() const {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    const auto run = client_->tracking().CreateRun(request);
    EXPECT_THAT(run, IsOk());
    return run.ok() ? run->name() : "";
  }

  // Whether two directories hold the same files.
  static void ExpectSame(const std::string& a, const std::string& b, int files) {
    int compared = 0;
    for (const auto& entry : fs::recursive_directory_iterator(a)) {
      if (!entry.is_regular_file()) continue;
      const std::string other = b + entry.path().string().substr(a.size());
      ASSERT_EQ(*ReadFile(other), *ReadFile(entry.path().string())) << other;
      ++compared;
    }
    EXPECT_EQ(compared, files);
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::unique_ptr<client::Client> client_;
};

TEST_F(ManyFilesTest, ADirectoryOf20000FilesIsOneVersionListedByPagesAndFetched) {
  constexpr int kFiles = 20'000;
  const std::string directory = MakeDirectory("big", kFiles);
  Expect(0, {"put", "dataset", "big", directory});
  v1::GetDatasetVersionRequest get;
  get.set_name("datasets/big/versions/latest");
  const auto version = client_->datasets().GetDatasetVersion(get);
  ASSERT_THAT(version, IsOk());
  EXPECT_EQ(version->file_count(), kFiles);
  EXPECT_LT(version->ByteSizeLong(), 1000u);
  const auto files = client_->artifacts().ListAllArtifacts(version->name());
  ASSERT_THAT(files, IsOk());
  ASSERT_EQ(files->size(), size_t{kFiles});
  EXPECT_TRUE(std::is_sorted(files->begin(), files->end(),
                             [](const auto& a, const auto& b) { return a.path() < b.path(); }));
  EXPECT_EQ(CountFiles(version->name()), kFiles);
  const std::string fetched = folder_ / "fetched";
  Expect(0, {"fetch", "dataset:big@1", "-o", fetched});
  ExpectSame(directory, fetched + "/big", kFiles);
  // The same again is the same version, and a restart forgets none of it.
  EXPECT_NE(Expect(0, {"put", "dataset", "big", directory}).find("dataset:big@1\n"),
            std::string::npos);
  server_.Kill();
  SetUp();
  EXPECT_EQ(client_->artifacts().ListAllArtifacts(version->name())->size(), size_t{kFiles});
  Expect(0, {"delete", "dataset", "big@1", "--yes"});
  EXPECT_THAT(client_->artifacts().ListAllArtifacts(version->name()),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ManyFilesTest, ArtifactsOfARunAreSeenAllAtOnce) {
  constexpr int kFiles = 3000;
  const std::string directory = MakeDirectory("out", kFiles);
  const std::string run = NewRun();
  std::atomic<bool> done = false;
  std::thread watcher([&] {
    while (!done) {
      const int64_t count = CountFiles(run);
      EXPECT_TRUE(count == 0 || count == kFiles) << count;
    }
  });
  Expect(0, {"put", "artifact", run, directory});
  done = true;
  watcher.join();
  EXPECT_EQ(CountFiles(run), kFiles);
  Expect(0, {"fetch", run, "-o", folder_ / "fetched"});
  ExpectSame(directory, folder_ / "fetched/out", kFiles);
}

TEST_F(ManyFilesTest, AClientThatIsKilledAtAnyPointLeavesAllArtifactsOrNone) {
  constexpr int kFiles = 3000;
  const std::string directory = MakeDirectory("out", kFiles);
  int none = 0;
  // It is killed after so many questions to the server, until it ends by itself before that.
  for (int questions = 1; questions < 1'000'000; questions += questions / 2 + 1) {
    const std::string run = NewRun();
    RunningProgram program(Mlctl({"log", "artifact", run, directory}));
    int64_t count = 0;
    for (int i = 0; i < questions && count == 0; ++i) count = CountFiles(run);
    program.Kill();
    program.Wait();
    count = CountFiles(run);
    EXPECT_TRUE(count == 0 || count == kFiles) << count << " after " << questions;
    if (count > 0) break;
    ++none;
  }
  EXPECT_GT(none, 0) << "none was killed in time";
  const std::string run = NewRun();
  Expect(0, {"log", "artifact", run, directory});
  EXPECT_EQ(CountFiles(run), kFiles);
}

}  // namespace
}  // namespace cairn

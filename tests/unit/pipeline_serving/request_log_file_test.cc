#include "pipeline/serving/request_log_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <functional>
#include <latch>
#include <nlohmann/json.hpp>
#include <thread>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "pipeline/stages/request_log_table.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/pipeline_serving/serving_models.h"

namespace cairn::pipeline::serving {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;
using testing::TempFolder;

constexpr int64_t kMiB = 1 << 20;

class RequestLogFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<RequestLogFile> Open(int64_t max_bytes = 64 * kMiB,
                                       size_t max_queued_bytes = 32 * kMiB) {
    LogFileOptions options{path_, max_bytes, max_queued_bytes, [this](std::string_view why) {
                             trouble_.emplace_back(why);
                             if (in_trouble_) in_trouble_();
                           }};
    auto file = RequestLogFile::Open(std::move(options));
    EXPECT_THAT(file, IsOk());
    return file.ok() ? *std::move(file) : nullptr;
  }

  // One request of `count` predictions whose spend is first, first + 1, ….
  static void Add(RequestLogFile& file, int first, int count) {
    std::vector<double> rows;
    for (int i = 0; i < count; ++i) rows.insert(rows.end(), {first + i + 0.0, 0.5, -3, 1e20});
    const auto size = static_cast<size_t>(count);
    file.Add(ServedSmallModel(), rows, std::vector<int32_t>(size, 1), std::vector<double>(size, 2),
             kLoaded, 1'500'000);
  }

  std::string Read(const std::string& path) const {
    const auto bytes = ReadFile(path);
    return bytes.ok() ? *bytes : "";
  }
  // The spends of the files, as drift reads them.
  std::vector<double> Spends(const std::vector<std::string_view>& texts) const {
    const auto table = ParseRequestLog(texts, "log");
    EXPECT_THAT(table, IsOk());
    std::vector<double> spends;
    if (!table.ok()) return spends;
    for (Eigen::Index i = 0; i < table->features.values.rows(); ++i) {
      spends.push_back(table->features.values(i, 0));
    }
    return spends;
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "requests.jsonl";
  std::function<void()> in_trouble_;  // called by that thread, which then waits for it
  std::vector<std::string> trouble_;  // of the thread that writes, which has ended when it is read
};

TEST_F(RequestLogFileTest, RowsAreWrittenInTheirOrderAndThoseOfTheNextProcessBehindThem) {
  auto file = Open();
  Add(*file, 1, 2);
  file->Add(Refusal{kLoaded, 1000, 400, "v", "VALUE_INVALID", "bad"});
  file.reset();
  file = Open();
  Add(*file, 3, 1);
  file.reset();
  const std::string text = Read(path_);
  EXPECT_THAT(Spends({text}), ElementsAre(1, 2, 3));
  EXPECT_EQ(ParseRequestLog({text}, "log")->refused, 1);
  struct stat about = {};
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
}

TEST_F(RequestLogFileTest, ALineThatADeadProcessCutIsRemovedByTheNext) {
  auto file = Open();
  Add(*file, 1, 2);
  file.reset();
  const std::string whole = Read(path_);
  const size_t first = whole.find('\n') + 1;
  for (const size_t kept : {size_t{0}, size_t{5}, first - 1, first, first + 30, whole.size() - 1}) {
    ASSERT_THAT(WriteFileAtomically(path_, whole.substr(0, kept)), IsOk());
    file = Open();
    Add(*file, 7, 1);
    file.reset();
    const std::vector<double> spends = Spends({Read(path_)});
    EXPECT_EQ(spends, kept < first ? std::vector<double>{7} : (std::vector<double>{1, 7})) << kept;
  }
}

TEST_F(RequestLogFileTest, AFileThatIsFullBecomesTheOlderOneAndNoRowIsLost) {
  auto file = Open(kMiB);
  constexpr int kRows = 18'000;  // of about 150 bytes: two and a half files
  for (int i = 0; i < kRows; i += 100) Add(*file, i, 100);
  file.reset();
  const std::string older = Read(path_ + ".1");
  const std::string newer = Read(path_);
  EXPECT_LE(older.size(), static_cast<size_t>(kMiB));
  EXPECT_LE(newer.size(), static_cast<size_t>(kMiB));
  EXPECT_GT(older.size(), static_cast<size_t>(kMiB) / 2);
  const std::vector<double> spends = Spends({older, newer});
  ASSERT_FALSE(spends.empty());
  EXPECT_EQ(spends.back(), kRows - 1);
  for (size_t i = 1; i < spends.size(); ++i) ASSERT_EQ(spends[i], spends[i - 1] + 1);
}

TEST_F(RequestLogFileTest, WhatIsMoreThanMayWaitIsDroppedAndCounted) {
  std::latch stuck(1);
  std::latch free(1);
  in_trouble_ = [&] {
    stuck.count_down();
    free.wait();
  };
  auto file = Open(64 * kMiB, /*max_queued_bytes=*/1);
  Add(*file, 1, 3);
  while (file->counts().written < 3) std::this_thread::yield();
  // The thread that writes is held where it says that it cannot.
  ASSERT_EQ(std::rename(path_.c_str(), (folder_ / "moved").c_str()), 0);
  ASSERT_THAT(WriteFileAtomically(path_, "no request log"), IsOk());
  Add(*file, 4, 3);
  stuck.wait();
  EXPECT_EQ(std::remove(path_.c_str()), 0);
  Add(*file, 7, 3);  // one request is taken where none waits
  constexpr int kRequests = 5;
  for (int i = 0; i < kRequests; ++i) Add(*file, 100, 2);
  const LogFileCounts counts = file->counts();
  EXPECT_EQ(counts.dropped, 2 * kRequests);
  EXPECT_EQ(counts.failed, 3);
  free.count_down();
  file.reset();
  EXPECT_THAT(Spends({Read(path_)}), ElementsAre(7, 8, 9));
}

TEST_F(RequestLogFileTest, AFileThatTakesNoMoreIsSaidOnceAndEndsWithAWholeLine) {
  struct rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto file = Open();
  Add(*file, 1, 1);
  while (file->counts().written < 1) std::this_thread::yield();
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small = {300, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  for (int i = 2; i < 5; ++i) {
    Add(*file, i, 10);
    while (file->counts().failed < 10 * (i - 1)) std::this_thread::yield();
  }
  EXPECT_EQ(file->counts().errors, 3);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, handler);
  Add(*file, 9, 1);
  file.reset();
  EXPECT_EQ(trouble_.size(), 1U);
  EXPECT_THAT(Spends({Read(path_)}), ElementsAre(1, 9));
}

TEST_F(RequestLogFileTest, AFileThatSomebodyMovedOrEmptiedIsBegunAnew) {
  auto file = Open();
  Add(*file, 1, 1);
  while (file->counts().written < 1) std::this_thread::yield();
  ASSERT_EQ(std::rename(path_.c_str(), (folder_ / "moved").c_str()), 0);
  Add(*file, 2, 1);
  while (file->counts().written < 2) std::this_thread::yield();
  EXPECT_THAT(Spends({Read(folder_ / "moved")}), ElementsAre(1));
  EXPECT_THAT(Spends({Read(path_)}), ElementsAre(2));
  ASSERT_EQ(::truncate(path_.c_str(), 0), 0);
  Add(*file, 3, 1);
  file.reset();
  EXPECT_THAT(Spends({Read(path_)}), ElementsAre(3));
}

TEST_F(RequestLogFileTest, ALineThatSomebodyCutMeanwhileIsRemoved) {
  auto file = Open();
  Add(*file, 1, 2);
  while (file->counts().written < 2) std::this_thread::yield();
  const auto size = static_cast<off_t>(Read(path_).size());
  ASSERT_EQ(::truncate(path_.c_str(), size - 5), 0);
  Add(*file, 3, 1);
  file.reset();
  EXPECT_THAT(Spends({Read(path_)}), ElementsAre(1, 3));
}

TEST_F(RequestLogFileTest, ALineOfAnotherLogIsNotTakenForACutOne) {
  for (const char* line : {R"({"time":"2026-03-01T12:00:00Z","level":"info"})", R"({"time":"now"})",
                           R"({"time":"2026-03-01T12:00:00Z","status":200,"path":"/"})",
                           R"({"time":"2026-03-01T12:00:00Z","status":"up"})", "[]"}) {
    ASSERT_THAT(WriteFileAtomically(path_, line), IsOk());
    EXPECT_THAT(RequestLogFile::Open({.path = path_}),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(Read(path_), line);
  }
}

TEST_F(RequestLogFileTest, WhatIsNoRequestLogIsNotReplacedByTheFileThatIsFull) {
  const std::string older = path_ + ".1";
  ASSERT_THAT(WriteFileAtomically(older, "the only copy"), IsOk());
  EXPECT_THAT(RequestLogFile::Open({.path = path_}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_NE(::access(path_.c_str(), F_OK), 0) << "nothing is begun that cannot go on";
  ASSERT_EQ(std::remove(older.c_str()), 0);
  ASSERT_EQ(::symlink((folder_ / "elsewhere").c_str(), older.c_str()), 0);
  EXPECT_THAT(RequestLogFile::Open({.path = path_}), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_EQ(std::remove(older.c_str()), 0);
  ASSERT_EQ(::mkdir(older.c_str(), 0700), 0);
  EXPECT_THAT(RequestLogFile::Open({.path = path_}), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_EQ(std::remove(older.c_str()), 0);

  auto file = Open(kMiB);
  ASSERT_THAT(WriteFileAtomically(older, "the only copy"), IsOk());
  for (int i = 0; i < 10'000; i += 100) Add(*file, i, 100);  // of about 150 bytes
  file.reset();
  EXPECT_EQ(Read(older), "the only copy");
  EXPECT_LE(Read(path_).size(), static_cast<size_t>(kMiB));
  ASSERT_FALSE(trouble_.empty());
  EXPECT_THAT(trouble_[0], ::testing::HasSubstr("requests.jsonl.1"));
}

TEST_F(RequestLogFileTest, AnEmptyOlderFileIsReplaced) {
  ASSERT_THAT(WriteFileAtomically(path_ + ".1", ""), IsOk());
  auto file = Open(kMiB);
  for (int i = 0; i < 10'000; i += 100) Add(*file, i, 100);
  file.reset();
  EXPECT_THAT(trouble_, ::testing::IsEmpty());
  EXPECT_GT(Read(path_ + ".1").size(), static_cast<size_t>(kMiB) / 2);
}

TEST_F(RequestLogFileTest, ASymbolicLinkIsNotFollowed) {
  ASSERT_EQ(::symlink((folder_ / "elsewhere").c_str(), path_.c_str()), 0);
  const auto file = RequestLogFile::Open({.path = path_});
  ASSERT_THAT(file, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(file.status().message()), ::testing::HasSubstr("symbolic link"));
  EXPECT_NE(::access((folder_ / "elsewhere").c_str(), F_OK), 0);
}

TEST_F(RequestLogFileTest, AFileOfAnotherProcessOrOfAnotherKindIsLeftAlone) {
  const auto file = Open();
  auto second = RequestLogFile::Open({.path = path_});
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(HasReason(second.status(), ErrorReason::STORE_LOCKED));
  ASSERT_THAT(WriteFileAtomically(folder_ / "model", "no request log"), IsOk());
  second = RequestLogFile::Open({.path = folder_ / "model"});
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(Read(folder_ / "model"), "no request log");
  EXPECT_FALSE(RequestLogFile::Open({.path = folder_.path()}).ok());
  EXPECT_THAT(RequestLogFile::Open({.path = "/dev/null"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace cairn::pipeline::serving

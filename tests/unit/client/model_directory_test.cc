#include "lib/client/model_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/kept_models.h"
#include "tests/unit/client/scratch_file.h"

namespace cairn::client {
namespace {

using testing::IsOk;
using testing::StatusIs;

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Opened = absl::StatusOr<std::unique_ptr<ModelDirectory>>;

class ModelDirectoryTest : public ::testing::Test {
 protected:
  static Opened Open(const std::string& path, ModelDirectory::OnStep on_step = nullptr) {
    return ModelDirectory::Open(path, kFollowedChannel, std::move(on_step));
  }

  // Shows a version at an epoch, as a follower does.
  static void Show(ModelDirectory& directory, int64_t epoch, int64_t version) {
    const auto part = directory.BeginPart(epoch);
    ASSERT_THAT(part, IsOk());
    WriteFilesOf(version, *part);
    const absl::Status shown = directory.Show(ModelOf(epoch, version));
    ASSERT_THAT(shown, IsOk());
  }

  static int64_t EpochShown(const Opened& directory) {
    EXPECT_THAT(directory, IsOk());
    if (!directory.ok() || !(*directory)->shown()) return 0;
    return (*directory)->shown()->head.epoch;
  }

  const ScratchFile scratch_;
  const std::string path_ = scratch_.Other("live");
};

TEST_F(ModelDirectoryTest, ShowsWhatWasShownBefore) {
  {
    const auto directory = Open(path_);
    EXPECT_EQ(EpochShown(directory), 0);
    Show(**directory, 4, 2);
  }
  const auto again = Open(path_);
  ASSERT_EQ(EpochShown(again), 4);
  const KeptModel& model = *(*again)->shown();
  EXPECT_EQ(model.head, ModelOf(4, 2).head);
  EXPECT_EQ(model.decision, ModelOf(4, 2).decision);
  EXPECT_EQ(model.path, path_ + "/epochs/4");
  EXPECT_EQ(fs::read_symlink(path_ + "/current"), "epochs/4");
  EXPECT_EQ(*ReadFile(path_ + "/current/model.bin"), "weights of 2");
}

TEST_F(ModelDirectoryTest, ACrashBetweenAnyTwoStepsLeavesTheOldOrTheNewModelWhole) {
  std::vector<std::string> steps;
  bool copying = false;
  {
    const auto directory = Open(path_, [&](std::string_view step) {
      if (!copying) return;
      steps.emplace_back(step);
      fs::copy(path_, scratch_.Other(steps.back()),
               fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    });
    Show(**directory, 1, 1);
    copying = true;
    Show(**directory, 3, 2);
  }
  EXPECT_THAT(steps, ElementsAre("sync", "place", "record", "link", "show", "clean", "end"));
  bool is_new = false;
  for (const std::string& step : steps) {
    is_new = is_new || step == "clean";
    const std::string copy = scratch_.Other(step);
    const auto directory = Open(copy);
    EXPECT_EQ(EpochShown(directory), is_new ? 3 : 1) << step;
    Show(**directory, 3 + (is_new ? 1 : 0), 2);
    EXPECT_EQ(NamesIn(copy + "/epochs").size(), 4u) << step;
    EXPECT_THAT(NamesIn(copy), ElementsAre(".lock", "current", "epochs")) << step;
  }
}

TEST_F(ModelDirectoryTest, OnlyTheTwoLastFoldersAreKept) {
  const auto directory = Open(path_);
  for (const int64_t epoch : {2, 5, 9, 10}) Show(**directory, epoch, epoch);
  EXPECT_THAT(NamesIn(path_ + "/epochs"), ElementsAre("10", "10.json", "9", "9.json"));
}

TEST_F(ModelDirectoryTest, LeftoversGoAndFilesOfOthersStay) {
  {
    const auto directory = Open(path_);
    Show(**directory, 2, 1);
  }
  for (const char* name : {"3.part", "4", "007", "notes"}) {
    fs::create_directory(path_ + "/epochs/" + name);
  }
  for (const char* name : {"4.json", "4.json.17.tmp", "4.txt"}) {
    ASSERT_THAT(WriteFileAtomically(path_ + "/epochs/" + name, ""), IsOk());
  }
  EXPECT_EQ(EpochShown(Open(path_)), 2);
  EXPECT_THAT(NamesIn(path_ + "/epochs"), ElementsAre("007", "2", "2.json", "4.txt", "notes"));
}

TEST_F(ModelDirectoryTest, ADamagedModelIsNotShownAndIsReplacedAtItsEpoch) {
  {
    const auto directory = Open(path_);
    Show(**directory, 6, 1);
  }
  for (const char* damaged : {"6/model.bin", "6/notes/card.md", "6.json"}) {
    ASSERT_THAT(WriteFileAtomically(path_ + "/epochs/" + damaged, "other"), IsOk());
    const auto directory = Open(path_);
    EXPECT_EQ(EpochShown(directory), 0) << damaged;
    EXPECT_EQ((*directory)->Beginning().epoch, 5);
    Show(**directory, 6, 1);
    EXPECT_EQ(*ReadFile(path_ + "/current/model.bin"), "weights of 1");
    EXPECT_THAT(NamesIn(path_ + "/epochs"), ElementsAre("6", "6.json"));
  }
  fs::remove(path_ + "/epochs/6/model.bin");
  EXPECT_EQ(EpochShown(Open(path_)), 0);
}

TEST_F(ModelDirectoryTest, ASecondFollowerIsRefusedByName) {
  const auto first = Open(path_);
  ASSERT_THAT(first, IsOk());
  const absl::Status second = Open(path_).status();
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_TRUE(HasReason(second, ErrorReason::STORE_LOCKED)) << second;
  EXPECT_THAT(std::string(second.message()), HasSubstr(path_ + "/.lock"));
}

TEST_F(ModelDirectoryTest, AnotherChannelAndAForeignCurrentAreRefused) {
  {
    const auto directory = Open(path_);
    Show(**directory, 1, 1);
  }
  const absl::Status other =
      ModelDirectory::Open(path_, "models/m/channels/staging", nullptr).status();
  EXPECT_TRUE(HasReason(other, ErrorReason::VALUE_INVALID)) << other;
  EXPECT_THAT(std::string(other.message()), HasSubstr(kFollowedChannel));
  fs::remove(path_ + "/current");
  fs::create_symlink("/tmp", path_ + "/current");
  EXPECT_TRUE(HasReason(Open(path_).status(), ErrorReason::VALUE_INVALID));
  fs::remove(path_ + "/current");
  fs::create_directory(path_ + "/current");
  EXPECT_TRUE(HasReason(Open(path_).status(), ErrorReason::VALUE_INVALID));
  EXPECT_TRUE(fs::is_directory(path_ + "/current"));
}

}  // namespace
}  // namespace cairn::client

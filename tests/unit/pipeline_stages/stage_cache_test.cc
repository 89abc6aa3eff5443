#include "pipeline/stages/stage_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "lib/base/digest.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

class StageCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "/stage_cache_" +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
  const std::string key_ = Sha256Hex("a");
};

TEST_F(StageCacheTest, AValueIsFoundUnderItsKeyOnly) {
  const StageCache cache(directory_);
  ASSERT_THAT(cache.Store("pca", key_, std::string("value\0x", 7)), IsOk());
  EXPECT_EQ(cache.Load("pca", key_), std::string("value\0x", 7));
  EXPECT_FALSE(cache.Load("pca", Sha256Hex("b")).has_value());
  EXPECT_FALSE(cache.Load("sweep", key_).has_value());
}

TEST_F(StageCacheTest, DamageIsAMiss) {
  const StageCache cache(directory_);
  ASSERT_THAT(cache.Store("pca", key_, "value"), IsOk());
  const std::string path = cache.PathOf("pca", key_, ".bin");
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('X');
  }
  EXPECT_FALSE(cache.Load("pca", key_).has_value());
  std::filesystem::resize_file(path, 10);
  EXPECT_FALSE(cache.Load("pca", key_).has_value());
}

TEST_F(StageCacheTest, OldValuesOfAStageAreRemoved) {
  const StageCache cache(directory_);
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(cache.Store("pca", Sha256Hex(std::to_string(i)), "value"), IsOk());
  }
  ASSERT_THAT(cache.Store("sweep", key_, "kept"), IsOk());
  const std::filesystem::directory_iterator files(directory_ + "/.cache");
  EXPECT_EQ(std::distance(begin(files), end(files)), 5);
  EXPECT_TRUE(cache.Load("sweep", key_).has_value());
}

TEST_F(StageCacheTest, WithoutAFolderNothingIsKept) {
  const StageCache cache("");
  EXPECT_THAT(cache.Store("pca", key_, "value"), IsOk());
  EXPECT_FALSE(cache.Load("pca", key_).has_value());
}

}  // namespace
}  // namespace cairn::pipeline

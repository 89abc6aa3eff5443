#include "lib/base/flag_values.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

#include "lib/base/errors.h"

namespace cairn {
namespace {

absl::Status Check(const std::vector<const char*>& words) {
  return CheckFlagValues(words, [](std::string_view flag) { return flag == "--out"; });
}

TEST(FlagValuesTest, AFlagIsNoValueOfTheFlagBeforeIt) {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {"--out", "--force"}, {"run", "--force", "--out", "--"}, {"--out", "--out"}}) {
    const absl::Status status = Check(words);
    EXPECT_TRUE(HasReason(status, ErrorReason::CONFIG_INVALID)) << status;
    EXPECT_EQ(MetadataOf(status, "field"), "out");
    EXPECT_EQ(MetadataOf(status, "value"), words.back());
  }
}

TEST(FlagValuesTest, WhatIsAValueStaysOne) {
  for (const std::vector<const char*>& words :
       std::vector<std::vector<const char*>>{{},
                                             {"--out"},
                                             {"--out", "-"},
                                             {"--out", "-1"},
                                             {"--out", ""},
                                             {"--out=--force"},
                                             {"--force", "--out", "x"},
                                             {"--out", "x", "--force"},
                                             {"--", "--out", "--force"}}) {
    EXPECT_TRUE(Check(words).ok()) << Check(words);
  }
}

}  // namespace
}  // namespace cairn

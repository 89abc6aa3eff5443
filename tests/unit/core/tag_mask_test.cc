// What an update mask says about tags.

#include "server/core/tag_mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::core {
namespace {

using Map = std::map<std::string, std::string>;
using testing::IsOk;
using testing::StatusIs;

Tags ToTags(const Map& map) { return {map.begin(), map.end()}; }

Map Applied(const std::vector<std::string>& paths, const Map& current, const Map& wanted) {
  TagMask mask;
  for (const std::string& path : paths) EXPECT_TRUE(*mask.Take(path)) << path;
  const Tags tags = mask.Apply(ToTags(current), ToTags(wanted));
  return {tags.begin(), tags.end()};
}

TEST(TagMaskTest, SingleTagsAreSetOrRemovedAndTheOthersStay) {
  const Map current = {{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(Applied({"tags.b"}, current, {{"a", "7"}, {"b", "3"}}), (Map{{"a", "1"}, {"b", "3"}}));
  EXPECT_EQ(Applied({"tags.b"}, current, {{"a", "7"}}), (Map{{"a", "1"}}));
  EXPECT_EQ(Applied({"tags.c"}, current, {{"c", ""}}), (Map{{"a", "1"}, {"b", "2"}, {"c", ""}}));
  EXPECT_EQ(Applied({}, current, {{"c", "3"}}), current);
}

TEST(TagMaskTest, AKeyIsAllThatStandsBehindTheFirstDot) {
  const Map wanted = {{"team.name", "crm"}, {"odd key", "x"}, {"`", "y"}};
  EXPECT_EQ(Applied({"tags.team.name"}, {}, wanted), (Map{{"team.name", "crm"}}));
  EXPECT_EQ(Applied({"tags.`odd key`"}, {}, wanted), (Map{{"odd key", "x"}}));
  EXPECT_EQ(Applied({"tags.`"}, {}, wanted), (Map{{"`", "y"}}));
}

TEST(TagMaskTest, AllTagsAreReplaced) {
  for (const char* path : {"tags", "*"}) {
    EXPECT_EQ(Applied({path, "tags.a"}, {{"a", "1"}}, {{"b", "2"}}), (Map{{"b", "2"}})) << path;
    EXPECT_EQ(Applied({path}, {{"a", "1"}}, {}), Map()) << path;
  }
}

TEST(TagMaskTest, WithoutAMaskPopulatedTagsReplaceAllAndNoTagsChangeNothing) {
  const Tags current = ToTags({{"a", "1"}});
  const Tags wanted = ToTags({{"b", "2"}});
  EXPECT_TRUE(SameTags(TagMask::OfPopulated(wanted).Apply(current, wanted), wanted));
  EXPECT_TRUE(SameTags(TagMask::OfPopulated(Tags()).Apply(current, Tags()), current));
}

TEST(TagMaskTest, PathsOfOtherFieldsAreNotTaken) {
  for (const char* path : {"", "display_name", "tag", "tagsx", "tags_", "Tags.a"}) {
    TagMask mask;
    const auto taken = mask.Take(path);
    ASSERT_THAT(taken, IsOk()) << path;
    EXPECT_FALSE(*taken) << path;
  }
}

TEST(TagMaskTest, AKeyThatNothingCanHaveIsRefused) {
  for (const std::string& path : {std::string("tags."), std::string("tags.``"),
                                  "tags." + std::string(251, 'k'), std::string("tags.\xff")}) {
    TagMask mask;
    const absl::Status status = mask.Take(path).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << path;
    EXPECT_TRUE(HasReason(status, v1::ErrorReason::UPDATE_MASK_INVALID)) << path;
  }
}

TEST(TagMaskTest, TagsAreTheSameByKeysAndValues) {
  EXPECT_TRUE(SameTags(ToTags({{"a", "1"}, {"b", "2"}}), ToTags({{"b", "2"}, {"a", "1"}})));
  EXPECT_FALSE(SameTags(ToTags({{"a", "1"}}), ToTags({{"a", "2"}})));
  EXPECT_FALSE(SameTags(ToTags({{"a", "1"}}), ToTags({{"b", "1"}})));
  EXPECT_FALSE(SameTags(ToTags({{"a", "1"}}), ToTags({{"a", "1"}, {"b", "2"}})));
}

}  // namespace
}  // namespace cairn::core

// Ids by which a server knows a repeated request.

#include "lib/client/request_ids.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "lib/base/ids.h"

namespace cairn::client {
namespace {

constexpr char kBase[] = "0b6a1d6e-3b7e-4c39-9c0f-0d7f1f6f3f10";

TEST(RequestIdsTest, WithoutABaseEachIsNew) {
  RequestIds ids(SystemIds(), "");
  EXPECT_NE(ids.Next("/a"), ids.Next("/a"));
}

TEST(RequestIdsTest, WithTheSameBaseTheSameCallsHaveTheSameIds) {
  RequestIds first(SystemIds(), kBase);
  RequestIds second(SystemIds(), kBase);
  for (const char* method : {"/a", "/a", "/b", "/a"}) {
    EXPECT_EQ(first.Next(method), second.Next(method));
  }
}

TEST(RequestIdsTest, AnIdDependsOnTheMethodAndNotOnCallsOfOthersBetween) {
  RequestIds with(SystemIds(), kBase);
  RequestIds without(SystemIds(), kBase);
  with.Next("/create-experiment");
  EXPECT_EQ(with.Next("/create-run"), without.Next("/create-run"));
}

TEST(RequestIdsTest, DerivedIdsAreUuid4AndDiffer) {
  std::set<std::string> seen;
  for (uint64_t count = 0; count < 1000; ++count) {
    for (const char* method : {"/a", "/b"}) {
      const std::string id = DeriveRequestId(kBase, method, count);
      EXPECT_TRUE(IsUuid4(id)) << id;
      EXPECT_TRUE(seen.insert(id).second) << id;
    }
  }
  EXPECT_NE(DeriveRequestId(kBase, "/a", 0), DeriveRequestId(SystemIds().NewUuid4(), "/a", 0));
}

}  // namespace
}  // namespace cairn::client

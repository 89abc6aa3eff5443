// Where pages of deleted runs begin.

#include "server/mlflow/run_page.h"

#include <gtest/gtest.h>

#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

TEST(RunPageTest, APlaceComesBackFromItsToken) {
  for (const RunPlace& place :
       {RunPlace{"", 0}, RunPlace{"abc-_", 0}, RunPlace{"abc", 12}, RunPlace{"", 3}}) {
    const auto back = PlaceOfToken(TokenOfPlace(place));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->token, place.token);
    EXPECT_EQ(back->skip, place.skip);
  }
  EXPECT_EQ(TokenOfPlace({"abc", 0}), "abc");
}

TEST(RunPageTest, WhatIsNoPlaceIsRefused) {
  for (const char* token :
       {".abc", "x.abc", "0.abc", "-1.abc", "1x.abc", "99999999999999999999.abc"}) {
    EXPECT_EQ(ErrorCodeOf(PlaceOfToken(token).status()), kInvalidParameter) << token;
  }
}

}  // namespace
}  // namespace cairn::mlflow

#include "pipeline/commands/serve_names.h"

#include <gtest/gtest.h>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::pipeline {
namespace {

using cairn::testing::IsOk;

TEST(ServedChannelTest, IsProductionUnlessAnotherIsNamed) {
  const auto usual = ServedChannel("customer-segments");
  ASSERT_THAT(usual, IsOk());
  EXPECT_EQ(usual->model, "customer-segments");
  EXPECT_EQ(usual->channel, "production");
  EXPECT_EQ(ServedChannel("customer-segments#staging")->channel, "staging");
}

TEST(ServedChannelTest, AnEmptyPartIsRefused) {
  for (const char* reference : {"", "#", "#production", "customer-segments#"}) {
    EXPECT_TRUE(HasReason(ServedChannel(reference).status(), ErrorReason::NAME_INVALID))
        << reference;
  }
}

}  // namespace
}  // namespace cairn::pipeline

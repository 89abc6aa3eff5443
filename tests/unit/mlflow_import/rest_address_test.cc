#include <gtest/gtest.h>

#include "client-cli/mlflow_import/rest_source.h"
#include "lib/base/errors.h"

namespace cairn::mlflow_import {
namespace {

TEST(RestAddressTest, HostPortAndPrefix) {
  const auto plain = ParseRestAddress("http://127.0.0.1:5000");
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->server.ToString(), "127.0.0.1:5000");
  EXPECT_EQ(plain->prefix, "");
  const auto deep = ParseRestAddress("http://lab.example/mlflow/");
  ASSERT_TRUE(deep.ok()) << deep.status();
  EXPECT_EQ(deep->server.ToString(), "lab.example:80");
  EXPECT_EQ(deep->prefix, "/mlflow");
}

TEST(RestAddressTest, TlsAndPasswordsAreRefused) {
  EXPECT_TRUE(
      HasReason(ParseRestAddress("https://lab.example").status(), ErrorReason::TLS_NOT_SPOKEN));
  for (const char* text : {"http://", "http://ann:secret@lab:5000", "http://lab:5000/a?b=c"}) {
    EXPECT_FALSE(ParseRestAddress(text).ok()) << text;
  }
}

}  // namespace
}  // namespace cairn::mlflow_import

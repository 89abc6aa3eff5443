#include "lib/http/host_policy.h"

#include <gtest/gtest.h>

namespace cairn::http {
namespace {

TEST(HostOfTest, DropsPortBracketsCaseAndTrailingDot) {
  EXPECT_EQ(HostOf("LocalHost:5000"), "localhost");
  EXPECT_EQ(HostOf("[::1]:5000"), "::1");
  EXPECT_EQ(HostOf("::1"), "::1");
  EXPECT_EQ(HostOf("example.org."), "example.org");
  EXPECT_EQ(HostOf("127.0.0.1"), "127.0.0.1");
}

TEST(HostOfTest, MalformedIsEmpty) {
  EXPECT_EQ(HostOf(""), "");
  EXPECT_EQ(HostOf("[::1"), "");
  EXPECT_EQ(HostOf("[::1]x"), "");
  EXPECT_EQ(HostOf("host:port"), "");
}

TEST(HostPolicyTest, LoopbackServerKnowsItsOwnNamesOnly) {
  const HostPolicy policy("127.0.0.1", {});
  EXPECT_TRUE(policy.AllowsHost("localhost:5000"));
  EXPECT_TRUE(policy.AllowsHost("127.0.0.1:5000"));
  EXPECT_TRUE(policy.AllowsHost("[::1]:5000"));
  EXPECT_TRUE(policy.AllowsHost("cairn.localhost"));
  EXPECT_FALSE(policy.AllowsHost("attacker.example:5000"));
  EXPECT_FALSE(policy.AllowsHost("localhost.attacker.example"));
  EXPECT_FALSE(policy.AllowsHost("127.0.0.1.attacker.example"));
  EXPECT_FALSE(policy.AllowsHost("192.168.1.7"));
  EXPECT_FALSE(policy.AllowsHost(""));
}

TEST(HostPolicyTest, WildcardServerAcceptsAddressesButNoForeignNames) {
  for (const char* bound : {"0.0.0.0", "::"}) {
    const HostPolicy policy(bound, {});
    EXPECT_TRUE(policy.AllowsHost("192.168.1.7:5000"));
    EXPECT_TRUE(policy.AllowsHost("[fe80::1]:5000"));
    EXPECT_FALSE(policy.AllowsHost("attacker.example"));
  }
}

TEST(HostPolicyTest, OperatorAddsNames) {
  const HostPolicy policy("0.0.0.0", {"Cairn.Example.Org", "cairnd"});
  EXPECT_TRUE(policy.AllowsHost("cairn.example.org:443"));
  EXPECT_TRUE(policy.AllowsHost("cairnd:5000"));
  EXPECT_FALSE(policy.AllowsHost("example.org"));
}

TEST(HostPolicyTest, OriginMustBeOneOfTheHosts) {
  const HostPolicy policy("127.0.0.1", {});
  EXPECT_TRUE(policy.AllowsOrigin("http://localhost:5000"));
  EXPECT_FALSE(policy.AllowsOrigin("https://attacker.example"));
  EXPECT_FALSE(policy.AllowsOrigin("null"));
}

}  // namespace
}  // namespace cairn::http

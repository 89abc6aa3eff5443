#include "lib/tls/certificate_identity.h"

#include <gtest/gtest.h>

#include <string>

#include "lib/base/clock.h"
#include "tests/testing/test_certificates.h"

namespace cairn::tls {
namespace {

std::string PrincipalOf(const std::string& common_name, const std::string& alternative_names) {
  static const testing::Authority authority("root");
  const auto identity = IdentityOf(
      *authority.Sign({.common_name = common_name, .alternative_names = alternative_names})
           .certificate);
  return identity ? identity->principal : "";
}

TEST(CertificateIdentityTest, TheKindOfANameDecidesBeforeItsPlace) {
  EXPECT_EQ(PrincipalOf("ann", "DNS:host,email:ann@example.org,URI:spiffe://site/ann"),
            "uri:spiffe://site/ann");
  EXPECT_EQ(PrincipalOf("ann", "DNS:host,email:ann@example.org"), "email:ann@example.org");
  EXPECT_EQ(PrincipalOf("ann", "IP:127.0.0.1,DNS:first,DNS:second"), "dns:first");
  EXPECT_EQ(PrincipalOf("ann", "IP:127.0.0.1"), "cn:ann");
  EXPECT_EQ(PrincipalOf("Änne", ""), "cn:Änne");
}

TEST(CertificateIdentityTest, ANameOfOneKindNeverPassesForAnother) {
  EXPECT_EQ(PrincipalOf("uri:spiffe://site/admin", ""), "cn:uri:spiffe://site/admin");
  EXPECT_EQ(PrincipalOf("x", "DNS:uri:spiffe"), "dns:uri:spiffe");
}

TEST(CertificateIdentityTest, WhatNamesNobodyHasNoIdentity) {
  EXPECT_EQ(PrincipalOf("", "IP:127.0.0.1"), "");
  EXPECT_EQ(PrincipalOf("a\nb", ""), "");
  EXPECT_EQ(PrincipalOf("", ""), "");
}

TEST(CertificateIdentityTest, ItSaysWhenTheCertificateEnds) {
  const testing::Authority authority("root");
  const testing::Identity made =
      authority.Sign({.common_name = "ann", .alternative_names = "", .ends_in_seconds = 1000});
  const auto identity = IdentityOf(*made.certificate);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->sha256.size(), 64U);
  EXPECT_NEAR(static_cast<double>(identity->expires_unix_nanos - SystemClock().NowUnixNanos()),
              1e12, 1e11);
}

}  // namespace
}  // namespace cairn::tls

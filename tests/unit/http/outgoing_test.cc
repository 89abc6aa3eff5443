// Whom the server may ask something: URLs, addresses, and a POST that keeps to them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/errors.h"
#include "lib/http/http_server.h"
#include "lib/http/outgoing_post.h"
#include "lib/http/public_address.h"
#include "lib/http/web_url.h"
#include "lib/tls/tls_context.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_certificates.h"

namespace cairn::http {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

TEST(PublicAddressTest, TellsThePublicInternetFromTheRest) {
  for (const char* is_public : {"8.8.8.8", "1.1.1.1", "100.63.255.255", "172.32.0.1", "192.167.1.1",
                                "223.255.255.255", "2606:4700::1111", "2a00:1450::1",
                                "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"}) {
    EXPECT_TRUE(IsPublicAddress(is_public)) << is_public;
  }
  for (const char* other :
       {"127.0.0.1",       "127.8.8.8",        "0.0.0.0",         "10.0.0.1",    "100.64.0.1",
        "169.254.169.254", "172.16.0.1",       "172.31.255.255",  "192.168.1.1", "192.0.2.1",
        "198.18.0.1",      "224.0.0.1",        "255.255.255.255", "::",          "::1",
        "fe80::1",         "fc00::1",          "fd12::1",         "ff02::1",     "2001:db8::1",
        "2001::1",         "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b:1::1",    "2002:7f00:1::1",   "2002:a00:1::1",   "example.org", ""}) {
    EXPECT_FALSE(IsPublicAddress(other)) << other;
  }
}

TEST(PublicAddressTest, KnowsNumbersThatSomeTakeForAddresses) {
  for (const char* odd :
       {"127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "1.2.3.4."}) {
    EXPECT_TRUE(IsOddNumber(odd)) << odd;
  }
  for (const char* plain :
       {"127.0.0.1", "::1", "example.org", "1.example.org", "a1", "example.0rg"}) {
    EXPECT_FALSE(IsOddNumber(plain)) << plain;
  }
}

TEST(WebUrlTest, IsTakenApart) {
  const auto url = ParseWebUrl("url", "HTTPS://example.org/a/b?c=d");
  ASSERT_THAT(url, IsOk());
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->server.ToString(), "example.org:443");
  EXPECT_EQ(url->Authority(), "example.org");
  EXPECT_EQ(url->target, "/a/b?c=d");
  const auto other = ParseWebUrl("url", "http://[2001:db8::1]:8080?x");
  ASSERT_THAT(other, IsOk());
  EXPECT_FALSE(other->tls);
  EXPECT_EQ(other->Authority(), "[2001:db8::1]:8080");
  EXPECT_EQ(other->target, "/?x");
  EXPECT_EQ(ParseWebUrl("url", "https://[2001:db8::1]/")->server.port, "443");
}

TEST(WebUrlTest, WhatIsNoneIsRefused) {
  for (const std::string bad :
       {"", "example.org", "ftp://example.org", "file:///etc/passwd", "https://", "https:///x",
        "https://a b/", "https://user:pw@example.org/", "https://user@example.org/",
        "https://example.org/#f", "https://example.org:0/", "https://example.org:x/",
        "https://example.org:70000/", "https://127.1/", "https://0x7f000001/",
        "https://example.org\\@10.0.0.1/", "https://example.org/\r\nHost: x",
        "https://ex%61mple/"}) {
    EXPECT_EQ(ReasonOf(ParseWebUrl("url", bad).status()), "VALUE_INVALID") << bad;
  }
  EXPECT_EQ(ReasonOf(ParseWebUrl("url", "https://a/" + std::string(3000, 'x')).status()),
            "VALUE_INVALID");
}

absl::Status Check(const std::string& text, const OutgoingOptions& options = {}) {
  return CheckOutgoing("url", *ParseWebUrl("url", text), options);
}

TEST(OutgoingTest, OnlySecureAndPublicUnlessItIsAllowed) {
  EXPECT_THAT(Check("https://example.org/"), IsOk());
  EXPECT_THAT(Check("https://8.8.8.8/"), IsOk());
  EXPECT_THAT(std::string(Check("http://example.org/").message()),
              HasSubstr("--webhook-allow-http"));
  for (const char* local : {"https://localhost/", "https://LocalHost./", "https://a.localhost/",
                            "https://10.1.2.3/", "https://[::1]/", "https://[::ffff:10.0.0.1]/"}) {
    EXPECT_EQ(ReasonOf(Check(local)), "VALUE_INVALID") << local;
  }
  OutgoingOptions open;
  open.allow_http = true;
  open.allow_private = true;
  EXPECT_THAT(Check("http://localhost:1/", open), IsOk());
}

TEST(OutgoingTest, NobodyThereIsUnavailable) {
  OutgoingOptions options;
  options.allow_http = true;
  options.allow_private = true;
  const auto answer = PostOnce(*ParseWebUrl("url", "http://127.0.0.1:1/"), {}, "", options);
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
}

// A server with a certificate for `names`, and this process trusting its authority or another.
class OutgoingTlsTest : public ::testing::Test {
 protected:
  OutgoingTlsTest() {
    authority_.own().Write(folder_.path(), "ca");
    testing::Authority("other").own().Write(folder_.path(), "other");
  }
  ~OutgoingTlsTest() override { ::unsetenv("SSL_CERT_FILE"); }

  // What a POST to https://localhost has.
  absl::StatusOr<int> PostTo(const std::string& names, const std::string& trusted) {
    authority_.Sign({.common_name = "a", .alternative_names = names})
        .Write(folder_.path(), "server");
    const auto tls = *tls::TlsContext::Load(
        {.certificate_file = folder_ / "server.crt", .key_file = folder_ / "server.key"});
    std::vector<Route> routes = {{"POST", "/hook", "test", [this](const Request& request) {
                                    bodies_.push_back(request.body);
                                    return JsonResponse("{}", 201);
                                  }}};
    HttpServerOptions options;
    options.tls = tls.get();
    const auto server = *HttpServer::Start(std::move(options), *Router::Create(std::move(routes)));
    ::setenv("SSL_CERT_FILE", (folder_ / trusted).c_str(), 1);
    const std::string address = server->address();
    OutgoingOptions open;
    open.allow_private = true;
    return PostOnce(
        *ParseWebUrl("url", "https://localhost" + address.substr(address.rfind(':')) + "/hook"),
        {{"Content-Type", "application/json"}}, R"({"a":1})", open);
  }

  const testing::TempFolder folder_;
  const testing::Authority authority_{"test"};
  std::vector<std::string> bodies_;
};

TEST_F(OutgoingTlsTest, ATrustedCertificateOfThatNameIsTalkedTo) {
  const auto answer = PostTo("DNS:localhost", "ca.crt");
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(*answer, 201);
  EXPECT_THAT(bodies_, ::testing::ElementsAre(R"({"a":1})"));
}

TEST_F(OutgoingTlsTest, ACertificateOfAnotherNameOrAuthorityIsNot) {
  for (const auto& [names, trusted] :
       {std::pair{"DNS:example.org", "ca.crt"}, {"DNS:localhost", "other.crt"}}) {
    const auto answer = PostTo(names, trusted);
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << names;
    EXPECT_THAT(std::string(answer.status().message()), HasSubstr("TLS was not agreed on"));
  }
  EXPECT_THAT(bodies_, ::testing::IsEmpty());
}

}  // namespace
}  // namespace cairn::http

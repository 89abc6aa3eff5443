// What only a port with TLS does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/http/http_server.h"
#include "lib/tls/tls_context.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_certificates.h"
#include "tests/unit/http/raw_client.h"

namespace cairn::http {
namespace {

using testing::IsOk;

class TlsPortTest : public ::testing::Test {
 protected:
  TlsPortTest() {
    authority_.own().Write(folder_.path(), "ca");
    Replace("first");
    context_.reset(SSL_CTX_new(TLS_client_method()));
  }

  void Replace(const std::string& name) {
    authority_.Sign({.common_name = name, .alternative_names = "DNS:localhost"})
        .Write(folder_.path(), "server");
  }
  void Start(HttpLimits limits = {}, bool asks = false, bool required = false) {
    tls_ = *tls::TlsContext::Load({.certificate_file = folder_ / "server.crt",
                                   .key_file = folder_ / "server.key",
                                   .client_ca_file = asks ? folder_ / "ca.crt" : "",
                                   .client_certificate_required = required});
    std::vector<Route> routes = {{"GET", "/who", "test.read", [](const Request& request) {
                                    return TextResponse("<" + request.certificate + ">");
                                  }}};
    HttpServerOptions options;
    options.limits = limits;
    options.tls = tls_.get();
    server_ = *HttpServer::Start(std::move(options), *Router::Create(std::move(routes)));
  }
  void Show(const testing::Identity& identity) {
    SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
  }
  std::string Who() {
    RawClient client(server_->port(), context_.get());
    if (!client.connected()) return "refused";
    const auto answer = client.Exchange(Get("/who"));
    return answer.has_value() ? answer->body : "refused";
  }
  static std::string NameIn(const RawClient& client) {
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(client.tls())),
                              NID_commonName, name, sizeof(name));
    return name;
  }

  testing::TempFolder folder_;
  testing::Authority authority_{"test root"};
  std::unique_ptr<tls::TlsContext> tls_;
  tls::SslContextPtr context_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsPortTest, AReloadReachesNewConnectionsAndLeavesTheOthers) {
  Start();
  RawClient before(server_->port(), context_.get());
  ASSERT_TRUE(before.connected());
  EXPECT_EQ(NameIn(before), "first");
  Replace("second");
  ASSERT_THAT(tls_->Reload(), IsOk());
  EXPECT_EQ(before.Exchange(Get("/who"))->body, "<>");
  RawClient after(server_->port(), context_.get());
  EXPECT_EQ(NameIn(after), "second");
}

TEST_F(TlsPortTest, ARequestKnowsWhomTheCertificateNames) {
  Start({}, /*asks=*/true);
  EXPECT_EQ(Who(), "<>");
  Show(authority_.Sign({.common_name = "ann", .alternative_names = "URI:spiffe://test/ann"}));
  EXPECT_EQ(Who(), "<uri:spiffe://test/ann>");
}

TEST_F(TlsPortTest, CertificatesOfOthersOrThatNameNobodyAreRefused) {
  Start({}, /*asks=*/true);
  Show(authority_.Sign({.common_name = "bad\nname", .alternative_names = ""}));
  EXPECT_EQ(Who(), "refused");
  const testing::Authority stranger("stranger");
  Show(stranger.Sign({.common_name = "eve", .alternative_names = ""}));
  EXPECT_EQ(Who(), "refused");
}

TEST_F(TlsPortTest, WhereCertificatesAreRequiredNobodyComesInWithout) {
  Start({}, /*asks=*/true, /*required=*/true);
  EXPECT_EQ(Who(), "refused");
  Show(authority_.Sign({.common_name = "ann", .alternative_names = ""}));
  EXPECT_EQ(Who(), "<cn:ann>");
}

TEST_F(TlsPortTest, WhoSpeaksPlainTextIsToldSo) {
  Start();
  RawClient plain(server_->port());
  const auto answer = plain.Exchange(Get("/who"));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 400);
  EXPECT_EQ(answer->body, "this port speaks TLS, use https\r\n");
  EXPECT_EQ(Who(), "<>");
}

TEST_F(TlsPortTest, AHandshakeThatTakesTooLongIsClosed) {
  HttpLimits limits;
  limits.handshake_timeout = std::chrono::milliseconds(50);
  Start(limits);
  RawClient silent(server_->port());
  RawClient slow(server_->port());
  ASSERT_TRUE(slow.Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6)));
  EXPECT_EQ(silent.ReadToEnd(), "");
  EXPECT_EQ(slow.ReadToEnd(), "");
}

TEST_F(TlsPortTest, SlowHandshakesKeepNobodyOut) {
  HttpLimits limits;
  limits.max_connections = 4;
  limits.handshake_timeout = std::chrono::minutes(10);
  Start(limits);
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 8; ++i) {
    slow.push_back(std::make_unique<RawClient>(server_->port()));
    ASSERT_TRUE(slow.back()->Send(std::string_view("\x16\x03\x01\x02\x00\x01", 6)));
  }
  // Two may be under way, so of eight the first six give way.
  for (int i = 0; i < 6; ++i) slow[static_cast<size_t>(i)]->ReadToEnd();
  EXPECT_EQ(Who(), "<>");
}

}  // namespace
}  // namespace cairn::http

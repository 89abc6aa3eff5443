#include "lib/tls/tls_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "lib/base/errors.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_certificates.h"

namespace cairn::tls {
namespace {

using testing::IsOk;
using testing::LocalServer;

std::string NameIn(const TlsContext& context) {
  const X509* certificate = SSL_CTX_get0_certificate(context.context().get());
  char name[64] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
  return name;
}

class TlsContextTest : public ::testing::Test {
 protected:
  TlsContextTest() { Replace("first"); }

  void Replace(const std::string& name, const std::string& file = "server") {
    authority_.Sign({.common_name = name, .alternative_names = "DNS:localhost"})
        .Write(folder_.path(), file);
  }
  TlsOptions Options() const {
    return {.certificate_file = folder_ / "server.crt",
            .key_file = folder_ / "server.key",
            .client_ca_file = ""};
  }
  std::unique_ptr<TlsContext> Load() {
    auto loaded = TlsContext::Load(Options());
    EXPECT_THAT(loaded, IsOk());
    return loaded.ok() ? *std::move(loaded) : nullptr;
  }

  testing::TempFolder folder_;
  testing::Authority authority_{"root"};
};

TEST_F(TlsContextTest, NewSessionsGetTheCertificateThatWasReloaded) {
  const auto context = Load();
  ASSERT_NE(context, nullptr);
  const auto before = context->NewSession(Protocol::kHttp2);
  ASSERT_THAT(before, IsOk());
  Replace("second");
  EXPECT_EQ(NameIn(*context), "first");
  EXPECT_THAT(context->Reload(), IsOk());
  EXPECT_EQ(NameIn(*context), "second");
  EXPECT_NE(SSL_get_SSL_CTX(before->get()), context->context().get());
}

TEST_F(TlsContextTest, ABadFileKeepsTheCertificateThatWasThere) {
  const auto context = Load();
  ASSERT_NE(context, nullptr);
  Replace("second", "other");
  std::filesystem::rename(folder_ / "other.key", folder_ / "server.key");
  EXPECT_EQ(ReasonOf(context->Reload()), "TLS_FILE_INVALID");
  EXPECT_EQ(NameIn(*context), "first");
  std::filesystem::remove(folder_ / "server.crt");
  EXPECT_EQ(ReasonOf(context->Reload()), "FILE_ERROR");
  EXPECT_EQ(NameIn(*context), "first");
}

TEST_F(TlsContextTest, AReplacedFileIsTakenWhenItIsSeenTwice) {
  const auto context = Load();
  ASSERT_NE(context, nullptr);
  EXPECT_EQ(context->ReloadIfChanged(), std::nullopt);
  Replace("second");
  EXPECT_EQ(context->ReloadIfChanged(), std::nullopt) << "it may be written still";
  EXPECT_EQ(context->ReloadIfChanged(), absl::OkStatus());
  EXPECT_EQ(NameIn(*context), "second");
  EXPECT_EQ(context->ReloadIfChanged(), std::nullopt);
}

TEST_F(TlsContextTest, ABadFileIsComplainedOfOnce) {
  const auto context = Load();
  ASSERT_NE(context, nullptr);
  std::filesystem::remove(folder_ / "server.crt");
  EXPECT_EQ(context->ReloadIfChanged(), std::nullopt);
  const auto failed = context->ReloadIfChanged();
  ASSERT_TRUE(failed);
  EXPECT_EQ(ReasonOf(*failed), "FILE_ERROR");
  EXPECT_EQ(context->ReloadIfChanged(), std::nullopt);
}

// Kubernetes: server.crt -> ..data/server.crt, ..data -> ..2026_1, and ..data is renamed over.
TEST_F(TlsContextTest, ALinkThatLeadsElsewhereIsSeen) {
  namespace fs = std::filesystem;
  const std::string mount = folder_ / "mount";
  for (const char* version : {"v1", "v2"}) {
    fs::create_directories(mount + "/" + version);
    authority_.Sign({.common_name = version, .alternative_names = "DNS:localhost"})
        .Write(mount + "/" + version, "tls");
  }
  fs::create_directory_symlink("v1", mount + "/data");
  const auto loaded = TlsContext::Load({.certificate_file = mount + "/data/tls.crt",
                                        .key_file = mount + "/data/tls.key",
                                        .client_ca_file = ""});
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(NameIn(**loaded), "v1");
  fs::create_directory_symlink("v2", mount + "/data_tmp");
  fs::rename(mount + "/data_tmp", mount + "/data");
  EXPECT_EQ((*loaded)->ReloadIfChanged(), std::nullopt);
  EXPECT_EQ((*loaded)->ReloadIfChanged(), absl::OkStatus());
  EXPECT_EQ(NameIn(**loaded), "v2");
}

TEST_F(TlsContextTest, AFileOfAuthoritiesThatHoldsNoneIsRefused) {
  TlsOptions options = Options();
  options.client_ca_file = folder_ / "server.key";
  EXPECT_EQ(ReasonOf(TlsContext::Load(options).status()), "TLS_FILE_INVALID");
}

}  // namespace
}  // namespace cairn::tls

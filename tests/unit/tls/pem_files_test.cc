#include "lib/tls/pem_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_certificates.h"

namespace cairn::tls {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;

class PemFilesTest : public ::testing::Test {
 protected:
  PemFilesTest() { authority_.Sign(testing::LocalServer()).Write(folder_.path(), "server"); }

  std::string Put(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    return path;
  }
  absl::Status Read(const std::string& certificate, const std::string& key) {
    return ReadKeyPair(certificate, key, SystemClock().NowUnixNanos()).status();
  }
  void ExpectInvalid(const absl::Status& status, const std::string& path, const char* what) {
    EXPECT_EQ(ReasonOf(status), "TLS_FILE_INVALID") << status;
    EXPECT_EQ(MetadataOf(status, "path"), path);
    EXPECT_THAT(std::string(status.message()), HasSubstr(what));
  }

  testing::TempFolder folder_;
  testing::Authority authority_{"root"};
  const std::string certificate_ = folder_ / "server.crt";
  const std::string key_ = folder_ / "server.key";
};

TEST_F(PemFilesTest, ACertificateAndItsKeyAreReadWithThoseAboveThem) {
  const auto pair = ReadKeyPair(certificate_, key_, SystemClock().NowUnixNanos());
  ASSERT_THAT(pair, IsOk());
  EXPECT_EQ(pair->chain.certificates.size(), 1U);
  const std::string chain = Put("chain.crt", pair->chain.pem + authority_.own().CertificatePem());
  const auto longer = ReadKeyPair(chain, key_, SystemClock().NowUnixNanos());
  ASSERT_THAT(longer, IsOk());
  EXPECT_EQ(longer->chain.certificates.size(), 2U);
}

TEST_F(PemFilesTest, WhatIsWrongWithAFileIsSaidWithItsName) {
  EXPECT_EQ(ReasonOf(Read(folder_ / "none.crt", key_)), "FILE_ERROR");
  EXPECT_EQ(ReasonOf(Read(certificate_, folder_ / "none.key")), "FILE_ERROR");
  const std::string text = Put("text", "no PEM at all");
  ExpectInvalid(Read(text, key_), text, "holds no certificate in PEM");
  ExpectInvalid(Read(certificate_, text), text, "holds no private key in PEM");
  const std::string torn = Put("torn.crt", authority_.own().CertificatePem().substr(0, 200));
  ExpectInvalid(Read(torn, key_), torn, "certificate 1 in it cannot be read");
  const std::string empty = Put("empty", "");
  ExpectInvalid(Read(empty, key_), empty, "holds no certificate");
}

TEST_F(PemFilesTest, AKeyOfAnotherCertificateIsRefused) {
  authority_.Sign(testing::LocalServer()).Write(folder_.path(), "other");
  ExpectInvalid(Read(certificate_, folder_ / "other.key"), folder_ / "other.key",
                "does not belong to the first certificate");
}

TEST_F(PemFilesTest, AnExpiredCertificateAndOneOfTheFutureAreRefused) {
  authority_.Sign({.common_name = "late", .alternative_names = "", .ends_in_seconds = -60})
      .Write(folder_.path(), "late");
  ExpectInvalid(Read(folder_ / "late.crt", folder_ / "late.key"), folder_ / "late.crt", "expired");
  authority_.Sign({.common_name = "early", .alternative_names = "", .begins_in_seconds = 600})
      .Write(folder_.path(), "early");
  ExpectInvalid(Read(folder_ / "early.crt", folder_ / "early.key"), folder_ / "early.crt",
                "not valid before");
}

TEST_F(PemFilesTest, AKeyWithAPassphraseIsRefusedWithoutAskingForIt) {
  const testing::Identity identity = authority_.Sign(testing::LocalServer());
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), identity.key.get(), EVP_aes_128_cbc(), "secret", 6,
                                nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  const std::string path = Put("locked.key", std::string(data, static_cast<size_t>(size)));
  ExpectInvalid(Read(certificate_, path), path, "has a passphrase");
}

TEST_F(PemFilesTest, AKeyThatOthersMayReadIsRefusedWithTheCommandThatClosesIt) {
  for (const mode_t mode : {0640, 0604, 0644, 0602, 0660}) {
    ::chmod(key_.c_str(), mode);
    const absl::Status status = Read(certificate_, key_);
    EXPECT_EQ(ReasonOf(status), "TLS_KEY_OPEN") << mode;
    EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600 " + key_));
  }
  ::chmod(key_.c_str(), 0400);
  EXPECT_THAT(Read(certificate_, key_), IsOk());
}

}  // namespace
}  // namespace cairn::tls

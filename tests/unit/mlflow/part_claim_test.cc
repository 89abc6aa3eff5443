#include "server/mlflow/part_claim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

using ::testing::HasSubstr;

PartClaim Claim() {
  return {"a1", "principal:ada", "experiments/1/runs/2", "model/weights.bin", 7, 2'000};
}

TEST(PartClaim, EveryFieldIsSigned) {
  const ManualClock clock(1'000 * kNanosPerSecond);
  const ClaimSigner signer(clock);
  const std::string signature = signer.Sign(Claim());
  EXPECT_EQ(signature.size(), 64u);
  EXPECT_TRUE(signer.Check(Claim(), signature).ok());
  const std::vector<std::function<void(PartClaim&)>> changes = {
      [](PartClaim& c) { c.upload_id = "a2"; },
      [](PartClaim& c) { c.principal = "principal:bob"; },
      [](PartClaim& c) { c.run = "experiments/2/runs/2"; },
      [](PartClaim& c) { c.path = "model/weights.bi"; },
      [](PartClaim& c) { c.part_number = 8; },
      [](PartClaim& c) { c.expire_unix_seconds = 2'001; },
      // The same bytes, cut elsewhere.
      [](PartClaim& c) {
        c.upload_id = "a1p";
        c.principal = "rincipal:ada";
      },
      [](PartClaim& c) {
        c.run = "experiments/1/runs/2m";
        c.path = "odel/weights.bin";
      },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    PartClaim other = Claim();
    changes[i](other);
    const absl::Status refused = signer.Check(other, signature);
    EXPECT_EQ(ErrorCodeOf(refused), kDenied) << i;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("'signature'")) << i;
  }
}

TEST(PartClaim, AnotherSignatureIsRefused) {
  const ManualClock clock(1'000 * kNanosPerSecond);
  const ClaimSigner signer(clock);
  const std::string signature = signer.Sign(Claim());
  for (size_t at = 0; at < signature.size(); ++at) {
    std::string other = signature;
    other[at] = other[at] == '0' ? '1' : '0';
    EXPECT_FALSE(signer.Check(Claim(), other).ok()) << at;
  }
  EXPECT_FALSE(signer.Check(Claim(), "").ok());
  EXPECT_FALSE(signer.Check(Claim(), signature.substr(1)).ok());
  EXPECT_FALSE(signer.Check(Claim(), signature + "0").ok());
  // As after a restart: each has a key of its own.
  EXPECT_FALSE(ClaimSigner(clock).Check(Claim(), signature).ok());
}

TEST(PartClaim, IsOverAtItsTime) {
  ManualClock clock(1'999 * kNanosPerSecond);
  const ClaimSigner signer(clock);
  const std::string signature = signer.Sign(Claim());
  EXPECT_TRUE(signer.Check(Claim(), signature).ok());
  clock.AdvanceNanos(kNanosPerSecond);
  const absl::Status over = signer.Check(Claim(), signature);
  EXPECT_EQ(ErrorCodeOf(over), kDenied);
  EXPECT_THAT(std::string(over.message()), HasSubstr("1970-01-01T00:33:20Z"));
  // Who changes the time learns nothing of it.
  PartClaim longer = Claim();
  longer.expire_unix_seconds = 9'000;
  EXPECT_THAT(std::string(signer.Check(longer, signature).message()), HasSubstr("'signature'"));
}

}  // namespace
}  // namespace cairn::mlflow

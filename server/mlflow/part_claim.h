#ifndef CAIRN_SERVER_MLFLOW_PART_CLAIM_H_
#define CAIRN_SERVER_MLFLOW_PART_CLAIM_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "lib/base/clock.h"

namespace cairn::mlflow {

// What the URL of a part lets whoever has it do, without another proof of who he is: send that part
// of that upload. All of it is signed, so that a URL is good for nothing else. A plain value.
struct PartClaim {
  std::string upload_id;
  std::string principal;  // whose rights it has
  std::string run;        // resource name, with the experiment
  std::string path;       // of the artifact
  int64_t part_number = 0;
  int64_t expire_unix_seconds = 0;  // from when on it is refused
};

// Signs claims with HMAC-SHA256 and checks them, by a key that is drawn when this is made and never
// leaves memory: what another process signed, also the one before a restart, is refused.
//
// Immutable, so safe from any thread. The clock outlives it.
class ClaimSigner {
 public:
  explicit ClaimSigner(const Clock& clock);

  // 64 lower-case hexadecimal digits.
  std::string Sign(const PartClaim& claim) const;

  // Takes the same time wherever a wrong signature differs. The signature is looked at first: of
  // what was not signed here nothing more is told.
  //   PERMISSION_DENIED  the signature is not that of this claim, or the time is over
  absl::Status Check(const PartClaim& claim, std::string_view signature) const;

  // By the clock.
  int64_t NowUnixSeconds() const { return clock_.NowUnixNanos() / kNanosPerSecond; }

 private:
  const Clock& clock_;
  const std::string key_;
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_PART_CLAIM_H_

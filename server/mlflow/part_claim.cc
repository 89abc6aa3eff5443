#include "server/mlflow/part_claim.h"

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/hmac.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
ClaimSigner::ClaimSigner(const Clock& clock) : clock_(clock), key_(NewHmacKey()) {}

std::string ClaimSigner::Sign(const PartClaim& claim) const {
  return HexEncode(HmacSha256OfTexts(
      key_, {"cairn.mlflow.part.v1", claim.upload_id, claim.principal, claim.run, claim.path,
             std::to_string(claim.part_number), std::to_string(claim.expire_unix_seconds)}));
}

absl::Status ClaimSigner::Check(const PartClaim& claim, std::string_view signature) const {
  if (!IsSameCode(Sign(claim), signature)) {
    return Refuse(kDenied,
                  "The parameter 'signature' of this URL is not the server's for the rest of it. "
                  "URLs are to be used as they were given, and those from before the server's last "
                  "start are void: ask for a new one.");
  }
  if (NowUnixSeconds() < claim.expire_unix_seconds) return absl::OkStatus();
  return Refuse(kDenied, fmt::format("This URL was good until {}: ask for a new one.",
                                     FormatRfc3339(claim.expire_unix_seconds * kNanosPerSecond)));
}

}  // namespace cairn::mlflow

#include "server/mlflow/part_claim.h"

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/hmac.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

// Each field with its length, so that no two claims have one text.
std::string TextOf(const PartClaim& claim) {
  // What it is for, so that a signature of another kind is none of this one.
  std::string text = "cairn.mlflow.part.v1,";
  for (const std::string& field :
       {claim.upload_id, claim.principal, claim.run, claim.path, std::to_string(claim.part_number),
        std::to_string(claim.expire_unix_seconds)}) {
    text += fmt::format("{}:{},", field.size(), field);
  }
  return text;
}

}  // namespace

ClaimSigner::ClaimSigner(const Clock& clock) : clock_(clock), key_(NewHmacKey()) {}

std::string ClaimSigner::Sign(const PartClaim& claim) const {
  return HexEncode(HmacSha256(key_, TextOf(claim)));
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

#include "lib/client/status_origin.h"

#include "absl/strings/cord.h"

namespace cairn::client {
namespace {

constexpr char kOrigin[] = "cairn.client/origin";

}  // namespace

void MarkFromServer(absl::Status* status) { status->SetPayload(kOrigin, absl::Cord("server")); }

bool IsFromServer(const absl::Status& status) { return status.GetPayload(kOrigin).has_value(); }

}  // namespace cairn::client

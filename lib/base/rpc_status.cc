#include "lib/base/rpc_status.h"

#include <string>

#include "absl/strings/cord.h"
#include "lib/base/errors.h"

namespace cairn {
namespace {

absl::Status WithReason(const absl::Status& status) {
  if (status.ok() || !ReasonOf(status).empty()) return status;
  return Error(absl::StatusCode::kInternal, ErrorReason::INTERNAL_FAULT,
               "the server met an internal fault; its log says more");
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& original) {
  const absl::Status status = WithReason(original);
  google::rpc::Status proto;
  proto.set_code(static_cast<int>(status.code()));
  if (status.ok()) return proto;
  proto.set_message(std::string(status.message()));
  status.ForEachPayload([&](absl::string_view type_url, const absl::Cord& payload) {
    auto* detail = proto.add_details();
    detail->set_type_url(std::string(type_url.data(), type_url.size()));
    detail->set_value(std::string(payload));
  });
  return proto;
}

}  // namespace cairn

#ifndef CAIRN_SERVER_GATEWAY_CONNECT_REPLY_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_REPLY_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "lib/base/memory_budget.h"
#include "lib/http/message.h"
#include "server/calls/replies.h"
#include "server/gateway/connect_codec.h"
#include "server/service/method.h"

namespace cairn::gateway {

// The one answer of a unary call, from what the method gave to what the HTTP server sends: written
// in the codec of the request, packed (gzip) from 1 KiB on for who takes that, and counted as held
// (calls::Replies) until the connection has taken it. Of one call; used by one thread at a time.
class ConnectReply {
 public:
  // Both outlive it. `packs`: the client takes gzip.
  ConnectReply(calls::Replies& replies, const google::protobuf::Descriptor& type, Codec codec,
               bool packs)
      : replies_(replies), type_(type), codec_(codec), packs_(packs) {}

  // Charges the answer before it is made. Errors of Replies::Charge.
  absl::Status Charge(int64_t bytes) { return replies_.Charge(bytes, charge_); }

  // Once. Takes time. What the body holds beyond the charge is charged now and never refused:
  // a change is stored by then. `outcome` is how the call ended.
  http::Response Make(absl::StatusOr<service::Answer> answer, absl::Status& outcome);

  // Whether the answer may be sent as gzip: for who decides where it is made.
  bool packs() const { return packs_; }

 private:
  // In the codec of the request. Bytes of a stored answer are parsed for JSON only.
  absl::StatusOr<http::Response> Render(service::Answer answer);

  calls::Replies& replies_;
  const google::protobuf::Descriptor& type_;  // of the answer
  const Codec codec_;
  const bool packs_;
  MemoryCharge charge_;  // goes with the response, until the connection has taken it
};

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_REPLY_H_

#ifndef CAIRN_SERVER_GATEWAY_CONNECT_CALL_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_CALL_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "lib/http/responder.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/calls/unary.h"
#include "server/gateway/connect_codec.h"
#include "server/gateway/connect_reply.h"
#include "server/service/caller.h"
#include "server/service/method.h"

namespace cairn::gateway {

// A unary call that came over HTTP, served as calls::Unary says. Deletes itself once it is
// answered.
//
// An answer counts as held (calls::Replies) until the connection has taken it, which the HTTP
// server bounds in time. Large messages are read and written on the pool of computations: JSON
// takes its time, and neither the HTTP server's threads nor those that commit shall wait for it.
class ConnectCall final : private calls::Unary {
 public:
  // A message as it came. Not unpacked and parsed yet.
  struct Input {
    Codec codec = Codec::kJson;
    std::string bytes;
    bool compressed = false;  // by gzip
    bool takes_gzip = false;  // the client does, for the answer
  };

  // Begins to serve; the record has begun. `environment` and `method` outlive the call;
  // the method answers or plans a change. A large or compressed message is handed to the pool
  // first; where that takes no more the answer is RESOURCE_EXHAUSTED (QUEUE_FULL).
  static void Begin(calls::Environment& environment, const service::Method& method,
                    service::Caller caller, calls::CallRecord record, Input input,
                    http::Responder responder);

  // Public for make_unique only. Use Begin, which also makes the object own itself.
  ConnectCall(calls::Environment& environment, const service::Method& method,
              service::Caller caller, calls::CallRecord record, Input input,
              http::Responder responder);

 private:
  // Serves the message that was sent compressed, once it is what it was: it counts as that.
  void ServeUnpacked();
  // In the codec that the request was sent in. Lets go of the bytes. INVALID_ARGUMENT
  // (REQUEST_MALFORMED) for what is no such message.
  absl::Status Parse(google::protobuf::Message& request) override;
  // Until the connection took the answer.
  absl::Status Charge(int64_t bytes) override { return reply_.Charge(bytes); }
  // May come on a thread that commits, which does not wait for JSON.
  void Send(absl::StatusOr<service::Answer> answer) override;

  // The last thing that is done with this object.
  void Finish();
  int64_t request_bytes_;  // unpacked
  Input input_;
  calls::CallRecord record_;
  http::Responder responder_;
  ConnectReply reply_;
  absl::StatusOr<service::Answer> answer_;
};

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_CALL_H_

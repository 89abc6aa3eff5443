#ifndef CAIRN_SERVER_RPC_CALL_H_
#define CAIRN_SERVER_RPC_CALL_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/rpc/grpc_status.h"
#include "server/service/method.h"

namespace cairn::rpc {

// gRPC's callback API calls a reactor back from threads of its own, of which there are few: so
// nothing here blocks, and what takes long is handed to the pools by the flows.
//
// What the reactors of all kinds of calls have in common: bytes in and out, and who calls. What a
// call does with them is in server/calls, whatever the transport.

using calls::Environment;

// Whatever stands here is safe from any of gRPC's threads.

// calls::CallRecord whose outcome goes to gRPC, for the calls that count themselves.
class CallRecord : public calls::CallRecord {
 public:
  using calls::CallRecord::CallRecord;

  // Converts the outcome for the wire and counts it, with how long the call took. Called exactly
  // once for a call: metrics show a call that never is as under way for ever.
  grpc::Status Finish(const absl::Status& status) {
    End(status);
    return ToGrpcStatus(status);
  }
};

// For long work of the call, and where it waits for its turn: CANCELLED or DEADLINE_EXCEEDED
// (CALL_ENDED) once nobody waits for its answer. The context must outlive it.
std::function<absl::Status()> EndOf(const grpc::CallbackServerContext* context);

// Reads what was sent into `request`, without a copy where it came in one piece. gRPC's own parsing
// is not used: it refuses without details, and ends streams as if they were complete (decision 10).
// Unparsed.
absl::Status ParseRequest(const grpc::ByteBuffer& buffer, google::protobuf::Message& request);

// Bytes as gRPC sends them: those of a string are handed over and freed once they are sent, those
// of a message are written into one slice, and those of a stored answer are copied.
grpc::ByteBuffer ToByteBuffer(std::string bytes);
grpc::ByteBuffer ToByteBuffer(const google::protobuf::Message& message);

// An identity is made here once for a call, and for a stream too, which asks later whether it still
// holds.
//
// Who calls, as the methods hear of it: by the metadata entry `authorization: Bearer TOKEN`, if the
// server asks. If not, the entry `cairn-principal` of at most 128 bytes keeps the request ids of
// different callers apart. The context must outlive it.
service::Caller CallerOf(const Environment& environment,
                         const grpc::CallbackServerContext* context);

// An answer as gRPC sends it, whichever form the method gave it. Empties `answer`; a message is
// freed here, once it is written.
grpc::ByteBuffer ToByteBuffer(service::Answer answer);

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_CALL_H_

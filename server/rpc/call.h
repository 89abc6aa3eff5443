#ifndef CAIRN_SERVER_RPC_CALL_H_
#define CAIRN_SERVER_RPC_CALL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/rpc/grpc_status.h"
#include "server/service/method.h"

namespace cairn::rpc {

using calls::CallEnded;
using calls::CallPools;
using calls::Environment;
using calls::Intake;
using calls::Overloaded;
using calls::Replies;
using calls::ReplyWatch;
using calls::Unparsed;
using calls::WaitingRoom;

// calls::CallRecord whose outcome goes to gRPC.
class CallRecord : public calls::CallRecord {
 public:
  using calls::CallRecord::CallRecord;

  // Converts the outcome for the wire and counts it. Called exactly once for a call.
  grpc::Status Finish(const absl::Status& status) {
    End(status);
    return ToGrpcStatus(status);
  }
};

// For long reads of the call: CANCELLED or DEADLINE_EXCEEDED (CALL_ENDED) once nobody
// waits for its answer. The context must outlive it.
std::function<absl::Status()> EndOf(const grpc::CallbackServerContext* context);

// Reads what was sent into `request`. Unparsed.
absl::Status ParseRequest(const grpc::ByteBuffer& buffer, google::protobuf::Message& request);

// As that, and asks whether the caller may do what it says: the one way
// by which requests come in. Nothing is parsed for who is not known.
// `continues`: it is not the first of its stream. Unparsed, or the errors of service::Authorize.
absl::Status Receive(const Environment& environment, const service::Method& method,
                     const service::Caller& caller, const grpc::ByteBuffer& buffer,
                     google::protobuf::Message& request, bool continues = false);

// Bytes as gRPC sends them; those of a stored answer are shared where they fit no slice.
grpc::ByteBuffer ToByteBuffer(std::string bytes);
grpc::ByteBuffer ToByteBuffer(const google::protobuf::Message& message);

// Who calls, as the methods hear of it: by the metadata entry `authorization: Bearer TOKEN`, if the
// server asks. If not, the entry `cairn-principal` of at most 128 bytes keeps the request ids of
// different callers apart. The context must outlive it.
service::Caller CallerOf(const Environment& environment,
                         const grpc::CallbackServerContext* context);

// An answer as gRPC sends it.
grpc::ByteBuffer ToByteBuffer(service::Answer answer);

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_CALL_H_

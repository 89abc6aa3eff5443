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
#include "lib/base/clock.h"
#include "lib/base/ids.h"
#include "server/observability/call_metrics.h"
#include "server/rpc/call_pools.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/intake.h"
#include "server/rpc/replies.h"
#include "server/rpc/waiting_room.h"
#include "server/service/method.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::auth {
class AccessControl;
}  // namespace cairn::auth
namespace cairn::metrics {
class MetricFolder;
}  // namespace cairn::metrics
namespace cairn::operations {
class OperationRunner;
}  // namespace cairn::operations
namespace cairn::tracking {
class RunLeaseKeeper;
}  // namespace cairn::tracking

namespace cairn::rpc {

// What gRPC's side of every call works with. Owned by the server, which outlives all calls.
struct Environment {
  storage::KvStore& store;
  storage::Mutator& mutator;
  const Clock& clock;  // for what is stored as a time; may jump
  IdSource& ids;
  const CallPools pools;      // for what blocks or takes long
  WaitingRoom& folding_room;  // for points that come faster than they are folded
  Intake& intake;             // of large requests
  Replies& replies;           // counts what clients have not taken yet
  observability::CallMetrics& metrics;
  metrics::MetricFolder& metric_folder;  // is told of metrics that were logged
  tracking::RunLeaseKeeper& run_leases;  // is told of runs that changed or logged
  operations::OperationRunner& operations;
  const auth::AccessControl* access = nullptr;  // null: nobody is asked who they are
};

// Counts and times one call from its start until Finish, of one of its copies; shared
// by all kinds of calls. `method` is the path of a row, "cairn.v1.TrackingService/GetRun", which
// outlives the server's count of it.
class CallRecord {
 public:
  CallRecord(const Environment& environment, const char* method)
      : metrics_(&environment.metrics),
        method_(method),
        start_nanos_(ForwardClock().NowUnixNanos()) {
    metrics_->Begin();
  }

  // Converts the outcome for the wire and counts it. Called exactly once for a call.
  grpc::Status Finish(const absl::Status& status) {
    metrics_->End(method_, status, ForwardClock().NowUnixNanos() - start_nanos_);
    return ToGrpcStatus(status);
  }

  const char* method() const { return method_; }

 private:
  observability::CallMetrics* metrics_;
  const char* method_;
  int64_t start_nanos_;
};

// CANCELLED (CALL_ENDED): the client went away.
absl::Status CallEnded();

// Fills in the etag of a mutation's answer: its own, or that of the one
// resource it wraps.
void StampEtag(storage::Revision revision, google::protobuf::Message& response);

// For long reads of the call: CANCELLED or DEADLINE_EXCEEDED (CALL_ENDED) once nobody
// waits for its answer. The context must outlive it.
std::function<absl::Status()> EndOf(const grpc::CallbackServerContext* context);

// INVALID_ARGUMENT (REQUEST_MALFORMED): what was sent is not a message of this type.
absl::Status Unparsed(const google::protobuf::Descriptor& type);

// Reads what was sent into `request`, and asks whether the caller may do what it says: the one way
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

// Serialized size of an answer, and the answer as gRPC sends it.
int64_t BytesOf(const service::Answer& answer);
grpc::ByteBuffer ToByteBuffer(service::Answer answer);

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_CALL_H_

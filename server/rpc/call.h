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
#include "server/events/event_trimmer.h"
#include "server/observability/call_metrics.h"
#include "server/rpc/call_pools.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/intake.h"
#include "server/rpc/replies.h"
#include "server/rpc/unary_reply.h"
#include "server/rpc/waiting_room.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"
#include "server/tracking/encoded_run.h"

namespace cairn::metrics {
class MetricFolder;
}  // namespace cairn::metrics
namespace cairn::operations {
class OperationRunner;
}  // namespace cairn::operations
namespace cairn::tracking {
class RunLeaseKeeper;
class RunPurger;
class RunSearcher;
}  // namespace cairn::tracking

namespace cairn::rpc {

// What every handler works with. Owned by the server, which outlives all calls.
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
  tracking::RunSearcher& run_searcher;
  metrics::MetricFolder& metric_folder;  // is told of metrics that were logged
  tracking::RunLeaseKeeper& run_leases;  // is told of runs that changed or logged
  tracking::RunPurger& run_purger;
  operations::OperationRunner& operations;
  const events::EventRetention event_retention;
  const Clock& store_clock;              // for how old something is (events/store_time.h)
  const int64_t memory_limit_bytes = 0;  // that memory was shared out by; 0: none
};

// Counts and times one call from its start until Finish, of one of its copies; shared
// by all handler templates. `method` is a string literal,
// "cairn.v1.TrackingService/GetRun".
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

// Who calls: the metadata entry `cairn-principal`, or "anonymous" without one or
// with one above 128 bytes. Not a proof of identity (nothing is authenticated):
// it only keeps the request ids of different callers apart.
std::string PrincipalOf(const grpc::ServerContextBase& context);

// CANCELLED (CALL_ENDED): the client went away.
absl::Status CallEnded();

// Fills in the etag of a mutation's answer: its own, or that of the one
// resource it wraps.
void StampEtag(storage::Revision revision, google::protobuf::Message& response);

// For long reads of the call: CANCELLED or DEADLINE_EXCEEDED (CALL_ENDED) once nobody
// waits for its answer. The context must outlive it.
std::function<absl::Status()> EndOf(const grpc::CallbackServerContext* context);

// Handler template 1a: a unary call that only reads, answered as its effort says. `read` is
// called with a fresh snapshot and the request.

template <typename Request, typename Response, typename Read>
grpc::ServerUnaryReactor* ServeRead(Environment& environment, const char* method,
                                    grpc::CallbackServerContext* context, const Request* request,
                                    Response* response, Effort effort, Read read) {
  UnaryReply* reactor = UnaryReply::Begin(environment.replies, context);
  CallRecord record(environment, method);
  auto answer = [&environment, request, response, reactor, record,
                 read = std::move(read)](absl::Status status) mutable {
    if (!status.ok()) return reactor->Send(record.Finish(status));
    const auto snapshot = environment.store.GetSnapshot();
    absl::StatusOr<Response> result = read(*snapshot, *request);
    status = result.status();
    // Twice: as a message and as bytes.
    if (status.ok()) status = reactor->Charge(2 * static_cast<int64_t>(result->ByteSizeLong()));
    if (status.ok()) *response = *std::move(result);
    reactor->Send(record.Finish(status));
  };
  const int64_t held = effort == Effort::kQuick ? 0 : static_cast<int64_t>(request->ByteSizeLong());
  environment.pools.Run(effort, held, EndOf(context), std::move(answer));
  return reactor;
}

// INVALID_ARGUMENT (REQUEST_MALFORMED): what was sent is not a message of this type.
absl::Status Unparsed(const google::protobuf::Descriptor& type);

// Reads what was sent into `request`; Unparsed if it is something else.
absl::Status ParseRequest(const grpc::ByteBuffer& buffer, google::protobuf::Message& request);

// Handler template 1c: a unary call that only reads and has its answer as bytes
// already: `read(request)` gives StatusOr of a string or of a pointer to something
// with `bytes`. Saves making a message of it only to write it again.
grpc::ByteBuffer ToByteBuffer(std::string bytes);
inline grpc::ByteBuffer ToByteBuffer(const tracking::EncodedRunPtr& run) {
  const grpc::Slice copy(run->bytes);
  return grpc::ByteBuffer(&copy, 1);
}
inline int64_t BytesOf(const std::string& bytes) { return static_cast<int64_t>(bytes.size()); }
inline int64_t BytesOf(const tracking::EncodedRunPtr& run) { return BytesOf(run->bytes); }

template <typename Request, typename Read>
grpc::ServerUnaryReactor* ServeBytes(Environment& environment, const char* method,
                                     grpc::CallbackServerContext* context,
                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
                                     Effort effort, Read read) {
  UnaryReply* reactor = UnaryReply::Begin(environment.replies, context);
  CallRecord record(environment, method);
  auto answer = [request, response, reactor, record,
                 read = std::move(read)](absl::Status status) mutable {
    Request parsed;
    if (status.ok()) status = ParseRequest(*request, parsed);
    if (!status.ok()) return reactor->Send(record.Finish(status));
    auto result = read(parsed);
    status = result.status();
    if (status.ok()) status = reactor->Charge(BytesOf(*result));
    if (status.ok()) *response = ToByteBuffer(*std::move(result));
    reactor->Send(record.Finish(status));
  };
  environment.pools.Run(effort, static_cast<int64_t>(request->Length()), EndOf(context),
                        std::move(answer));
  return reactor;
}

// The request id of messages that have one.
template <typename Request>
std::string RequestIdOf(const Request& request) {
  if constexpr (requires { request.request_id(); }) {
    return request.request_id();
  } else {
    return "";
  }
}

// Whether a message asks for the checks only.
template <typename Request>
bool ValidatesOnly(const Request& request) {
  if constexpr (requires { request.validate_only(); }) {
    return request.validate_only();
  } else {
    return false;
  }
}

// Handler template 1b: a unary call that changes the store, through the Mutator.
// `plan(snapshot)` may be called several times, `stored` is called once if something
// was committed or repeated, before the answer leaves. A plan is made as its effort says, and
// a quick one in its turn where there is a line in `room`.
template <typename Request, typename Response>
grpc::ServerUnaryReactor* ServeMutation(Environment& environment, const char* method,
                                        grpc::CallbackServerContext* context,
                                        const Request* request, Response* response,
                                        storage::Planner&& plan,
                                        std::function<void()> stored = nullptr,
                                        Effort effort = Effort::kQuick,
                                        WaitingRoom* room = nullptr) {
  UnaryReply* reactor = UnaryReply::Begin(environment.replies, context);
  CallRecord record(environment, method);
  const auto bytes = static_cast<int64_t>(request->ByteSizeLong());
  auto run = [&environment, request, response, reactor, record, bytes, plan = std::move(plan),
              stored = std::move(stored),
              caller =
                  storage::RequestContext{PrincipalOf(*context), method, RequestIdOf(*request),
                                          ValidatesOnly(*request)}](absl::Status status) mutable {
    // What was committed must be answered, and the answer is about as large as the request: so
    // room for both is made before, but not while the call waits.
    if (status.ok()) status = reactor->Charge(2 * bytes);
    if (!status.ok()) return reactor->Send(record.Finish(status));
    environment.mutator.Run(
        std::move(caller), *request, std::move(plan), StampEtag,
        [request, response, reactor, record, stored = std::move(stored)](
            absl::StatusOr<std::unique_ptr<google::protobuf::Message>> result) mutable {
          if (result.ok()) response->Swap(static_cast<Response*>(result->get()));
          if (result.ok() && stored && !ValidatesOnly(*request)) stored();
          reactor->Send(record.Finish(result.status()));
        });
  };
  if (room != nullptr && room->MustWait()) {
    room->Wait(bytes, EndOf(context), std::move(run));
  } else {
    environment.pools.Run(effort, bytes, EndOf(context), std::move(run));
  }
  return reactor;
}

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_CALL_H_

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
#include "lib/base/thread_pool.h"
#include "server/events/event_trimmer.h"
#include "server/observability/call_metrics.h"
#include "server/rpc/grpc_status.h"
#include "server/rpc/long_calls.h"
#include "server/rpc/replies.h"
#include "server/rpc/unary_reply.h"
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

// What a call costs, and so who answers it: the calling thread, the pool for what computes
// (searches, lists, counts, curves), or that for what reads and writes blobs. The pools share
// no thread, so that work on blobs never keeps a search waiting.
enum class Effort { kQuick, kLong, kDisk };

// What every handler works with. Owned by the server, which outlives all calls.
struct Environment {
  storage::KvStore& store;
  storage::Mutator& mutator;
  const Clock& clock;  // for what is stored as a time; may jump
  IdSource& ids;
  ThreadPool& pool;       // for what computes for long
  ThreadPool& disk_pool;  // for what reads and writes blobs
  LongCalls& long_calls;  // lets unary calls into the pools
  Replies& replies;       // counts what clients have not taken yet
  observability::CallMetrics& metrics;
  tracking::RunSearcher& run_searcher;
  metrics::MetricFolder& metric_folder;  // is told of metrics that were logged
  tracking::RunLeaseKeeper& run_leases;  // is told of runs that changed or logged
  tracking::RunPurger& run_purger;
  operations::OperationRunner& operations;
  const events::EventRetention event_retention;
  const Clock& store_clock;  // for how old something is (events/store_time.h)

  // The pool of an effort that is not quick.
  ThreadPool& PoolFor(Effort effort) const { return effort == Effort::kDisk ? disk_pool : pool; }
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

// RESOURCE_EXHAUSTED (QUEUE_FULL) with a retry delay: the pool takes no more, or none of
// this method.
absl::Status Overloaded();

// CANCELLED (CALL_ENDED): the client went away.
absl::Status CallEnded();

// Fills in the etag of a mutation's answer: its own, or that of the one
// resource it wraps.
void StampEtag(storage::Revision revision, google::protobuf::Message& response);

// For long reads of the call: CANCELLED or DEADLINE_EXCEEDED (CALL_ENDED) once nobody
// waits for its answer. The context must outlive it.
std::function<absl::Status()> EndOf(const grpc::CallbackServerContext* context);

// Runs `answer`, which sends the reply: here when it is quick, or on the pool of its effort.
// There it is not begun if the call ended while it waited.
template <typename Answer>
void RunWith(const Environment& environment, Effort effort,
             const grpc::CallbackServerContext* context, UnaryReply* reactor, CallRecord record,
             Answer answer) {
  if (effort == Effort::kQuick) return answer();
  auto in_turn = [context, reactor, record, answer = std::move(answer)]() mutable {
    const absl::Status ended = EndOf(context)();
    ended.ok() ? answer() : reactor->Send(record.Finish(ended));
  };
  if (!environment.long_calls.TryRun(environment.PoolFor(effort), std::move(in_turn))) {
    reactor->Send(record.Finish(Overloaded()));
  }
}

// Handler template 1a: a unary call that only reads, answered as its effort says. `read` is
// called with a fresh snapshot and the request.

template <typename Request, typename Response, typename Read>
grpc::ServerUnaryReactor* ServeRead(Environment& environment, const char* method,
                                    grpc::CallbackServerContext* context, const Request* request,
                                    Response* response, Effort effort, Read read) {
  UnaryReply* reactor = UnaryReply::Begin(environment.replies, context);
  CallRecord record(environment, method);
  auto answer = [&environment, request, response, reactor, record,
                 read = std::move(read)]() mutable {
    const auto snapshot = environment.store.GetSnapshot();
    absl::StatusOr<Response> result = read(*snapshot, *request);
    absl::Status status = result.status();
    // Twice: as a message and as bytes.
    if (status.ok()) status = reactor->Charge(2 * static_cast<int64_t>(result->ByteSizeLong()));
    if (status.ok()) *response = *std::move(result);
    reactor->Send(record.Finish(status));
  };
  RunWith(environment, effort, context, reactor, record, std::move(answer));
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
  auto answer = [request, response, reactor, record, read = std::move(read)]() mutable {
    Request parsed;
    if (const absl::Status status = ParseRequest(*request, parsed); !status.ok()) {
      return reactor->Send(record.Finish(status));
    }
    auto result = read(parsed);
    absl::Status status = result.status();
    if (status.ok()) status = reactor->Charge(BytesOf(*result));
    if (status.ok()) *response = ToByteBuffer(*std::move(result));
    reactor->Send(record.Finish(status));
  };
  RunWith(environment, effort, context, reactor, record, std::move(answer));
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

// Handler template 1b: a unary call that changes the store, through the Mutator.
// `plan(snapshot)` may be called several times, `stored` is called once if something
// was committed or repeated, before the answer leaves. A plan is made as its effort says.
template <typename Request, typename Response>
grpc::ServerUnaryReactor* ServeMutation(Environment& environment, const char* method,
                                        grpc::CallbackServerContext* context,
                                        const Request* request, Response* response,
                                        storage::Planner&& plan,
                                        std::function<void()> stored = nullptr,
                                        Effort effort = Effort::kQuick) {
  UnaryReply* reactor = UnaryReply::Begin(environment.replies, context);
  CallRecord record(environment, method);
  // What was committed must be answered, and the answer is about as large as the request: so
  // room for both is made before.
  if (const absl::Status room = reactor->Charge(2 * static_cast<int64_t>(request->ByteSizeLong()));
      !room.ok()) {
    reactor->Send(record.Finish(room));
    return reactor;
  }
  auto run = [&environment, request, response, reactor, record, plan = std::move(plan),
              stored = std::move(stored),
              caller = storage::RequestContext{PrincipalOf(*context), method,
                                               RequestIdOf(*request)}]() mutable {
    environment.mutator.Run(
        std::move(caller), *request, std::move(plan), StampEtag,
        [response, reactor, record, stored = std::move(stored)](
            absl::StatusOr<std::unique_ptr<google::protobuf::Message>> result) mutable {
          if (result.ok()) response->Swap(static_cast<Response*>(result->get()));
          if (result.ok() && stored) stored();
          reactor->Send(record.Finish(result.status()));
        });
  };
  RunWith(environment, effort, context, reactor, record, std::move(run));
  return reactor;
}

}  // namespace cairn::rpc

#endif  // CAIRN_SERVER_RPC_CALL_H_

#ifndef CAIRN_SERVER_SERVICE_METHOD_H_
#define CAIRN_SERVER_SERVICE_METHOD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/method_options.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "lib/base/ids.h"
#include "server/service/caller.h"
#include "server/service/effort.h"
#include "server/service/stream.h"
#include "server/storage/mutation.h"

namespace cairn::metrics {
class MetricCompactor;
}  // namespace cairn::metrics
namespace cairn::operations {
class OperationRunner;
}  // namespace cairn::operations
namespace cairn::tracking {
class RunLeaseKeeper;
}  // namespace cairn::tracking

namespace cairn::service {

// What a method of the server is, whatever transport it is called by: a row of MethodTable.
//
// Requests and answers are messages of the types its descriptor names; a function may take them
// for that without looking. Functions are called from any thread, several at once, and only for
// callers who may: the flow (server/calls) asks service::Authorize before.

static_assert(static_cast<int>(Effort::kInline) == v1::EFFORT_UNSPECIFIED &&
              static_cast<int>(Effort::kCpu) == v1::CPU && static_cast<int>(Effort::kIo) == v1::IO);

// What a unary call is answered with: a message, or the bytes of one as they are stored. Shared
// bytes are those of a cache, which may drop them while they are sent.
using Answer = std::variant<std::unique_ptr<google::protobuf::Message>, std::string,
                            std::shared_ptr<const std::string>>;

// A call that is answered at once, on the thread that the rule's effort names. `request` outlives
// the call. Errors go to the client as they are, if they have a reason.
using AnswerFunction =
    std::function<absl::StatusOr<Answer>(const Caller&, const google::protobuf::Message& request)>;

// A change of the store that was asked for. Made once for a call, on the thread that parsed the
// request, so making it neither blocks nor reads; the storage::Mutator plans and commits it.
struct Change {
  // Decides at a snapshot; may be called several times. May refer to the request.
  storage::Planner plan;
  // What only the call can tell, and no event of the commit: that its run is alive, how many bytes
  // of points came. Called once the change is stored, or was found stored by an earlier call with
  // this request id, and before the answer leaves. Null: nothing. Not called when the request asks
  // for the checks only.
  std::function<void()> stored;
  // Where this request is planned, if not where the method's rule says.
  std::optional<Effort> effort;
  // A resource: changes that name the same one are planned and committed one after the other, in
  // the order they came and on threads of their own, whatever the effort. Empty: it takes no turns.
  std::string in_turn_of;
  // It brings points, so it comes in its turn while too many wait to be folded.
  bool brings_points = false;
};
// Cannot refuse: a request that is wrong fails in the plan.
using ChangeFunction =
    std::function<Change(const Caller&, const google::protobuf::Message& request)>;

// What the flow of LogMetrics works with, calls::MetricStream: points that come as a stream, are
// committed behind each other and acknowledged by number while more are read. No function of one
// request and one answer says that. All of it outlives the table.
struct PointStream {
  storage::KvStore* store = nullptr;  // takes batches in the order in which they came
  IdSource* ids = nullptr;
  metrics::MetricCompactor* compactor = nullptr;  // says when there is room, hears of points
  tracking::RunLeaseKeeper* leases = nullptr;     // hears that somebody logs
};

// What the flow of WaitOperation works with, calls::OperationWait: a call that may wait for hours
// and holds no thread meanwhile. All of it outlives the table.
struct OperationWaits {
  const storage::KvStore* store = nullptr;
  operations::OperationRunner* runner = nullptr;  // wakes the call
};

// Where a request says what it is about: a path of MethodRule.resource, parsed when the table is
// built so that no call looks for fields by name.
struct ResourceSource {
  // The fields that lead to the text, the first in the request itself. None: the name is `before`.
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  // The text is an id, which makes a name between these; else it is a name.
  bool is_id = false;
  std::string before;
  std::string after;
};

// How a call gets from here to its answer: the adapter finds the flow by the kind of `serve`, the
// flow parses the request into a message made of `request`, asks Authorize, waits for a thread by
// `effort()`, and calls the function.
//
// One row. Immutable once in a table, which owns it; adapters and calls keep references to it.
struct Method {
  std::string path;  // "cairn.v1.TrackingService/GetRun"
  size_t index = 0;  // in the table
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  v1::MethodRule rule;      // who may call it, on what, and what it costs
  bool only_reads = false;  // may be called by GET, and repeated by anybody
  // What it does. The alternative says which flow its calls go by, in every adapter.
  std::variant<AnswerFunction, ChangeFunction, OpenFunction, SinkFunction, PointStream,
               OperationWaits>
      serve;
  std::vector<ResourceSource> resources;  // those of the rule
  std::vector<ResourceSource> reads;      // of what the rule says is read besides
  // It leaves out of its answer what the caller may not see, as its rule says.
  bool filters = false;
  // It asks itself for what its rule leaves to it (MethodRule.within).
  bool asks_itself = false;
  // Of the request; null where it has no such field. Read by the flow of changes, so that repeating
  // and checking only are the same for every method that changes something.
  const google::protobuf::FieldDescriptor* request_id = nullptr;
  const google::protobuf::FieldDescriptor* validate_only = nullptr;
  // Of which requests are made; the prototype lives as long as the program.
  const google::protobuf::Message* request = nullptr;

  Effort effort() const { return static_cast<Effort>(rule.effort()); }
};

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_METHOD_H_

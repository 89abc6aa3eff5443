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
#include "server/service/caller.h"
#include "server/service/effort.h"
#include "server/storage/mutation.h"

namespace cairn::service {

// What a method of the server is, whatever transport it is called by: a row of MethodTable.
//
// Requests and answers are messages of the types its descriptor names; a function may take them
// for that without looking. Functions are called from any thread, several at once.

static_assert(static_cast<int>(Effort::kInline) == v1::EFFORT_UNSPECIFIED &&
              static_cast<int>(Effort::kCpu) == v1::CPU && static_cast<int>(Effort::kIo) == v1::IO);

// What a unary call is answered with: a message, or the bytes of one as they are stored.
using Answer = std::variant<std::unique_ptr<google::protobuf::Message>, std::string,
                            std::shared_ptr<const std::string>>;

// A call that is answered at once. `request` outlives the call.
using AnswerFunction =
    std::function<absl::StatusOr<Answer>(const Caller&, const google::protobuf::Message& request)>;

// A change of the store that was asked for.
struct Change {
  // Decides at a snapshot; may be called several times. May refer to the request.
  storage::Planner plan;
  // What to do with the answer once the change is stored, or was found stored by an earlier call
  // with this request id, and before the answer leaves. Null: nothing. Not called when the request
  // asks for the checks only.
  std::function<void(const google::protobuf::Message& answer)> stored;
  // Where this request is planned, if not where the method's rule says.
  std::optional<Effort> effort;
  // It brings points, so it comes in its turn while too many wait to be folded.
  bool brings_points = false;
};
using ChangeFunction =
    std::function<Change(const Caller&, const google::protobuf::Message& request)>;

// The most that one part of a stream holds...
inline constexpr int64_t kPartBytes = int64_t{64} << 10;
// ...and of a stream whose client takes quickly, while there is much room.
inline constexpr int64_t kLargePartBytes = int64_t{256} << 10;

// What a source has to say.
enum class Part {
  kFilled,  // the next message
  kEnd,     // there is none any more
  kLater,   // nothing now: see PartSource::WhenReady
};

// A stream of answers, one part after the other. Used by one thread at a time, where it may block;
// its destructor may be called while it waits.
class PartSource {
 public:
  virtual ~PartSource() = default;

  // Fills `part` with the bytes of the next message. It has at most kPartBytes; who has more asks
  // `room` once and may fill as much as that says.
  virtual absl::StatusOr<Part> Next(const std::function<int64_t()>& room, std::string& part) = 0;

  // To be called after Next said kLater, and before it is asked again: calls `ready` once, from any
  // thread, when it is worth asking. No thread is held meanwhile.
  virtual void WhenReady(std::function<void()> /*ready*/) {}

  // What this holds between two parts, in bytes.
  virtual int64_t HeldBytes() const { return 0; }
};
using OpenFunction = std::function<absl::StatusOr<std::unique_ptr<PartSource>>(
    const Caller&, const google::protobuf::Message& request)>;

// What takes a stream of messages and answers once. Used by one thread at a time, where it may
// block; its destructor may block too.
class MessageSink {
 public:
  virtual ~MessageSink() = default;

  // Takes one message; true to go on, false if the answer is complete already.
  virtual absl::StatusOr<bool> Take(const google::protobuf::Message& request) = 0;

  // The answer, once Take said that it is complete or the client has sent everything.
  virtual absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Complete() = 0;
};
using SinkFunction = std::function<std::unique_ptr<MessageSink>(const Caller&)>;

// A method whose calls need more of their transport than the kinds above: each adapter has an
// implementation of its own, or answers UNIMPLEMENTED.
struct OfTheTransport {};

// Where a request says what it is about.
struct ResourceSource {
  // The fields that lead to the text, the first in the request itself. None: the name is `before`.
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  // The text is an id, which makes a name between these; else it is a name.
  bool is_id = false;
  std::string before;
  std::string after;
};

// One row. Immutable once in a table, which owns it.
struct Method {
  std::string path;  // "cairn.v1.TrackingService/GetRun"
  size_t index = 0;  // in the table
  const google::protobuf::MethodDescriptor* descriptor = nullptr;
  v1::MethodRule rule;
  bool only_reads = false;
  std::variant<AnswerFunction, ChangeFunction, OpenFunction, SinkFunction, OfTheTransport> serve;
  std::vector<ResourceSource> resources;  // those of the rule
  std::vector<ResourceSource> reads;      // of what the rule says is read besides
  // It leaves out of its answer what the caller may not see, as its rule says.
  bool filters = false;
  // It asks itself for what its rule leaves to it (MethodRule.within).
  bool asks_itself = false;
  // Of the request; null where it has no such field.
  const google::protobuf::FieldDescriptor* request_id = nullptr;
  const google::protobuf::FieldDescriptor* validate_only = nullptr;
  // Of which requests are made.
  const google::protobuf::Message* request = nullptr;

  Effort effort() const { return static_cast<Effort>(rule.effort()); }
};

}  // namespace cairn::service

#endif  // CAIRN_SERVER_SERVICE_METHOD_H_

#ifndef CAIRN_SERVER_CALLS_OPERATION_WAIT_H_
#define CAIRN_SERVER_CALLS_OPERATION_WAIT_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/longrunning/operations.pb.h"
#include "google/protobuf/message.h"
#include "lib/base/mutex.h"
#include "server/calls/alarms.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/service/method.h"

namespace cairn::calls {

// The part of a call of WaitOperation that is the same for every transport: it answers with the
// operation when that is done, when the request's timeout is over or when nobody waits any more,
// whichever comes first. Base of the transports' calls, which bring the request's bytes and send
// the answer.
//
// A call may wait for hours and holds no thread meanwhile: the runner of operations and the alarms
// wake it, from threads of theirs. They hold weak pointers, so a call is owned by a shared_ptr; it
// keeps itself alive from Serve until Over, and may be deleted a moment later. Of the environment
// it uses nothing once it has answered.
class OperationWait : public std::enable_shared_from_this<OperationWait> {
 public:
  // Both outlive the call. The record has begun; this ends it. REQUIRES: the method's row holds
  // service::OperationWaits.
  OperationWait(Environment& environment, const service::Method& method, service::Caller caller,
                CallRecord record);
  virtual ~OperationWait() = default;
  OperationWait(const OperationWait&) = delete;
  OperationWait& operator=(const OperationWait&) = delete;

  // Answers at once or later: at `until` as the operation is then, for a transport that does not
  // hear of a client that went. Once, and first; the caller holds the call meanwhile.
  void Serve(std::optional<Alarms::Time> until = std::nullopt) CAIRN_EXCLUDES(mutex_);

 protected:
  // Nobody waits for the answer any more: answers now. Any thread, any number of times, after Serve
  // and until Over.
  void Cancelled() { Answer(); }

  // The transport is done with the call, which is deleted within or soon.
  void Over() { self_.reset(); }

 private:
  // Reads what was sent into `request`, and lets go of it. Unparsed, or what the transport says.
  virtual absl::Status Parse(google::protobuf::Message& request) = 0;
  // Sends the operation, or why there is none; from any thread. Once.
  virtual void Send(absl::StatusOr<service::Answer> answer) = 0;

  // Reads the request and finds the operation. INVALID_ARGUMENT for a timeout below zero,
  // NOT_FOUND, or the errors of calls::Receive.
  absl::Status Receive(std::optional<Alarms::Time>& until);
  // Has both wake the call; one may do so before this returns.
  void WaitUntil(std::optional<Alarms::Time> until) CAIRN_EXCLUDES(mutex_);
  // Answers with the operation as it is now, or with an error; the first one does.
  void Answer() CAIRN_EXCLUDES(mutex_);
  // Withdraws from those who would wake it, and sends.
  void CountAndSend(absl::StatusOr<service::Answer> answer) CAIRN_EXCLUDES(mutex_);

  Environment& environment_;
  const service::Method& method_;
  const service::OperationWaits& row_;
  const service::Caller caller_;
  CallRecord record_;
  google::longrunning::WaitOperationRequest request_;
  Mutex mutex_;
  bool answered_ CAIRN_GUARDED_BY(mutex_) = false;
  int64_t wait_ CAIRN_GUARDED_BY(mutex_) = 0;  // with the runner of operations
  Alarms::Ticket alarm_ CAIRN_GUARDED_BY(mutex_);
  std::shared_ptr<OperationWait> self_;
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_OPERATION_WAIT_H_

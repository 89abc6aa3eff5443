#ifndef CAIRN_SERVER_CALLS_UNARY_H_
#define CAIRN_SERVER_CALLS_UNARY_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "server/calls/call_record.h"
#include "server/calls/environment.h"
#include "server/calls/serial_queue.h"
#include "server/service/method.h"

namespace cairn::calls {

// The part of a unary call that is the same for every transport: when the request is parsed, who
// answers it and when, and what is charged for it. Base of the transports' calls, which bring the
// request's bytes and send the answer.
//
// What is answered inline is parsed and answered where it came; for the rest the request waits as
// bytes. A change is planned by the Mutator, behind those that wait for room to fold when it brings
// points, or in its turn with the others of what it moves. Used by one thread at a time; the
// transport keeps the call alive until Send.
class Unary {
 public:
  // Both outlive the call. `size_bytes` is what the request holds while it waits.
  Unary(Environment& environment, const service::Method& method, service::Caller caller)
      : environment_(environment), method_(method), caller_(std::move(caller)) {}
  virtual ~Unary() = default;
  Unary(const Unary&) = delete;
  Unary& operator=(const Unary&) = delete;

 protected:
  // Answers the call in its turn, for a method that answers or plans a change.
  void Serve(int64_t size_bytes);

  Environment& environment_;
  const service::Method& method_;
  const service::Caller caller_;

 private:
  // Reads what was sent into `request`, and lets go of it. Unparsed, or what the transport says.
  virtual absl::Status Parse(google::protobuf::Message& request) = 0;
  // Charges the answer, or what else the call holds until its end. Errors of Replies::Charge.
  virtual absl::Status Charge(int64_t bytes) = 0;
  // Called exactly once. Nothing is done with this object after it.
  virtual void Send(absl::StatusOr<service::Answer> answer) = 0;

  // Parses and allows; the errors of calls::Receive.
  absl::Status Receive();
  // Calls the row's function and charges what it answers. In the call's turn.
  void Answer();
  // A change is read where it came, because what it is decides in which line it waits.
  void ServeChange();
  void WaitForTurn();
  // Plans and commits, in the call's turn; answers from a thread that commits.
  void RunChange();
  // Ends the turn, if the call has one, and sends.
  void EndTurn(absl::StatusOr<service::Answer> answer);
  // What makes a repetition of the request known: who asks, the method and the request id.
  storage::RequestContext RequestOf() const;

  int64_t size_bytes_ = 0;
  std::unique_ptr<google::protobuf::Message> request_;  // once it is parsed
  service::Change change_;
  SerialQueue::Turn turn_;  // of a change that takes turns
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_UNARY_H_

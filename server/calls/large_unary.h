#ifndef CAIRN_SERVER_CALLS_LARGE_UNARY_H_
#define CAIRN_SERVER_CALLS_LARGE_UNARY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/calls/intake.h"
#include "server/calls/unary.h"
#include "server/service/method.h"

namespace cairn::calls {

// A unary call of a method whose requests may be large: none is read before the intake lets it in
// (intake.h), and it is then served as any other. Base of the calls of transports that can leave a
// request unread.
//
// The request counts as held by the intake from when it was received until it is answered. Who is
// not known is refused unread. Used by one thread at a time; the transport keeps the call alive
// until SendAnswer, and never calls back from within Read.
class LargeUnary : public Unary {
 public:
  using Unary::Unary;

 protected:
  // Has the request read in its turn. Once, and first.
  void ServeInTurn();

  // After Read: the request came and holds `bytes`.
  void Received(int64_t bytes);

  // After Read: the call ended before its request came, or came without one.
  void ReceivedNothing();

 private:
  // Begins to receive the request; Received or ReceivedNothing follow, later.
  virtual void Read() = 0;
  // As Unary::Send.
  virtual void SendAnswer(absl::StatusOr<service::Answer> answer) = 0;

  // Gives the place back first: the answer may take its time to be taken.
  void Send(absl::StatusOr<service::Answer> answer) final;

  Intake::Ticket ticket_;
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_LARGE_UNARY_H_

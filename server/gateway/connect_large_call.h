#ifndef CAIRN_SERVER_GATEWAY_CONNECT_LARGE_CALL_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_LARGE_CALL_H_

#include <atomic>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "lib/base/shared_budget.h"
#include "lib/http/exchange.h"
#include "server/calls/alarms.h"
#include "server/calls/call_record.h"
#include "server/calls/large_unary.h"
#include "server/gateway/arrival.h"
#include "server/gateway/connect_call.h"
#include "server/gateway/connect_head.h"
#include "server/gateway/connect_reply.h"
#include "server/service/caller.h"
#include "server/service/method.h"

namespace cairn::gateway {

// Goes last of what a call holds, because the server waits for it.
struct HeldExchange {
  const std::shared_ptr<http::Exchange> exchange;
};

// A unary call over HTTP of a method whose requests may be large, served as calls::LargeUnary says:
// none of the body is read before the intake lets it in. It then has to come as Arrival says, which
// bounds it until it is complete; from then on the intake does.
//
// Keeps itself until it is answered.
class ConnectLargeCall final : public std::enable_shared_from_this<ConnectLargeCall>,
                               private HeldExchange,
                               private calls::LargeUnary {
 public:
  // Reads and serves the request in its turn. All of them outlive the call; the record has begun.
  // `input` has no bytes yet.
  static void Begin(calls::Environment& environment, const service::Method& method,
                    service::Caller caller, calls::CallRecord record, Arrival arrival,
                    ConnectCall::Input input, Deadline deadline,
                    std::shared_ptr<http::Exchange> exchange);

  // Use Begin.
  ConnectLargeCall(calls::Environment& environment, const service::Method& method,
                   service::Caller caller, calls::CallRecord record, Arrival arrival,
                   ConnectCall::Input input, Deadline deadline,
                   std::shared_ptr<http::Exchange> held);

 private:
  // What the flow asks for. Read is called once, when the intake lets the call in, and sets the
  // alarm of those 30 s.
  void Read() override;
  absl::Status Parse(google::protobuf::Message& request) override;
  // Until the connection took the answer.
  absl::Status Charge(int64_t bytes) override { return reply_.Charge(bytes); }
  // May come on a thread that commits, which does not wait for JSON.
  void SendAnswer(absl::StatusOr<service::Answer> answer) override;

  // The body comes piece by piece, on the connection's thread; the next is asked for when the one
  // before has its charge.
  void ReadPiece();
  void TakePiece(absl::StatusOr<http::Exchange::Piece> piece);
  // The body ended, whole or by an error; only the first time, which is true.
  bool StopReading();
  // The request is this error; the flow answers with it when it parses.
  void Fail(absl::Status error);
  // On the pool: gzip takes its time. What it unpacks to is bounded by the size of a message.
  void Unpack();
  // The call may be deleted within.
  void Finish();

  const Arrival arrival_;
  const Deadline deadline_;
  ConnectCall::Input input_;
  calls::CallRecord record_;
  ConnectReply reply_;
  absl::Status error_;  // instead of a request
  SharedCharge charge_;
  calls::Alarms::Ticket alarm_;
  std::atomic<bool> reading_ = false;  // whoever makes it false goes on: the body, or the alarm
  absl::StatusOr<service::Answer> answer_;
  std::shared_ptr<ConnectLargeCall> self_;
};

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_LARGE_CALL_H_

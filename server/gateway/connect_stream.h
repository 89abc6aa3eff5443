#ifndef CAIRN_SERVER_GATEWAY_CONNECT_STREAM_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_STREAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "lib/base/mutex.h"
#include "lib/base/shared_budget.h"
#include "lib/http/exchange.h"
#include "server/calls/alarms.h"
#include "server/calls/environment.h"
#include "server/calls/intake.h"
#include "server/gateway/arrival.h"
#include "server/gateway/connect_envelope.h"
#include "server/gateway/connect_head.h"
#include "server/service/method.h"

namespace cairn::gateway {

// An error of Exchange::Read as the caller is told it.
absl::Status BodyError(const absl::Status& error);

// What calls with a stream share over HTTP: messages in and out of an exchange, and when nobody
// waits for the answer any more. Base of a call, and its first one: bases after it are flows
// (server/calls), and what they hold goes before the exchange, whose end the server waits for.
//
// A call is made by a shared_ptr and keeps itself from Watch until Finish; callbacks that are under
// way keep it longer, which is where it is deleted. Of requests one message is held at a time. What
// it holds until it is complete, and how long that may take, is bounded by Arrival.
class ConnectStream : public std::enable_shared_from_this<ConnectStream> {
 public:
  // What becomes of a message above 64 KiB.
  enum class Requests {
    kOne,     // read at once and charged until LetGo, for a method that takes one: a second is an
              // error
    kInTurn,  // read when the intake lets it in, where it counts until LetGo
  };

  // All of them outlive the call.
  ConnectStream(calls::Environment& environment, Arrival arrival, StreamHead head,
                Requests requests, std::shared_ptr<http::Exchange> exchange);
  virtual ~ConnectStream() = default;
  ConnectStream(const ConnectStream&) = delete;
  ConnectStream& operator=(const ConnectStream&) = delete;

 protected:
  // The call keeps itself from now on. Once, and first.
  void Keep() { self_ = shared_from_this(); }

  // Has Ended called when the client leaves or the deadline is over. Once, after the flow began;
  // the caller holds the call meanwhile.
  void Watch();

  // Receives the next message. `next` is called once, not within this: with true when TakeReceived
  // has a message or why none came, with false when the body is over. Not again after either.
  // Mostly on the connection's thread, so it is quick. REQUIRES: the one before was called.
  void Receive(std::function<void(bool)> next);

  // The message that came last, or why none came:
  //   INVALID_ARGUMENT (REQUEST_MALFORMED), RESOURCE_EXHAUSTED (TOO_LARGE)  as the envelopes say
  //   RESOURCE_EXHAUSTED (QUEUE_FULL)    no room for it
  //   CANCELLED, DEADLINE_EXCEEDED (CALL_ENDED)  the client left, sent too slowly or waits no
  //   longer UNAVAILABLE (SHUTTING_DOWN)        the server stops
  absl::StatusOr<Envelope> TakeReceived() { return std::exchange(received_, Envelope()); }

  // Reads such a message into `request`. Takes time. Its error, or those of gateway::Unpack and
  // ParseMessage.
  absl::Status Parse(absl::StatusOr<Envelope> message, google::protobuf::Message& request) const;

  // The message that came last was handled, and counts no more.
  void LetGo();

  // A message as it goes to the client, with what stands before it. Takes time.
  absl::StatusOr<std::string> Render(const google::protobuf::Descriptor& type,
                                     service::Answer message);

  // Sends what Render gave; `taken` as in Exchange.
  void Send(std::string rendered, http::Exchange::OnTaken taken);

  // Sends `rendered` and how the call ended. Once; the call may be deleted within.
  void Finish(const absl::Status& status, std::string rendered = "");

  const std::shared_ptr<http::Exchange> exchange_;

 private:
  // Nobody waits for the answer any more. From any thread, also after Finish.
  virtual void Ended() = 0;

  // Tells the flow that it has ended, and gives `why` to it if it waits for a message.
  void StopWaiting(const absl::Status& why) CAIRN_EXCLUDES(mutex_);
  absl::Status WhyEnded() CAIRN_EXCLUDES(mutex_);
  void ReadPiece();
  void TakePiece(absl::StatusOr<http::Exchange::Piece> piece);
  // Takes the next message out of the piece, or asks for another one.
  void Cut();
  // Of a large message, before the rest of it is read.
  void WaitForTurn();
  // Somebody waits for a message: what comes when nobody does is unheard.
  bool Heard() CAIRN_EXCLUDES(mutex_);
  // From now on the message that is waited for may take as long as Arrival says.
  void BoundTime() CAIRN_EXCLUDES(mutex_);
  // With a number only to who waits for the message of that number.
  void Give(absl::StatusOr<std::optional<Envelope>> came, std::optional<uint64_t> number = {})
      CAIRN_EXCLUDES(mutex_);
  void BeginAnswer();

  calls::Environment& environment_;
  const Arrival arrival_;
  const StreamHead head_;
  const Requests requests_;
  Packer packer_;
  bool begun_ = false;  // the answer

  // Of the side that reads: the connection's thread, but for while it waits for its turn.
  EnvelopeReader reader_;
  std::string piece_;
  size_t cut_ = 0;  // so much of it was given to the reader
  SharedCharge charge_;
  bool let_in_ = false;   // the message has or waits for its place
  bool bounded_ = false;  // in time
  bool had_one_ = false;
  calls::Intake::Ticket ticket_;

  absl::StatusOr<Envelope> received_;
  Mutex mutex_;
  std::function<void(bool)> next_ CAIRN_GUARDED_BY(mutex_);  // null: nobody waits
  uint64_t number_ CAIRN_GUARDED_BY(mutex_) = 0;             // of the message that is waited for
  calls::Alarms::Ticket late_ CAIRN_GUARDED_BY(mutex_);
  bool finished_ CAIRN_GUARDED_BY(mutex_) = false;
  calls::Alarms::Ticket alarm_ CAIRN_GUARDED_BY(mutex_);
  std::shared_ptr<ConnectStream> self_;
};

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_STREAM_H_

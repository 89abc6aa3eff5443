#ifndef CAIRN_SERVER_GATEWAY_CONNECT_CLIENT_STREAM_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_CLIENT_STREAM_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "server/calls/request_stream.h"
#include "server/gateway/connect_stream.h"
#include "server/service/caller.h"
#include "server/service/method.h"

namespace cairn::gateway {

// A call over HTTP of any method that takes a stream and answers once, served as
// calls::RequestStream says: no more is read from the connection than the message that is wanted,
// and a large one when the intake lets it in. The answer is one message and the stream's end; it
// may come before the client has sent all, and closes the connection then.
class ConnectClientStream final : public ConnectStream, private calls::RequestStream {
 public:
  // Begins to read. All of them outlive the call; the record has begun.
  static void Begin(calls::Environment& environment, const service::Method& method,
                    service::Caller caller, calls::CallRecord record, Arrival arrival,
                    StreamHead head, std::shared_ptr<http::Exchange> exchange);

  // Use Begin.
  ConnectClientStream(calls::Environment& environment, const service::Method& method,
                      service::Caller caller, calls::CallRecord record, Arrival arrival,
                      StreamHead head, std::shared_ptr<http::Exchange> exchange);

 private:
  // What the flow asks for.
  void Read() override;
  absl::Status Parse(google::protobuf::Message& request) override {
    return ConnectStream::Parse(TakeReceived(), request);
  }
  // The call may be deleted within.
  void Answer(absl::StatusOr<std::unique_ptr<google::protobuf::Message>> answer) override;

  // The client left or its deadline is over: the flow stops with the message at hand.
  void Ended() override { Cancelled(); }
};

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_CLIENT_STREAM_H_

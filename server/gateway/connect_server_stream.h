#ifndef CAIRN_SERVER_GATEWAY_CONNECT_SERVER_STREAM_H_
#define CAIRN_SERVER_GATEWAY_CONNECT_SERVER_STREAM_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "server/calls/answer_stream.h"
#include "server/gateway/connect_stream.h"
#include "server/service/caller.h"
#include "server/service/method.h"

namespace cairn::gateway {

// A call over HTTP of any method that answers with a stream, served as calls::AnswerStream says.
// Its request is the only message of the body, which is read to its end first.
//
// The next part is made when the connection has taken the one before: what a part becomes in JSON
// is charged until then, and it is rendered on the pool that made it. A client that takes nothing
// is cut off, by the flow or before by the HTTP server's own bound; whatever else ends the call is
// told in the stream's end.
class ConnectServerStream final : public ConnectStream, private calls::AnswerStream {
 public:
  // Begins to read. All of them outlive the call; the record has begun.
  static void Begin(calls::Environment& environment, const service::Method& method,
                    service::Caller caller, calls::CallRecord record, Arrival arrival,
                    StreamHead head, std::shared_ptr<http::Exchange> exchange);

  // Use Begin.
  ConnectServerStream(calls::Environment& environment, const service::Method& method,
                      service::Caller caller, calls::CallRecord record, Arrival arrival,
                      StreamHead head, std::shared_ptr<http::Exchange> exchange);
  ~ConnectServerStream() override { Over(); }

 private:
  // The request came, or why there is none.
  void TakeRequest();

  // What the flow asks for.
  absl::Status Parse(google::protobuf::Message& request) override;
  absl::Status Write(std::string part) override;
  void End(const absl::Status& status) override { Finish(status); }
  void Abort() override { exchange_->Abort(); }

  // The client left or its deadline is over: also wakes a source that waits for news.
  void Ended() override { Cancelled(); }

  absl::StatusOr<Envelope> request_;
};

}  // namespace cairn::gateway

#endif  // CAIRN_SERVER_GATEWAY_CONNECT_SERVER_STREAM_H_

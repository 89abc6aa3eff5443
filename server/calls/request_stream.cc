#include "server/calls/request_stream.h"

#include <utility>
#include <variant>

#include "server/calls/receive.h"

namespace cairn::calls {

using google::protobuf::Message;

RequestStream::RequestStream(Environment& environment, const service::Method& method,
                             service::Caller caller, CallRecord record)
    : environment_(environment),
      method_(method),
      caller_(std::move(caller)),
      pool_(environment.pools.Of(method.effort())),
      record_(record),
      sink_(std::get<service::SinkFunction>(method.serve)(caller_)),
      request_(method.request->New()) {}

void RequestStream::Received(bool message) {
  const auto step = [this, message] { Step(message); };
  const bool accepted = begun_ ? pool_.Resubmit(step) : pool_.TrySubmit(step);
  if (!accepted) CountAndAnswer(Overloaded());
}

void RequestStream::Step(bool message) {
  const bool continues = std::exchange(begun_, true);
  if (cancelled_) return CountAndAnswer(WhyEnded(caller_));
  if (!message) return CountAndAnswer(sink_->Complete());
  const absl::Status received = Receive(
      environment_, method_, caller_, [this](Message& request) { return Parse(request); },
      *request_, continues);
  if (!received.ok()) return CountAndAnswer(received);
  const absl::StatusOr<bool> more = sink_->Take(*request_);
  if (!more.ok()) return CountAndAnswer(more.status());
  if (!*more) return CountAndAnswer(sink_->Complete());
  Read();
}

void RequestStream::CountAndAnswer(absl::StatusOr<std::unique_ptr<Message>> answer) {
  sink_.reset();
  record_.End(answer.status());
  Answer(std::move(answer));
}

}  // namespace cairn::calls

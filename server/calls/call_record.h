#ifndef CAIRN_SERVER_CALLS_CALL_RECORD_H_
#define CAIRN_SERVER_CALLS_CALL_RECORD_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "lib/base/clock.h"
#include "server/calls/environment.h"
#include "server/service/caller.h"
#include "server/service/method.h"

namespace cairn::calls {

// Counts and times one call from its start until End; shared by all kinds of calls of all
// transports. `method` is the path of a row, "cairn.v1.TrackingService/GetRun", which outlives the
// server's count of it.
//
// A small value: a transport begins one when a call comes, before it knows whether it can be
// served, and hands it to the flow, which ends it. Until then the call counts as in flight.
class CallRecord {
 public:
  CallRecord(const Environment& environment, const char* method)
      : metrics_(&environment.metrics),
        method_(method),
        start_nanos_(ForwardClock().NowUnixNanos()) {
    metrics_->Begin();
  }

  // Counts the outcome. Called exactly once for a call, of one of its copies.
  void End(const absl::Status& status) {
    metrics_->End(method_, status, ForwardClock().NowUnixNanos() - start_nanos_);
  }

  // The path, as the metrics name it.
  const char* method() const { return method_; }

 private:
  observability::CallMetrics* metrics_;
  const char* method_;
  int64_t start_nanos_;
};

// CANCELLED (CALL_ENDED): the client went away.
absl::Status CallEnded();

// DEADLINE_EXCEEDED (CALL_ENDED): the client waits no longer.
absl::Status DeadlineOver();

// Why the call of `caller` ended before it was answered: what its `ended` says, or CallEnded.
absl::Status WhyEnded(const service::Caller& caller);

// INVALID_ARGUMENT (REQUEST_MALFORMED): what was sent is not a message of this type in protobuf's
// wire format.
absl::Status Unparsed(const google::protobuf::Descriptor& type);

// Fills in the etag of a mutation's answer: its own, or that of the one
// resource it wraps.
void StampEtag(storage::Revision revision, google::protobuf::Message& response);

// Says who calls: `authorization` is the value of a header of that name, or empty; it goes before
// `certificate`, the principal of the client's certificate, or empty, because it says more exactly
// who calls. Where the server asks nobody, `claimed` of at most 128 bytes keeps the request ids of
// different callers apart.
void Identify(const Environment& environment, std::string_view authorization,
              std::string_view certificate, std::string_view claimed, service::Caller& caller);

// Serialized size of an answer: twice that of a message, which is held as bytes as well.
int64_t BytesOf(const service::Answer& answer);

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_CALL_RECORD_H_

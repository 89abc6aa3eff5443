#include "server/gateway/connect_reply.h"

#include <memory>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/http/gzip.h"

namespace cairn::gateway {

http::Response ConnectReply::Make(absl::StatusOr<service::Answer> answer, absl::Status& outcome) {
  absl::StatusOr<http::Response> rendered =
      answer.ok() ? Render(*std::move(answer)) : absl::StatusOr<http::Response>(answer.status());
  outcome = rendered.status();
  http::Response response = rendered.ok() ? *std::move(rendered) : ErrorAnswer(outcome);
  if (charge_.bytes() != 0) response.held = std::make_shared<MemoryCharge>(std::move(charge_));
  return response;
}

absl::StatusOr<http::Response> ConnectReply::Render(service::Answer answer) {
  CAIRN_ASSIGN_OR_RETURN(std::string body, RenderAnswer(codec_, type_, std::move(answer)));
  http::Response response = http::TextResponse(std::move(body), TypeOf(codec_));
  if (response.body.size() >= http::kLeastGzipBytes) {
    response.headers.push_back({"Vary", "Accept-Encoding"});
    if (packs_) {
      response.body = http::Gzip(response.body);
      response.headers.push_back({"Content-Encoding", "gzip"});
    }
  }
  // JSON holds more than was charged for; what was stored is answered all the same.
  const auto bytes = static_cast<int64_t>(response.body.size());
  if (bytes > charge_.bytes() && bytes > calls::Replies::kCountedBytes) {
    replies_.ChargeBegun(bytes - charge_.bytes(), charge_);
  }
  return response;
}

}  // namespace cairn::gateway

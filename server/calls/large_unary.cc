#include "server/calls/large_unary.h"

#include <utility>

#include "server/service/authorize.h"

namespace cairn::calls {

void LargeUnary::ServeInTurn() {
  if (absl::Status known = service::CheckIdentity(environment_.access, caller_); !known.ok()) {
    return Send(std::move(known));
  }
  environment_.intake.Admit(caller_.ended, [this](const absl::Status& status) {
    if (!status.ok()) return Send(status);
    ticket_ = environment_.intake.Begin();
    Read();
  });
}

void LargeUnary::Received(int64_t bytes) {
  ticket_.Received(bytes);
  Serve(bytes);
}

void LargeUnary::ReceivedNothing() {
  absl::Status ended = caller_.Ended();
  Send(ended.ok() ? Unparsed(*method_.descriptor->input_type()) : std::move(ended));
}

void LargeUnary::Send(absl::StatusOr<service::Answer> answer) {
  ticket_.Leave();
  SendAnswer(std::move(answer));
}

}  // namespace cairn::calls

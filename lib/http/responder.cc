#include "lib/http/responder.h"

#include <atomic>
#include <utility>

namespace cairn::http {

struct Responder::State {
  State(Send s, Gone g) : send(std::move(s)), gone(std::move(g)) {}
  ~State() {
    if (!answered) Answer(ErrorResponse(500, "the request was left without an answer"));
  }

  void Answer(Response response) {
    if (answered.exchange(true)) return;
    // What it holds of the connection goes with the answer, not with the last copy.
    const Send once = std::move(send);
    once(std::move(response));
  }

  Send send;
  const Gone gone;
  std::atomic<bool> answered = false;
};

Responder::Responder(Send send, Gone gone)
    : state_(std::make_shared<State>(std::move(send), std::move(gone))) {}

void Responder::Answer(Response response) const { state_->Answer(std::move(response)); }

bool Responder::gone() const { return state_->gone != nullptr && state_->gone->gone(); }

bool Responder::lost() const { return state_->gone != nullptr && state_->gone->lost(); }

void Responder::OnGone(std::function<void()> left) const {
  if (state_->gone != nullptr) state_->gone->OnGone(std::move(left));
}

}  // namespace cairn::http

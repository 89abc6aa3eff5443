#include "server/mlflow/lost_answers.h"

#include <optional>
#include <utility>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/netstring.h"

namespace cairn::mlflow {

struct LostAnswers::Call {
  struct Waiter {
    http::Responder client;
    Turn turn;
  };

  Call(std::string k, http::Responder c) : key(std::move(k)), client(std::move(c)) {}

  const std::string key;
  // All below is guarded by the mutex of LostAnswers.
  http::Responder client;  // who is to have the answer, or was the last to get it
  std::optional<std::string> answer;
  int64_t ended = 0;
  std::list<std::shared_ptr<Call>>::iterator place;  // among the kept, once it is
  std::vector<Waiter> waiters;
};

std::string LostAnswers::KeyOf(std::string_view holder, std::string_view path,
                               std::string_view body) {
  std::string text;
  for (const std::string_view part : {holder, path, body}) AppendNetstring(text, part);
  return DigestOf(text).Hex();
}

void LostAnswers::Enter(const std::string& key, const http::Responder& client, int64_t now,
                        Turn turn) {
  std::shared_ptr<Call> begun;
  std::string earlier;
  {
    const MutexLock lock(&mutex_);
    ForgetOld(now);
    const auto found = calls_.find(key);
    Call* const first = found == calls_.end() ? nullptr : found->second.get();
    if (first != nullptr && !first->answer.has_value() && first->client.gone()) {
      first->waiters.push_back({client, std::move(turn)});
      return;
    }
    if (first != nullptr && first->answer.has_value() && first->client.lost()) {
      first->client = client;
      earlier = *first->answer;
    } else {
      if (first != nullptr && first->answer.has_value()) Forget(found->second);
      begun = std::make_shared<Call>(key, client);
      calls_[key] = begun;
    }
  }
  turn(std::move(begun), earlier);
}

void LostAnswers::End(const std::shared_ptr<Call>& call, const std::string* answer, int64_t now) {
  std::vector<Call::Waiter> waiters;
  {
    const MutexLock lock(&mutex_);
    waiters.swap(call->waiters);
    if (answer != nullptr && !waiters.empty()) call->client = waiters.back().client;
    const auto found = calls_.find(call->key);
    if (found != calls_.end() && found->second == call) {
      if (answer == nullptr) {
        calls_.erase(found);
      } else {
        Keep(call, *answer, now);
      }
    }
  }
  for (Call::Waiter& waiter : waiters) {
    if (answer != nullptr) {
      waiter.turn(nullptr, *answer);
    } else {
      Enter(call->key, waiter.client, now, std::move(waiter.turn));
    }
  }
}

void LostAnswers::Keep(const std::shared_ptr<Call>& call, const std::string& answer, int64_t now) {
  call->answer = answer;
  call->ended = now;
  bytes_ += answer.size();
  call->place = kept_.insert(kept_.end(), call);
  while (kept_.size() > kMostAnswers || bytes_ > kMostBytes) {
    const std::shared_ptr<Call> oldest = kept_.front();
    Forget(oldest);
  }
}

void LostAnswers::Forget(const std::shared_ptr<Call>& call) {
  bytes_ -= call->answer->size();
  calls_.erase(call->key);
  kept_.erase(call->place);
}

void LostAnswers::ForgetOld(int64_t now) {
  while (!kept_.empty() && now - kept_.front()->ended > kKeptSeconds) {
    const std::shared_ptr<Call> oldest = kept_.front();
    Forget(oldest);
  }
}

}  // namespace cairn::mlflow

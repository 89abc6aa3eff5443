#ifndef CAIRN_SERVER_MLFLOW_LOST_ANSWERS_H_
#define CAIRN_SERVER_MLFLOW_LOST_ANSWERS_H_

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "lib/base/mutex.h"
#include "lib/http/responder.h"

namespace cairn::mlflow {

// Answers of calls that make something, for clients that never got them.
//
// MLflow's clients send every request again when the connection breaks or the answer is late, and
// none of them has an id: a run whose answer got lost would be made twice, and the first one be
// nobody's ("ghost run"). So the answer of such a call is kept for a while, and a request that is
// equal to the last byte gets it if it is certain that the first answer did not arrive:
// http::Responder::lost. While the first call runs on for a client that left, the equal one waits.
// Equal requests whose answers arrived, or may yet, are calls of their own, as in MLflow.
//
// Kept in memory and bounded; a restart forgets them. Thread-safe.
class LostAnswers {
 public:
  static constexpr int64_t kKeptSeconds = 30 * 60;  // above all tries of a client, 20 minutes
  static constexpr size_t kMostAnswers = 4096;
  static constexpr size_t kMostBytes = size_t{4} << 20;

  // A call that was begun. Of LostAnswers alone.
  struct Call;
  // What a request is to do: run as `call`, to be given back to End; or, if that is null, take
  // `answer`.
  using Turn = std::function<void(std::shared_ptr<Call> call, const std::string& answer)>;

  // Names a request: who sends it, what for, and its body.
  static std::string KeyOf(std::string_view holder, std::string_view path, std::string_view body);

  // Calls `turn` once: in this thread before it returns, or in that of the End that it waited for.
  void Enter(const std::string& key, const http::Responder& client, int64_t now_unix_seconds,
             Turn turn) CAIRN_EXCLUDES(mutex_);

  // The call ended with this JSON; null: with an error, which is kept for nobody. Before the client
  // is answered. Each call that Enter began is ended once.
  void End(const std::shared_ptr<Call>& call, const std::string* answer, int64_t now_unix_seconds)
      CAIRN_EXCLUDES(mutex_);

 private:
  using Calls = std::map<std::string, std::shared_ptr<Call>>;

  void Keep(const std::shared_ptr<Call>& call, const std::string& answer, int64_t now)
      CAIRN_REQUIRES(mutex_);
  void Forget(const std::shared_ptr<Call>& call) CAIRN_REQUIRES(mutex_);
  void ForgetOld(int64_t now) CAIRN_REQUIRES(mutex_);

  Mutex mutex_;
  Calls calls_ CAIRN_GUARDED_BY(mutex_);                            // the newest of each key
  std::list<std::shared_ptr<Call>> kept_ CAIRN_GUARDED_BY(mutex_);  // ended, the oldest first
  size_t bytes_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_LOST_ANSWERS_H_

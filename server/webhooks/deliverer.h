#ifndef CAIRN_SERVER_WEBHOOKS_DELIVERER_H_
#define CAIRN_SERVER_WEBHOOKS_DELIVERER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "lib/base/thread_pool.h"
#include "server/storage/kv_store.h"
#include "server/webhooks/webhook.h"
#include "server/webhooks/webhook_store.h"

namespace cairn::webhooks {

// What an event is to those who hear of it: some messages, often none, the same each time it is
// asked. Reads what else it needs from the store. An error has the event left out and reported.
using Translate = std::function<absl::StatusOr<std::vector<Message>>(
    const storage::Snapshot& snapshot, const storage::StoredEvent& event)>;

// What became of a message that somebody had sent to see whether it comes.
struct TestResult {
  int status = 0;       // of the answer; 0: none came
  absl::Status failed;  // why none did
};

struct DelivererOptions {
  http::OutgoingOptions outgoing;
  // Before the second and the third try, and from then on: that doubles up to the last.
  int64_t first_pause_nanos = kNanosPerSecond;
  int64_t long_pause_nanos = 15 * kNanosPerSecond;
  int64_t longest_pause_nanos = 600 * kNanosPerSecond;
  // Told of what an operator may want to know. Called from the threads of the deliverer.
  std::function<void(const std::string& what, const Webhook& webhook, const std::string& why)>
      on_warning;
};

// Tells webhooks what happened, from the event log: at least once, in the order of the log, one
// message at a time for each webhook.
//
// Each webhook has a position in the log, written when a message was taken, so a restart goes on
// where it stopped. What may come again, after a crash between an answer and its commit, has the
// same id. 2xx takes a message. 4xx but 408 and 429 refuses it: it is reported and passed over, for
// it would be refused again. Everything else, a receiver that is down among it, keeps the position,
// and is tried again after pauses that grow, for as long as the event log is kept: what is trimmed
// from it before is lost to that webhook, and reported (docs/decisions/0046).
//
// One thread delivers; whoever is slow holds up the others by the timeout of one message, and
// then pauses. Safe to call from any thread. All that it is made of outlives it; the destructor
// stops it.
class Deliverer {
 public:
  Deliverer(storage::KvStore& store, WebhookStore& webhooks, const Clock& clock,
            Translate translate, DelivererOptions options);
  ~Deliverer();
  Deliverer(const Deliverer&) = delete;
  Deliverer& operator=(const Deliverer&) = delete;

  void Start();
  // A message under way is given up, and comes again after the next start.
  void Stop() CAIRN_EXCLUDES(mutex_);

  WebhookStore& webhooks() { return webhooks_; }

  // Sends one message now, once, whatever the webhook wants, and calls `done` on another thread.
  // False: too many wait already, or it stops; then `done` is not called.
  bool Test(Webhook webhook, Message message, std::function<void(TestResult)> done);

 private:
  // A webhook and how far it is.
  struct Lane {
    Webhook webhook;
    Position position;           // not all of it is written
    storage::Revision kept = 0;  // what was written of it
    int failures = 0;            // of the message that is next
    int64_t not_before_nanos = 0;
  };
  // Some events in the order of the log, whole revisions, and the revision behind them.
  struct Events {
    std::vector<storage::StoredEvent> events;
    storage::Revision end = 0;
  };

  void Work() CAIRN_EXCLUDES(mutex_);
  // Until something is committed that webhooks hear of, one of them changed, or a pause is over.
  void AwaitNews() CAIRN_EXCLUDES(mutex_);
  void OnCommit(const std::vector<storage::Event>& events) CAIRN_EXCLUDES(mutex_);
  void OnChange() CAIRN_EXCLUDES(mutex_);
  // There may be more to tell at once.
  void OnCommitted() CAIRN_EXCLUDES(mutex_);
  bool stopping() const CAIRN_EXCLUDES(mutex_);

  // Takes webhooks as they are now; those that are still there go on. False: it has to be tried
  // again.
  bool LoadLanes();
  // Tells it what it has not heard of; true if there may be more.
  bool Advance(Lane& lane);
  // Those from the position on that webhooks may hear of.
  absl::StatusOr<Events> NextEvents(const Position& from) const;
  // True: all its messages were taken or refused. `messages` counts those of its revision.
  bool Tell(Lane& lane, const storage::StoredEvent& event, int32_t& messages);
  // True: the message was taken or refused.
  bool Send(Lane& lane, const Message& message, const storage::StoredEvent& event, int32_t number);
  void Pause(Lane& lane, const std::string& why);
  // Writes the position. What fails is reported: then a message may come twice.
  void Keep(Lane& lane);
  absl::StatusOr<int> Post(const Webhook& webhook, const std::string& id, const Message& message,
                           int64_t unix_nanos) const;
  void Warn(const std::string& what, const Webhook& webhook, const std::string& why) const;

  storage::KvStore& store_;
  WebhookStore& webhooks_;
  const Clock& clock_;
  const Translate translate_;
  DelivererOptions options_;
  int64_t listener_ = 0;

  mutable Mutex mutex_;
  CondVar news_;
  bool committed_ CAIRN_GUARDED_BY(mutex_) = false;
  bool changed_ CAIRN_GUARDED_BY(mutex_) = true;
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;

  std::map<std::string, Lane> lanes_;  // of active webhooks, by id; of the thread
  std::thread thread_;
  ThreadPool tests_;
};

}  // namespace cairn::webhooks

#endif  // CAIRN_SERVER_WEBHOOKS_DELIVERER_H_

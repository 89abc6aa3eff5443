#ifndef CAIRN_SERVER_EVENTS_ANSWER_TRIMMER_H_
#define CAIRN_SERVER_EVENTS_ANSWER_TRIMMER_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "lib/base/clock.h"
#include "server/storage/kv_store.h"

namespace cairn::events {

// Removes the answers kept for request ids whose time is over (Mutator::kRetentionNanos).
// Nobody gets such an answer any more: it only takes room.
//
// Goes over all kept answers, a part at a time. Has no thread of its own; steps are not
// to be run at the same time. Store and clock must outlive it. An answer whose record
// cannot be read is kept, for people to look at. If an id was used again just then,
// what its step would remove is left for the next pass.
class AnswerTrimmer {
 public:
  static constexpr size_t kAnswersPerStep = 4096;

  AnswerTrimmer(storage::KvStore& store, const Clock& clock,
                size_t answers_per_step = kAnswersPerStep)
      : store_(store), clock_(clock), answers_per_step_(answers_per_step) {}

  // Looks at the next answers and removes what is over, in one commit. True when there
  // are more; after false the next step begins from the first answer again. After an
  // error, which is the store's, it does too. The commit frees space, so it goes
  // through on a full disk.
  absl::StatusOr<bool> Step();

 private:
  storage::KvStore& store_;
  const Clock& clock_;
  const size_t answers_per_step_;
  std::string next_;  // the first key that was not looked at; empty: all
};

}  // namespace cairn::events

#endif  // CAIRN_SERVER_EVENTS_ANSWER_TRIMMER_H_

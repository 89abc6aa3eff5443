#ifndef CAIRN_SERVER_INDEX_CHECKPOINT_POLICY_H_
#define CAIRN_SERVER_INDEX_CHECKPOINT_POLICY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "lib/base/clock.h"

namespace cairn::index {

// When the next checkpoint is due, from plain values. A start reads again what changed
// since the last one, so that work bounds the time of a start; the pauses bound the
// share of the disk that checkpoints take. Value type. It reads no clock, so that a
// test decides with plain numbers.
struct CheckpointPolicy {
  // Each of these takes about a second at a start, and half of two of them as long as one:
  // runs read again, bytes of their records, and events, which are looked at one by one
  // also when they name the same runs.
  size_t max_changed_runs = 20'000;
  int64_t max_changed_bytes = int64_t{256} << 20;
  int64_t max_revisions = 1'000'000;
  // From the end of one checkpoint to the beginning of the next: at least this,
  // and so many times as long as the last one took; after a failed one at least
  // `failed_pause_nanos`.
  int64_t min_pause_nanos = kNanosPerSecond;
  int64_t failed_pause_nanos = 5 * kNanosPerSecond;
  // With 4, checkpoints take a fifth of the time at most.
  int64_t pause_share = 4;
  // A start without a checkpoint that took longer is not to happen again.
  int64_t long_load_nanos = kNanosPerSecond;

  // What is known when the question is asked. Times are lengths in nanoseconds.
  struct Facts {
    size_t changed_runs = 0;      // since the last checkpoint
    int64_t changed_bytes = 0;    // of these runs
    int64_t revisions = 0;        // since it
    int64_t nanos_since = 0;      // since it ended, or since the last attempt
    int64_t last_nanos = 0;       // how long that took
    bool failed = false;          // and whether it failed
    int64_t full_load_nanos = 0;  // of this start if nothing was written since, else 0
  };

  // True if a checkpoint is to be written now: no pause holds it back, and either the
  // work of a start has reached the bound or the last start had no checkpoint and was
  // slow.
  bool Due(const Facts& facts) const {
    // A clock that was set back must not stop checkpoints for ever.
    const bool paused =
        facts.nanos_since >= 0 &&
        facts.nanos_since < std::max(facts.failed ? failed_pause_nanos : min_pause_nanos,
                                     pause_share * facts.last_nanos);
    return !paused && (Work(facts) >= 1 || facts.full_load_nanos >= long_load_nanos);
  }

 private:
  // What a start would have to do, as a share of what it may. The three add up, since a
  // start does all of it; 1 is the bound.
  double Work(const Facts& facts) const {
    const auto share = [](auto is, auto most) {
      return static_cast<double>(is) / static_cast<double>(most);
    };
    return share(facts.changed_runs, max_changed_runs) +
           share(facts.changed_bytes, max_changed_bytes) + share(facts.revisions, max_revisions);
  }
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_CHECKPOINT_POLICY_H_

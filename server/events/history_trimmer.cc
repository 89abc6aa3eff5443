#include "server/events/history_trimmer.h"

#include <utility>

#include "absl/status/statusor.h"

namespace cairn::events {
namespace {

// Between two rounds. A log may grow beyond its bytes by what comes meanwhile.
constexpr std::chrono::seconds kRound{10};
// All answers are looked at once in so many rounds: an hour.
constexpr int kRoundsPerPass = 360;
// That is done in parts, so many for a round, with pauses in between.
constexpr int kPartsPerRound = 50;
constexpr std::chrono::nanoseconds kBetweenParts =
    std::chrono::nanoseconds(kRound) / kPartsPerRound;

}  // namespace

HistoryTrimmer::HistoryTrimmer(storage::KvStore& store, const Clock& clock, HistoryOptions options)
    : options_(std::move(options)),
      events_(store, clock, options_.events),
      answers_(store, clock) {}

HistoryTrimmer::~HistoryTrimmer() {
  {
    MutexLock lock(&mutex_);
    closing_ = true;
  }
  wake_.SignalAll();
  if (thread_.joinable()) thread_.join();
}

void HistoryTrimmer::Start() {
  TrimEvents();
  thread_ = std::thread([this] { Work(); });
}

void HistoryTrimmer::Work() {
  int rounds = 0;
  int parts = 0;
  bool more = false;  // of the answers
  while (Wait(more ? kBetweenParts : std::chrono::nanoseconds(kRound))) {
    if (!more || parts % kPartsPerRound == 0) TrimEvents();
    const bool begin = !more && rounds++ % kRoundsPerPass == 0;
    parts = more ? parts + 1 : 1;
    if (more || begin) more = TrimAnswers();
  }
}

void HistoryTrimmer::TrimEvents() { Report(events_.Run()); }

bool HistoryTrimmer::TrimAnswers() {
  const absl::StatusOr<bool> more = answers_.Step();
  Report(more.status());
  return more.ok() && *more;
}

void HistoryTrimmer::Report(const absl::Status& status) const {
  if (!status.ok() && options_.on_failure) options_.on_failure(status);
}

bool HistoryTrimmer::Wait(std::chrono::nanoseconds time) {
  MutexLock lock(&mutex_);
  if (!closing_) wake_.WaitFor(&mutex_, time);
  return !closing_;
}

}  // namespace cairn::events

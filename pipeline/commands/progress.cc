#include "pipeline/commands/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "pipeline/commands/note.h"
#include "pipeline/stages/load_stage.h"
#include "pipeline/stages/transactions.h"

namespace cairn::pipeline {
namespace {

constexpr int64_t kNanosBetweenDrawings = kNanosPerSecond / 10;
// A stage that took as long is told with its speed.
constexpr double kLongStageSeconds = 1;

std::string StageLine(const StageRecord& record, bool with_speed) {
  std::string line =
      fmt::format("{:<21}{:>9} → {:>9} rows  {:>7.3f} s{}", record.name, Grouped(record.rows_in),
                  Grouped(record.rows_out), record.seconds, record.cached ? "  (cached)" : "");
  for (const auto& [name, count] : record.counts) {
    line += fmt::format("  {}={}", name, Grouped(count));
  }
  if (with_speed && !record.cached && record.seconds >= kLongStageSeconds) {
    line += fmt::format(
        "  {} rows/s",
        Grouped(static_cast<int64_t>(static_cast<double>(record.rows_in) / record.seconds)));
  }
  return line;
}

}  // namespace

Progress::Progress()
    : Progress(MayRewriteLine(::isatty(STDERR_FILENO) == 1, std::getenv("TERM"),
                              std::getenv("NO_COLOR")),
               ForwardClock(), [](const std::string& text) { Note("{}", text); }) {}

Progress::Progress(bool moving, const Clock& clock, Write write)
    : moving_(moving), clock_(clock), write_(std::move(write)) {}

Progress::~Progress() { Clear(); }

RunObserver Progress::Observer() {
  return {[this](const StageRecord& record) { Stage(record); },
          [this](const StageProgress& now) { Show(now); },
          [this](const std::string& line) { Say(line); }};
}

LoadWatch Progress::Loading() {
  return [this](const LoadProgress& load) { Show(LoadStageProgress(load)); };
}

void Progress::Stage(const StageRecord& record) {
  const MutexLock lock(&mutex_);
  Erase();
  last_ = {};
  write_(StageLine(record, moving_) + "\n");
}

void Progress::Say(const std::string& line) {
  const MutexLock lock(&mutex_);
  const std::string below = shown_;
  Erase();
  write_(line + "\n");
  if (!below.empty()) Draw(below);
}

void Progress::Hide() {
  const MutexLock lock(&mutex_);
  Erase();
}

void Progress::Clear() {
  const MutexLock lock(&mutex_);
  Erase();
  last_ = {};
}

void Progress::Show(const StageProgress& now) {
  const MutexLock lock(&mutex_);
  if (!moving_) return SayQuarter(now);
  const int64_t time = clock_.NowUnixNanos();
  const bool begins = now.stage != last_.stage || now.unit != last_.unit || now.done < last_.done;
  if (begins) begin_nanos_ = time;
  last_ = now;
  if (!begins && !shown_.empty() && time - drawn_nanos_ < kNanosBetweenDrawings) return;
  drawn_nanos_ = time;
  const double seconds =
      static_cast<double>(time - begin_nanos_) / static_cast<double>(kNanosPerSecond);
  Draw(ProgressText(now, seconds));
}

void Progress::SayQuarter(const StageProgress& now) {
  if (now.unit != kRunsUnit || now.total < 4 || now.done == 0) return;
  if (now.done % ((now.total + 3) / 4) != 0) return;
  write_(fmt::format("  {} of {} training runs\n", now.done, now.total));
}

void Progress::Erase() {
  if (!shown_.empty()) write_("\r\033[K");
  shown_.clear();
}

void Progress::Draw(const std::string& text) {
  // The rest of a longer line that stood there goes with it.
  write_(fmt::format("\r  {}\033[K", text));
  shown_ = text;
}

}  // namespace cairn::pipeline

#ifndef CAIRN_PIPELINE_COMMANDS_PROGRESS_H_
#define CAIRN_PIPELINE_COMMANDS_PROGRESS_H_

#include <functional>
#include <string>
#include <string_view>

#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "pipeline/commands/progress_text.h"
#include "pipeline/data/load_meter.h"
#include "pipeline/stages/runner.h"

namespace cairn::pipeline {

// What a command does, on standard error: a line for each stage and each thing decided. On a
// terminal one line below them moves and says how far the work is, how fast, and how long it will
// take. Elsewhere nothing moves, and a long sweep says a line for each quarter. Any thread.
class Progress {
 public:
  using Write = std::function<void(const std::string&)>;

  // Of this process: its standard error, and its time.
  Progress();
  // `moving` tells whether a line is rewritten; `clock` must outlive it and only goes forward.
  Progress(bool moving, const Clock& clock, Write write);
  // Clears the moving line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // For RunPipeline; the object must outlive its use.
  RunObserver Observer();
  // For loading outside of a run, and for LoadOptions. The same.
  LoadWatch Loading();

  // Moves the line. One that was drawn less than a tenth of a second ago stays, unless other work
  // begins. Work of another name or unit, or less done than before, begins anew: its time counts
  // from now.
  void Show(const StageProgress& now) CAIRN_EXCLUDES(mutex_);
  // Says a line, above the one that moves.
  void Say(const std::string& line) CAIRN_EXCLUDES(mutex_);
  // Clears the moving line, for somebody else wants to print; the work goes on.
  void Hide() CAIRN_EXCLUDES(mutex_);
  // Clears it and forgets the work, which is over.
  void Clear() CAIRN_EXCLUDES(mutex_);

 private:
  void Stage(const StageRecord& record) CAIRN_EXCLUDES(mutex_);
  void SayQuarter(const StageProgress& now) CAIRN_REQUIRES(mutex_);
  void Erase() CAIRN_REQUIRES(mutex_);
  void Draw(const std::string& text) CAIRN_REQUIRES(mutex_);

  const bool moving_;
  const Clock& clock_;
  const Write write_;
  Mutex mutex_;
  std::string shown_ CAIRN_GUARDED_BY(mutex_);  // Of the moving line; empty for none.
  StageProgress last_ CAIRN_GUARDED_BY(mutex_);
  int64_t begin_nanos_ CAIRN_GUARDED_BY(mutex_) = 0;  // Of the work in `last_`.
  int64_t drawn_nanos_ CAIRN_GUARDED_BY(mutex_) = 0;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_PROGRESS_H_

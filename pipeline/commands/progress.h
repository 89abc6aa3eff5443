#ifndef CAIRN_PIPELINE_COMMANDS_PROGRESS_H_
#define CAIRN_PIPELINE_COMMANDS_PROGRESS_H_

#include <cstdint>
#include <string>

#include "pipeline/stages/runner.h"

namespace cairn::pipeline {

// 541909 → "541,909".
std::string Grouped(int64_t value);

// What a run does, on standard error: a line for each stage and each thing decided. On a terminal
// the sweep has one line that moves; elsewhere a line for each quarter. Not thread-safe.
class Progress {
 public:
  // For RunPipeline; the object must outlive its use.
  RunObserver Observer();

 private:
  void Stage(const StageRecord& record);
  void Sweep(size_t done, size_t total);
  void ClearLine();

  const bool terminal_ = IsTerminal();
  bool moving_ = false;

  static bool IsTerminal();
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_PROGRESS_H_

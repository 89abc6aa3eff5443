#ifndef CAIRN_PIPELINE_STAGES_STAGE_PROGRESS_H_
#define CAIRN_PIPELINE_STAGES_STAGE_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <string_view>

namespace cairn::pipeline {

// What progress is counted in. Literals, for StageProgress keeps no copy.
inline constexpr std::string_view kBytesUnit = "bytes";    // Of the input as it is packed.
inline constexpr std::string_view kStartsUnit = "starts";  // Of k-means.
inline constexpr std::string_view kRunsUnit = "runs";      // Training runs, measured.
inline constexpr std::string_view kMonthsUnit = "months";  // Of a replay.

// How far a piece of work is that is being done, for whoever waits. `done` of `total` says what is
// left; where nobody knows, `total` is 0, and all that is told is that the work began.
struct StageProgress {
  std::string_view stage;  // A literal: the name of a stage, or of the command whose work it is.
  std::string_view unit;   // One of those above; empty without a total.
  int64_t done = 0;
  int64_t total = 0;
  int64_t rows = 0;  // Of transactions that it went through; 0 where they are not counted.
};

// Told of it, from any thread and from several at once; should be quick.
using StageWatch = std::function<void(const StageProgress&)>;

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_STAGE_PROGRESS_H_

#ifndef CAIRN_PIPELINE_COMMANDS_PROGRESS_TEXT_H_
#define CAIRN_PIPELINE_COMMANDS_PROGRESS_TEXT_H_

#include <cstdint>
#include <string>

#include "pipeline/stages/stage_progress.h"

namespace cairn::pipeline {

// How far a piece of work is, in words. Pure: whoever calls says how long it took so far.

// 541909 → "541,909".
std::string Grouped(int64_t value);

// What is left, rounded to what anybody wants to know: "less than a second", "7 s", "2 min 05 s",
// "1 h 10 min". Not below 0.
std::string DurationText(double seconds);

// One line without its end, at most 79 columns for the numbers that there are:
//   load  12.3 of 45.0 MB (27 %), 1,354,000 rows/s, 3 s left
//   evaluate  20 of 55 runs (36 %), 12.5 runs/s, 3 s left
//   backfill  5 of 13 months (38 %), 2.1 s each, 17 s left
//   features
// The speed is that of rows where they are counted. Speed and what is left are told once there is
// something to judge by: half a second of work and one part of it done. What is left is what the
// rest takes at the speed so far. `seconds` since the work began, from 0.
std::string ProgressText(const StageProgress& now, double seconds);

// Whether one line may be rewritten: on a terminal that understands it (`term`, the variable TERM,
// is not `dumb`), unless NO_COLOR is set to anything. Null for a variable that is not set.
bool MayRewriteLine(bool is_terminal, const char* term, const char* no_color);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_COMMANDS_PROGRESS_TEXT_H_

#include "pipeline/commands/progress.h"

#include <unistd.h>

#include "pipeline/commands/note.h"

namespace cairn::pipeline {

std::string Grouped(int64_t value) {
  std::string digits = std::to_string(value);
  for (int place = static_cast<int>(digits.size()) - 3; place > (value < 0 ? 1 : 0); place -= 3) {
    digits.insert(static_cast<size_t>(place), ",");
  }
  return digits;
}

RunObserver Progress::Observer() {
  return {[this](const StageRecord& record) { Stage(record); },
          [this](size_t done, size_t total) { Sweep(done, total); },
          [this](const std::string& line) {
            ClearLine();
            Note("{}\n", line);
          }};
}

bool Progress::IsTerminal() { return ::isatty(STDERR_FILENO) == 1; }

void Progress::Stage(const StageRecord& record) {
  ClearLine();
  Note("{:<21}{:>9} → {:>9} rows  {:>7.3f} s{}", record.name, Grouped(record.rows_in),
       Grouped(record.rows_out), record.seconds, record.cached ? "  (cached)" : "");
  for (const auto& [name, count] : record.counts) Note("  {}={}", name, Grouped(count));
  Note("\n");
}

void Progress::Sweep(size_t done, size_t total) {
  if (terminal_) {
    Note("\r  {} of {} training runs", done, total);
    moving_ = true;
  } else if (total >= 4 && done % ((total + 3) / 4) == 0) {
    Note("  {} of {} training runs\n", done, total);
  }
}

void Progress::ClearLine() {
  if (moving_) Note("\r\033[K");
  moving_ = false;
}

}  // namespace cairn::pipeline

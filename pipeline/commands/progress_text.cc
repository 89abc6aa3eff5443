#include "pipeline/commands/progress_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace cairn::pipeline {
namespace {

constexpr double kSecondsToJudgeBy = 0.5;

// "12.3 of 45.0 MB", "20 of 55 runs".
std::string AmountText(const StageProgress& now) {
  if (now.unit == kBytesUnit) {
    return fmt::format("{:.1f} of {:.1f} MB", 1e-6 * static_cast<double>(now.done),
                       1e-6 * static_cast<double>(now.total));
  }
  return fmt::format("{} of {} {}", Grouped(now.done), Grouped(now.total), now.unit);
}

// "1,354,000 rows/s", "11.0 MB/s", "12.5 runs/s", "2.1 s each".
std::string SpeedText(const StageProgress& now, double seconds) {
  if (now.rows > 0) {
    // Three digits mean something, the others only flicker.
    const double speed = static_cast<double>(now.rows) / seconds;
    const double step = std::pow(10, std::max(0.0, std::floor(std::log10(speed)) - 2));
    return Grouped(std::llround(std::round(speed / step) * step)) + " rows/s";
  }
  const double speed = static_cast<double>(now.done) / seconds;
  if (now.unit == kBytesUnit) return fmt::format("{:.1f} MB/s", 1e-6 * speed);
  if (speed < 1) return fmt::format("{:.1f} s each", 1 / speed);
  return fmt::format("{:.1f} {}/s", speed, now.unit);
}

}  // namespace

std::string Grouped(int64_t value) {
  std::string digits = std::to_string(value);
  for (int place = static_cast<int>(digits.size()) - 3; place > (value < 0 ? 1 : 0); place -= 3) {
    digits.insert(static_cast<size_t>(place), ",");
  }
  return digits;
}

std::string DurationText(double seconds) {
  if (!(seconds >= 1)) return "less than a second";
  const int64_t whole = std::llround(std::min(seconds, 1e9));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string ProgressText(const StageProgress& now, double seconds) {
  std::string text(now.stage);
  if (now.total <= 0) return text;
  const double share =
      std::clamp(static_cast<double>(now.done) / static_cast<double>(now.total), 0.0, 1.0);
  text += fmt::format("  {} ({:.0f} %)", AmountText(now), std::floor(100 * share));
  if (now.done <= 0 || seconds < kSecondsToJudgeBy) return text;
  text += ", " + SpeedText(now, seconds);
  if (share < 1) text += fmt::format(", {} left", DurationText(seconds * (1 - share) / share));
  return text;
}

bool MayRewriteLine(bool is_terminal, const char* term, const char* no_color) {
  if (!is_terminal || (no_color != nullptr && *no_color != '\0')) return false;
  return term == nullptr || std::string_view(term) != "dumb";
}

}  // namespace cairn::pipeline

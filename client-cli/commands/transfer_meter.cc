#include "client-cli/commands/transfer_meter.h"

#include <algorithm>
#include <cstdio>

#include "fmt/format.h"
#include "lib/client/blob_cache.h"

namespace cairn::cli {
namespace {

constexpr auto kBetweenLines = std::chrono::milliseconds(100);
constexpr std::string_view kWipe = "\r\x1b[K";

std::string RateText(int64_t bytes, double seconds) {
  return HumanBytes(static_cast<int64_t>(static_cast<double>(bytes) / std::max(seconds, 1e-3))) +
         "/s";
}

std::string DurationText(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

// ", 40.0 % deduplicated", or nothing.
std::string SavedText(const client::TransferProgress& progress) {
  std::string text;
  if (progress.done_bytes() - progress.cached_bytes > progress.transferred_bytes) {
    const auto saved = static_cast<double>(progress.skipped_bytes + progress.deduplicated_bytes);
    text += fmt::format(", {:.1f} % deduplicated",
                        100 * saved / static_cast<double>(progress.done_bytes()));
  }
  if (progress.cached_bytes > 0) {
    text += fmt::format(", {} from the cache", HumanBytes(progress.cached_bytes));
  }
  return text;
}

}  // namespace

std::string ProgressLine(const client::TransferProgress& progress, double seconds) {
  const int64_t done = progress.done_bytes();
  if (done == 0 && progress.examined_bytes > 0) {
    return fmt::format("{} of {} hashed, {}", HumanBytes(progress.examined_bytes),
                       HumanBytes(progress.total_bytes),
                       RateText(progress.examined_bytes, seconds));
  }
  std::string line = fmt::format("{} of {}", HumanBytes(done), HumanBytes(progress.total_bytes));
  if (progress.total_files > 1) {
    line += fmt::format(", {} of {} files", progress.done_files, progress.total_files);
  }
  line += ", " + RateText(done, seconds);
  if (done > 0 && seconds > 0) {
    const auto left = static_cast<double>(std::max<int64_t>(progress.total_bytes - done, 0));
    line += fmt::format(", {} left", DurationText(left * seconds / static_cast<double>(done)));
  }
  return line + SavedText(progress);
}

std::string SummaryLine(const client::TransferProgress& progress, double seconds,
                        std::string_view verb) {
  return fmt::format("{} file{}, {} in {:.1f} s ({}): {} {}{}", progress.total_files,
                     progress.total_files == 1 ? "" : "s", HumanBytes(progress.total_bytes),
                     seconds, RateText(progress.total_bytes, seconds),
                     HumanBytes(progress.transferred_bytes), verb, SavedText(progress));
}

TransferMeter::TransferMeter(const Session& session, std::string_view verb)
    : verb_(verb),
      quiet_(session.flags().Switch("quiet")),
      live_(!quiet_ && session.terminal().stderr_is_tty) {}

TransferMeter::~TransferMeter() { Wipe(); }

client::ProgressCallback TransferMeter::callback() {
  if (quiet_) return nullptr;
  return [this](const client::TransferProgress& progress) {
    progress_ = progress;
    if (live_ && Clock::now() - shown_ >= kBetweenLines) Show();
  };
}

void TransferMeter::Show() {
  shown_ = Clock::now();
  const std::chrono::duration<double> passed = shown_ - started_;
  std::fprintf(stderr, "%s%s", kWipe.data(), ProgressLine(progress_, passed.count()).c_str());
  line_stands_ = true;
}

void TransferMeter::Wipe() {
  if (line_stands_) std::fprintf(stderr, "%s", kWipe.data());
  line_stands_ = false;
}

void TransferMeter::Finish() {
  Wipe();
  if (quiet_ || progress_.total_files == 0) return;
  const std::chrono::duration<double> passed = Clock::now() - started_;
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", SummaryLine(progress_, passed.count(), verb_).c_str());
}

client::DownloadOptions FetchOptions(const Session& session) {
  client::DownloadOptions options;
  const auto directory = session.environment()("CAIRN_CACHE_DIR");
  if (session.flags().Switch("cache") || (directory && !directory->empty())) {
    options.cache_directory =
        directory && !directory->empty() ? *directory : client::BlobCache::DefaultDirectory();
  }
  return options;
}

}  // namespace cairn::cli

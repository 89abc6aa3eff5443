#include "pipeline/stages/chart_pngs.h"

#include <fmt/format.h>

#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "pipeline/report/png_files.h"

namespace cairn::pipeline {
namespace {

// Held by the run, whose end waits for the future.
struct PngWork {
  size_t place = 0;
  std::shared_ptr<const std::vector<ChartFile>> charts;
  std::future<absl::StatusOr<std::vector<PngFile>>> drawn;
};

bool IntoFolder(const StageRun& run) {
  return run.config().report.png == ChartPngs::kOn && !run.request().out.empty();
}

// Those of a run before would stand beside this run's SVGs.
absl::Status RemoveOldPngs(StageRun* run, const std::vector<ChartFile>& charts) {
  for (const ChartFile& chart : charts) {
    const std::string path = run->out().PathOf(fmt::format("charts/{}.png", chart.name));
    std::error_code error;
    std::filesystem::remove(path, error);
    if (error) return FileError(error.value(), "remove", path);
  }
  return absl::OkStatus();
}

absl::Status WriteChartFolder(StageRun* run, const std::vector<ChartFile>& charts,
                              const std::vector<PngFile>& pngs) {
  CAIRN_RETURN_IF_ERROR(MakeDirectories(run->out().PathOf("charts")));
  if (pngs.empty()) CAIRN_RETURN_IF_ERROR(RemoveOldPngs(run, charts));
  for (const ChartFile& chart : charts) {
    run->out().Write(fmt::format("charts/{}.svg", chart.name), chart.svg);
  }
  for (const PngFile& file : pngs) {
    run->out().Write(fmt::format("charts/{}.png", file.name), file.png);
  }
  return absl::OkStatus();
}

absl::Status PublishPngs(StageRun* run, size_t place, std::vector<PngFile> pngs) {
  ArtifactDraft draft;
  draft.run = place;
  for (PngFile& file : pngs) {
    draft.files.push_back(
        {fmt::format("report/charts/{}.png", file.name), Share(std::move(file.png))});
  }
  return run->publisher()->AddArtifacts(std::move(draft));
}

}  // namespace

bool WantsPngs(const StageRun& run) {
  const ChartPngs png = run.config().report.png;
  if (png == ChartPngs::kOff) return false;
  return run.publisher() != nullptr || IntoFolder(run);
}

void StartPngs(StageRun* run, size_t place, std::vector<ChartFile> charts) {
  if (!WantsPngs(*run)) return;
  auto& work = run->Own<PngWork>();
  work.place = place;
  work.charts = std::make_shared<const std::vector<ChartFile>>(std::move(charts));
  work.drawn = std::async(std::launch::async, [charts = work.charts] { return DrawPngs(*charts); });
}

absl::Status FinishPngs(StageRun* run, std::vector<std::string>* notes) {
  auto& work = run->Own<PngWork>();
  if (!work.drawn.valid()) return absl::OkStatus();
  absl::StatusOr<std::vector<PngFile>> pngs = work.drawn.get();
  if (!pngs.ok()) {
    notes->push_back(
        fmt::format("charts are kept as SVG only: {}", std::string(pngs.status().message())));
    pngs = std::vector<PngFile>();
  }
  if (IntoFolder(*run)) CAIRN_RETURN_IF_ERROR(WriteChartFolder(run, *work.charts, *pngs));
  if (run->publisher() == nullptr || pngs->empty()) return absl::OkStatus();
  return PublishPngs(run, work.place, *std::move(pngs));
}

}  // namespace cairn::pipeline

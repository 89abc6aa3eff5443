#ifndef CAIRN_PIPELINE_REPORT_PNG_FILES_H_
#define CAIRN_PIPELINE_REPORT_PNG_FILES_H_

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/report/charts/charts.h"

namespace cairn::pipeline {

// The program that draws PNG from SVG, of Debian's package librsvg2-bin. It runs as a process of
// its own: linked, it would bring some forty shared libraries into a program that needs few.
struct Rasterizer {
  // Searched for on PATH, where it has no slash.
  std::string program = "rsvg-convert";
  // A chart takes a tenth of a second. What takes longer than this hangs, and is killed.
  std::chrono::milliseconds patience = std::chrono::seconds(60);
};

// A chart as PNG.
struct PngFile {
  std::string name;  // As ChartFile's: without an ending.
  std::string png;
};

// Draws all charts, 1,600 pixels wide, on white, in two processes at a time: about a second and a
// half for the charts of a report. In the order of the charts. The first error of any; errors as
// below. May be called on any thread; stays there until all is drawn.
absl::StatusOr<std::vector<PngFile>> DrawPngs(std::span<const ChartFile> charts,
                                              const Rasterizer& rasterizer = {});

// Draws `svg` into the file `path` as PNG, 1,600 pixels wide, on white. What was at `path` is
// replaced when all is drawn, not before.
// NOT_FOUND when the program is not there, saying what to install; INTERNAL when it fails, with
// the first line of what it said, or when what it gave is no PNG; DEADLINE_EXCEEDED when it took
// longer than the patience; errors of the file system.
absl::Status RasterizeSvg(const std::string& svg, const std::string& path,
                          const Rasterizer& rasterizer = {});

// Writes NAME.png of each chart into `directory`, which is made if it is not there. Nothing is
// written where one fails; errors as above.
absl::Status WritePngs(std::span<const ChartFile> charts, const std::string& directory,
                       const Rasterizer& rasterizer = {});

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REPORT_PNG_FILES_H_

#ifndef CAIRN_PIPELINE_STAGES_CHART_PNGS_H_
#define CAIRN_PIPELINE_STAGES_CHART_PNGS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "pipeline/report/charts/charts.h"
#include "pipeline/stages/stage_run.h"

namespace cairn::pipeline {

// Charts of a run as PNG, beside their SVG, as `report.png` of the configuration asks.
//
// Drawing takes about three seconds of CPU, more than a default run has for training, and needs a
// program that may not be there. So it goes on while the publisher sends runs and versions, a run
// into a folder leaves it out unless it is asked for, and no failure of it fails the run.

// Whether this run has PNGs at all: kOn with a publisher or a folder, kAuto with a publisher.
bool WantsPngs(const StageRun& run);

// Starts drawing the charts of the training run at `place`, on threads of its own; nothing where
// WantsPngs says no. The run waits for them before it ends, however it ends. REQUIRES: once for a
// run.
void StartPngs(StageRun* run, size_t place, std::vector<ChartFile> charts);

// Waits for what StartPngs began; OK where it began nothing. Hands `report/charts/NAME.png` to the
// publisher as artifacts of that training run, and writes `charts/NAME.svg` and `.png` into the
// folder of kOn. Where they could not be drawn a line in `notes` says why, the folder has the SVGs
// alone and no PNG of a run before, and the answer is OK.
// Errors are those of the publisher, and of making and clearing the folder.
absl::Status FinishPngs(StageRun* run, std::vector<std::string>* notes);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_CHART_PNGS_H_

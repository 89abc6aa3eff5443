#ifndef CAIRN_PIPELINE_STAGES_SELECTION_H_
#define CAIRN_PIPELINE_STAGES_SELECTION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/stability.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {

// One line of the table that leads to the choice of k.
struct SelectionRow {
  int k = 0;
  size_t run = 0;         // The run that stands for this k, by place in the sweep.
  double inertia = 0;     // Its inertia on the training rows: the elbow curve.
  double silhouette = 0;  // Training rows, the run's own.
  double davies_bouldin = 0;
  double calinski_harabasz = 0;
  double min_share = 0;                // Of all customers, its smallest segment.
  std::optional<Stability> stability;  // Over seeds; nothing where it was not measured.
  bool degenerate = false;             // min_share is below the limit for every run of this k.
  bool eligible = false;               // Passes every rule of PipelineConfig::Select.
  std::string note;                    // Why it is not eligible; empty when it is.
};

// What `select` came to; selection.json says the same.
struct Selection {
  std::vector<SelectionRow> rows;  // k ascending.
  int elbow_k = 0;                 // Knee of the inertia curve; 0 with fewer than three k.
  size_t chosen = 0;               // Index into rows.
  std::string reason;              // In a sentence, with the stability of the chosen k in words.
  std::vector<size_t> versions;    // Runs that become model versions, best first.
};

// The run that stands for each k, k ascending: the lowest inertia among the runs whose smallest
// segment of all customers has at least `min_share`; of all runs when there is none. The first
// of equal ones. (The lowest inertia of many starts may be one that splits off a dust segment.)
std::vector<size_t> RepresentativeRuns(const std::vector<TrainingRun>& runs, double min_share);

// Builds the table and chooses: among the k that are eligible on all customers (range of k,
// smallest share, silhouette, Davies-Bouldin) the one with the highest silhouette on all
// customers; the lower Davies-Bouldin, then the smaller k, on ties. When none is eligible, the
// highest silhouette inside the range of k, and the reason says what it fails. Stability is shown
// and said, but no rule of the choice: whether an unstable model may serve is for the policy to
// say. The representatives must have evidence. There must be at least one run.
//
// A run whose silhouette is no number, or that has an empty segment, is neither chosen nor made a
// version, whatever the configuration wants. FAILED_PRECONDITION (VALUE_INVALID) when no other is
// there.
absl::StatusOr<Selection> SelectK(const std::vector<TrainingRun>& runs,
                                  const PipelineConfig& config, const StabilityByK& stability);

// The knee of a falling convex curve: the point farthest below the chord from first to last.
// Index, or nothing with fewer than three points.
std::optional<size_t> KneeOf(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_SELECTION_H_

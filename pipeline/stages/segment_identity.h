#ifndef CAIRN_PIPELINE_STAGES_SEGMENT_IDENTITY_H_
#define CAIRN_PIPELINE_STAGES_SEGMENT_IDENTITY_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/insight/segment_matching.h"
#include "pipeline/insight/segment_names.h"
#include "pipeline/stages/publisher.h"
#include "pipeline/stages/stage_run.h"
#include "pipeline/stages/training.h"

namespace cairn::pipeline {

// Which number and which name a segment has. k-means numbers clusters as its starts fell; here the
// segments of every run get the numbers and names of the champion's segments that have the same
// customers, or numbers by spend where there is no champion (insight/segment_matching.h). So a
// campaign that was planned for segment 2 finds its customers there after the next training.

// Gives the clusters of every run their numbers: centres and labels are listed anew, runs that
// shared an outcome share the new one. Equal runs and champions give equal bits. INVALID_ARGUMENT
// when the champion's model or labels are damaged.
absl::Status NumberSegments(StageRun* run, std::vector<TrainingRun>* runs);

// Names and sentences of the segments of a run that was numbered, by number. Worked out once for
// each outcome. Errors as NumberSegments.
absl::StatusOr<std::vector<NamedSegment>> SegmentsOf(StageRun* run, const TrainingRun& training);

// The champion's customers with their segments and names as they were told then; nothing without a
// champion, or where its labels are not kept any more. Errors as NumberSegments. The reference is
// valid to the end of the run.
absl::StatusOr<const ChampionSegments*> ChampionSegmentsOf(StageRun* run);

// What a key has to hold of a champion, so that another one numbers anew: a digest of its version,
// model and labels.
std::string ChampionDigest(const Champion& champion);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_SEGMENT_IDENTITY_H_

#ifndef CAIRN_PIPELINE_STAGES_PUBLISH_DATASETS_H_
#define CAIRN_PIPELINE_STAGES_PUBLISH_DATASETS_H_

#include "absl/status/status.h"

namespace cairn::pipeline {

class StageRun;

// Hands all data sets but kOutliers to the publisher, in the order of DatasetRole: the input, the
// cleaned transactions, and the files of features, scaling and projection. All at once, when there
// is something to train on: an input that is refused leaves nothing on the server. Gives the input
// up. Nothing without a publisher. Errors of the publisher.
absl::Status PublishDatasets(StageRun* run);

// Hands outlier_segments.csv to the publisher, once a segmentation was chosen; nothing without
// outliers or without a publisher. Errors of the publisher.
absl::Status PublishOutliers(StageRun* run);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_PUBLISH_DATASETS_H_

#ifndef CAIRN_PIPELINE_LIFECYCLE_ARCHIVE_H_
#define CAIRN_PIPELINE_LIFECYCLE_ARCHIVE_H_

#include "absl/status/status.h"
#include "pipeline/lifecycle/retrain.h"

namespace cairn::pipeline {

// Archives the versions that a turn registered and that its decision judged and did not choose, and
// says so; `mlctl restore` brings one back. Nothing where no decision was stored, or where it could
// not judge (ERROR, INCONCLUSIVE): then they may still be chosen. Errors are the server's.
absl::Status ArchiveUnchosen(client::Client& client, const RetrainResult& turn, const Say& say);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_LIFECYCLE_ARCHIVE_H_

#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_METRIC_MOVER_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_METRIC_MOVER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "client-cli/mlflow_import/import_options.h"
#include "client-cli/mlflow_import/report.h"
#include "client-cli/mlflow_import/run_mapping.h"
#include "client-cli/mlflow_import/source.h"
#include "lib/client/client.h"

namespace cairn::mlflow_import {

// Moves the histories of metrics, each point once however often it is done: what Cairn has of a
// metric is read first, and only points that it lacks are logged. Of a metric that Cairn lacks as a
// whole nothing is held but one part of the source and one batch; of one that it has a part of, 24
// bytes for each of these points.
//
// Everything it is given must outlive it. One thread at a time.
class MetricMover {
 public:
  MetricMover(MlflowSource& source, client::Client* client, const ImportOptions& options,
              Report& report)
      : source_(source), client_(client), options_(options), report_(report) {}

  // Moves all metrics of a run to `target`, the run in Cairn as it is now, and compares both sides
  // point by point. With dry_run the source's are only counted. Errors are of the run.
  absl::Status Move(const SourceRun& run, const v1::Run& target, const std::string& what);

  // Logs those of `points`, by key, that are not in the run.
  absl::Status LogMissing(const v1::Run& target,
                          const std::map<std::string, std::vector<Point>>& points);

 private:
  absl::StatusOr<PointSum> MoveOne(const SourceRun& run, const SourceMetric& metric,
                                   const v1::Run& target);
  absl::Status CompareOne(const SourceRun& run, const std::string& key, const PointSum& read,
                          const std::string& target);
  absl::StatusOr<std::vector<Point>> InCairn(const std::string& run, const std::string& key);
  absl::Status Append(const std::string& run, const std::string& key, const Point& point);
  absl::Status Flush();

  MlflowSource& source_;
  client::Client* const client_;
  const ImportOptions& options_;
  Report& report_;
  v1::LogBatchRequest batch_;
  std::map<std::string, int> columns_;  // of the batch, by key
  int64_t batch_points_ = 0;
};

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_METRIC_MOVER_H_

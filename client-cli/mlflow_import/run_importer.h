#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_RUN_IMPORTER_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_RUN_IMPORTER_H_

#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/tracking.pb.h"
#include "client-cli/mlflow_import/file_mover.h"
#include "client-cli/mlflow_import/import_options.h"
#include "client-cli/mlflow_import/metric_mover.h"
#include "client-cli/mlflow_import/report.h"
#include "client-cli/mlflow_import/source.h"
#include "lib/client/client.h"

namespace cairn::mlflow_import {

// Imports single runs and logged models, each under the id that it has, in steps that are safe to
// repeat: its record, parameters and tags that are missing, points that are missing, files, the
// models that it made, and at last its end and its deletion. So a run that has ended in Cairn came
// over as a whole; one that the end of a process cut short is gone on with. Then it is read back
// and compared.
//
// Everything it is given must outlive it. One thread at a time.
class RunImporter {
 public:
  RunImporter(MlflowSource& source, client::Client* client, const ImportOptions& options,
              Report& report)
      : source_(source),
        client_(client),
        options_(options),
        report_(report),
        metrics_(source, client, options, report),
        files_(source, client, options, report) {}

  // `experiment` is the resource name of the experiment in Cairn. What fails for this run alone is
  // left out; errors are of the import as a whole.
  absl::Status ImportRun(const SourceRun& run, const std::string& experiment);

  // The same for a logged model; nothing if it was imported with its run.
  absl::Status ImportModel(const SourceModel& model, const std::string& experiment);

 private:
  // The run with this id, wherever it is; nullopt without one.
  absl::StatusOr<std::optional<v1::Run>> Find(const std::string& uid);
  absl::Status TryRun(const SourceRun& run, const std::string& experiment, const std::string& what);
  absl::Status TryModel(const SourceModel& model, const std::string& experiment,
                        const std::string& what);
  // The run to go on with: made, or taken back from a deletion that has to wait.
  absl::StatusOr<v1::Run> Begin(const v1::Run& wanted, std::optional<v1::Run> there,
                                const std::string& experiment, bool deleted);
  absl::Status LogMissing(const v1::Run& wanted, const v1::Run& there);
  absl::Status LinkOutputs(const SourceRun& run, const v1::Run& there,
                           const std::string& experiment, const std::string& what);
  absl::Status End(const v1::Run& wanted, const v1::Run& there, bool deleted);
  // Reads the run back and compares all but points and files.
  absl::Status Compare(const v1::Run& wanted, const std::string& name, Counted counted,
                       bool deleted);
  void CountOnly(const v1::Run& wanted, Counted counted);

  MlflowSource& source_;
  client::Client* const client_;
  const ImportOptions& options_;
  Report& report_;
  MetricMover metrics_;
  FileMover files_;
  std::set<std::string> models_done_;
};

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_RUN_IMPORTER_H_

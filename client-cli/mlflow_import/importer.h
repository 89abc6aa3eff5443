#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_IMPORTER_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_IMPORTER_H_

#include "absl/status/status.h"
#include "client-cli/mlflow_import/import_options.h"
#include "client-cli/mlflow_import/report.h"
#include "client-cli/mlflow_import/source.h"
#include "lib/client/client.h"

namespace cairn::mlflow_import {

// Moves what an installation of MLflow holds into a Cairn server: experiments by their names, runs
// and logged models under their ids, then registered models. Whatever an earlier import did is
// found and kept, so an import that was cut short is gone on with by running it again; nothing is
// there twice. `client` may be null with options.dry_run.
//
// The report is good at any time, also after an error: it then tells what was compared so far.
//
// - NOT_FOUND: an experiment that the options name is not in the source.
// - Errors of the source and the server as a whole, as they come; those of single things are in the
//   report.
absl::Status Import(MlflowSource& source, client::Client* client, const ImportOptions& options,
                    Report& report);

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_IMPORTER_H_

#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_REGISTRY_IMPORTER_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_REGISTRY_IMPORTER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/registry.pb.h"
#include "client-cli/mlflow_import/import_options.h"
#include "client-cli/mlflow_import/report.h"
#include "client-cli/mlflow_import/source.h"
#include "client-cli/mlflow_import/version_source.h"
#include "lib/client/client.h"

namespace cairn::mlflow_import {

// Imports registered models after the runs that their versions came from: each version under the
// number that it has, with the files of its run or logged model in Cairn, its stage, and at last
// the aliases. A number that MLflow deleted is taken by a version that is deleted again, so that
// the next one fits; what stands in Cairn under a number already is kept and compared.
//
// Everything it is given must outlive it. One thread at a time.
class RegistryImporter {
 public:
  RegistryImporter(MlflowSource& source, client::Client* client, const ImportOptions& options,
                   Report& report)
      : source_(source), client_(client), options_(options), report_(report) {}

  // What fails for one model or version is left out; errors are of the import as a whole.
  absl::Status Import();

 private:
  using Numbered = std::map<int64_t, v1::ModelVersion>;

  absl::Status ImportModel(const RegisteredModel& model);
  absl::Status PlaceModel(const RegisteredModel& model, const std::string& name);
  absl::StatusOr<Numbered> VersionsInCairn(const std::string& model);
  absl::Status ImportVersion(const SourceVersion& version, const std::string& model,
                             const Numbered& there);
  // The version as it has to be, with the run in Cairn that its files come from.
  absl::StatusOr<v1::CreateModelVersionRequest> Wanted(const SourceVersion& version,
                                                       const std::string& model);
  // Where its files are at last, past versions that were copied from others.
  absl::StatusOr<SourceVersion> Original(SourceVersion version);
  absl::StatusOr<v1::ModelVersion> Create(const v1::CreateModelVersionRequest& request,
                                          int64_t number);
  absl::Status Remove(const v1::ModelVersion& placeholder);
  absl::Status Refresh(const v1::ModelVersion& wanted, v1::ModelVersion& there);
  absl::Status SetAliases(const RegisteredModel& model, const std::string& name);

  MlflowSource& source_;
  client::Client* const client_;
  const ImportOptions& options_;
  Report& report_;
};

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_REGISTRY_IMPORTER_H_

#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_FILE_MOVER_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_FILE_MOVER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client-cli/mlflow_import/import_options.h"
#include "client-cli/mlflow_import/report.h"
#include "client-cli/mlflow_import/source.h"
#include "lib/base/digest.h"
#include "lib/base/scratch_directory.h"
#include "lib/client/client.h"
#include "lib/client/uploader.h"

namespace cairn::mlflow_import {

// Moves the artifacts of runs and logged models.
//
// Small files are held in memory, kHeldBytes of them at most, and sent together; a larger one goes
// through a file in the system's temporary directory, as its digest has to be known before it is
// sent. What Cairn has under the same path with the same size is not fetched again, unless the
// options say so; what is fetched is compared by digest with what Cairn lists afterwards.
//
// Everything it is given must outlive it. One thread at a time.
class FileMover {
 public:
  FileMover(MlflowSource& source, client::Client* client, const ImportOptions& options,
            Report& report)
      : source_(source), client_(client), options_(options), report_(report) {}

  // Moves all files of a place to the run in Cairn of this resource name; `what` is how the report
  // calls it. Files that cannot be had are left out. Errors are of the import as a whole.
  absl::Status Move(const ArtifactPlace& place, const std::string& run, const std::string& what);

 private:
  using Digests = std::map<std::string, Digest>;

  // A file that was read: in memory, or in a file of the scratch directory.
  absl::StatusOr<client::UploadItem> Fetch(const ArtifactPlace& place, const SourceFile& file,
                                           Digest& digest);
  absl::Status MoveMissing(const ArtifactPlace& place, const std::vector<SourceFile>& files,
                           const std::string& run, const std::string& what, Digests& known);
  absl::Status Send(const std::string& run, const std::string& what);
  absl::Status Compare(const std::vector<SourceFile>& files, const Digests& fetched,
                       const std::string& run);
  absl::StatusOr<Digests> InCairn(const std::string& run);

  MlflowSource& source_;
  client::Client* const client_;
  const ImportOptions& options_;
  Report& report_;
  std::unique_ptr<ScratchDirectory> scratch_;  // made for the first large file
  std::vector<client::UploadItem> held_;
  size_t held_bytes_ = 0;
};

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_FILE_MOVER_H_

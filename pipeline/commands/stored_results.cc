#include "pipeline/commands/stored_results.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "pipeline/commands/local_files.h"
#include "pipeline/register/model_source.h"
#include "pipeline/register/stored_files.h"

namespace cairn::pipeline {
namespace {

// Of a report with many customers.
constexpr size_t kMaxResultBytes = size_t{1} << 30;

// The run that a model version came from.
absl::Status FindRun(client::Client& client, const std::string& model, StoredResult* out) {
  CAIRN_ASSIGN_OR_RETURN(const FetchedModel fetched, FetchModel(client, model));
  v1::GetModelVersionRequest request;
  request.set_name(fetched.version);
  CAIRN_ASSIGN_OR_RETURN(const auto version, client.registry().GetModelVersion(request));
  out->version = version.name();
  out->run = version.run();
  if (!out->run.empty()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::VALUE_INVALID,
               fmt::format("{} names no run that made it", version.name()))
      .With("version", version.name())
      .ToStatus();
}

absl::StatusOr<std::string> ReadArtifact(client::Client& client, const std::string& run,
                                         const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(const auto files, client.artifacts().ListAllArtifacts(run));
  for (const v1::ArtifactFile& file : files) {
    if (file.path() != path) continue;
    return ReadStoredFile(client, file, kMaxResultBytes);
  }
  return Error(absl::StatusCode::kNotFound, ErrorReason::ARTIFACT_NOT_FOUND,
               fmt::format("{} has no {}: of a sweep only the chosen run and those that became "
                           "versions have one, and none that an earlier release made",
                           run, path))
      .With("run", run)
      .With("path", path)
      .Resource("ArtifactFile", run)
      .ToStatus();
}

}  // namespace

absl::StatusOr<StoredResult> ReadStoredResult(const std::string& place, const std::string& file,
                                              const ServerFlags& server) {
  StoredResult out;
  if (IsFolder(place)) {
    CAIRN_ASSIGN_OR_RETURN(out.bytes, ReadFile(place + "/" + file, kMaxResultBytes));
    return out;
  }
  if (server.address.empty()) {
    return Error(absl::StatusCode::kNotFound, ErrorReason::FILE_ERROR,
                 fmt::format("{} is no folder; to read a run or model, say --server HOST:PORT",
                             place))
        .With("path", place)
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const auto client, ConnectClient(server));
  if (place.starts_with("experiments/")) {
    out.run = place;
  } else {
    CAIRN_RETURN_IF_ERROR(FindRun(*client, place, &out));
  }
  CAIRN_ASSIGN_OR_RETURN(out.bytes, ReadArtifact(*client, out.run, "report/" + file));
  return out;
}

}  // namespace cairn::pipeline

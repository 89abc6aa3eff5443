#include "pipeline/lifecycle/champion_features.h"

#include <fmt/format.h>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "pipeline/register/stored_files.h"
#include "pipeline/stages/features_file.h"

namespace cairn::pipeline {
namespace {

constexpr std::string_view kFeaturesFile = "features.csv";
// Of ten million customers, about.
constexpr size_t kMaxFeaturesBytes = size_t{4} << 30;

const v1::ArtifactFile* FileOf(const v1::DatasetVersion& version) {
  for (const v1::ArtifactFile& file : version.files()) {
    if (file.path() == kFeaturesFile) return &file;
  }
  return version.files_size() == 1 ? &version.files(0) : nullptr;
}

}  // namespace

absl::StatusOr<StoredFeatures> FetchFeatures(client::Client& client, const std::string& name) {
  v1::GetDatasetVersionRequest request;
  request.set_name(name);
  CAIRN_ASSIGN_OR_RETURN(const auto version, client.datasets().GetDatasetVersion(request));
  const v1::ArtifactFile* file = FileOf(version);
  if (file == nullptr) {
    return Error(absl::StatusCode::kNotFound, ErrorReason::ARTIFACT_NOT_FOUND,
                 fmt::format("{} has no file {}", version.name(), kFeaturesFile))
        .With("dataset_version", version.name())
        .Resource("ArtifactFile", version.name())
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, ReadStoredFile(client, *file, kMaxFeaturesBytes));
  StoredFeatures out;
  out.dataset_version = version.name();
  CAIRN_ASSIGN_OR_RETURN(out.features, ParseFeaturesCsv(bytes, version.name()));
  return out;
}

absl::StatusOr<StoredFeatures> FetchTrainingFeatures(client::Client& client,
                                                     const std::string& model_version) {
  v1::GetModelVersionRequest request;
  request.set_name(model_version);
  CAIRN_ASSIGN_OR_RETURN(const auto version, client.registry().GetModelVersion(request));
  if (version.training_dataset().empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::VALUE_INVALID,
                 fmt::format("{} names no data set that it was trained on", version.name()))
        .With("version", version.name())
        .ToStatus();
  }
  return FetchFeatures(client, version.training_dataset());
}

}  // namespace cairn::pipeline

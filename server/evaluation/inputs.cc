#include "server/evaluation/inputs.h"

#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"
#include "server/records/dataset_refs.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::evaluation {
namespace {

using cairn::internal::DatasetVersionRecord;
using cairn::internal::ModelVersionRecord;
using storage::Snapshot;

constexpr std::string_view kTableEnding = ".csv";

bool IsTable(std::string_view path) { return AsciiLower(path).ends_with(kTableEnding); }

// The digest of the only file that `is_wanted`; UNSUPPORTED for none or several.
template <typename Resource, typename IsWanted>
absl::StatusOr<Digest> OnlyFile(const Resource& resource, std::string_view missing,
                                const IsWanted& is_wanted) {
  const v1::ArtifactFile* found = nullptr;
  for (const v1::ArtifactFile& file : resource.files()) {
    if (!is_wanted(file.path())) continue;
    if (found != nullptr) return Unsupported(resource.name(), missing);
    found = &file;
  }
  if (found == nullptr) return Unsupported(resource.name(), missing);
  return ParseDigest(found->digest().sha256(), found->digest().size_bytes());
}

absl::StatusOr<MeasuredModel> ReadModel(const Snapshot& snapshot, std::string_view field,
                                        std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(const VersionName parsed, ParseModelVersionName(field, name));
  CAIRN_ASSIGN_OR_RETURN(auto stored,
                         storage::ReadRecord<ModelVersionRecord>(
                             snapshot, storage::ModelVersionKey(parsed.parent_id, parsed.version)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::MODEL_VERSION_NOT_FOUND, "ModelVersion", name).ToStatus();
  }
  MeasuredModel model;
  model.version = std::move(*stored->value.mutable_version());
  CAIRN_ASSIGN_OR_RETURN(model.file, ModelFileOf(model.version));
  return model;
}

absl::StatusOr<MeasuredData> ReadData(const Snapshot& snapshot, std::string_view name) {
  MeasuredData data;
  CAIRN_ASSIGN_OR_RETURN(data.version,
                         records::ResolveDatasetVersion(snapshot, "dataset_version", name));
  CAIRN_ASSIGN_OR_RETURN(
      const auto stored,
      storage::ReadRecord<DatasetVersionRecord>(
          snapshot, storage::DatasetVersionKey(data.version.parent_id, data.version.version)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::DATASET_VERSION_NOT_FOUND, "DatasetVersion", name).ToStatus();
  }
  data.name = DatasetVersionName(data.version.parent_id, data.version.version);
  data.sha256 = stored->value.version().sha256();
  CAIRN_ASSIGN_OR_RETURN(data.file, OnlyFile(stored->value.version(), "one file *.csv", IsTable));
  return data;
}

}  // namespace

std::string MeasurementInputs::Sha256() const {
  std::string text = fmt::format("cairn.measurement.v1\n{}\n", kEvaluator);
  const auto add = [&text](const MeasuredModel& part) {
    text += fmt::format("{} {} {}\n", part.version.name(), part.version.sha256(), part.file.Hex());
  };
  add(model);
  text += fmt::format("{} {} {}\n", data.name, data.sha256, data.file.Hex());
  if (reference.has_value()) add(*reference);
  if (repeats != 0) text += fmt::format("repeats {}\n", repeats);
  return Sha256Hex(text);
}

absl::StatusOr<MeasurementInputs> ReadInputs(const Snapshot& snapshot, std::string_view name,
                                             std::string_view dataset_version,
                                             std::string_view reference_version) {
  MeasurementInputs inputs;
  CAIRN_ASSIGN_OR_RETURN(inputs.model, ReadModel(snapshot, "name", name));
  if (dataset_version.empty()) dataset_version = inputs.model.version.training_dataset();
  if (dataset_version.empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "dataset_version", "",
                        "is required: the version does not say what it was trained on")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(inputs.data, ReadData(snapshot, dataset_version));
  if (reference_version.empty()) return inputs;
  CAIRN_ASSIGN_OR_RETURN(inputs.reference,
                         ReadModel(snapshot, "reference_version", reference_version));
  if (inputs.reference->version.name() == inputs.model.version.name()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "reference_version", reference_version,
                        "must be another version")
        .ToStatus();
  }
  return inputs;
}

absl::StatusOr<cairn::Digest> ModelFileOf(const v1::ModelVersion& version) {
  return OnlyFile(version, fmt::format("one file {}", model::kModelFileName), model::IsModelFile);
}

absl::Status Unsupported(std::string_view resource, std::string_view missing) {
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::EVALUATION_UNSUPPORTED,
               fmt::format("{} cannot be measured: it has not {}", resource, missing))
      .With("resource", resource)
      .With("missing", missing)
      .Precondition("EVALUATION_UNSUPPORTED", resource, missing);
}

}  // namespace cairn::evaluation

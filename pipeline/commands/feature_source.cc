#include "pipeline/commands/feature_source.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "pipeline/commands/local_files.h"
#include "pipeline/commands/note.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/load.h"
#include "pipeline/lifecycle/champion_features.h"
#include "pipeline/register/stored_files.h"
#include "pipeline/stages/features_file.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMaxTableBytes = size_t{4} << 30;

bool LooksLikeFeatures(std::string_view bytes) {
  const std::string_view header = bytes.substr(0, bytes.find('\n'));
  return header.starts_with("CustomerID,") && header.find("Total_Spend") != header.npos;
}

absl::StatusOr<FeatureMatrix> FeaturesOf(std::string_view field, std::string_view name,
                                         std::string_view bytes, const PipelineConfig& config) {
  if (LooksLikeFeatures(bytes)) {
    Note("{}: {} is a table of features\n", field, name);
    return ParseFeaturesCsv(bytes, name);
  }
  LoadOptions options;
  options.threads = config.threads;
  options.max_reject_share = config.input.max_reject_share;
  options.dialect = config.input.dialect;
  CAIRN_ASSIGN_OR_RETURN(const LoadedTransactions loaded,
                         LoadTransactionsFromBytes(bytes, options));
  Note("{}: {} is transactions: {}\n", field, name, loaded.dialect);
  for (const std::string& warning : loaded.warnings) Note("warning: {}\n", warning);
  const CleaningResult cleaned = CleanTransactions(loaded.table, config.cleaning.rules);
  return ComputeFeatures(cleaned.table, config.features, config.threads,
                         config.cleaning.home_country);
}

absl::StatusOr<NamedFeatures> FromServer(std::string_view field, const std::string& source,
                                         const FeatureSourceOptions& options) {
  const size_t mark = source.find('@');
  if (mark == std::string::npos || mark == 0 || mark + 1 == source.size()) {
    return InvalidField(ErrorReason::NAME_INVALID, field, source,
                        "is no file; a data set version is NAME@VERSION or NAME@ALIAS")
        .ToStatus();
  }
  cairn::v1::GetDatasetVersionRequest request;
  request.set_name(
      ResourceName({"datasets", source.substr(0, mark), "versions", source.substr(mark + 1)}));
  CAIRN_ASSIGN_OR_RETURN(const auto version, options.client->datasets().GetDatasetVersion(request));
  if (version.files_size() != 1) {
    CAIRN_ASSIGN_OR_RETURN(StoredFeatures stored, FetchFeatures(*options.client, version.name()));
    return NamedFeatures{version.name(), version.name(), std::move(stored.features)};
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes,
                         ReadStoredFile(*options.client, version.files(0), kMaxTableBytes));
  CAIRN_ASSIGN_OR_RETURN(FeatureMatrix features,
                         FeaturesOf(field, version.name(), bytes, *options.config));
  return NamedFeatures{version.name(), version.name(), std::move(features)};
}

}  // namespace

absl::StatusOr<NamedFeatures> ReadFeatureSource(std::string_view field, const std::string& source,
                                                const FeatureSourceOptions& options) {
  if (IsRegularFile(source) || source == "-") {
    CAIRN_ASSIGN_OR_RETURN(const InputBytes bytes, InputBytes::Read(source));
    CAIRN_ASSIGN_OR_RETURN(FeatureMatrix features,
                           FeaturesOf(field, source, bytes.view(), *options.config));
    return NamedFeatures{source, "", std::move(features)};
  }
  if (options.client == nullptr) {
    return Error(absl::StatusCode::kNotFound, ErrorReason::FILE_ERROR,
                 fmt::format("{}: {} is no file; to read a data set, say --server HOST:PORT", field,
                             source))
        .With("field", field)
        .With("path", source)
        .ToStatus();
  }
  return FromServer(field, source, options);
}

}  // namespace cairn::pipeline

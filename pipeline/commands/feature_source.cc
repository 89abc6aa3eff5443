#include "pipeline/commands/feature_source.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/http/http_client.h"
#include "pipeline/commands/local_files.h"
#include "pipeline/commands/note.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/load.h"
#include "pipeline/lifecycle/champion_features.h"
#include "pipeline/register/stored_files.h"
#include "pipeline/stages/features_file.h"
#include "pipeline/stages/request_log_table.h"

namespace cairn::pipeline {
namespace {

constexpr size_t kMaxTableBytes = size_t{4} << 30;
constexpr int kMostLogged = 10'000'000;  // predictions that a request log can hold

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

// The file that --log-file left beside `path` when it began a new one; nothing where there is none,
// or where it is the same file, which was begun anew meanwhile.
absl::StatusOr<InputBytes> OlderLog(const std::string& path, std::string_view newer) {
  if (!IsRegularFile(path + ".1")) return InputBytes();
  CAIRN_ASSIGN_OR_RETURN(InputBytes older, InputBytes::Read(path + ".1"));
  const bool log = LooksLikeRequestLog(older.view());
  if (log && !older.view().starts_with(newer.substr(0, newer.find('\n')))) return older;
  return InputBytes();
}

absl::StatusOr<FeatureMatrix> FromRequestLog(std::string_view field, const std::string& path,
                                             std::string_view bytes) {
  CAIRN_ASSIGN_OR_RETURN(const InputBytes older, OlderLog(path, bytes));
  CAIRN_ASSIGN_OR_RETURN(RequestLogTable log, ParseRequestLog({older.view(), bytes}, path));
  Note("{}: {}{} is a request log: {} predictions, {} refused requests\n", field, path,
       older.view().empty() ? "" : fmt::format(" with {}.1 before it", path),
       log.features.customer_ids.size(), log.refused);
  if (log.other_columns > 0) {
    Note("warning: {} predictions by models with other columns are left out\n", log.other_columns);
  }
  return std::move(log.features);
}

// What a process that serves has in its request log.
absl::StatusOr<NamedFeatures> FromServing(std::string_view field, const std::string& address) {
  CAIRN_ASSIGN_OR_RETURN(const http::HostPort server, http::ParseHttpAddress(field, address));
  CAIRN_ASSIGN_OR_RETURN(
      const http::Response answer,
      http::Get(server, fmt::format("/requests?format=csv&limit={}", kMostLogged),
                {.max_body_bytes = kMaxTableBytes}));
  const std::string name = fmt::format("http://{}/requests", server.ToString());
  if (answer.status != 200 || (!answer.body.empty() && !answer.body.starts_with("CustomerID,"))) {
    return InvalidField(ErrorReason::VALUE_INVALID, field, address,
                        fmt::format("must be the address of `cairn-pipeline serve`: GET /requests "
                                    "answered {}",
                                    answer.status))
        .ToStatus();
  }
  if (answer.body.empty()) {
    return Error(absl::StatusCode::kInvalidArgument, ErrorReason::DATA_MALFORMED,
                 name + " has no predictions yet")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(FeatureMatrix features, ParseFeaturesCsv(answer.body, name));
  Note("{}: {} predictions of {}\n", field, features.customer_ids.size(), name);
  return NamedFeatures{name, "", std::move(features)};
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
    auto features = LooksLikeRequestLog(bytes.view())
                        ? FromRequestLog(field, source, bytes.view())
                        : FeaturesOf(field, source, bytes.view(), *options.config);
    CAIRN_RETURN_IF_ERROR(features.status());
    return NamedFeatures{source, "", *std::move(features)};
  }
  if (source.starts_with("http://") || source.starts_with("https://")) {
    return FromServing(field, source);
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

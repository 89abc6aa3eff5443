#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_FILE_TREE_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_FILE_TREE_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client-cli/mlflow_import/json_entities.h"
#include "client-cli/mlflow_import/source.h"

namespace cairn::mlflow_import {

// Reading what a file store of MLflow consists of, never outside of the folder that is read: names
// come from listings, and a link is no file and no directory, wherever it leads. Errors are those
// of the file system (lib/base/files.h).

// Subdirectories by name, in order; none where there is no such directory.
std::vector<std::string> SubdirectoriesOf(const std::string& directory);

// All files below, by their path from there, in order: what is neither file nor directory, and what
// breaks the rules for paths of artifacts, is refused with a reason.
//
// - OUT_OF_RANGE: more than kMostFiles.
absl::StatusOr<SourceFiles> FilesBelow(const std::string& directory);

// Calls `sink` with the bytes of a file, part by part.
absl::Status ReadInParts(const std::string& file,
                         const std::function<absl::Status(std::string_view)>& sink);

// A directory in which every file is a key and its content the value: parameters and tags. A key
// may have '/' in it. Files above 1 MiB are DATA_LOSS.
absl::StatusOr<Pairs> ReadPairs(const std::string& directory);

// A small file of YAML as JSON, in which every scalar is a text; null where YAML has null.
// DATA_LOSS (DATA_MALFORMED) for what is no map, is nested deeper than mlflow::kMaxJsonNesting or
// has more than 100,000 parts, which references may make of little.
absl::StatusOr<Json> ReadYaml(const std::string& file);
absl::StatusOr<Json> ParseYaml(std::string_view what, const std::string& text);

// A line of a metric's file: time, value, step, and of a logged model's also a run and a data set.
// Lines without a step are of step 0. DATA_LOSS for any other.
absl::StatusOr<SourceMetric> ParseMetricLine(std::string_view line, bool of_model);

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_FILE_TREE_H_

#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_SOURCE_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_SOURCE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::mlflow_import {

// What an installation of MLflow holds, as plain values: whoever reads one, over HTTP or from its
// files, gives these. Nothing in them is checked beyond its type.

using Pairs = std::map<std::string, std::string>;

struct Point {
  int64_t step = 0;
  int64_t time_unix_millis = 0;
  double value = 0;
};

struct SourceExperiment {
  std::string id;
  std::string name;
  Pairs tags;
  bool deleted = false;
  std::string unreadable;  // why there is nothing but an id; empty for what was read
};

// The latest point of a metric; of a logged model's also on what data set.
struct SourceMetric {
  std::string key;
  Point latest;
  std::string dataset_name;
  std::string dataset_digest;
};

struct ModelOutput {
  std::string model_id;
  int64_t step = 0;
};

struct SourceRun {
  std::string id;
  std::string name;
  std::string user;
  std::string status;  // "FINISHED"
  std::optional<int64_t> start_unix_millis;
  std::optional<int64_t> end_unix_millis;
  bool deleted = false;
  Pairs params;
  Pairs tags;
  Pairs input_tags;  // data sets and models that it read, as Cairn keeps them in tags
  std::vector<SourceMetric> metrics;
  std::vector<ModelOutput> outputs;
  std::string unreadable;  // why there is nothing but an id; empty for what was read
};

struct SourceModel {
  std::string id;  // "m-…"
  std::string experiment_id;
  std::string name;
  std::string type;
  std::string status;  // "LOGGED_MODEL_READY"
  std::string source_run_id;
  std::optional<int64_t> created_unix_millis;
  std::optional<int64_t> updated_unix_millis;
  Pairs params;
  Pairs tags;
  std::vector<SourceMetric> metrics;
};

struct RegisteredModel {
  std::string name;
  std::string description;
  Pairs tags;
  std::map<std::string, int64_t> aliases;
};

struct SourceVersion {
  std::string model;
  int64_t number = 0;
  std::string description;
  std::string source;
  std::string run_id;
  std::string run_link;
  std::string stage;
  Pairs tags;
};

// Whose artifacts: those of a run or of a logged model.
struct ArtifactPlace {
  bool of_model = false;
  std::string id;
};

struct SourceFile {
  std::string path;         // below the root of the place
  int64_t size_bytes = -1;  // -1: the source does not tell
};

// The files of a place, and the names that a source gave and nobody may take for one.
struct SourceFiles {
  std::vector<SourceFile> files;
  std::vector<std::pair<std::string, std::string>> refused;  // path, reason
};

// An installation of MLflow that is only read. Lists come in an order that stays the same while
// nobody writes there. One thread at a time.
//
// Errors: UNAVAILABLE, DEADLINE_EXCEEDED, UNAUTHENTICATED and PERMISSION_DENIED are of the source
// as a whole; NOT_FOUND, INVALID_ARGUMENT, OUT_OF_RANGE and DATA_LOSS of the thing asked for;
// INTERNAL is what the source says of its own faults. An error of a callback ends the call and is
// its result.
class MlflowSource {
 public:
  virtual ~MlflowSource() = default;

  // What a person calls it: its address or folder.
  virtual const std::string& name() const = 0;

  // All, the deleted ones too.
  virtual absl::StatusOr<std::vector<SourceExperiment>> Experiments() = 0;
  virtual absl::Status ForEachRun(const SourceExperiment& experiment,
                                  const std::function<absl::Status(SourceRun)>& on_run) = 0;
  // Every point of a metric, in parts, in whatever order.
  virtual absl::Status ReadHistory(
      const std::string& run_id, const std::string& key,
      const std::function<absl::Status(const std::vector<Point>&)>& on_part) = 0;

  virtual absl::Status ForEachModel(const SourceExperiment& experiment,
                                    const std::function<absl::Status(SourceModel)>& on_model) = 0;
  virtual absl::StatusOr<SourceModel> GetModel(const std::string& model_id) = 0;

  virtual absl::StatusOr<SourceFiles> Files(const ArtifactPlace& place) = 0;
  // REQUIRES: `path` is one of Files.
  virtual absl::Status ReadFile(const ArtifactPlace& place, const std::string& path,
                                const std::function<absl::Status(std::string_view)>& sink) = 0;

  virtual absl::StatusOr<std::vector<RegisteredModel>> RegisteredModels() = 0;
  // By number, ascending.
  virtual absl::StatusOr<std::vector<SourceVersion>> Versions(const std::string& model) = 0;
};

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_SOURCE_H_

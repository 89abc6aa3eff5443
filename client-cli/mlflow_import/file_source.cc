#include "client-cli/mlflow_import/file_source.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>

#include "client-cli/mlflow_import/file_tree.h"
#include "client-cli/mlflow_import/run_mapping.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "lib/mlflow/stored_names.h"

namespace cairn::mlflow_import {
namespace {

constexpr const char* kMeta = "/meta.yaml";
constexpr const char* kTrash = ".trash";
constexpr const char* kModelsFolder = "models";

bool HasMeta(const std::string& directory) {
  std::error_code error;
  return std::filesystem::is_regular_file(
      std::filesystem::symlink_status(directory + kMeta, error));
}

// Statuses are kept as numbers.
std::string NamedStatus(const std::string& text, const std::vector<std::string>& names) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number && number < names.size() ? names[number] : text;
}

bool IsLater(const Point& a, const Point& b) {
  return std::tie(a.step, a.time_unix_millis) > std::tie(b.step, b.time_unix_millis) ||
         (a.step == b.step && a.time_unix_millis == b.time_unix_millis && a.value > b.value);
}

// Every line of a metric's file.
absl::StatusOr<std::vector<SourceMetric>> ReadMetricFile(const std::string& file, bool of_model) {
  std::vector<SourceMetric> points;
  std::string rest;
  const auto take = [&](std::string_view line) -> absl::Status {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return absl::OkStatus();
    CAIRN_ASSIGN_OR_RETURN(SourceMetric point, ParseMetricLine(line, of_model));
    points.push_back(std::move(point));
    return absl::OkStatus();
  };
  const absl::Status read = ReadInParts(file, [&](std::string_view part) -> absl::Status {
    rest += part;
    size_t begin = 0;
    for (size_t end = rest.find('\n'); end != rest.npos; end = rest.find('\n', begin)) {
      CAIRN_RETURN_IF_ERROR(take(std::string_view(rest).substr(begin, end - begin)));
      begin = end + 1;
    }
    rest.erase(0, begin);
    return absl::OkStatus();
  });
  CAIRN_RETURN_IF_ERROR(read);
  CAIRN_RETURN_IF_ERROR(take(rest));
  return points;
}

// The latest point of each metric in a directory, of logged models by data set.
absl::StatusOr<std::vector<SourceMetric>> LatestOf(const std::string& directory, bool of_model) {
  CAIRN_ASSIGN_OR_RETURN(const SourceFiles files, FilesBelow(directory));
  std::vector<SourceMetric> latest;
  for (const SourceFile& file : files.files) {
    CAIRN_ASSIGN_OR_RETURN(const auto points,
                           ReadMetricFile(directory + "/" + file.path, of_model));
    std::map<std::pair<std::string, std::string>, SourceMetric> by_dataset;
    for (const SourceMetric& point : points) {
      const auto set = of_model ? std::pair(point.dataset_name, point.dataset_digest)
                                : std::pair<std::string, std::string>();
      const auto [known, is_new] = by_dataset.try_emplace(set, point);
      if (!is_new && IsLater(point.latest, known->second.latest)) known->second = point;
    }
    for (auto& [set, point] : by_dataset) {
      point.key = file.path;
      latest.push_back(std::move(point));
    }
  }
  return latest;
}

// NOT_FOUND for a directory that is of a run.
absl::StatusOr<SourceExperiment> ReadExperiment(const std::string& directory) {
  CAIRN_ASSIGN_OR_RETURN(const Json meta, ReadYaml(directory + kMeta));
  if (!TextOf(meta, "run_id").empty()) return absl::NotFoundError("of a run");
  SourceExperiment experiment = ExperimentOf(meta);
  CAIRN_ASSIGN_OR_RETURN(experiment.tags, ReadPairs(directory + "/tags"));
  if (experiment.name.empty()) return absl::DataLossError("its meta.yaml has no name");
  return experiment;
}

// A map of YAML as the list of pairs that JSON has.
Json PairListOf(const Json& map) {
  Json list = Json::array();
  if (!map.is_object()) return list;
  for (const auto& [key, value] : map.items()) {
    list.push_back({{"key", key}, {"value", value.is_string() ? value : Json("")}});
  }
  return list;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileSource>> FileSource::Open(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    return absl::NotFoundError(fmt::format("there is no folder {}", folder));
  }
  std::unique_ptr<FileSource> source(new FileSource(folder));  // NOLINT: its constructor is private
  CAIRN_ASSIGN_OR_RETURN(const auto experiments, source->Experiments());
  if (!experiments.empty()) return source;
  return absl::InvalidArgumentError(
      fmt::format("{} is no folder of MLflow's file store: no folder in it has a meta.yaml; name "
                  "the folder that is called mlruns",
                  folder));
}

absl::StatusOr<std::vector<SourceExperiment>> FileSource::Experiments() {
  std::vector<SourceExperiment> experiments;
  for (const std::string& parent : {folder_, folder_ + "/" + kTrash}) {
    for (const std::string& id : SubdirectoriesOf(parent)) {
      const std::string directory = fmt::format("{}/{}", parent, id);
      if (id == kTrash || id == kModelsFolder || !HasMeta(directory)) continue;
      auto experiment = ReadExperiment(directory);
      if (absl::IsNotFound(experiment.status())) continue;
      if (!experiment.ok()) {
        const std::string why(experiment.status().message());
        experiment = SourceExperiment{.name = id, .unreadable = why};
      }
      experiment->id = id;
      experiment->deleted = experiment->deleted || parent != folder_;
      experiments_[id] = directory;
      experiments.push_back(*std::move(experiment));
    }
  }
  return experiments;
}

absl::Status FileSource::ForEachRun(const SourceExperiment& experiment,
                                    const std::function<absl::Status(SourceRun)>& on_run) {
  const std::string directory = experiments_[experiment.id];
  runs_.clear();
  for (const std::string& id : SubdirectoriesOf(directory)) {
    const bool is_run = HasMeta(fmt::format("{}/{}", directory, id));
    if (is_run) runs_[id] = fmt::format("{}/{}", directory, id);
  }
  for (const auto& [id, run_directory] : runs_) {
    auto run = ReadRun(directory, id);
    if (!run.ok()) {
      const std::string why(run.status().message());
      run = SourceRun{.id = id, .unreadable = why};
    }
    CAIRN_RETURN_IF_ERROR(on_run(*std::move(run)));
  }
  return absl::OkStatus();
}

absl::StatusOr<SourceRun> FileSource::ReadRun(const std::string& experiment,
                                              const std::string& id) const {
  const std::string directory = experiment + "/" + id;
  CAIRN_ASSIGN_OR_RETURN(const Json meta, ReadYaml(directory + kMeta));
  SourceRun run = RunOf({{"info", meta}});
  run.id = id;
  run.status =
      NamedStatus(run.status, {"", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"});
  CAIRN_ASSIGN_OR_RETURN(run.params, ReadPairs(directory + "/params"));
  CAIRN_ASSIGN_OR_RETURN(run.tags, ReadPairs(directory + "/tags"));
  const auto tag = run.tags.extract(std::string(mlflow::kRunNameTag));
  if (!tag.empty()) run.name = tag.mapped();
  CAIRN_ASSIGN_OR_RETURN(run.metrics, LatestOf(directory + "/metrics", /*of_model=*/false));
  CAIRN_RETURN_IF_ERROR(ReadLinks(experiment, directory, run));
  return run;
}

absl::Status FileSource::ReadLinks(const std::string& experiment, const std::string& run,
                                   SourceRun& into) const {
  for (const std::string& link : SubdirectoriesOf(run + "/inputs")) {
    CAIRN_ASSIGN_OR_RETURN(const Json meta,
                           ReadYaml(fmt::format("{}/inputs/{}{}", run, link, kMeta)));
    const std::string id = TextOf(meta, "source_id");
    if (TextOf(meta, "source_type") != "DATASET") {
      // Of models the source is the run.
      const std::string model =
          mlflow::UidOfModelId(id).has_value() ? id : TextOf(meta, "destination_id");
      if (mlflow::UidOfModelId(model).has_value()) into.input_tags[ModelInputTagOf(model)] = "";
      continue;
    }
    const std::vector<std::string> known = SubdirectoriesOf(experiment + "/datasets");
    if (std::find(known.begin(), known.end(), id) == known.end()) continue;
    CAIRN_ASSIGN_OR_RETURN(const Json dataset,
                           ReadYaml(fmt::format("{}/datasets/{}{}", experiment, id, kMeta)));
    into.input_tags.insert(
        InputTagOf({{"dataset", dataset}, {"tags", PairListOf(ObjectOf(meta, "tags"))}}));
  }
  for (const std::string& model : SubdirectoriesOf(run + "/outputs")) {
    CAIRN_ASSIGN_OR_RETURN(const Json meta,
                           ReadYaml(fmt::format("{}/outputs/{}{}", run, model, kMeta)));
    into.outputs.push_back({model, IntOf(meta, "step").value_or(0)});
  }
  return absl::OkStatus();
}

absl::Status FileSource::ReadHistory(
    const std::string& run_id, const std::string& key,
    const std::function<absl::Status(const std::vector<Point>&)>& on_part) {
  CAIRN_ASSIGN_OR_RETURN(const std::string directory, DirectoryOf({false, run_id}));
  CAIRN_ASSIGN_OR_RETURN(const auto lines,
                         ReadMetricFile(directory + "/metrics/" + key, /*of_model=*/false));
  std::vector<Point> points;
  points.reserve(lines.size());
  for (const SourceMetric& line : lines) points.push_back(line.latest);
  SortPoints(points);  // A file may have a point twice.
  return on_part(points);
}

absl::StatusOr<SourceModel> FileSource::ReadModel(const std::string& directory,
                                                  const std::string& id) const {
  CAIRN_ASSIGN_OR_RETURN(const Json meta, ReadYaml(directory + kMeta));
  SourceModel model = LoggedModelOf({{"info", meta}});
  model.id = id;
  model.created_unix_millis = IntOf(meta, "creation_timestamp");
  model.updated_unix_millis = IntOf(meta, "last_updated_timestamp");
  model.status = NamedStatus(model.status, {"", "LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY",
                                            "LOGGED_MODEL_UPLOAD_FAILED"});
  CAIRN_ASSIGN_OR_RETURN(model.params, ReadPairs(directory + "/params"));
  CAIRN_ASSIGN_OR_RETURN(model.tags, ReadPairs(directory + "/tags"));
  CAIRN_ASSIGN_OR_RETURN(model.metrics, LatestOf(directory + "/metrics", /*of_model=*/true));
  return model;
}

absl::Status FileSource::ForEachModel(const SourceExperiment& experiment,
                                      const std::function<absl::Status(SourceModel)>& on_model) {
  const std::string models = experiments_[experiment.id] + "/" + kModelsFolder;
  for (const std::string& id : SubdirectoriesOf(models)) {
    if (!HasMeta(fmt::format("{}/{}", models, id))) continue;
    CAIRN_ASSIGN_OR_RETURN(SourceModel model, ReadModel(fmt::format("{}/{}", models, id), id));
    CAIRN_RETURN_IF_ERROR(on_model(std::move(model)));
  }
  return absl::OkStatus();
}

absl::StatusOr<SourceModel> FileSource::GetModel(const std::string& model_id) {
  CAIRN_ASSIGN_OR_RETURN(const std::string directory, DirectoryOf({true, model_id}));
  return ReadModel(directory, model_id);
}

absl::StatusOr<std::string> FileSource::DirectoryOf(const ArtifactPlace& place) const {
  if (!place.of_model) {
    const auto found = runs_.find(place.id);
    if (found != runs_.end()) return found->second;
  } else if (mlflow::UidOfModelId(place.id).has_value()) {
    for (const auto& [id, directory] : experiments_) {
      std::string model = fmt::format("{}/{}/{}", directory, kModelsFolder, place.id);
      if (HasMeta(model)) return model;
    }
  }
  return absl::NotFoundError(fmt::format("{} has no {}", folder_, place.id));
}

absl::StatusOr<SourceFiles> FileSource::Files(const ArtifactPlace& place) {
  CAIRN_ASSIGN_OR_RETURN(const std::string directory, DirectoryOf(place));
  CAIRN_ASSIGN_OR_RETURN(const Json meta, ReadYaml(directory + kMeta));
  const std::string uri = TextOf(meta, place.of_model ? "artifact_location" : "artifact_uri");
  // The folder may have moved: only the end of what was written counts.
  const bool is_remote = uri.find("://") != uri.npos && !uri.starts_with("file:");
  if (is_remote || (!uri.empty() && !uri.ends_with(place.id + "/artifacts"))) {
    return absl::FailedPreconditionError(
        fmt::format("they are in {}, and only the folder is read: start `mlflow server "
                    "--backend-store-uri {}` and name its address",
                    uri, folder_));
  }
  return FilesBelow(directory + "/artifacts");
}

absl::Status FileSource::ReadFile(const ArtifactPlace& place, const std::string& path,
                                  const std::function<absl::Status(std::string_view)>& sink) {
  CAIRN_ASSIGN_OR_RETURN(const std::string directory, DirectoryOf(place));
  return ReadInParts(directory + "/artifacts/" + path, sink);
}

absl::StatusOr<std::vector<RegisteredModel>> FileSource::RegisteredModels() {
  std::vector<RegisteredModel> models;
  const std::string parent = folder_ + "/" + kModelsFolder;
  for (const std::string& name : SubdirectoriesOf(parent)) {
    const std::string directory = fmt::format("{}/{}", parent, name);
    if (!HasMeta(directory)) continue;
    CAIRN_ASSIGN_OR_RETURN(const Json meta, ReadYaml(directory + kMeta));
    RegisteredModel model{name, TextOf(meta, "description"), {}, {}};
    CAIRN_ASSIGN_OR_RETURN(model.tags, ReadPairs(directory + "/tags"));
    CAIRN_ASSIGN_OR_RETURN(const Pairs aliases, ReadPairs(directory + "/aliases"));
    for (const auto& [alias, version] : aliases) {
      model.aliases[alias] = IntOf({{"version", version}}, "version").value_or(0);
    }
    models.push_back(std::move(model));
  }
  return models;
}

absl::StatusOr<std::vector<SourceVersion>> FileSource::Versions(const std::string& model) {
  constexpr std::string_view kPrefix = "version-";
  const std::string parent = fmt::format("{}/{}", folder_, kModelsFolder);
  const std::vector<std::string> known = SubdirectoriesOf(parent);
  std::vector<SourceVersion> versions;
  if (std::find(known.begin(), known.end(), model) == known.end()) return versions;
  for (const std::string& name : SubdirectoriesOf(fmt::format("{}/{}", parent, model))) {
    const std::string directory = fmt::format("{}/{}/{}", parent, model, name);
    if (!name.starts_with(kPrefix) || !HasMeta(directory)) continue;
    CAIRN_ASSIGN_OR_RETURN(const Json meta, ReadYaml(directory + kMeta));
    SourceVersion version = VersionOf(meta);
    version.model = model;
    if (version.stage == "Deleted_Internal") continue;
    CAIRN_ASSIGN_OR_RETURN(version.tags, ReadPairs(directory + "/tags"));
    versions.push_back(std::move(version));
  }
  std::sort(versions.begin(), versions.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  return versions;
}

}  // namespace cairn::mlflow_import

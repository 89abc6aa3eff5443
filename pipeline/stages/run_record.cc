#include "pipeline/stages/run_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "lib/base/encoding.h"

namespace cairn::pipeline {
namespace {

using Json = nlohmann::ordered_json;

void AppendIndices(const Indices& indices, std::string_view prefix,
                   std::vector<std::pair<std::string, double>>* out) {
  for (const auto& [name, value] : {std::pair<std::string_view, double>{"inertia", indices.inertia},
                                    {"silhouette", indices.silhouette},
                                    {"silhouette_error", indices.silhouette_error},
                                    {"davies_bouldin", indices.davies_bouldin},
                                    {"calinski_harabasz", indices.calinski_harabasz},
                                    {"min_cluster_share", indices.min_cluster_share},
                                    {"max_cluster_share", indices.max_cluster_share}}) {
    if (std::isfinite(value)) out->emplace_back(fmt::format("{}{}", prefix, name), value);
  }
}

Json RunObject(const TrainingRun& run, const PipelineConfig& config) {
  Json params = Json::object();
  for (const auto& [key, value] : RunParams(run, config)) params[key] = value;
  Json metrics = Json::object();
  for (const auto& [key, value] : RunMetrics(run)) metrics[key] = value;
  Json one = {{"name", run.point.Id()},
              {"run", nullptr},
              {"params", std::move(params)},
              {"metrics", std::move(metrics)},
              {"seconds", run.fit_seconds + run.evaluate_seconds},
              {"shared_from", nullptr},
              {"version", false}};
  if (!run.shared_from.empty()) one["shared_from"] = run.shared_from;
  return one;
}

std::string StabilityText(const SelectionRow& row) {
  return row.stability ? fmt::format("{:.3f}", row.stability->rand_index) : std::string("-");
}

}  // namespace

std::map<std::string, std::string> RunParams(const TrainingRun& run, const PipelineConfig& config) {
  const GridPoint& point = run.point;
  std::map<std::string, std::string> params = {
      {"algorithm", "kmeans"},
      {"k", std::to_string(point.k)},
      {"n_init", std::to_string(point.n_init)},
      {"max_iter", std::to_string(point.max_iter)},
      {"init", std::string(CenterInitName(point.init))},
      {"seed", std::to_string(point.seed)},
      {"tol", ShortestDouble(config.sweep.tol)},
      {"features", std::string(FeaturePresetName(config.features))},
      {"outliers", OutlierTreatment(config)},
      {"scaling", config.scaling_name},
      {"pca_variance", ShortestDouble(config.pca.variance)},
      {"pca_extra_components", std::to_string(config.pca.extra_components)},
      {"components", std::to_string(run.fit->centers.cols())}};
  if (run.training.silhouette_sample > 0) {
    params["silhouette_sample"] = std::to_string(run.training.silhouette_sample);
  }
  return params;
}

std::vector<std::pair<std::string, double>> IndexMetrics(const TrainingRun& run) {
  std::vector<std::pair<std::string, double>> out;
  AppendIndices(run.training, "", &out);
  AppendIndices(run.everyone, "all_", &out);
  return out;
}

std::vector<std::pair<std::string, double>> RunMetrics(const TrainingRun& run) {
  auto out = IndexMetrics(run);
  out.emplace_back("iterations", run.fit->iterations);
  out.emplace_back("converged", run.fit->converged ? 1 : 0);
  out.emplace_back("fit_seconds", run.fit_seconds);
  out.emplace_back("evaluate_seconds", run.evaluate_seconds);
  return out;
}

std::vector<std::pair<std::string, double>> EvidenceMetrics(const TrainingRun& run) {
  std::vector<std::pair<std::string, double>> out;
  AppendIndices(run.everyone, "", &out);
  return out;
}

std::string RunsJson(const std::vector<TrainingRun>& runs, const PipelineConfig& config,
                     const Selection& selection, const std::vector<std::string>& resource_names) {
  const std::set<size_t> versions(selection.versions.begin(), selection.versions.end());
  std::string out = "[";
  for (size_t i = 0; i < runs.size(); ++i) {
    Json one = RunObject(runs[i], config);
    if (i < resource_names.size() && !resource_names[i].empty()) one["run"] = resource_names[i];
    one["version"] = versions.count(i) > 0;
    out += (i == 0 ? "\n" : ",\n") + one.dump();
  }
  return out + "\n]\n";
}

std::string SelectionJson(const std::vector<TrainingRun>& runs, const Selection& selection) {
  Json rows = Json::array();
  for (const SelectionRow& row : selection.rows) {
    const TrainingRun& run = runs[row.run];
    Json all = Json::object();
    for (const auto& [name, value] : EvidenceMetrics(run)) all[name] = value;
    Json one = {{"k", row.k},
                {"run", run.point.Id()},
                {"inertia", row.inertia},
                {"silhouette", row.silhouette},
                {"davies_bouldin", row.davies_bouldin},
                {"calinski_harabasz", row.calinski_harabasz},
                {"stability", nullptr},
                {"stability_seeds", 0},
                {"stability_extra_fits", 0},
                {"all_customers", std::move(all)},
                {"degenerate", row.degenerate},
                {"eligible", row.eligible},
                {"note", row.note}};
    if (row.stability) {
      one["stability"] = row.stability->rand_index;
      one["stability_seeds"] = row.stability->seeds;
      one["stability_extra_fits"] = row.stability->extra_fits;
    }
    rows.push_back(std::move(one));
  }
  Json versions = Json::array();
  for (const size_t run : selection.versions) versions.push_back(runs[run].point.Id());
  const SelectionRow& chosen = selection.rows[selection.chosen];
  Json out = {{"chosen_k", chosen.k},       {"chosen_run", runs[chosen.run].point.Id()},
              {"reason", selection.reason}, {"elbow_k", nullptr},
              {"table", std::move(rows)},   {"versions", std::move(versions)}};
  if (selection.elbow_k > 0) out["elbow_k"] = selection.elbow_k;
  return out.dump(2) + "\n";
}

std::string SelectionTable(const std::vector<TrainingRun>& runs, const Selection& selection) {
  std::string out = fmt::format("  {:>3}  {:>10}  {:>10}  {:>8}  {:>9}  {:>9}  {:>13}  {:>9}  {}\n",
                                "k", "inertia", "silhouette", "davies-b", "calinski", "stability",
                                "all: silh.", "smallest", "remark");
  for (size_t i = 0; i < selection.rows.size(); ++i) {
    const SelectionRow& row = selection.rows[i];
    std::string remark = i == selection.chosen ? "chosen" : row.note;
    if (row.k == selection.elbow_k) remark += remark.empty() ? "elbow" : "; elbow";
    out += fmt::format(
        "{} {:>3}  {:>10.1f}  {:>10.4f}  {:>8.3f}  {:>9.1f}  {:>9}  {:>13.4f}  {:>7.2f} %  {}\n",
        i == selection.chosen ? '*' : ' ', row.k, row.inertia, row.silhouette, row.davies_bouldin,
        row.calinski_harabasz, StabilityText(row), runs[row.run].everyone.silhouette,
        100 * row.min_share, remark);
  }
  return out;
}

std::string LeaderboardTable(const std::vector<TrainingRun>& runs, size_t limit) {
  std::vector<size_t> order(runs.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return runs[a].training.silhouette > runs[b].training.silhouette;
  });
  struct Line {
    size_t run;
    int same = 1;
  };
  std::vector<Line> lines;
  for (const size_t i : order) {
    const auto equal = [&](const Line& line) {
      return runs[line.run].point.k == runs[i].point.k &&
             runs[line.run].training.silhouette == runs[i].training.silhouette &&
             runs[line.run].training.inertia == runs[i].training.inertia;
    };
    const auto held = std::find_if(lines.begin(), lines.end(), equal);
    if (held != lines.end()) {
      ++held->same;
    } else {
      lines.push_back({i});
    }
  }
  std::string out =
      fmt::format("{:>4}  {:>3}  {:>10}  {:>10}  {:>8}  {:>9}  {:>9}  {:>4}  {}\n", "rank", "k",
                  "silhouette", "inertia", "davies-b", "calinski", "smallest", "runs", "first run");
  for (size_t rank = 0; rank < std::min(limit, lines.size()); ++rank) {
    const TrainingRun& run = runs[lines[rank].run];
    out += fmt::format(
        "{:>4}  {:>3}  {:>10.4f}  {:>10.1f}  {:>8.3f}  {:>9.1f}  {:>7.2f} %  {:>4}  {}\n", rank + 1,
        run.point.k, run.training.silhouette, run.training.inertia, run.training.davies_bouldin,
        run.training.calinski_harabasz, 100 * run.training.min_cluster_share, lines[rank].same,
        run.point.Id());
  }
  return out;
}

}  // namespace cairn::pipeline

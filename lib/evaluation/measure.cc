#include "lib/evaluation/measure.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "lib/base/status_macros.h"
#include "lib/clustering/clusters.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/matching.h"
#include "lib/evaluation/drift.h"
#include "lib/evaluation/sampling.h"
#include "lib/model/digests.h"

namespace cairn::evaluation {
namespace {

using clustering::Labels;
using model::Matrix;
using model::Predictor;

constexpr std::string_view kNoOutliers = "none";

// Rows of a table as a model sees them, and the segments it puts them into.
struct Segmented {
  Matrix raw;
  Matrix components;
  Labels labels;
};

absl::StatusOr<Segmented> Segment(const Predictor& predictor, const FeatureTable& table) {
  Segmented out;
  CAIRN_ASSIGN_OR_RETURN(out.raw, table.RowsFor(predictor));
  CAIRN_ASSIGN_OR_RETURN(out.components, predictor.Components(out.raw));
  out.labels = model::NearestCenters(out.components, predictor.centers());
  return out;
}

void Add(std::string_view metric, std::string_view variant, double value, Measurement& out) {
  out.values.push_back(
      {std::string(metric), std::string(metric) + std::string(variant), value, {}});
}

// What lib/clustering refuses cannot be measured.
void AddIfMeasured(std::string_view metric, const absl::StatusOr<double>& value, Measurement& out) {
  if (value.ok()) Add(metric, ".v1", *value, out);
}

// Of the mean of a sample that was drawn without replacement from `count`.
double StandardError(const std::vector<double>& sample, double mean, size_t count) {
  double squares = 0;
  for (const double value : sample) squares += (value - mean) * (value - mean);
  const auto size = static_cast<double>(sample.size());
  const double left = 1 - size / static_cast<double>(count);
  return std::sqrt(squares / (size - 1) / size * left);
}

void AddSampledSilhouette(const Matrix& components, const Labels& labels,
                          const MeasureOptions& options, Measurement& out) {
  const std::vector<size_t> drawn = DrawRows(labels.size(), options);
  Labels own(drawn.size());
  for (size_t i = 0; i < drawn.size(); ++i) own[i] = labels[drawn[i]];
  const auto silhouette =
      clustering::ComputeSilhouette(TakeRows(components, drawn), own, options.threads);
  if (!silhouette.ok()) return;
  Add("silhouette", ".sampled.v1", silhouette->mean, out);
  out.values.back().standard_error =
      StandardError(silhouette->samples, silhouette->mean, labels.size());
  out.settings["silhouette.sample_rows"] = std::to_string(options.sample_rows);
  out.settings["silhouette.sample_seed"] = std::to_string(options.sample_seed);
}

void AddSilhouette(const Matrix& components, const Labels& labels, const MeasureOptions& options,
                   Measurement& out) {
  if (IsSampled(labels.size(), options)) {
    return AddSampledSilhouette(components, labels, options, out);
  }
  const auto silhouette = clustering::ComputeSilhouette(components, labels, options.threads);
  if (silhouette.ok()) Add("silhouette", ".exact.v1", silhouette->mean, out);
}

void AddInertia(const Matrix& components, const Labels& labels, Measurement& out) {
  const auto clusters = clustering::GroupRows(components, labels);
  if (!clusters.ok()) return;
  const Labels numbers(clusters->numbers.begin(), clusters->numbers.end());
  const auto inertia =
      clustering::Inertia(components, numbers, clustering::Centroids(components, *clusters));
  if (inertia.ok()) Add("inertia", ".partition.v1", *inertia, out);
}

// The indices that depend on where rows lie, of `labels` in the space of `components`.
void AddIndices(const Matrix& components, const Labels& labels, const MeasureOptions& options,
                Measurement& out) {
  AddSilhouette(components, labels, options, out);
  AddIfMeasured("davies_bouldin", clustering::DaviesBouldin(components, labels), out);
  AddIfMeasured("calinski_harabasz", clustering::CalinskiHarabasz(components, labels), out);
  AddInertia(components, labels, out);
}

// Mean distance between the means of paired segments. nullopt if no pair has rows on both sides.
std::optional<double> CentroidShift(const Matrix& components, const Labels& labels,
                                    const Labels& reference, const std::vector<int32_t>& partner) {
  const auto mine = clustering::GroupRows(components, labels);
  const auto theirs = clustering::GroupRows(components, reference);
  if (!mine.ok() || !theirs.ok()) return std::nullopt;
  const Matrix from = clustering::Centroids(components, *mine);
  const Matrix to = clustering::Centroids(components, *theirs);
  double sum = 0;
  int pairs = 0;
  for (size_t i = 0; i < mine->names.size(); ++i) {
    const int32_t name = partner[static_cast<size_t>(mine->names[i])];
    const auto found = std::lower_bound(theirs->names.begin(), theirs->names.end(), name);
    if (name < 0 || found == theirs->names.end() || *found != name) continue;
    const auto j = static_cast<Eigen::Index>(found - theirs->names.begin());
    sum += (from.row(static_cast<Eigen::Index>(i)) - to.row(j)).norm();
    ++pairs;
  }
  return pairs == 0 ? std::nullopt : std::optional<double>(sum / pairs);
}

double Churn(const Labels& labels, const Labels& reference, const std::vector<int32_t>& partner) {
  int64_t moved = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (partner[static_cast<size_t>(labels[i])] != reference[i]) ++moved;
  }
  return static_cast<double>(moved) / static_cast<double>(labels.size());
}

// A space whose numbers overflow has no distances.
Measurement Sorted(Measurement out) {
  std::erase_if(out.values, [](const MeasuredValue& value) { return std::isnan(value.value); });
  std::sort(out.values.begin(), out.values.end(),
            [](const auto& a, const auto& b) { return a.metric < b.metric; });
  return out;
}

}  // namespace

Measurement InSpaceOf(const Predictor& predictor) {
  Measurement out;
  out.space = model::EvaluationSpaceDigest(predictor.model(), kNoOutliers);
  out.preparation = model::PreparationDigest(predictor.model(), kNoOutliers);
  return out;
}

uint32_t SampleSeed(std::string_view table_sha256) {
  constexpr size_t kDigits = 8;
  constexpr int kHexadecimal = 16;
  uint32_t seed = 0;
  const std::string_view head = table_sha256.substr(0, kDigits);
  std::from_chars(head.data(), head.data() + head.size(), seed, kHexadecimal);
  return seed;
}

absl::StatusOr<Measurement> Measure(const Predictor& model, const FeatureTable& table,
                                    const MeasureOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(const Segmented own, Segment(model, table));
  Measurement out = InSpaceOf(model);
  AddIndices(own.components, own.labels, options, out);
  Add("cluster_count", ".v1", model.cluster_count(), out);
  if (const auto shares = clustering::ComputeShares(own.labels, model.cluster_count());
      shares.ok()) {
    Add("min_cluster_share", ".v1", shares->smallest, out);
    Add("max_cluster_share", ".v1", shares->largest, out);
  }
  if (const auto drift = LargestStabilityIndex(model.model(), own.raw)) {
    Add("psi_max", HasEdgeShares(model.model()) ? ".v2" : ".v1", *drift, out);
  }
  return Sorted(std::move(out));
}

absl::StatusOr<Measurement> MeasureAgainst(const Predictor& model, const Predictor& reference,
                                           const FeatureTable& table,
                                           const MeasureOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(const Segmented mine, Segment(model, table));
  CAIRN_ASSIGN_OR_RETURN(const Segmented theirs, Segment(reference, table));
  Measurement out = InSpaceOf(reference);
  AddIndices(theirs.components, mine.labels, options, out);
  AddIfMeasured("ari", clustering::AdjustedRandIndex(mine.labels, theirs.labels), out);
  const auto partner = clustering::MatchLabels(mine.labels, model.cluster_count(), theirs.labels,
                                               reference.cluster_count());
  if (!partner.ok()) return Sorted(std::move(out));
  Add("label_churn", ".v1", Churn(mine.labels, theirs.labels, *partner), out);
  if (const auto shift = CentroidShift(theirs.components, mine.labels, theirs.labels, *partner)) {
    Add("centroid_shift", ".v1", *shift, out);
  }
  return Sorted(std::move(out));
}

}  // namespace cairn::evaluation

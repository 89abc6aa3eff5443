#include "lib/evaluation/stability.h"

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/numbers.h"
#include "lib/base/status_macros.h"
#include "lib/clustering/indices.h"
#include "lib/clustering/kmeans.h"
#include "lib/evaluation/sampling.h"
#include "lib/model/digests.h"

namespace cairn::evaluation {
namespace {

using clustering::KMeansOptions;
using clustering::Labels;
using model::Matrix;
using model::Predictor;

constexpr int kMaxCount = 1'000'000;  // of starts and of iterations

absl::Status Wrong(std::string_view name, std::string_view value, std::string_view rule) {
  return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("params.{}", name), value, rule)
      .ToStatus();
}

std::optional<std::string_view> Param(const Predictor& model, const char* name) {
  const auto found = model.model().params().find(name);
  if (found == model.model().params().end()) return std::nullopt;
  return found->second;
}

absl::Status ReadCount(const Predictor& model, const char* name, int& count) {
  const auto text = Param(model, name);
  if (!text.has_value()) return absl::OkStatus();
  const auto number = ParseNumber(*text);
  if (!number || !(*number >= 1) || *number > kMaxCount || *number != std::floor(*number)) {
    return Wrong(name, *text, fmt::format("must be a whole number from 1 to {}", kMaxCount));
  }
  count = static_cast<int>(*number);
  return absl::OkStatus();
}

absl::StatusOr<KMeansOptions> ConfigurationOf(const Predictor& model, int threads) {
  KMeansOptions options;
  options.k = model.cluster_count();
  options.threads = threads;
  options.limits.algorithm = clustering::KMeansAlgorithm::kHamerly;  // the same bits, sooner
  CAIRN_RETURN_IF_ERROR(ReadCount(model, "n_init", options.n_init));
  CAIRN_RETURN_IF_ERROR(ReadCount(model, "max_iter", options.limits.max_iter));
  if (const auto init = Param(model, "init")) {
    const auto parsed = clustering::ParseKMeansInit(*init);
    if (!parsed.ok()) return Wrong("init", *init, "must be k-means++ or random");
    options.init = *parsed;
  }
  if (const auto tol = Param(model, "tol")) {
    const auto number = ParseNumber(*tol);
    if (!number || !std::isfinite(*number) || *number < 0) {
      return Wrong("tol", *tol, "must be a number from 0");
    }
    options.limits.tol = *number;
  }
  return options;
}

absl::Status CheckWork(const Matrix& rows, const KMeansOptions& options, int repeats) {
  if (rows.rows() < options.k) {
    return InvalidField(ErrorReason::VALUE_INVALID, "rows", std::to_string(rows.rows()),
                        fmt::format("must be at least as many as segments, {}", options.k))
        .ToStatus();
  }
  const double work = static_cast<double>(rows.size()) * options.k * options.n_init *
                      options.limits.max_iter * repeats;
  if (work <= kMaxRefitWork) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, "repeats", std::to_string(repeats),
                      fmt::format("may need {:.1g} distances of {} rows, above {:.1g}", work,
                                  rows.rows(), kMaxRefitWork))
      .ToStatus();
}

absl::StatusOr<double> StabilityOf(const Matrix& rows, KMeansOptions options, int repeats) {
  clustering::Parallel parallel(options.threads);
  CAIRN_ASSIGN_OR_RETURN(const auto context, clustering::KMeansContext::Create(rows, parallel));
  std::vector<Labels> fits;
  for (int seed = 0; seed < repeats; ++seed) {
    options.seed = static_cast<uint64_t>(seed);
    CAIRN_ASSIGN_OR_RETURN(auto fit, clustering::Fit(context, options));
    fits.push_back(std::move(fit.labels));
  }
  return clustering::Stability(fits);
}

}  // namespace

absl::StatusOr<Measurement> MeasureStability(const Predictor& model, const FeatureTable& table,
                                             int repeats, const MeasureOptions& options) {
  CAIRN_ASSIGN_OR_RETURN(const KMeansOptions refit, ConfigurationOf(model, options.threads));
  CAIRN_ASSIGN_OR_RETURN(const Matrix raw, table.RowsFor(model));
  CAIRN_ASSIGN_OR_RETURN(Matrix rows, model.Components(raw));
  Measurement out = InSpaceOf(model);
  out.settings["stability.repeats"] = std::to_string(repeats);
  const bool sampled = IsSampled(static_cast<size_t>(rows.rows()), options);
  if (sampled) {
    rows = TakeRows(rows, DrawRows(static_cast<size_t>(rows.rows()), options));
    out.settings["stability.sample_rows"] = std::to_string(options.sample_rows);
    out.settings["stability.sample_seed"] = std::to_string(options.sample_seed);
  }
  CAIRN_RETURN_IF_ERROR(CheckWork(rows, refit, repeats));
  CAIRN_ASSIGN_OR_RETURN(const double stability, StabilityOf(rows, refit, repeats));
  out.values.push_back(
      {"stability_ari",
       fmt::format("stability_ari.{}refits{}.v1", sampled ? "sampled_" : "", repeats), stability,
       std::nullopt});
  return out;
}

}  // namespace cairn::evaluation

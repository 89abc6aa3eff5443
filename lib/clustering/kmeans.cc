#include "lib/clustering/kmeans.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "lib/clustering/kmeans_init.h"
#include "lib/clustering/kmeans_lloyd.h"
#include "lib/clustering/random.h"

namespace cairn::clustering {
namespace {

// From this many values on, one start is work enough for all threads.
constexpr std::size_t kValuesForInnerThreads = std::size_t{1} << 18;

template <typename... Args>
absl::Status Invalid(fmt::format_string<Args...> format, Args&&... args) {
  return absl::InvalidArgumentError(fmt::format(format, std::forward<Args>(args)...));
}

absl::Status CheckLimits(const KMeansLimits& limits) {
  if (limits.max_iter < 1) return Invalid("max_iter: value {}; must be >= 1", limits.max_iter);
  if (!std::isfinite(limits.tol) || limits.tol < 0) {
    return Invalid("tol: value {}; must be finite and >= 0", limits.tol);
  }
  return absl::OkStatus();
}

absl::Status CheckClusterCount(std::int64_t k, std::size_t rows) {
  if (k >= 1 && static_cast<std::size_t>(k) <= rows) return absl::OkStatus();
  return Invalid("k: value {}; must be 1 to the number of rows, {}", k, rows);
}

absl::Status CheckStart(const KMeansContext& context, const KMeansStart& spec) {
  if (absl::Status status = CheckClusterCount(spec.k, context.row_count()); !status.ok()) {
    return status;
  }
  if (spec.start < 0) return Invalid("start: value {}; must be >= 0", spec.start);
  return CheckLimits(spec.limits);
}

absl::Status CheckColumns(const Matrix& centers, std::string_view field, std::size_t columns) {
  if (static_cast<std::size_t>(centers.cols()) == columns) return absl::OkStatus();
  return Invalid("{}: has {} columns; must have as many as the rows, {}", field, centers.cols(),
                 columns);
}

std::vector<std::size_t> ChooseRows(const KMeansContext& context, const KMeansStart& spec,
                                    Parallel& parallel) {
  Mt19937 random(StartSeed(spec));
  const auto k = static_cast<std::size_t>(spec.k);
  if (spec.init == KMeansInit::kRandom) {
    return random.ChoiceWithoutReplacement(context.row_count(), k);
  }
  return GreedyPlusPlusRows(context, k, random, parallel);
}

KMeansResult RunStart(const KMeansContext& context, const KMeansStart& spec, Parallel& parallel) {
  const std::size_t d = context.column_count();
  std::vector<double> centers;
  centers.reserve(static_cast<std::size_t>(spec.k) * d);
  for (const std::size_t row : ChooseRows(context, spec, parallel)) {
    const double* values = context.centered().data() + row * d;
    centers.insert(centers.end(), values, values + d);
  }
  return RunLloyd(context, std::move(centers), spec.limits, parallel);
}

// Whether every cluster of `a` lies in one cluster of `b`: the one-sided notion of equality that
// scikit-learn uses.
bool SameClustering(const Labels& a, const Labels& b) {
  std::vector<std::int32_t> partner;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto own = static_cast<std::size_t>(a[i]);
    if (own >= partner.size()) partner.resize(own + 1, -1);
    if (partner[own] == -1) partner[own] = b[i];
    if (partner[own] != b[i]) return false;
  }
  return true;
}

}  // namespace

std::string_view KMeansInitName(KMeansInit init) {
  return init == KMeansInit::kRandom ? "random" : "k-means++";
}

absl::StatusOr<KMeansInit> ParseKMeansInit(std::string_view name) {
  if (name == "k-means++") return KMeansInit::kKMeansPlusPlus;
  if (name == "random") return KMeansInit::kRandom;
  return Invalid("init: value \"{}\"; must be k-means++ or random", name);
}

std::uint32_t StartSeed(const KMeansStart& spec) {
  return DeriveSeed(spec.seed,
                    {static_cast<std::uint64_t>(spec.init), static_cast<std::uint64_t>(spec.k),
                     static_cast<std::uint64_t>(spec.start)});
}

absl::StatusOr<std::vector<std::size_t>> InitialRows(const KMeansContext& context,
                                                     const KMeansStart& spec, Parallel& parallel) {
  if (absl::Status status = CheckStart(context, spec); !status.ok()) return status;
  return ChooseRows(context, spec, parallel);
}

absl::StatusOr<KMeansResult> FitStart(const KMeansContext& context, const KMeansStart& spec,
                                      Parallel& parallel) {
  if (absl::Status status = CheckStart(context, spec); !status.ok()) return status;
  return RunStart(context, spec, parallel);
}

absl::StatusOr<std::vector<KMeansResult>> FitStarts(const KMeansContext& context,
                                                    std::span<const KMeansStart> specs,
                                                    Parallel& parallel) {
  for (const KMeansStart& spec : specs) {
    if (absl::Status status = CheckStart(context, spec); !status.ok()) return status;
  }
  std::vector<KMeansResult> results(specs.size());
  const std::size_t values = context.row_count() * context.column_count();
  if (values >= kValuesForInnerThreads) {
    for (std::size_t i = 0; i < specs.size(); ++i) {
      results[i] = RunStart(context, specs[i], parallel);
    }
    return results;
  }
  parallel.For(specs.size(), [&](std::size_t i) {
    Parallel serial(1);
    results[i] = RunStart(context, specs[i], serial);
  });
  return results;
}

absl::StatusOr<KMeansResult> FitFrom(const KMeansContext& context, const Matrix& initial_centers,
                                     const KMeansLimits& limits, Parallel& parallel) {
  const std::size_t d = context.column_count();
  if (absl::Status status = CheckMatrix(initial_centers, "initial_centers"); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckColumns(initial_centers, "initial_centers", d); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckClusterCount(initial_centers.rows(), context.row_count());
      !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckLimits(limits); !status.ok()) return status;
  std::vector<double> centers(initial_centers.data(),
                              initial_centers.data() + initial_centers.size());
  for (std::size_t i = 0; i < centers.size(); ++i) centers[i] -= context.column_means()[i % d];
  return RunLloyd(context, std::move(centers), limits, parallel);
}

std::size_t BestOf(std::span<const KMeansResult* const> starts) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < starts.size(); ++i) {
    if (starts[i]->inertia < starts[best]->inertia &&
        !SameClustering(starts[i]->labels, starts[best]->labels)) {
      best = i;
    }
  }
  return best;
}

std::size_t BestOf(std::span<const KMeansResult> starts) {
  std::vector<const KMeansResult*> pointers;
  pointers.reserve(starts.size());
  for (const KMeansResult& start : starts) pointers.push_back(&start);
  return BestOf(pointers);
}

absl::StatusOr<KMeansResult> Fit(const KMeansContext& context, const KMeansOptions& options) {
  Parallel parallel(options.threads);
  if (options.initial_centers) {
    return FitFrom(context, *options.initial_centers, options.limits, parallel);
  }
  if (options.n_init < 1) return Invalid("n_init: value {}; must be >= 1", options.n_init);
  std::vector<KMeansStart> specs;
  for (int start = 0; start < options.n_init; ++start) {
    specs.push_back({options.k, options.init, start, options.seed, options.limits});
  }
  absl::StatusOr<std::vector<KMeansResult>> results = FitStarts(context, specs, parallel);
  if (!results.ok()) return results.status();
  return std::move((*results)[BestOf(std::span<const KMeansResult>(*results))]);
}

absl::StatusOr<KMeansResult> Fit(const Matrix& rows, const KMeansOptions& options) {
  absl::StatusOr<KMeansContext> context = KMeansContext::Create(rows);
  if (!context.ok()) return context.status();
  return Fit(*context, options);
}

absl::StatusOr<Labels> Predict(const Matrix& rows, const Matrix& centers, int threads) {
  if (absl::Status status = CheckMatrix(centers, "centers"); !status.ok()) return status;
  if (absl::Status status = CheckMatrix(rows, "rows", 0); !status.ok()) return status;
  const auto columns = static_cast<std::size_t>(rows.cols());
  if (absl::Status status = CheckColumns(centers, "centers", columns); !status.ok()) return status;
  Parallel parallel(threads);
  Labels labels;
  AssignNearest(RowBlocks(rows), centers, parallel, labels);
  return labels;
}

}  // namespace cairn::clustering

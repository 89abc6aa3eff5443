#include "lib/clustering/silhouette_samples.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace cairn::clustering {

double SilhouetteSample(const Clusters& clusters, std::size_t own, const double* sums,
                        std::size_t stride) {
  if (clusters.sizes[own] == 1) return 0;
  const double inner = sums[own * stride] / static_cast<double>(clusters.sizes[own] - 1);
  double outer = std::numeric_limits<double>::infinity();
  for (std::size_t c = 0; c < clusters.count(); ++c) {
    if (c != own) {
      outer = std::min(outer, sums[c * stride] / static_cast<double>(clusters.sizes[c]));
    }
  }
  const double scale = std::max(inner, outer);
  const double sample = (outer - inner) / scale;
  return std::isnan(sample) ? 0 : sample;
}

Silhouette Summarize(const Clusters& clusters, std::vector<double> samples) {
  Silhouette result;
  std::vector<double> sums(clusters.count());
  double total = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    sums[clusters.numbers[i]] += samples[i];
    total += samples[i];
  }
  result.mean = total / static_cast<double>(samples.size());
  result.cluster_means.assign(static_cast<std::size_t>(clusters.names.back()) + 1,
                              std::numeric_limits<double>::quiet_NaN());
  for (std::size_t c = 0; c < clusters.count(); ++c) {
    result.cluster_means[static_cast<std::size_t>(clusters.names[c])] =
        sums[c] / static_cast<double>(clusters.sizes[c]);
  }
  result.samples = std::move(samples);
  return result;
}

}  // namespace cairn::clustering

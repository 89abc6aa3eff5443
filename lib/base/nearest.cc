#include "lib/base/nearest.h"

#include <algorithm>

#include "lib/base/encoding.h"

namespace cairn {

size_t EditDistance(std::string_view from, std::string_view to) {
  std::vector<std::vector<size_t>> cost(from.size() + 1, std::vector<size_t>(to.size() + 1));
  for (size_t i = 0; i <= from.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= to.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= from.size(); ++i) {
    for (size_t j = 1; j <= to.size(); ++j) {
      const size_t replaced = cost[i - 1][j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[from.size()][to.size()];
}

std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr size_t kMostBytes = 64;
  if (word.size() > kMostBytes) return "";
  const size_t limit = std::max<size_t>(1, (word.size() + 1) / 3);
  std::string_view best;
  size_t best_distance = limit + 1;
  for (const std::string_view candidate : candidates) {
    const size_t distance = EditDistance(word, candidate);
    // Of one letter nothing would be left.
    if (distance < best_distance && 2 * distance <= std::max(word.size(), candidate.size())) {
      best = candidate;
      best_distance = distance;
    }
  }
  if (best.empty() && word.size() >= 2) {
    for (const std::string_view candidate : candidates) {
      if (candidate.substr(0, word.size()) == word) return candidate;
    }
  }
  return best;
}

std::string Nearest(std::string_view word, const std::vector<std::string>& candidates) {
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  return std::string(Nearest(word, std::span(views)));
}

std::string NearestOf(std::string_view word, const std::vector<std::string>& names) {
  std::vector<std::string> lower;
  for (const std::string& name : names) lower.push_back(AsciiLower(name));
  const std::string nearest = Nearest(AsciiLower(word), lower);
  const auto at = std::find(lower.begin(), lower.end(), nearest);
  if (nearest.empty() || at == lower.end()) return "";
  const std::string& name = names[static_cast<size_t>(at - lower.begin())];
  return name == word ? "" : name;
}

}  // namespace cairn

#include "lib/promotion/choose.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>

#include "fmt/format.h"
#include "lib/base/numbers.h"
#include "lib/promotion/policy_words.h"

namespace cairn::promotion {
namespace {

// (no usable number, the number so that smaller is better)
using SortValue = std::tuple<bool, double>;

std::optional<double> ValueOf(const ChooseKey& key, const Contender& contender,
                              const EvidencePin& pin) {
  if (key.source == ChooseKey::Source::kVersion) return static_cast<double>(contender.number);
  if (key.source == ChooseKey::Source::kParam) {
    const auto& params = contender.read->version.params();
    const auto it = params.find(key.key);
    return it == params.end() ? std::nullopt : ParseNumber(it->second);
  }
  const Observation seen = ObserveForRanking(*contender.read, key.key, pin);
  if (seen.kind != Observation::Kind::kFound) return std::nullopt;
  return seen.value;
}

SortValue SortValueOf(const ChooseKey& key, const Contender& contender, const EvidencePin& pin) {
  const auto value = ValueOf(key, contender, pin);
  if (!value || !std::isfinite(*value)) return {true, 0.0};
  const double bucketed = key.bucket > 0 ? std::floor(*value / key.bucket) : *value;
  return {false, key.direction == Direction::kHigher ? -bucketed : bucketed};
}

std::string KeyText(const ChooseKey& key) {
  if (key.source == ChooseKey::Source::kVersion) return "version";
  return key.source == ChooseKey::Source::kParam ? "param " + key.key : key.key;
}

std::string ValueText(const ChooseKey& key, const Contender& contender, const EvidencePin& pin) {
  const auto value = ValueOf(key, contender, pin);
  if (!value || !std::isfinite(*value)) return "no value";
  if (key.bucket <= 0) return NumberText(*value);
  return fmt::format("{} (bucket {:.0f})", NumberText(*value), std::floor(*value / key.bucket));
}

}  // namespace

std::string LostBy(const Policy& policy, const EvidencePin& pin, const Contender& loser,
                   const Contender& winner) {
  for (const ChooseKey& key : policy.choose) {
    if (SortValueOf(key, loser, pin) == SortValueOf(key, winner, pin)) continue;
    if (key.source == ChooseKey::Source::kVersion) {
      return fmt::format("version: {} against {}", loser.number, winner.number);
    }
    return fmt::format("{}: {} against version {}'s {}", KeyText(key), ValueText(key, loser, pin),
                       winner.number, ValueText(key, winner, pin));
  }
  return "";
}

void RankContenders(const Policy& policy, const EvidencePin& pin,
                    std::vector<Contender>& contenders) {
  struct Row {
    std::vector<SortValue> values;
    Contender contender;
  };
  std::vector<Row> rows;
  for (const Contender& contender : contenders) {
    Row row{{}, contender};
    for (const ChooseKey& key : policy.choose) {
      row.values.push_back(SortValueOf(key, contender, pin));
    }
    rows.push_back(std::move(row));
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    if (a.values != b.values) return a.values < b.values;
    return a.contender.number < b.contender.number;
  });
  for (size_t i = 0; i < rows.size(); ++i) contenders[i] = rows[i].contender;
}

std::string WhyNotRankable(const Policy& policy, const EvidencePin& pin,
                           const std::vector<Contender>& contenders) {
  for (const ChooseKey& key : policy.choose) {
    if (key.source != ChooseKey::Source::kMetric) continue;
    const Contender* first = nullptr;
    Observation first_seen;
    for (const Contender& contender : contenders) {
      const Observation seen = ObserveForRanking(*contender.read, key.key, pin);
      if (seen.kind != Observation::Kind::kFound) continue;
      if (first == nullptr) {
        first = &contender;
        first_seen = seen;
        continue;
      }
      const auto difference = FirstDifference(policy.comparable_on, first->read->version,
                                              first_seen, contender.read->version, seen);
      if (difference) {
        return fmt::format("versions {} and {} cannot be ranked by {}: {} differs or is not known",
                           std::min(first->number, contender.number),
                           std::max(first->number, contender.number), key.key,
                           WordOf(kComparableKeys, *difference));
      }
    }
  }
  return "";
}

}  // namespace cairn::promotion

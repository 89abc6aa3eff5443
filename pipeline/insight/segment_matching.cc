#include "pipeline/insight/segment_matching.h"

#include <algorithm>
#include <numeric>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/clustering/matching.h"
#include "pipeline/insight/segment_names.h"
#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {
namespace {

// The customers in both versions: their segments then and now.
struct CommonLabels {
  clustering::Labels then;
  clustering::Labels now;
};

absl::Status CheckChampion(const ChampionSegments& champion) {
  if (champion.customers.empty() && champion.segments.empty()) return absl::OkStatus();
  return CheckSegments(champion.segments, champion.customers.size(),
                       static_cast<int>(champion.names.size()), "champion.segments");
}

CommonLabels CommonOf(std::span<const int32_t> champion_of_customer,
                      std::span<const int32_t> segments) {
  CommonLabels common;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (champion_of_customer[i] < 0) continue;
    common.then.push_back(champion_of_customer[i]);
    common.now.push_back(segments[i]);
  }
  return common;
}

struct Pairing {
  std::vector<int32_t> champion_of;  // By segment as it came; -1 for none.
  std::vector<bool> is_same;         // Shares half of both sides.
};

absl::StatusOr<Pairing> PairUp(const CommonLabels& common, int k, int champion_k) {
  Pairing out{std::vector<int32_t>(static_cast<size_t>(k), -1),
              std::vector<bool>(static_cast<size_t>(k), false)};
  if (common.now.empty()) return out;
  CAIRN_ASSIGN_OR_RETURN(out.champion_of,
                         clustering::MatchLabels(common.now, k, common.then, champion_k));
  std::vector<int64_t> size_now(static_cast<size_t>(k), 0);
  std::vector<int64_t> size_then(static_cast<size_t>(champion_k), 0);
  std::vector<int64_t> shared(static_cast<size_t>(k), 0);
  for (size_t i = 0; i < common.now.size(); ++i) {
    const size_t now = static_cast<size_t>(common.now[i]);
    ++size_now[now];
    ++size_then[static_cast<size_t>(common.then[i])];
    shared[now] += out.champion_of[now] == common.then[i] ? 1 : 0;
  }
  for (size_t s = 0; s < shared.size(); ++s) {
    if (shared[s] == 0) {
      out.champion_of[s] = -1;
      continue;
    }
    out.is_same[s] = 2 * shared[s] >= size_now[s] &&
                     2 * shared[s] >= size_then[static_cast<size_t>(out.champion_of[s])];
  }
  return out;
}

// Segments in descending order of spend; equal ones as they came.
std::vector<size_t> BySpend(std::span<const double> spend) {
  std::vector<size_t> order(spend.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return spend[a] > spend[b]; });
  return order;
}

// A number for every segment: the champion's where there is one, else the lowest free one.
std::vector<int32_t> GiveNumbers(const std::vector<int32_t>& champion_of,
                                 std::span<const double> spend) {
  const size_t k = champion_of.size();
  std::vector<int32_t> number_of(k, -1);
  std::vector<bool> taken(k, false);
  for (size_t s = 0; s < k; ++s) {
    const int32_t number = champion_of[s];
    if (number < 0 || static_cast<size_t>(number) >= k) continue;
    number_of[s] = number;
    taken[static_cast<size_t>(number)] = true;
  }
  size_t free = 0;
  for (const size_t s : BySpend(spend)) {
    if (number_of[s] >= 0) continue;
    while (taken[free]) ++free;
    taken[free] = true;
    number_of[s] = static_cast<int32_t>(free);
  }
  return number_of;
}

// Names that are kept come first, so that no new name takes one of them.
void GiveNames(std::span<const std::string> champion_names, const std::vector<std::string>& own,
               SegmentMatching* out) {
  out->names.assign(own.size(), "");
  std::vector<std::string> taken;
  for (const bool kept : {true, false}) {
    for (size_t number = 0; number < own.size(); ++number) {
      if (out->keeps_name[number] != kept) continue;
      const std::string& wanted =
          kept ? champion_names[static_cast<size_t>(out->champion_of[number])] : own[number];
      out->names[number] = UniqueName(wanted, taken);
      taken.push_back(out->names[number]);
    }
  }
}

}  // namespace

absl::StatusOr<SegmentMatcher> SegmentMatcher::Create(const ChampionSegments& champion,
                                                      std::span<const std::string> customers) {
  CAIRN_RETURN_IF_ERROR(CheckChampion(champion));
  absl::flat_hash_map<std::string_view, int32_t> then;
  then.reserve(champion.customers.size());
  for (size_t i = 0; i < champion.customers.size(); ++i) {
    if (then.emplace(champion.customers[i], champion.segments[i]).second) continue;
    return InvalidField(ErrorReason::VALUE_INVALID, "champion.customers", champion.customers[i],
                        "the customer is there twice")
        .ToStatus();
  }
  SegmentMatcher out;
  out.champion_names_ = champion.names;
  out.champion_of_customer_.reserve(customers.size());
  for (const std::string& customer : customers) {
    const auto found = then.find(customer);
    out.champion_of_customer_.push_back(found == then.end() ? -1 : found->second);
  }
  return out;
}

absl::StatusOr<SegmentMatching> SegmentMatcher::Match(std::span<const int32_t> segments,
                                                      std::span<const double> spend,
                                                      std::span<const std::string> names) const {
  const int k = static_cast<int>(names.size());
  CAIRN_RETURN_IF_ERROR(CheckSegments(segments, champion_of_customer_.size(), k, "segments"));
  if (spend.size() != names.size()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "spend", std::to_string(spend.size()),
                        fmt::format("must have one entry for each of {} segments", k))
        .ToStatus();
  }
  const CommonLabels common = CommonOf(champion_of_customer_, segments);
  CAIRN_ASSIGN_OR_RETURN(const Pairing pairing,
                         PairUp(common, k, static_cast<int>(champion_names_.size())));
  SegmentMatching out;
  out.common_customers = static_cast<int64_t>(common.now.size());
  out.number_of = GiveNumbers(pairing.champion_of, spend);
  out.champion_of = Reordered(pairing.champion_of, out.number_of);
  out.keeps_name.assign(out.number_of.size(), false);
  for (size_t s = 0; s < pairing.is_same.size(); ++s) {
    out.keeps_name[static_cast<size_t>(out.number_of[s])] = pairing.is_same[s];
  }
  GiveNames(champion_names_,
            Reordered(std::vector<std::string>(names.begin(), names.end()), out.number_of), &out);
  return out;
}

SegmentMatching NumberBySpend(std::span<const double> spend, std::span<const std::string> names) {
  SegmentMatching out;
  out.champion_of.assign(names.size(), -1);
  out.keeps_name.assign(names.size(), false);
  out.number_of = GiveNumbers(out.champion_of, spend);
  GiveNames({}, Reordered(std::vector<std::string>(names.begin(), names.end()), out.number_of),
            &out);
  return out;
}

std::vector<int32_t> Renumbered(std::span<const int32_t> labels,
                                std::span<const int32_t> number_of) {
  std::vector<int32_t> out(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    out[i] = number_of[static_cast<size_t>(labels[i])];
  }
  return out;
}

}  // namespace cairn::pipeline

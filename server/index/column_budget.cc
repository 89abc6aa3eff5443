#include <algorithm>
#include <iterator>
#include <type_traits>
#include <vector>

#include "server/index/run_columns.h"
#include "server/index/value_match.h"

// Which columns go when they take too much memory.

namespace cairn::index {
namespace {

using core::RunField;

// Metrics of all three fields share one column.
RunField ColumnField(RunField field) { return IsMetricField(field) ? RunField::kMetric : field; }

// Names of dropped columns that are remembered, of each kind.
constexpr size_t kMostDroppedNames = 4096;

template <typename Map>
size_t BytesOfAll(const Map& map) {
  size_t bytes = 0;
  for (const auto& [key, column] : map) {
    bytes += OwnBytes<typename Map::mapped_type::element_type>(key) + column->bytes();
  }
  return bytes;
}

template <typename Map>
size_t LongTextBytesOfAll(const Map& map) {
  size_t bytes = 0;
  for (const auto& [key, column] : map) bytes += LongTextBytes(*column);
  return bytes;
}

// A column that may be dropped, and what it takes for each run that it has.
struct Candidate {
  double bytes_per_run = 0;
  RunField field = RunField::kMetric;
  const std::string* key = nullptr;
  friend bool operator<(const Candidate& a, const Candidate& b) {
    return a.bytes_per_run != b.bytes_per_run ? a.bytes_per_run > b.bytes_per_run : *a.key < *b.key;
  }
};

template <typename Map>
void AddCandidates(const Map& map, RunField field, std::vector<Candidate>& candidates) {
  for (const auto& [key, column] : map) {
    const size_t bytes = OwnBytes<typename Map::mapped_type::element_type>(key) + column->bytes();
    const size_t runs = std::max<size_t>(1, column->rows());
    candidates.push_back({static_cast<double>(bytes) / static_cast<double>(runs), field, &key});
  }
}

void AddLongTexts(const auto& texts, RunField field, std::vector<Candidate>& candidates) {
  for (const auto& [key, column] : texts) {
    const size_t bytes = LongTextBytes(*column);
    if (bytes == 0) continue;
    candidates.push_back(
        {static_cast<double>(bytes) / static_cast<double>(column->rows()), field, &key});
  }
}

}  // namespace

bool RunColumns::HasColumn(RunField field, std::string_view key) const {
  if (field == RunField::kMetric) return metrics_.contains(key);
  return field == RunField::kParam ? params_.contains(key) : tags_.contains(key);
}

bool RunColumns::IsDropped(RunField field, std::string_view key) const {
  if (dropped_.empty()) return false;
  const RunField column = ColumnField(field);
  return dropped_.count({column, std::string(key)}) != 0 ||
         (dropped_.count({column, ""}) != 0 && !HasColumn(column, key));
}

void RunColumns::Drop(RunField field, const std::string& key) {
  const auto drop_from = [&](auto& map) {
    const auto found = map.find(key);
    using Column = typename std::remove_reference_t<decltype(map)>::mapped_type::element_type;
    keyed_bytes_ -= OwnBytes<Column>(key) + found->second->bytes();
    long_text_bytes_ -= LongTextBytes(*found->second);
    dropped_.insert({field, key});
    map.erase(found);
  };
  field == RunField::kMetric ? drop_from(metrics_) : drop_from(TextsOf(field));
}

void RunColumns::DropUntil(size_t budget) {
  const bool long_texts = long_text_bytes_ > budget / 7;
  if (bytes() <= budget && !long_texts) return;
  if (long_texts) DropLongTextsUntil(budget / 7 - budget / 7 / 16);
  if (bytes() > budget) {
    const size_t target = budget - budget / 16;
    std::vector<Candidate> candidates;
    AddCandidates(params_, RunField::kParam, candidates);
    AddCandidates(tags_, RunField::kTag, candidates);
    AddCandidates(metrics_, RunField::kMetric, candidates);
    std::sort(candidates.begin(), candidates.end());
    for (const Candidate& candidate : candidates) {
      if (bytes() <= target) break;
      Drop(candidate.field, *candidate.key);
    }
  }
  ForgetDroppedNames();
}

void RunColumns::DropLongTextsUntil(size_t budget) {
  std::vector<Candidate> candidates;
  AddLongTexts(params_, RunField::kParam, candidates);
  AddLongTexts(tags_, RunField::kTag, candidates);
  std::sort(candidates.begin(), candidates.end());
  for (const Candidate& candidate : candidates) {
    if (long_text_bytes_ <= budget) break;
    Drop(candidate.field, *candidate.key);
  }
}

// Where too many names of a kind are remembered, one stands for all.
void RunColumns::ForgetDroppedNames() {
  for (const RunField field : {RunField::kParam, RunField::kTag, RunField::kMetric}) {
    const auto first = dropped_.lower_bound({field, ""});
    const auto end =
        std::find_if(first, dropped_.end(), [&](const auto& name) { return name.first != field; });
    if (static_cast<size_t>(std::distance(first, end)) <= kMostDroppedNames) continue;
    dropped_.erase(first, end);
    dropped_.insert({field, ""});
  }
}

void RunColumns::EndRestore() {
  for (const Row row : free_rows_) ClearKeyed(row, nullptr);
  for (auto& [key, column] : metrics_) column->CountRows();
  keyed_bytes_ = BytesOfAll(params_) + BytesOfAll(tags_) + BytesOfAll(metrics_);
  long_text_bytes_ = LongTextBytesOfAll(params_) + LongTextBytesOfAll(tags_);
}

}  // namespace cairn::index

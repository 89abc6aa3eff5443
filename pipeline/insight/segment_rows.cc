#include "pipeline/insight/segment_rows.h"

#include <algorithm>
#include <functional>
#include <string>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace cairn::pipeline {

CustomerIndex::CustomerIndex(const std::vector<int32_t>& ids) : ids_(ids) {
  if (ids.empty()) return;
  first_ = ids.front();
  const int64_t range = int64_t{ids.back()} - first_ + 1;
  if (range > static_cast<int64_t>(ids.size()) * 16 + 65'536) return;
  table_.assign(static_cast<size_t>(range), -1);
  for (size_t i = 0; i < ids.size(); ++i) {
    table_[static_cast<size_t>(ids[i] - first_)] = static_cast<int32_t>(i);
  }
}

int32_t CustomerIndex::Search(int32_t id) const {
  const auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
  return at == ids_.end() || *at != id ? -1 : static_cast<int32_t>(at - ids_.begin());
}

absl::Status CheckSegments(std::span<const int32_t> segments, size_t customers, int k,
                           const char* field) {
  if (k < 1 || k > kMaxSegments) {
    return InvalidField(ErrorReason::VALUE_INVALID, "k", std::to_string(k),
                        fmt::format("must be 1..{}", kMaxSegments));
  }
  if (segments.size() != customers) {
    return InvalidField(ErrorReason::VALUE_INVALID, field, std::to_string(segments.size()),
                        fmt::format("must have one entry for each of {} customers", customers));
  }
  for (size_t i = 0; i < segments.size(); ++i) {
    if (segments[i] >= 0 && segments[i] < k) continue;
    return InvalidField(ErrorReason::VALUE_INVALID, fmt::format("{}[{}]", field, i),
                        std::to_string(segments[i]), fmt::format("must be 0..{}", k - 1));
  }
  return absl::OkStatus();
}

absl::StatusOr<SegmentRows> GroupBySegment(const TransactionTable& table,
                                           const FeatureMatrix& features,
                                           std::span<const int32_t> segment_of_customer, int k) {
  const std::vector<int32_t>& ids = features.customer_ids;
  CAIRN_RETURN_IF_ERROR(CheckSegments(segment_of_customer, ids.size(), k, "segment_of_customer"));
  const auto unordered = std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>());
  if (unordered != ids.end()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "customer_ids", std::to_string(*unordered),
                        "customers must ascend, each once");
  }
  const std::span<const uint32_t> selection = table.selection();
  const std::vector<int32_t>& customer_ids = *table.columns().customer_id;
  const CustomerIndex index(ids);
  SegmentRows out;
  out.k = k;
  out.customers.resize(selection.size());
  out.starts.assign(static_cast<size_t>(k) + 2, 0);
  const auto segment = [&](int32_t customer) {
    return static_cast<size_t>(customer < 0 ? k
                                            : segment_of_customer[static_cast<size_t>(customer)]);
  };
  for (size_t i = 0; i < selection.size(); ++i) {
    out.customers[i] = index.of(customer_ids[selection[i]]);
    ++out.starts[segment(out.customers[i]) + 1];
  }
  for (size_t s = 1; s < out.starts.size(); ++s) out.starts[s] += out.starts[s - 1];
  std::vector<size_t> next(out.starts.begin(), out.starts.end() - 1);
  out.rows.resize(selection.size());
  for (size_t i = 0; i < selection.size(); ++i) {
    out.rows[next[segment(out.customers[i])]++] = selection[i];
  }
  return out;
}

std::vector<uint8_t> CancelledInvoices(const TransactionTable& table) {
  const StringDictionary& invoices = *table.columns().invoice.dictionary;
  std::vector<uint8_t> cancelled(invoices.size());
  for (uint32_t code = 0; code < invoices.size(); ++code) {
    cancelled[code] = invoices.at(code).starts_with('C') ? 1 : 0;
  }
  return cancelled;
}

}  // namespace cairn::pipeline

#include "pipeline/insight/purchases.h"

#include <utility>

#include "pipeline/insight/segment_rows.h"

namespace cairn::pipeline {

Purchases FindPurchases(const TransactionTable& table, const FeatureMatrix& features) {
  const TransactionColumns& columns = table.columns();
  const std::span<const uint32_t> selection = table.selection();
  const std::vector<uint8_t> cancelled = CancelledInvoices(table);
  const CustomerIndex index(features.customer_ids);
  std::vector<int32_t> buyers(selection.size());  // -1 for what is no purchase.
  std::vector<size_t> ends(features.customer_ids.size() + 1, 0);
  for (size_t i = 0; i < selection.size(); ++i) {
    const uint32_t row = selection[i];
    const bool bought = (*columns.quantity)[row] > 0 && cancelled[columns.invoice.code(row)] == 0;
    buyers[i] = bought ? index.of((*columns.customer_id)[row]) : -1;
    if (buyers[i] >= 0) ++ends[static_cast<size_t>(buyers[i]) + 1];
  }
  for (size_t c = 1; c < ends.size(); ++c) ends[c] += ends[c - 1];
  std::vector<uint32_t> lines(ends.back());
  std::vector<size_t> next(ends.begin(), ends.end() - 1);
  for (size_t i = 0; i < selection.size(); ++i) {
    if (buyers[i] < 0) continue;
    lines[next[static_cast<size_t>(buyers[i])]++] = columns.stock_code.code(selection[i]);
  }
  // The first of each product moves to the front of the lines, which need no second copy.
  Purchases out;
  out.starts.reserve(ends.size());
  out.starts.push_back(0);
  size_t kept = 0;
  CodeSet seen(columns.stock_code.dictionary->size());
  for (size_t c = 0; c + 1 < ends.size(); ++c) {
    seen.Clear();
    for (size_t i = ends[c]; i < ends[c + 1]; ++i) {
      if (seen.Insert(lines[i])) lines[kept++] = lines[i];
    }
    out.starts.push_back(kept);
  }
  lines.resize(kept);
  out.products = std::move(lines);
  return out;
}

}  // namespace cairn::pipeline

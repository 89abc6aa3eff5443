#include "pipeline/insight/best_sellers.h"

#include <algorithm>
#include <utility>

#include "pipeline/insight/money.h"

namespace cairn::pipeline {

std::vector<ProductTotal> BestSellers(const TransactionColumns& columns,
                                      std::span<const uint32_t> rows,
                                      std::span<const uint8_t> cancelled, size_t limit) {
  struct Sum {
    int64_t quantity = 0;
    double units = 0;
  };
  const StringDictionary& texts = *columns.stock_code.dictionary;
  std::vector<Sum> sums(texts.size());
  for (const uint32_t row : rows) {
    if (cancelled[columns.invoice.code(row)] != 0) continue;
    const int32_t quantity = (*columns.quantity)[row];
    Sum& sum = sums[columns.stock_code.code(row)];
    sum.quantity += quantity;
    sum.units += LineUnits(quantity, (*columns.unit_price)[row]);
  }
  std::vector<ProductTotal> products;
  for (uint32_t code = 0; code < sums.size(); ++code) {
    if (sums[code].quantity > 0) products.push_back({code, sums[code].quantity, sums[code].units});
  }
  const auto before = [&](const ProductTotal& a, const ProductTotal& b) {
    if (a.quantity != b.quantity) return a.quantity > b.quantity;
    if (a.units != b.units) return a.units > b.units;
    return texts.at(a.code) < texts.at(b.code);
  };
  limit = std::min(limit, products.size());
  std::partial_sort(products.begin(), products.begin() + static_cast<ptrdiff_t>(limit),
                    products.end(), before);
  products.resize(limit);
  return products;
}

std::vector<std::string> DescribeProducts(const TransactionTable& table,
                                          std::span<const std::vector<ProductTotal>> products) {
  const TransactionColumns& columns = table.columns();
  std::vector<uint8_t> wanted(columns.stock_code.dictionary->size(), 0);
  for (const std::vector<ProductTotal>& list : products) {
    for (const ProductTotal& product : list) wanted[product.code] = 1;
  }
  ModeCounter counter(wanted.size());
  for (const uint32_t row : table.selection()) {
    const uint32_t code = columns.stock_code.code(row);
    if (wanted[code] != 0) counter.Add(code, columns.description.code(row));
  }
  const std::vector<uint32_t> modes = counter.Modes(*columns.description.dictionary);
  std::vector<std::string> descriptions;
  for (const std::vector<ProductTotal>& list : products) {
    for (const ProductTotal& product : list) {
      descriptions.emplace_back(columns.description.dictionary->at(modes[product.code]));
    }
  }
  return descriptions;
}

std::vector<uint32_t> ModeCounter::Modes(const StringDictionary& texts) {
  for (uint32_t key = 0; key < runs_.size(); ++key) {
    if (runs_[key].count > 0) ended_.push_back({key, runs_[key].value, runs_[key].count});
  }
  std::sort(ended_.begin(), ended_.end(), [](const Ended& a, const Ended& b) {
    return std::pair(a.key, a.value) < std::pair(b.key, b.value);
  });
  std::vector<uint32_t> modes(runs_.size(), kNone);
  std::vector<uint64_t> most(runs_.size(), 0);
  for (size_t i = 0; i < ended_.size();) {
    const auto [key, value, unused] = ended_[i];
    uint64_t count = 0;
    for (; i < ended_.size() && ended_[i].key == key && ended_[i].value == value; ++i) {
      count += ended_[i].count;
    }
    const bool more = count > most[key];
    const bool same = count == most[key];
    if (more || (same && texts.at(value) < texts.at(modes[key]))) {
      modes[key] = value;
      most[key] = count;
    }
  }
  return modes;
}

}  // namespace cairn::pipeline

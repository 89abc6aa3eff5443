#include "server/mlflow/metric_history.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {
namespace {

bool IsBefore(const HistoryPoint& a, const HistoryPoint& b) { return a.Before(b); }

// Numbers of a token, each behind a comma or at the beginning.
template <typename Number>
bool TakeNumber(std::string_view& text, Number& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
  if (text.starts_with(',')) text.remove_prefix(1);
  return true;
}

}  // namespace

bool HistoryPoint::Before(const HistoryPoint& other) const {
  if (time != other.time) return time < other.time;
  if (step != other.step) return step < other.step;
  if (std::isnan(value) || std::isnan(other.value)) {
    return std::isnan(value) && !std::isnan(other.value);
  }
  return value < other.value;
}

void HistoryPage::Add(const v1::MetricColumns& columns) {
  const int count =
      std::min({columns.steps_size(), columns.times_unix_millis_size(), columns.values_size()});
  for (int i = 0; i < count; ++i) {
    Add({columns.times_unix_millis(i), columns.steps(i), columns.values(i)});
  }
}

void HistoryPage::Add(const HistoryPoint& point) {
  if (after_.has_value() && !after_->Before(point)) return;
  if (heap_.size() == most_) {
    more_ = true;
    if (!point.Before(heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), IsBefore);
    heap_.pop_back();
  }
  heap_.push_back(point);
  std::push_heap(heap_.begin(), heap_.end(), IsBefore);
}

std::vector<HistoryPoint> HistoryPage::Take() {
  std::sort_heap(heap_.begin(), heap_.end(), IsBefore);
  return std::move(heap_);
}

// The value by its bits, so that NaN is one too.
std::string HistoryToken(const HistoryPoint& last) {
  return Base64UrlEncode(
      fmt::format("{},{},{}", last.time, last.step, std::bit_cast<uint64_t>(last.value)));
}

absl::StatusOr<std::optional<HistoryPoint>> PointOfToken(std::string_view token) {
  if (token.empty()) return std::optional<HistoryPoint>();
  const std::string decoded = Base64UrlDecode(token).value_or("");
  std::string_view text = decoded;
  HistoryPoint point;
  uint64_t bits = 0;
  if (TakeNumber(text, point.time) && TakeNumber(text, point.step) && TakeNumber(text, bits) &&
      text.empty()) {
    point.value = std::bit_cast<double>(bits);
    return std::optional(point);
  }
  return Refuse(kInvalidParameter, "Invalid page token.");
}

std::vector<size_t> SampleOf(size_t count, size_t most) {
  std::vector<size_t> rows;
  const size_t kept = std::min(count, most);
  rows.reserve(kept);
  for (size_t i = 0; i < kept; ++i) {
    rows.push_back(i * (count / kept) + std::min(i, count % kept));
  }
  if (!rows.empty()) rows.back() = count - 1;
  return rows;
}

}  // namespace cairn::mlflow

#include "pipeline/serving/request_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "pipeline/serving/answers.h"
#include "pipeline/serving/number_text.h"

namespace cairn::pipeline::serving {
namespace {

void AppendNumber(double value, std::string* out) {
  char text[kNumberTextRoom];
  out->append(text, WriteNumber(value, text));
}

}  // namespace

void RequestLog::BeginAnew(const ServedModel& model) {
  columns_ = model.columns();
  versions_.clear();
  added_ = 0;
  entries_.assign(capacity_, Entry());
  values_.assign(capacity_ * columns_.size(), 0);
}

// There are as many versions as were served, which is few.
uint32_t RequestLog::VersionOf(const ServedModel& model) {
  const auto found = std::find(versions_.begin(), versions_.end(), model.version());
  if (found != versions_.end()) return static_cast<uint32_t>(found - versions_.begin());
  versions_.push_back(model.version());
  return static_cast<uint32_t>(versions_.size() - 1);
}

void RequestLog::Add(const ModelPtr& model, std::span<const double> rows,
                     std::span<const int32_t> segments, std::span<const double> distances,
                     int64_t unix_nanos, int64_t latency_nanos) {
  if (capacity_ == 0 || segments.empty()) return;
  const size_t width = rows.size() / segments.size();
  const size_t skipped = segments.size() - std::min(segments.size(), capacity_);
  MutexLock lock(&mutex_);
  if (model != last_) {
    if (model->columns() != columns_) BeginAnew(*model);
    last_version_ = VersionOf(*model);
    last_ = model;
  }
  added_ += static_cast<int64_t>(skipped);
  for (size_t i = skipped; i < segments.size();) {
    const size_t at = static_cast<size_t>(added_) % capacity_;
    const size_t count = std::min(segments.size() - i, capacity_ - at);
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(i * width), count * width,
                values_.begin() + static_cast<std::ptrdiff_t>(at * width));
    for (size_t k = 0; k < count; ++k) {
      entries_[at + k] = {unix_nanos, latency_nanos, distances[i + k], segments[i + k],
                          last_version_};
    }
    i += count;
    added_ += static_cast<int64_t>(count);
  }
}

size_t RequestLog::size() const {
  MutexLock lock(&mutex_);
  return std::min(static_cast<size_t>(added_), capacity_);
}

RequestLog::Copy RequestLog::Newest(size_t limit) const {
  Copy copy;
  MutexLock lock(&mutex_);
  const size_t width = columns_.size();
  const size_t count = std::min({limit, static_cast<size_t>(added_), capacity_});
  copy.columns = columns_;
  copy.versions = versions_;
  copy.first = added_ - static_cast<int64_t>(count) + 1;
  copy.entries.reserve(count);
  copy.values.reserve(count * width);
  for (size_t i = 0; i < count; ++i) {
    const size_t at = (static_cast<size_t>(copy.first - 1) + i) % capacity_;
    copy.entries.push_back(entries_[at]);
    const auto row = values_.begin() + static_cast<std::ptrdiff_t>(at * width);
    copy.values.insert(copy.values.end(), row, row + static_cast<std::ptrdiff_t>(width));
  }
  return copy;
}

std::string RequestLog::ToCsv(size_t limit) const {
  const Copy copy = Newest(limit);
  if (copy.entries.empty()) return "";
  std::string out = "CustomerID";
  for (const std::string& column : copy.columns) out += "," + column;
  out += '\n';
  for (size_t i = 0; i < copy.entries.size(); ++i) {
    out += std::to_string(copy.first + static_cast<int64_t>(i));
    for (size_t j = 0; j < copy.columns.size(); ++j) {
      out += ',';
      AppendNumber(copy.values[i * copy.columns.size() + j], &out);
    }
    out += '\n';
  }
  return out;
}

std::string RequestLog::ToJson(size_t limit) const {
  const Copy copy = Newest(limit);
  std::string out = R"({"columns":[)";
  for (size_t j = 0; j < copy.columns.size(); ++j) {
    out += (j == 0 ? "" : ",") + JsonText(copy.columns[j]);
  }
  out += R"(],"predictions":[)";
  for (size_t i = 0; i < copy.entries.size(); ++i) {
    const Entry& entry = copy.entries[i];
    out += fmt::format(R"({}{{"number":{},"time":"{}","model_version":{},"segment":{},"distance":)",
                       i == 0 ? "" : ",", copy.first + static_cast<int64_t>(i),
                       FormatRfc3339(entry.unix_nanos), JsonText(copy.versions[entry.version]),
                       entry.segment);
    AppendNumber(entry.distance, &out);
    out += R"(,"latency_seconds":)";
    AppendNumber(static_cast<double>(entry.latency_nanos) / 1e9, &out);
    out += R"(,"values":[)";
    for (size_t j = 0; j < copy.columns.size(); ++j) {
      if (j > 0) out += ',';
      AppendNumber(copy.values[i * copy.columns.size() + j], &out);
    }
    out += "]}";
  }
  return out + "]}";
}

}  // namespace cairn::pipeline::serving

#include "pipeline/serving/request_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "lib/base/clock.h"
#include "lib/base/encoding.h"
#include "pipeline/serving/answers.h"
#include "pipeline/serving/number_text.h"

namespace cairn::pipeline::serving {
namespace {

constexpr int kAnsweredStatus = 200;

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
    if (model->columns() != columns_) {
      // A request that began before the model was replaced does not take the log back to it.
      if (last_ != nullptr && model->loaded_unix_nanos() < last_->loaded_unix_nanos()) return;
      BeginAnew(*model);
    }
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

void RequestLog::AddRefusal(Refusal refusal) {
  if (capacity_ == 0) return;
  MutexLock lock(&mutex_);
  refusals_.push_back(std::move(refusal));
  if (refusals_.size() > kMostRefusals) refusals_.pop_front();
}

PredictionRow RequestLog::Copy::RowOf(size_t i) const {
  const Entry& entry = entries[i];
  return {entry.unix_nanos, entry.latency_nanos, versions[entry.version],
          entry.segment,    entry.distance,      ValuesOf(i)};
}

RequestLog::Copy RequestLog::Newest(const LogQuery& query) const {
  Copy copy;
  copy.columns = columns_;
  copy.versions = versions_;
  if (query.status && *query.status != kAnsweredStatus) return copy;
  const auto place = [&](int64_t number) { return static_cast<size_t>(number - 1) % capacity_; };
  const int64_t before = added_ - std::min(added_, static_cast<int64_t>(capacity_));
  for (int64_t number = added_; number > before && copy.numbers.size() < query.limit; --number) {
    const Entry& entry = entries_[place(number)];
    const bool asked = entry.unix_nanos >= query.since_unix_nanos &&
                       (!query.segment || entry.segment == *query.segment);
    if (asked) copy.numbers.push_back(number);
  }
  std::reverse(copy.numbers.begin(), copy.numbers.end());
  copy.entries.reserve(copy.numbers.size());
  copy.values.reserve(copy.numbers.size() * columns_.size());
  for (const int64_t number : copy.numbers) {
    copy.entries.push_back(entries_[place(number)]);
    const auto row = values_.begin() + static_cast<std::ptrdiff_t>(place(number) * columns_.size());
    copy.values.insert(copy.values.end(), row, row + static_cast<std::ptrdiff_t>(columns_.size()));
  }
  return copy;
}

std::vector<Refusal> RequestLog::NewestRefusals(const LogQuery& query) const {
  std::vector<Refusal> chosen;
  if (query.segment) return chosen;
  for (auto at = refusals_.rbegin(); at != refusals_.rend() && chosen.size() < query.limit; ++at) {
    const bool asked =
        at->unix_nanos >= query.since_unix_nanos && (!query.status || at->status == *query.status);
    if (asked) chosen.push_back(*at);
  }
  std::reverse(chosen.begin(), chosen.end());
  return chosen;
}

std::string RequestLog::ToCsv(const LogQuery& query) const {
  Copy copy;
  {
    MutexLock lock(&mutex_);
    copy = Newest(query);
  }
  if (copy.entries.empty()) return "";
  std::string out = "CustomerID";
  for (const std::string& column : copy.columns) out += "," + column;
  out += '\n';
  for (size_t i = 0; i < copy.entries.size(); ++i) {
    out += std::to_string(copy.numbers[i]);
    for (const double value : copy.ValuesOf(i)) {
      out += ',';
      AppendNumber(value, &out);
    }
    out += '\n';
  }
  return out;
}

std::string RequestLog::ToJson(const LogQuery& query) const {
  Copy copy;
  {
    MutexLock lock(&mutex_);
    copy = Newest(query);
  }
  std::string out = R"({"columns":[)";
  for (size_t j = 0; j < copy.columns.size(); ++j) {
    out += (j == 0 ? "" : ",") + JsonText(copy.columns[j]);
  }
  out += R"(],"predictions":[)";
  for (size_t i = 0; i < copy.entries.size(); ++i) {
    const Entry& entry = copy.entries[i];
    out += fmt::format(R"({}{{"number":{},"time":"{}","model_version":{},"segment":{},"distance":)",
                       i == 0 ? "" : ",", copy.numbers[i], FormatRfc3339(entry.unix_nanos),
                       JsonText(copy.versions[entry.version]), entry.segment);
    AppendNumber(entry.distance, &out);
    out += R"(,"latency_seconds":)";
    AppendNumber(static_cast<double>(entry.latency_nanos) / 1e9, &out);
    out += R"(,"values":)";
    char before = '[';
    for (const double value : copy.ValuesOf(i)) {
      out += std::exchange(before, ',');
      AppendNumber(value, &out);
    }
    out += "]}";
  }
  return out + "]}";
}

// Both lists are in the order of their times; of the two together the newest count.
std::string RequestLog::ToJsonLines(const LogQuery& query) const {
  Copy copy;
  std::vector<Refusal> refusals;
  {
    MutexLock lock(&mutex_);
    copy = Newest(query);
    refusals = NewestRefusals(query);
  }
  const size_t all = copy.entries.size() + refusals.size();
  size_t skipped = all - std::min(all, query.limit);
  RowWriter writer(copy.columns);
  std::string out;
  for (size_t i = 0, k = 0; i + k < all;) {
    const bool refusal =
        i == copy.entries.size() ||
        (k < refusals.size() && refusals[k].unix_nanos < copy.entries[i].unix_nanos);
    if (skipped > 0) {
      --skipped;
    } else if (refusal) {
      AppendRefusal(refusals[k], &out);
    } else {
      writer.Append(copy.RowOf(i), &out);
    }
    ++(refusal ? k : i);
  }
  return out;
}

}  // namespace cairn::pipeline::serving

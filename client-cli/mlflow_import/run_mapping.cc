#include "client-cli/mlflow_import/run_mapping.h"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

#include "client-cli/mlflow_import/limits.h"
#include "fmt/format.h"
#include "google/protobuf/util/time_util.h"
#include "lib/base/encoding.h"
#include "lib/base/numbers.h"
#include "lib/base/utf8_prefix.h"
#include "lib/mlflow/stored_names.h"

namespace cairn::mlflow_import {
namespace {

using google::protobuf::util::TimeUtil;

void PutTimes(const std::optional<int64_t>& start, const std::optional<int64_t>& end,
              v1::Run& run) {
  if (start.has_value()) *run.mutable_start_time() = TimeUtil::MillisecondsToTimestamp(*start);
  if (!IsEnded(run.state())) return;
  const std::optional<int64_t> ended = end.has_value() ? end : start;
  if (ended.has_value()) *run.mutable_end_time() = TimeUtil::MillisecondsToTimestamp(*ended);
}

uint64_t Mixed(uint64_t x) {  // the finalizer of SplitMix64
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

using PointKey = std::tuple<int64_t, int64_t, uint64_t>;

PointKey KeyOf(const Point& point) {
  return {point.step, point.time_unix_millis, OrderedBits(CanonicalDouble(point.value))};
}

}  // namespace

v1::Run::State StateOf(std::string_view status) {
  if (status == "FINISHED" || status == "LOGGED_MODEL_READY") return v1::Run::SUCCEEDED;
  if (status == "FAILED" || status == "LOGGED_MODEL_UPLOAD_FAILED") return v1::Run::FAILED;
  return status == "KILLED" ? v1::Run::KILLED : v1::Run::RUNNING;
}

bool IsEnded(v1::Run::State state) {
  return state == v1::Run::SUCCEEDED || state == v1::Run::FAILED || state == v1::Run::KILLED;
}

bool IsKey(std::string_view key) {
  return !key.empty() && key.size() <= kMostNameBytes && IsValidUtf8(key) &&
         !HasControlCharacter(key);
}

std::string CutText(std::string text, size_t most, const std::string& what, Report& report) {
  if (text.size() <= most) return text;
  const size_t was = text.size();
  text.resize(Utf8Prefix(text, most).size());
  report.LeaveOut(
      what, fmt::format("cut from {} to {} bytes, the most that Cairn takes", was, text.size()));
  return text;
}

void PutPairs(const Pairs& pairs, size_t most, const char* kind, const std::string& what,
              Report& report, google::protobuf::Map<std::string, std::string>& into) {
  for (const auto& [key, value] : pairs) {
    const std::string name = fmt::format("{} {} of {}", kind, key, what);
    if (IsKey(key)) {
      into[key] = CutText(value, most, name, report);
    } else {
      report.LeaveOut(
          name, fmt::format("a key has 1 to {} bytes without control characters", kMostNameBytes));
    }
  }
}

v1::Run WantedRun(const SourceRun& run, const std::string& what, Report& report) {
  v1::Run wanted;
  wanted.set_uid(run.id);
  wanted.set_display_name(CutText(run.name, kMostNameBytes, "the name of " + what, report));
  wanted.set_user(CutText(run.user, kMostNameBytes, "the user of " + what, report));
  wanted.set_state(StateOf(run.status));
  PutTimes(run.start_unix_millis, run.end_unix_millis, wanted);
  // Nobody logs to it from here on, however long it stays as it is.
  wanted.mutable_lease_duration()->set_seconds(0);
  PutPairs(run.params, kMostParamValueBytes, "parameter", what, report, *wanted.mutable_params());
  PutPairs(run.tags, kMostTagValueBytes, "tag", what, report, *wanted.mutable_tags());
  PutPairs(run.input_tags, kMostTagValueBytes, "input", what, report, *wanted.mutable_tags());
  if (run.status == "SCHEDULED") {
    report.LeaveOut("status of " + what, "SCHEDULED is RUNNING in Cairn");
  }
  return wanted;
}

v1::Run WantedModel(const SourceModel& model, const std::string& parent_run,
                    const std::string& what, Report& report) {
  v1::Run wanted;
  wanted.set_kind(v1::Run::LOGGED_MODEL);
  wanted.set_uid(mlflow::UidOfModelId(model.id).value_or(""));
  wanted.set_display_name(CutText(model.name, kMostNameBytes, "the name of " + what, report));
  wanted.set_state(StateOf(model.status));
  PutTimes(model.created_unix_millis, model.updated_unix_millis, wanted);
  wanted.mutable_lease_duration()->set_seconds(0);
  wanted.set_parent_run(parent_run);
  PutPairs(model.params, kMostParamValueBytes, "parameter", what, report, *wanted.mutable_params());
  PutPairs(model.tags, kMostTagValueBytes, "tag", what, report, *wanted.mutable_tags());
  auto& tags = *wanted.mutable_tags();
  if (!model.type.empty()) tags[std::string(mlflow::kModelTypeTag)] = model.type;
  if (parent_run.empty() && !model.source_run_id.empty()) {
    tags[std::string(mlflow::kSourceRunTag)] = model.source_run_id;
  }
  return wanted;
}

std::vector<std::string> KeysOfModelMetric(const SourceMetric& metric) {
  std::vector<std::string> keys = {metric.key};
  std::string key = mlflow::KeyOnDataset({metric.key, metric.dataset_name, metric.dataset_digest});
  if (!key.empty()) keys.push_back(std::move(key));
  return keys;
}

void PointSum::Add(const Point& point) {
  const auto [step, time, value] = KeyOf(point);
  uint64_t mixed = Mixed(static_cast<uint64_t>(step) + 0x9e3779b97f4a7c15ULL);
  mixed = Mixed(mixed ^ static_cast<uint64_t>(time));
  sum_ += Mixed(mixed ^ value);
  ++count_;
}

bool IsSame(const Point& a, const Point& b) { return KeyOf(a) == KeyOf(b); }

void SortPoints(std::vector<Point>& points) {
  std::sort(points.begin(), points.end(),
            [](const Point& a, const Point& b) { return KeyOf(a) < KeyOf(b); });
  points.erase(std::unique(points.begin(), points.end(), IsSame), points.end());
}

bool HasPoint(const std::vector<Point>& sorted, const Point& point) {
  return std::binary_search(sorted.begin(), sorted.end(), point,
                            [](const Point& a, const Point& b) { return KeyOf(a) < KeyOf(b); });
}

}  // namespace cairn::mlflow_import

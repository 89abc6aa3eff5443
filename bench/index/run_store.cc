#include "bench/index/run_store.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <string>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/resource_names.h"
#include "server/metrics/raw_batch.h"
#include "server/storage/keyspace.h"

namespace cairn::bench {
namespace {

constexpr int kKeys = 20;
constexpr int kCommonParams = 18;
constexpr double kLeast = 0.001;

// A metric that was logged twice: its summary, and its points as one raw batch, which
// is what is left of the bundle of a LogBatch once that was spread.
void AddMetric(storage::WriteSet& set, const std::string& run_id, const std::string& key,
               double value, int64_t time_unix_millis) {
  constexpr std::array<int64_t, 2> kSteps = {1, 100};
  const std::array<double, 2> values = {kLeast, value};
  const std::array<int64_t, 2> times = {time_unix_millis, time_unix_millis + 60'000};
  cairn::internal::MetricRecord metric;
  auto& summary = *metric.mutable_summary();
  summary.set_key(key);
  summary.mutable_latest()->set_value(value);
  summary.mutable_latest()->set_step(kSteps.back());
  summary.mutable_latest()->set_time_unix_millis(times.back());
  summary.set_min(std::min(value, kLeast));
  summary.set_max(std::max(value, kLeast));
  summary.set_point_count(static_cast<int64_t>(values.size()));
  set.PutOnce(storage::RunMetricKey(run_id, key), metric.SerializeAsString());
  set.PutOnce(storage::MetricBatchKey(run_id, key, kSteps.front(), "b1"),
              metrics::EncodeRawBatch(kSteps, times, values));
}

void AddRun(storage::WriteSet& set, std::mt19937_64& random, int64_t number) {
  const std::string id = fmt::format("{:016x}{:016x}", random(), random());
  cairn::internal::RunRecord record;
  v1::Run& run = *record.mutable_run();
  run.set_name(FormatRunName(0, id));
  run.set_uid(id);
  run.set_display_name("run-" + id.substr(0, 8));
  run.set_user("bench");
  run.set_state(v1::Run::SUCCEEDED);
  run.mutable_start_time()->set_seconds(1'700'000'000 + number);
  run.mutable_create_time()->set_seconds(1'700'000'000 + number);
  set.PutOnce(storage::RunKey(id), record.SerializeAsString());
  for (int k = 0; k < kKeys; ++k) {
    cairn::internal::ValueRecord value;
    value.set_value(std::to_string(random() % (k < kCommonParams ? 100 : 1'000'000'000)));
    set.PutOnce(storage::RunParamKey(id, fmt::format("p{}", k)), value.SerializeAsString());
    AddMetric(set, id, fmt::format("m{}", k), static_cast<double>(random() % 1'000'000) / 1e6,
              (1'700'000'000 + number) * 1'000);
  }
  set.PutOnce(storage::RunByExperimentKey(0, (1'700'000'000 + number) * 1'000'000'000, id), "");
  set.Emit(run.name(), cairn::v1::Event::RUN_CREATED);
}

}  // namespace

std::vector<storage::Key> FillRuns(storage::KvStore& store, int64_t runs) {
  std::mt19937_64 random(7);
  cairn::internal::ExperimentRecord experiment;
  experiment.mutable_experiment()->set_name(ExperimentName(0));
  storage::WriteSet first;
  first.PutRecord(storage::ExperimentKey(0), experiment.SerializeAsString());
  if (!store.CommitAndWait(std::move(first)).ok()) std::abort();
  std::vector<storage::Key> keys;
  for (int64_t i = 0; i < runs;) {
    storage::WriteSet set;
    for (const int64_t end = std::min<int64_t>(runs, i + 200); i < end; ++i) AddRun(set, random, i);
    const storage::Key prefix = storage::RunPrefix();
    for (const auto& put : set.puts) {
      if (put.key.bytes.compare(0, prefix.bytes.size(), prefix.bytes) == 0 &&
          put.key.family == prefix.family) {
        keys.push_back(put.key);
      }
    }
    if (!store.CommitAndWait(std::move(set)).ok()) std::abort();
  }
  return keys;
}

}  // namespace cairn::bench

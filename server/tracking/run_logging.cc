#include "server/tracking/run_logging.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "server/core/metric_summary.h"
#include "server/metrics/bundle.h"
#include "server/metrics/raw_batch.h"
#include "server/storage/event_image.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "server/tracking/limits.h"
#include "server/tracking/validation.h"

namespace cairn::tracking {
namespace {

using cairn::internal::MetricRecord;
using cairn::internal::RunRecord;
using cairn::internal::ValueRecord;
using cairn::v1::MetricColumns;
using storage::Plan;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

using Metrics = google::protobuf::RepeatedPtrField<MetricColumns>;

int64_t ToMillis(int64_t unix_nanos) { return unix_nanos / 1'000'000; }

std::string BatchPayload(const MetricColumns& columns, int64_t default_millis) {
  const auto span = [](const auto& column) {
    return std::span(column.data(), static_cast<size_t>(column.size()));
  };
  const bool has_times = columns.times_unix_millis_size() != 0;
  return metrics::EncodeRawBatch(
      span(columns.steps()),
      has_times ? span(columns.times_unix_millis()) : std::span(&default_millis, 1),
      span(columns.values()));
}

absl::Status ParamChanged(std::string_view run, std::string_view key, std::string_view old_value,
                          std::string_view new_value) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::PARAM_CHANGED,
               fmt::format("parameter \"{}\" of {} is \"{}\" and cannot become \"{}\"", key, run,
                           old_value, new_value))
      .With("run", run)
      .With("param", key)
      .With("value", old_value)
      .With("newValue", new_value)
      .Field(fmt::format("params.{}", key), "was logged before with another value");
}

// Adds the parameters that are new; one logged before must have the same value.
absl::Status AddParams(const Snapshot& snapshot, const cairn::v1::LogBatchRequest& request,
                       std::string_view run_id, WriteSet& write_set) {
  std::vector<storage::Key> keys;
  for (const auto& [key, value] : request.params())
    keys.push_back(storage::RunParamKey(run_id, key));
  CAIRN_ASSIGN_OR_RETURN(const auto existing, snapshot.MultiGet(keys));
  size_t i = 0;
  for (const auto& [key, value] : request.params()) {
    const auto& record = existing[i];
    if (record.has_value()) {
      CAIRN_ASSIGN_OR_RETURN(const auto old,
                             storage::ParseRecord<ValueRecord>(keys[i].bytes, record->payload));
      if (old.value() != value) return ParamChanged(request.run(), key, old.value(), value);
    } else {
      write_set.RequireAbsent(keys[i]).PutOnce(keys[i], ValuePayload(value));
    }
    ++i;
  }
  return absl::OkStatus();
}

// Adds the points: as one bundle, or as a batch and a merge for each metric. `batch_id`
// is new in the run.
absl::Status AddMetrics(const Metrics& columns_of_metrics, std::string_view run_id,
                        std::string_view batch_id, int64_t now_unix_nanos, Bundling bundling,
                        WriteSet& write_set) {
  const int64_t now_millis = ToMillis(now_unix_nanos);
  if (bundling == Bundling::kAllowed && metrics::IsBundle(columns_of_metrics)) {
    write_set.PutOnce(storage::MetricBundleKey(run_id, batch_id),
                      metrics::EncodeBundle(columns_of_metrics, now_millis));
    return absl::OkStatus();
  }
  for (const MetricColumns& columns : columns_of_metrics) {
    MetricRecord summary;
    CAIRN_ASSIGN_OR_RETURN(*summary.mutable_summary(), core::SummarizeColumns(columns, now_millis));
    summary.mutable_summary()->set_key(columns.key());
    write_set
        .PutOnce(storage::MetricBatchKey(run_id, columns.key(), columns.steps(0), batch_id),
                 BatchPayload(columns, now_millis))
        .MergeInto(storage::RunMetricKey(run_id, columns.key()), summary.SerializeAsString());
  }
  return absl::OkStatus();
}

absl::Status ValidateWriter(const MetricWriter& writer, int64_t batch_number) {
  if (!writer.id.empty() && !IsUuid4(writer.id)) {
    return InvalidField(ErrorReason::VALUE_INVALID, "writer_id", writer.id,
                        "must be a UUID4 in lower case");
  }
  if (!writer.id.empty() && batch_number < 1) {
    return InvalidField(ErrorReason::VALUE_INVALID, "batch_number", std::to_string(batch_number),
                        "must be at least 1 when there is a writer_id");
  }
  return absl::OkStatus();
}

// Says which metrics of the run changed.
void EmitMetrics(const std::string& run,
                 const google::protobuf::RepeatedPtrField<cairn::v1::MetricColumns>& metrics,
                 WriteSet& write_set) {
  std::vector<std::string_view> names;
  names.reserve(static_cast<size_t>(metrics.size()));
  for (const auto& columns : metrics) names.push_back(columns.key());
  write_set.Emit(run, cairn::v1::Event::RUN_METRICS, storage::MetricsImage(names));
}

// Says what was logged beside metrics, and of which metrics there was something too.
void EmitLogged(const cairn::v1::LogBatchRequest& request, const std::string& run,
                WriteSet& write_set) {
  cairn::v1::Event::Logged logged;
  *logged.mutable_params() = request.params();
  *logged.mutable_tags() = request.tags();
  for (const auto& columns : request.metrics()) {
    if (logged.metrics_size() == static_cast<int>(storage::kMaxChangedMetrics)) {
      logged.set_more_metrics(true);
      break;
    }
    logged.add_metrics(columns.key());
  }
  logged.set_lineage(!request.inputs().empty() || !request.outputs().empty());
  write_set.Emit(run, cairn::v1::Event::RUN_LOGGED, storage::ImageOf(logged));
}

// Adds inputs and outputs to the run's own record; those it has already are left out.
absl::Status AddInputsAndOutputs(const Snapshot& snapshot,
                                 const cairn::v1::LogBatchRequest& request,
                                 const Stored<RunRecord>& stored, WriteSet& write_set) {
  auto inputs = request.inputs();
  CAIRN_RETURN_IF_ERROR(ResolveInputs(snapshot, stored.value.run().name(), inputs, write_set));
  RunRecord changed = stored.value;
  for (const cairn::v1::RunInput& input : inputs) {
    bool known = false;
    for (const cairn::v1::RunInput& old : changed.run().inputs()) {
      known = known || (old.dataset_version() == input.dataset_version() &&
                        old.context() == input.context());
    }
    if (!known) *changed.mutable_run()->add_inputs() = input;
  }
  auto outputs = request.outputs();
  CAIRN_RETURN_IF_ERROR(ResolveOutputs(snapshot, stored.value.run().name(), outputs, write_set));
  for (const cairn::v1::RunOutput& output : outputs) {
    bool known = false;
    for (const cairn::v1::RunOutput& old : changed.run().outputs()) {
      known = known || (old.resource() == output.resource() && old.step() == output.step());
    }
    if (!known) *changed.mutable_run()->add_outputs() = output;
  }
  const storage::Key key = storage::RunKey(stored.value.run().uid());
  write_set.RequireRevision(key, stored.mod_revision).PutRecord(key, changed.SerializeAsString());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Plan> PlanLogBatch(const Snapshot& snapshot,
                                  const cairn::v1::LogBatchRequest& request, const CallFacts& facts,
                                  Bundling bundling) {
  CAIRN_RETURN_IF_ERROR(ValidateMap("params", request.params(), kMaxParamValueBytes));
  CAIRN_RETURN_IF_ERROR(ValidateMap("tags", request.tags(), kMaxRunTagValueBytes));
  CAIRN_RETURN_IF_ERROR(ValidateBatch(request.metrics()));
  CAIRN_ASSIGN_OR_RETURN(const auto stored, ReadLiveRun(snapshot, "run", request.run()));
  const std::string run_id = stored.value.run().uid();

  WriteSet write_set;
  if (!request.inputs().empty() || !request.outputs().empty()) {
    CAIRN_RETURN_IF_ERROR(AddInputsAndOutputs(snapshot, request, stored, write_set));
  } else {
    write_set.RequireExists(storage::RunKey(run_id));
  }
  CAIRN_RETURN_IF_ERROR(AddParams(snapshot, request, run_id, write_set));
  for (const auto& [key, value] : request.tags()) {
    write_set.PutRecord(storage::RunTagKey(run_id, key), ValuePayload(value));
  }
  CAIRN_RETURN_IF_ERROR(AddMetrics(request.metrics(), run_id, facts.new_id, facts.now_unix_nanos,
                                   bundling, write_set));
  if (write_set.puts.empty() && write_set.merges.empty()) {
    return storage::AnswerOnly(cairn::v1::LogBatchResponse());
  }
  const bool only_metrics = request.params().empty() && request.tags().empty() &&
                            request.inputs().empty() && request.outputs().empty();
  if (only_metrics) {
    EmitMetrics(stored.value.run().name(), request.metrics(), write_set);
  } else {
    EmitLogged(request, stored.value.run().name(), write_set);
  }
  return storage::MakePlan(std::move(write_set), cairn::v1::LogBatchResponse());
}

absl::StatusOr<Plan> PlanLogMetrics(const Snapshot& snapshot, std::string_view run,
                                    const MetricWriter& writer,
                                    const cairn::v1::LogMetricsRequest& request,
                                    const CallFacts& facts, Bundling bundling) {
  CAIRN_RETURN_IF_ERROR(ValidateBatch(request.metrics()));
  CAIRN_RETURN_IF_ERROR(ValidateWriter(writer, request.batch_number()));
  CAIRN_ASSIGN_OR_RETURN(const auto stored, ReadLiveRun(snapshot, "run", run));
  const std::string run_id = stored.value.run().uid();
  if (request.metrics().empty()) return storage::AnswerOnly(cairn::v1::LogMetricsResponse());

  WriteSet write_set;
  write_set.RequireExists(storage::RunKey(run_id));
  std::string batch_id = facts.new_id;
  if (!writer.id.empty()) {
    batch_id = fmt::format("{}-{}", writer.id, request.batch_number());
    internal::MetricWriterAdvance advance;
    advance.set_batch_number(request.batch_number());
    advance.set_previous_batch_number(writer.previous_batch_number);
    write_set.MergeInto(storage::MetricWriterKey(run_id, writer.id), advance.SerializeAsString());
  }
  CAIRN_RETURN_IF_ERROR(
      AddMetrics(request.metrics(), run_id, batch_id, facts.now_unix_nanos, bundling, write_set));
  EmitMetrics(stored.value.run().name(), request.metrics(), write_set);
  return storage::MakePlan(std::move(write_set), cairn::v1::LogMetricsResponse());
}

}  // namespace cairn::tracking

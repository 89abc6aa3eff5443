#include "server/evaluation/recording.h"

#include <string>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/records/dataset_refs.h"
#include "server/records/evaluation_records.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::evaluation {
namespace {

using cairn::internal::EvaluationRecord;
using cairn::internal::PointerRecord;

storage::Key IndexKey(const VersionName& version, const MeasurementInputs& inputs) {
  return storage::EvaluationByInputsKey(version.parent_id, version.version, inputs.Sha256());
}

absl::StatusOr<VersionName> NameOf(const MeasuredModel& model) {
  return ParseModelVersionName("name", model.version.name());
}

}  // namespace

v1::Evaluation ToEvaluation(const MeasurementInputs& inputs, const Measurement& measurement) {
  v1::Evaluation evaluation;
  evaluation.set_source(v1::Evaluation::SERVER);
  evaluation.set_state(v1::Evaluation::FINAL);
  evaluation.set_evaluator(std::string(kEvaluator));
  evaluation.set_dataset_version(inputs.data.name);
  evaluation.set_dataset_sha256(inputs.data.sha256);
  evaluation.set_version_sha256(inputs.model.version.sha256());
  evaluation.set_space(measurement.space);
  evaluation.set_preparation(measurement.preparation);
  auto& settings = *evaluation.mutable_settings();
  for (const auto& [key, value] : measurement.settings) settings[key] = value;
  settings["model.sha256"] = inputs.model.file.Hex();
  settings["data.sha256"] = inputs.data.file.Hex();
  if (inputs.reference.has_value()) {
    evaluation.set_reference_version(inputs.reference->version.name());
    settings["reference.sha256"] = inputs.reference->file.Hex();
  }
  for (const MeasuredValue& measured : measurement.values) {
    v1::EvaluationValue* value = evaluation.add_values();
    value->set_metric(measured.metric);
    value->set_definition(measured.definition);
    value->set_value(measured.value);
    if (measured.standard_error) value->set_standard_error(*measured.standard_error);
  }
  return evaluation;
}

absl::StatusOr<std::optional<v1::Evaluation>> FindRecorded(const storage::Snapshot& snapshot,
                                                           const MeasurementInputs& inputs) {
  CAIRN_ASSIGN_OR_RETURN(const VersionName version, NameOf(inputs.model));
  CAIRN_ASSIGN_OR_RETURN(const auto pointer,
                         storage::ReadRecord<PointerRecord>(snapshot, IndexKey(version, inputs)));
  if (!pointer.has_value()) return std::nullopt;
  CAIRN_ASSIGN_OR_RETURN(auto stored,
                         storage::ReadRecord<EvaluationRecord>(
                             snapshot, storage::EvaluationKey(version.parent_id, version.version,
                                                              pointer->value.number())));
  if (!stored.has_value()) return std::nullopt;
  return std::move(*stored->value.mutable_evaluation());
}

absl::StatusOr<v1::Evaluation> AddRecord(const storage::Snapshot& snapshot,
                                         const MeasurementInputs& inputs,
                                         const Measurement& measurement,
                                         const storage::Stamp& stamp,
                                         storage::WriteSet& write_set) {
  const v1::ModelVersion& version = inputs.model.version;
  CAIRN_ASSIGN_OR_RETURN(const VersionName name, NameOf(inputs.model));
  CAIRN_ASSIGN_OR_RETURN(const auto counter,
                         records::ReadEvaluationCounter(snapshot, version.name()));
  v1::Evaluation evaluation = ToEvaluation(inputs, measurement);
  CAIRN_RETURN_IF_ERROR(
      records::AppendEvaluations(version, counter, stamp, {&evaluation, 1}, write_set));
  CAIRN_ASSIGN_OR_RETURN(const auto ref, ParseEvaluationName("name", evaluation.name()));
  PointerRecord pointer;
  pointer.set_number(ref.number);
  const storage::Key index = IndexKey(name, inputs);
  CAIRN_ASSIGN_OR_RETURN(const auto there, snapshot.Get(index));
  write_set.RequireExists(storage::ModelVersionKey(name.parent_id, name.version))
      .RequireRevision(index, there.has_value() ? there->mod_revision : 0)
      .PutRecord(index, pointer.SerializeAsString());
  records::UseDatasetVersion(inputs.data.version, write_set);
  return evaluation;
}

}  // namespace cairn::evaluation

#include "pipeline/stages/cached_values.h"

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "pipeline/stages/byte_codec.h"

namespace cairn::pipeline {
namespace {

void Put(const StageRecord& record, ByteWriter* out) {
  out->Text(record.name);
  out->Int(record.rows_in);
  out->Int(record.rows_out);
  out->Number(record.seconds);
  out->Number(record.cpu_seconds);
  out->Int(record.bytes_read);
  out->Int(record.bytes_stored);
  out->Text(record.key);
  out->Text(record.digest);
  out->Int(static_cast<int64_t>(record.counts.size()));
  for (const auto& [name, count] : record.counts) {
    out->Text(name);
    out->Int(count);
  }
  out->Number(record.spend);
  out->Int(record.net_spend ? 1 : 0);
  out->Number(record.net_spend.value_or(0));
  out->Texts(record.notes);
  out->Int(static_cast<int64_t>(record.set_aside.size()));
  for (const SetAside& one : record.set_aside) {
    out->Text(one.rule);
    out->Text(one.reason);
    out->Int(static_cast<int64_t>(one.rows));
    out->Number(one.spend);
  }
}

StageRecord GetRecord(ByteReader* in) {
  StageRecord record;
  record.name = in->Text();
  record.rows_in = in->Int();
  record.rows_out = in->Int();
  record.seconds = in->Number();
  record.cpu_seconds = in->Number();
  record.bytes_read = in->Int();
  record.bytes_stored = in->Int();
  record.key = in->Text();
  record.digest = in->Text();
  record.cached = true;
  const int64_t counts = in->Int();
  for (int64_t i = 0; i < counts && in->ok(); ++i) {
    std::string name = in->Text();
    record.counts.emplace_back(std::move(name), in->Int());
  }
  record.spend = in->Number();
  const bool has_net_spend = in->Int() == 1;
  const double net_spend = in->Number();
  if (has_net_spend) record.net_spend = net_spend;
  record.notes = in->Texts();
  const int64_t reasons = in->Int();
  for (int64_t i = 0; i < reasons && in->ok(); ++i) {
    SetAside& one = record.set_aside.emplace_back();
    one.rule = in->Text();
    one.reason = in->Text();
    one.rows = static_cast<uint64_t>(in->Int());
    one.spend = in->Number();
  }
  return record;
}

void Put(const Indices& indices, ByteWriter* out) {
  for (const double value :
       {indices.inertia, indices.silhouette, indices.davies_bouldin, indices.calinski_harabasz,
        indices.min_cluster_share, indices.max_cluster_share, indices.silhouette_error}) {
    out->Number(value);
  }
  out->Int(indices.silhouette_sample);
}

Indices GetIndices(ByteReader* in) {
  Indices indices;
  for (double* value :
       {&indices.inertia, &indices.silhouette, &indices.davies_bouldin, &indices.calinski_harabasz,
        &indices.min_cluster_share, &indices.max_cluster_share, &indices.silhouette_error}) {
    *value = in->Number();
  }
  indices.silhouette_sample = in->Int();
  return indices;
}

void Put(const FitOutcome& fit, ByteWriter* out) {
  out->Matrix(fit.centers);
  out->Array(fit.training_labels);
  out->Array(fit.all_labels);
  out->Number(fit.inertia);
  out->Int(fit.iterations);
  out->Int(fit.converged ? 1 : 0);
}

std::shared_ptr<const FitOutcome> GetFit(ByteReader* in) {
  auto fit = std::make_shared<FitOutcome>();
  fit->centers = in->Matrix();
  fit->training_labels = in->Array<int32_t>();
  fit->all_labels = in->Array<int32_t>();
  fit->inertia = in->Number();
  fit->iterations = static_cast<int>(in->Int());
  fit->converged = in->Int() != 0;
  return fit;
}

// Nothing and an empty array are one: what is kept has entries.
template <typename T>
void PutKept(const std::shared_ptr<const std::vector<T>>& values, ByteWriter* out) {
  out->Array(values == nullptr ? std::vector<T>() : *values);
}

template <typename T>
std::shared_ptr<const std::vector<T>> GetKept(ByteReader* in) {
  std::vector<T> values = in->Array<T>();
  if (values.empty()) return nullptr;
  return std::make_shared<const std::vector<T>>(std::move(values));
}

void Put(const TrainingRun& run, int64_t fit, ByteWriter* out) {
  out->Int(run.point.k);
  out->Int(run.point.n_init);
  out->Int(run.point.max_iter);
  out->Int(static_cast<int64_t>(run.point.init));
  out->Int(run.point.seed);
  out->Int(fit);
  Put(run.training, out);
  Put(run.everyone, out);
  out->Int(run.has_evidence ? 1 : 0);
  out->Number(run.fit_seconds);
  out->Number(run.evaluate_seconds);
  out->Text(run.shared_from);
  PutKept(run.silhouettes, out);
  PutKept(run.silhouette_rows, out);
}

TrainingRun GetRun(const std::vector<std::shared_ptr<const FitOutcome>>& fits, ByteReader* in,
                   bool* ok) {
  TrainingRun run;
  run.point.k = static_cast<int>(in->Int());
  run.point.n_init = static_cast<int>(in->Int());
  run.point.max_iter = static_cast<int>(in->Int());
  run.point.init = in->Int() == 0 ? CenterInit::kKMeansPlusPlus : CenterInit::kRandom;
  run.point.seed = static_cast<uint32_t>(in->Int());
  const int64_t fit = in->Int();
  if (fit < 0 || static_cast<size_t>(fit) >= fits.size()) {
    *ok = false;
    return run;
  }
  run.fit = fits[static_cast<size_t>(fit)];
  run.training = GetIndices(in);
  run.everyone = GetIndices(in);
  run.has_evidence = in->Int() != 0;
  run.fit_seconds = in->Number();
  run.evaluate_seconds = in->Number();
  run.shared_from = in->Text();
  run.silhouettes = GetKept<double>(in);
  run.silhouette_rows = GetKept<int32_t>(in);
  return run;
}

}  // namespace

void PutRecords(const std::vector<StageRecord>& records, ByteWriter* out) {
  out->Int(static_cast<int64_t>(records.size()));
  for (const StageRecord& record : records) Put(record, out);
}

std::vector<StageRecord> GetRecords(ByteReader* in) {
  std::vector<StageRecord> records;
  const int64_t count = in->Int();
  for (int64_t i = 0; i < count && in->ok(); ++i) records.push_back(GetRecord(in));
  return records;
}

std::string EncodeFeatures(const CachedFeatures& value) {
  ByteWriter out;
  PutRecords(value.records, &out);
  out.Array(value.features.customer_ids);
  out.Matrix(value.features.values);
  out.Texts(value.features.columns);
  const CustomerNames& names = value.features.customer_names;
  out.Texts(names == nullptr ? std::vector<std::string>() : *names);
  return out.Take();
}

bool DecodeFeatures(std::string_view bytes, CachedFeatures* value) {
  ByteReader in(bytes);
  value->records = GetRecords(&in);
  value->features.customer_ids = in.Array<int32_t>();
  value->features.values = in.Matrix();
  value->features.columns = in.Texts();
  std::vector<std::string> names = in.Texts();
  value->features.customer_names =
      names.empty() ? nullptr : std::make_shared<const std::vector<std::string>>(std::move(names));
  return in.Done() && value->features.values.cols() == kFeatureCount &&
         value->features.values.rows() ==
             static_cast<Eigen::Index>(value->features.customer_ids.size());
}

std::string EncodeCorrelations(const Correlations& value, const StageRecord& record) {
  ByteWriter out;
  Put(record, &out);
  out.Matrix(value.pearson);
  out.Matrix(value.spearman);
  return out.Take();
}

bool DecodeCorrelations(std::string_view bytes, Correlations* value, StageRecord* record) {
  ByteReader in(bytes);
  *record = GetRecord(&in);
  value->pearson = in.Matrix();
  value->spearman = in.Matrix();
  return in.Done();
}

std::string EncodeStability(const StabilityByK& value, const StageRecord& record) {
  ByteWriter out;
  Put(record, &out);
  out.Int(static_cast<int64_t>(value.size()));
  for (const auto& [k, stability] : value) {
    out.Int(k);
    out.Number(stability.rand_index);
    out.Int(stability.seeds);
    out.Int(stability.extra_fits);
  }
  return out.Take();
}

bool DecodeStability(std::string_view bytes, StabilityByK* value, StageRecord* record) {
  ByteReader in(bytes);
  *record = GetRecord(&in);
  const int64_t count = in.Int();
  for (int64_t i = 0; i < count && in.ok(); ++i) {
    Stability& stability = (*value)[static_cast<int>(in.Int())];
    stability.rand_index = in.Number();
    stability.seeds = static_cast<int>(in.Int());
    stability.extra_fits = static_cast<int>(in.Int());
  }
  return in.Done();
}

std::string EncodeOutliers(const OutlierResult& value, const StageRecord& record) {
  ByteWriter out;
  Put(record, &out);
  out.Array(value.scores);
  out.Number(value.offset);
  out.Array(value.kept);
  out.Array(value.removed);
  return out.Take();
}

bool DecodeOutliers(std::string_view bytes, OutlierResult* value, StageRecord* record) {
  ByteReader in(bytes);
  *record = GetRecord(&in);
  value->scores = in.Array<double>();
  value->offset = in.Number();
  value->kept = in.Array<int32_t>();
  value->removed = in.Array<int32_t>();
  return in.Done();
}

std::string EncodePreparation(const Preparation& value, const std::vector<StageRecord>& records) {
  ByteWriter out;
  PutRecords(records, &out);
  out.Text(value.base.SerializeAsString());
  out.Matrix(value.prepared);
  out.Matrix(value.components);
  out.Matrix(value.all_components);
  out.Array(value.variance_ratios);
  return out.Take();
}

bool DecodePreparation(std::string_view bytes, Preparation* value,
                       std::vector<StageRecord>* records) {
  ByteReader in(bytes);
  *records = GetRecords(&in);
  if (!value->base.ParseFromString(in.Text())) return false;
  value->prepared = in.Matrix();
  value->components = in.Matrix();
  value->all_components = in.Matrix();
  value->variance_ratios = in.Array<double>();
  return in.Done() && !records->empty() && records->size() <= 2;
}

std::string EncodeRuns(const std::vector<TrainingRun>& runs,
                       const std::vector<StageRecord>& records) {
  std::map<const FitOutcome*, int64_t> places;
  std::vector<const FitOutcome*> fits;
  for (const TrainingRun& run : runs) {
    if (places.emplace(run.fit.get(), static_cast<int64_t>(fits.size())).second) {
      fits.push_back(run.fit.get());
    }
  }
  ByteWriter out;
  PutRecords(records, &out);
  out.Int(static_cast<int64_t>(fits.size()));
  for (const FitOutcome* fit : fits) Put(*fit, &out);
  out.Int(static_cast<int64_t>(runs.size()));
  for (const TrainingRun& run : runs) Put(run, places[run.fit.get()], &out);
  return out.Take();
}

bool DecodeRuns(std::string_view bytes, std::vector<TrainingRun>* runs,
                std::vector<StageRecord>* records) {
  ByteReader in(bytes);
  *records = GetRecords(&in);
  std::vector<std::shared_ptr<const FitOutcome>> fits;
  const int64_t fit_count = in.Int();
  for (int64_t i = 0; i < fit_count && in.ok(); ++i) fits.push_back(GetFit(&in));
  runs->clear();
  bool ok = true;
  const int64_t run_count = in.Int();
  for (int64_t i = 0; i < run_count && in.ok() && ok; ++i) runs->push_back(GetRun(fits, &in, &ok));
  return ok && in.Done() && !records->empty() && records->size() <= 2;
}

}  // namespace cairn::pipeline

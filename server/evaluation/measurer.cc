#include "server/evaluation/measurer.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/evaluation/stability.h"
#include "lib/model/model_file.h"

namespace cairn::evaluation {
namespace {

constexpr int64_t kModelShare = 4;      // of the cache: one part is for models
constexpr int64_t kResultShare = 16;    // beside it, for measurements
constexpr int64_t kResultBytes = 4096;  // of one, about

int Slots(int asked) {
  return asked > 0 ? asked : std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2);
}

// What is wrong with bytes that were read right is a matter of their form. Damage is none.
absl::Status AsUnsupported(std::string_view resource, const absl::Status& status) {
  if (status.ok() || !absl::IsInvalidArgument(status)) return status;
  const std::string column = MetadataOf(status, "column");
  return Unsupported(resource, column.empty()
                                   ? "the form it should: " + std::string(status.message())
                                   : fmt::format("the column {}", column));
}

}  // namespace

class Measurer::Turn {
 public:
  explicit Turn(Measurer& measurer) : measurer_(measurer) {
    MutexLock lock(&measurer_.mutex_);
    while (measurer_.free_slots_ == 0) measurer_.freed_.Wait(&measurer_.mutex_);
    --measurer_.free_slots_;
  }
  ~Turn() {
    {
      MutexLock lock(&measurer_.mutex_);
      ++measurer_.free_slots_;
    }
    measurer_.freed_.SignalAll();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Measurer& measurer_;
};

Measurer::Measurer(BlobText read, const MeasurerOptions& options)
    : read_(std::move(read)),
      options_(options),
      models_(options.cache_bytes / kModelShare),
      tables_(options.cache_bytes - options.cache_bytes / kModelShare),
      results_(options.cache_bytes / kResultShare),
      free_slots_(Slots(options.slots)) {}

absl::StatusOr<std::shared_ptr<const Measurement>> Measurer::Measure(
    const MeasurementInputs& inputs) {
  const std::string key = inputs.Sha256();
  if (auto known = results_.Find(key)) return known;
  const Turn turn(*this);
  // Whoever had the turn before may have wanted the same.
  if (auto known = results_.Find(key)) return known;
  CAIRN_ASSIGN_OR_RETURN(auto measured, Compute(inputs));
  results_.Insert(key, measured, kResultBytes);
  return measured;
}

absl::StatusOr<std::shared_ptr<const Measurement>> Measurer::Compute(
    const MeasurementInputs& inputs) {
  CAIRN_ASSIGN_OR_RETURN(const auto model, Model(inputs.model));
  CAIRN_ASSIGN_OR_RETURN(const auto table, Table(inputs.data));
  MeasureOptions options;
  options.threads = options_.threads;
  options.sample_seed = SampleSeed(inputs.data.file.Hex());
  absl::StatusOr<Measurement> measured;
  if (inputs.repeats != 0) {
    measured = MeasureStability(*model, *table, inputs.repeats, options);
    if (!measured.ok() && MetadataOf(measured.status(), "column").empty()) {
      return AsUnsupported(inputs.model.version.name(), measured.status());
    }
  } else if (inputs.reference.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(const auto reference, Model(*inputs.reference));
    measured = MeasureAgainst(*model, *reference, *table, options);
  } else {
    measured = evaluation::Measure(*model, *table, options);
  }
  CAIRN_RETURN_IF_ERROR(AsUnsupported(inputs.data.name, measured.status()));
  return std::make_shared<const Measurement>(*std::move(measured));
}

absl::StatusOr<std::shared_ptr<const model::Predictor>> Measurer::Model(
    const MeasuredModel& model) {
  const std::string key = model.file.Hex();
  if (auto known = models_.Find(key)) return known;
  if (model.file.size_bytes > static_cast<int64_t>(model::kMaxModelFileBytes)) {
    return Unsupported(model.version.name(),
                       fmt::format("a model of at most {} bytes", model::kMaxModelFileBytes));
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, read_(model.file, model.file.size_bytes));
  absl::StatusOr<model::Predictor> parsed = model::Predictor::FromFile(bytes);
  CAIRN_RETURN_IF_ERROR(AsUnsupported(model.version.name(), parsed.status()));
  auto predictor = std::make_shared<const model::Predictor>(*std::move(parsed));
  models_.Insert(key, predictor, 2 * model.file.size_bytes + kResultBytes);
  return predictor;
}

absl::StatusOr<std::shared_ptr<const FeatureTable>> Measurer::Table(const MeasuredData& data) {
  const std::string key = data.file.Hex();
  if (auto known = tables_.Find(key)) return known;
  if (data.file.size_bytes > options_.max_table_bytes) {
    return Unsupported(data.name,
                       fmt::format("a table of at most {} bytes", options_.max_table_bytes));
  }
  CAIRN_ASSIGN_OR_RETURN(const std::string bytes, read_(data.file, data.file.size_bytes));
  absl::StatusOr<FeatureTable> parsed = FeatureTable::Parse(bytes);
  CAIRN_RETURN_IF_ERROR(AsUnsupported(data.name, parsed.status()));
  auto table = std::make_shared<const FeatureTable>(*std::move(parsed));
  tables_.Insert(key, table, table->HeldBytes());
  return table;
}

}  // namespace cairn::evaluation

// Walks the stage graph: takes each value from the cache or computes it, writes what --out
// promises in the background, and hands results to the publisher as they come into being.

#include "pipeline/stages/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "lib/model/model_file.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/load.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/stages/cached_tables.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/compact_table.h"
#include "pipeline/stages/degenerate.h"
#include "pipeline/stages/output_folder.h"
#include "pipeline/stages/rand_index.h"
#include "pipeline/stages/run_record.h"
#include "pipeline/stages/stage_cache.h"

namespace cairn::pipeline {
namespace {

using SharedText = std::shared_ptr<const std::string>;

SharedText Share(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

// Which rows a stage let through, on top of the file they come from.
std::string RowsDigest(const TransactionTable& table, std::string_view key) {
  Sha256Hasher hasher;
  hasher.Update(key);
  const auto rows = table.selection();
  hasher.Update({reinterpret_cast<const char*>(rows.data()), rows.size_bytes()});
  return hasher.Finish().Hex();
}

// The name of the input inside its version: pipes have none of their own.
std::string InputName(const std::string& path) {
  if (path == kStandardInput || path == "/dev/stdin") return "stdin";
  if (path.starts_with("/dev/fd/") || path.starts_with("/proc/")) return "pipe";
  return path.substr(path.find_last_of('/') + 1);
}

absl::StatusOr<LoadedTransactions> LoadInput(const InputBytes& input,
                                             const PipelineConfig& config) {
  LoadOptions options;
  options.threads = config.threads;
  options.max_reject_share = 1;
  options.dialect = config.input.dialect;
  return LoadTransactionsFromBytes(input.view(), options);
}

class PipelineRun {
 public:
  PipelineRun(const RunRequest& request, const RunObserver& observer, Publisher* publisher)
      : request_(request),
        observer_(observer),
        publisher_(publisher),
        cache_(request.out),
        out_(request.out) {}

  absl::StatusOr<RunOutcome> Go();

 private:
  absl::Status Prepare();
  absl::Status RunStages();
  absl::Status Transactions();
  void TellInput(const StageRecord& load);
  absl::Status MakeTransactions();
  bool TakeCachedTable(TransactionTable* table);
  absl::StatusOr<TransactionTable> Load();
  void KeepTable(std::string_view stage, const TransactionTable& table, std::string rejects_csv);
  absl::Status Clean(TransactionTable table);
  absl::Status JudgeCleaning();
  absl::Status ReadCleaned();
  bool TransactionsIntact();
  absl::Status WriteTransactions();
  absl::Status PublishInput();
  absl::Status PublishCleaned();
  absl::Status Features();
  absl::Status Correlate();
  absl::Status Outliers();
  absl::Status ScaleAndProject();
  absl::Status FitPreparation();
  absl::Status PublishTables();
  absl::Status SweepAndEvaluate();
  absl::Status ComputeRuns();
  absl::Status FitRuns(const SweepInput& input, const std::vector<GridPoint>& points,
                       const SweepOptions& options);
  void TellLeftOut();
  absl::Status PublishRun(size_t index);
  absl::Status Select();
  absl::Status WriteChosen();
  absl::Status Register();

  int Index(std::string_view stage) const { return *StageIndex(stage); }
  bool Forced(std::string_view stage) const {
    return request_.force || Index(stage) >= from_ || Index(stage) == only_;
  }
  // The place of the first stage that has to be computed again; beyond all stages for none.
  int FirstForced() const {
    if (request_.force) return 0;
    return only_ >= 0 ? std::min(from_, only_) : from_;
  }
  // Whether `stage` lies beyond the one that alone is wanted.
  bool Beyond(std::string_view stage) const { return only_ >= 0 && Index(stage) > only_; }
  std::string Key(std::string_view stage) const {
    return StageKey(stage, request_.config, outcome_.input.Hex());
  }
  std::optional<std::string> Cached(std::string_view stage) const {
    if (Forced(stage)) return std::nullopt;
    return cache_.Load(stage, Key(stage));
  }
  void Keep(std::string_view stage, std::string bytes) {
    if (!cache_.enabled()) return;
    out_.Run([this, name = std::string(stage), key = Key(stage), bytes = std::move(bytes)] {
      return cache_.Store(name, key, bytes);
    });
  }
  void Record(StageRecord record) {
    if (observer_.stage) observer_.stage(record);
    outcome_.stages.push_back(std::move(record));
  }
  StageRecord NewRecord(std::string_view stage, int64_t rows_in, int64_t rows_out,
                        double seconds) const {
    StageRecord record;
    record.name = std::string(stage);
    record.rows_in = rows_in;
    record.rows_out = rows_out;
    record.seconds = seconds;
    record.key = Key(stage);
    return record;
  }

  const RunRequest& request_;
  const RunObserver& observer_;
  Publisher* const publisher_;
  int from_ = static_cast<int>(StageGraph().size());
  int only_ = -1;

  RunOutcome outcome_;
  std::shared_ptr<const InputBytes> input_;    // Until it was parsed and published.
  std::shared_ptr<const InputBytes> written_;  // transactions.csv of an earlier run, once checked.
  TransactionColumns loaded_columns_;          // Of `load`, once there are any.
  TransactionTable cleaned_;
  bool have_table_ = false;
  int64_t cleaned_rows_ = 0;
  SharedText features_csv_;
  SharedText prepared_csv_;
  SharedText components_csv_;
  std::string features_sha256_;
  std::shared_future<SharedText> transactions_csv_;
  std::map<const FitOutcome*, SharedText> labels_;

  StageCache cache_;
  // Last: its destructor waits for work that uses what stands above.
  OutputFolder out_;
};

absl::Status PipelineRun::Prepare() {
  if (!request_.from.empty()) {
    CAIRN_ASSIGN_OR_RETURN(from_, StageIndex(request_.from));
  }
  if (!request_.only.empty()) {
    CAIRN_ASSIGN_OR_RETURN(only_, StageIndex(request_.only));
  }
  CAIRN_RETURN_IF_ERROR(CheckConfig(request_.config));
  CAIRN_RETURN_IF_ERROR(out_.Prepare());
  CAIRN_ASSIGN_OR_RETURN(InputBytes input, InputBytes::Read(request_.data));
  input_ = std::make_shared<const InputBytes>(std::move(input));
  outcome_.input = DigestOf(input_->view());
  outcome_.sweep_key =
      Sha256Hex(Key("evaluate") + "\n" + request_.config.registration.label).substr(0, 32);
  return absl::OkStatus();
}

absl::StatusOr<RunOutcome> PipelineRun::Go() {
  CAIRN_RETURN_IF_ERROR(Prepare());
  CAIRN_RETURN_IF_ERROR(RunStages());
  if (!outcome_.runs.empty() && outcome_.selected) {
    out_.Write("runs.json", RunsJson(outcome_.runs, request_.config, outcome_.selection,
                                     outcome_.published.runs));
  }
  out_.Write("stages.json", StagesJson(outcome_.stages));
  CAIRN_RETURN_IF_ERROR(out_.Wait());
  return std::move(outcome_);
}

absl::Status PipelineRun::RunStages() {
  if (publisher_ != nullptr) {
    CAIRN_RETURN_IF_ERROR(publisher_->Begin(
        outcome_.sweep_key, request_.config.sweep.grid.Points(request_.config.seed).size()));
  }
  CAIRN_RETURN_IF_ERROR(Transactions());
  if (Beyond("features")) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(Features());
  if (Beyond("correlation")) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(Correlate());
  if (Beyond("outliers")) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(Outliers());
  if (Beyond("scale")) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(ScaleAndProject());
  if (Beyond("sweep")) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(SweepAndEvaluate());
  if (Beyond("select")) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(Select());
  if (Beyond("register") || publisher_ == nullptr) return absl::OkStatus();
  return Register();
}

// Whether --out still holds the cleaned transactions of this very input.
bool PipelineRun::TransactionsIntact() {
  const auto sha256 = cache_.Load("transactions", Key("zero_price"));
  if (!sha256 || !out_.Has("rejects.csv")) return false;
  auto file = InputBytes::Read(out_.PathOf("transactions.csv"));
  if (!file.ok() || Sha256Hex(file->view()) != *sha256) return false;
  written_ = std::make_shared<const InputBytes>(*std::move(file));
  return true;
}

// The cleaned table itself is needed only to compute features or to write or publish it.
absl::Status PipelineRun::Transactions() {
  const bool chain_forced = FirstForced() <= Index("zero_price");
  CachedFeatures cached;
  bool hit = false;
  if (const auto bytes = cache_.Load("features", Key("features")); bytes && !chain_forced) {
    hit = DecodeFeatures(*bytes, &cached) && TransactionsIntact();
  }
  if (!hit) return MakeTransactions();
  TellInput(cached.records.front());
  for (StageRecord& record : cached.records) {
    if (record.name == "features") continue;
    cleaned_rows_ = record.rows_out;
    Record(std::move(record));
  }
  CAIRN_RETURN_IF_ERROR(JudgeCleaning());
  if (publisher_ == nullptr) return absl::OkStatus();
  // The table as it was written, in the canonical form that is published.
  transactions_csv_ = std::async(std::launch::deferred, [bytes = written_]() -> SharedText {
                        return Share(std::string(bytes->view()));
                      }).share();
  return absl::OkStatus();
}

// How the input was read, also when that was an earlier run's work.
void PipelineRun::TellInput(const StageRecord& load) {
  if (!observer_.input) return;
  for (const std::string& note : load.notes) observer_.input(note);
}

// From the last table that is kept and need not be made again, or from the input.
absl::Status PipelineRun::MakeTransactions() {
  TransactionTable table;
  if (!TakeCachedTable(&table)) {
    CAIRN_ASSIGN_OR_RETURN(table, Load());
  }
  return Clean(std::move(table));
}

bool PipelineRun::TakeCachedTable(TransactionTable* table) {
  const std::string input = outcome_.input.Hex();
  const auto place = LastCachedTable(cache_, request_.config, input, FirstForced());
  if (!place) return false;
  auto kept = LoadCachedTable(cache_, request_.config, input, *place);
  if (!kept) return false;
  TellInput(kept->records.front());
  for (StageRecord& record : kept->records) Record(std::move(record));
  out_.Write("rejects.csv", std::move(kept->rejects_csv));
  loaded_columns_ = std::move(kept->loaded);
  *table = std::move(kept->table);
  return true;
}

absl::StatusOr<TransactionTable> PipelineRun::Load() {
  const Stopwatch watch;
  CAIRN_ASSIGN_OR_RETURN(LoadedTransactions loaded, LoadInput(*input_, request_.config));
  if (publisher_ == nullptr) input_.reset();
  StageRecord record = NewRecord("load", static_cast<int64_t>(loaded.rows_read),
                                 static_cast<int64_t>(loaded.table.rows()), watch.Seconds());
  record.digest = RowsDigest(loaded.table, record.key);
  record.spend = GrossSpend(loaded.table);
  record.set_aside = RejectedRows(loaded);
  record.counts = {{"rejected_rows", static_cast<int64_t>(loaded.rows_rejected)},
                   {"file_bytes", static_cast<int64_t>(loaded.file_bytes)},
                   {"unpacked_bytes", static_cast<int64_t>(loaded.unpacked_bytes)}};
  record.notes.push_back(fmt::format("input: {}", loaded.dialect));
  for (const std::string& warning : loaded.warnings) {
    record.notes.push_back(fmt::format("warning: {}", warning));
  }
  TellInput(record);
  Record(std::move(record));
  std::string rejects = RejectsCsv(loaded.rejects);
  out_.Write("rejects.csv", rejects);
  CAIRN_RETURN_IF_ERROR(CheckRejectShare(loaded, request_.config.input.max_reject_share));
  loaded_columns_ = loaded.table.columns();
  KeepTable("load", loaded.table, std::move(rejects));
  return std::move(loaded.table);
}

// Keeps the table that `stage` made, the last one there is a record of.
void PipelineRun::KeepTable(std::string_view stage, const TransactionTable& table,
                            std::string rejects_csv) {
  if (!cache_.enabled() || !FitsTableCache(table, rejects_csv)) return;
  const bool first = stage == "load";
  out_.Run([this, stage = std::string(stage), key = Key(stage), first, loaded = loaded_columns_,
            value = CachedTable{table, outcome_.stages, std::move(rejects_csv), {}}] {
    return cache_.Store(stage, key, EncodeTable(value, first ? nullptr : &loaded));
  });
}

absl::Status PipelineRun::Clean(TransactionTable table) {
  for (const CleaningStage& stage : CleaningStages()) {
    if (Index(stage.name) <= Index(outcome_.stages.back().name)) continue;
    if (Beyond(stage.name)) break;
    const Stopwatch watch;
    CleanedTable cleaned = stage.apply(table, request_.config.cleaning.rules);
    StageRecord record = NewRecord(stage.name, static_cast<int64_t>(cleaned.step.rows_in),
                                   static_cast<int64_t>(cleaned.step.rows_out), watch.Seconds());
    for (const auto& [name, count] : cleaned.step.counts) {
      record.counts.emplace_back(name, static_cast<int64_t>(count));
    }
    record.digest = RowsDigest(cleaned.table, record.key);
    record.set_aside = std::move(cleaned.step.set_aside);
    Record(std::move(record));
    table = std::move(cleaned.table);
    KeepTable(stage.name, table, {});
  }
  cleaned_ = std::move(table);
  have_table_ = true;
  cleaned_rows_ = static_cast<int64_t>(cleaned_.rows());
  CAIRN_RETURN_IF_ERROR(JudgeCleaning());
  if (!Beyond("zero_price")) {
    CAIRN_RETURN_IF_ERROR(CheckCustomerCount(cleaned_.CustomerIds(),
                                             cleaned_.columns().customer_names, "after cleaning"));
  }
  return WriteTransactions();
}

// Says what was set aside, also when that was an earlier run's work. Stages that are looked at one
// by one are not judged.
absl::Status PipelineRun::JudgeCleaning() {
  const SetAsideReport report = SetAsideOf(outcome_.stages);
  if (observer_.input) {
    for (const std::string& line : DescribeSetAside(report)) observer_.input(line);
  }
  if (Beyond("zero_price")) return absl::OkStatus();
  return CheckSetAside(report, request_.config.cleaning.max_set_aside_share);
}

// The cleaned table as an earlier run left it in transactions.csv.
absl::Status PipelineRun::ReadCleaned() {
  LoadOptions options;
  options.threads = request_.config.threads;
  options.dialect.encoding = TextEncoding::kUtf8;
  options.dialect.separator = ',';
  options.dialect.decimal = '.';
  options.dialect.date_order = DateOrder::kYearFirst;
  options.dialect.null_values = std::vector<std::string>();
  CAIRN_ASSIGN_OR_RETURN(LoadedTransactions loaded,
                         LoadTransactionsFromBytes(written_->view(), options));
  cleaned_ = std::move(loaded.table);
  have_table_ = true;
  return absl::OkStatus();
}

// The rows that alone are asked for go to a file of their stage's name: transactions.csv stays what
// later stages are made from.
absl::Status PipelineRun::WriteTransactions() {
  if (!out_.enabled() && publisher_ == nullptr) return absl::OkStatus();
  transactions_csv_ = std::async(std::launch::async, [table = cleaned_]() -> SharedText {
                        return Share(TransactionsCsv(table, 1));
                      }).share();
  if (out_.enabled()) {
    const bool complete = !Beyond("zero_price");
    const std::string name = complete ? "transactions" : outcome_.stages.back().name;
    out_.Run([this, csv = transactions_csv_, complete, name]() -> absl::Status {
      CAIRN_RETURN_IF_ERROR(WriteOutputFile(out_.PathOf(name + ".csv"), *csv.get()));
      if (!complete) return absl::OkStatus();
      return cache_.Store("transactions", Key("zero_price"), Sha256Hex(*csv.get()));
    });
  }
  return absl::OkStatus();
}

absl::Status PipelineRun::PublishInput() {
  DatasetDraft draft;
  draft.role = DatasetRole::kTransactions;
  draft.path = InputName(request_.data);
  // Characters that artifact paths do not allow.
  for (char& c : draft.path) {
    if (std::string_view("\\#?;").find(c) != std::string_view::npos ||
        static_cast<unsigned char>(c) < 0x20)
      c = '_';
  }
  draft.input = std::move(input_);
  draft.digest = outcome_.input;
  draft.row_count = outcome_.stages.front().rows_in;
  draft.columns = TransactionColumnTypes();
  draft.columns.pop_back();  // The status is found later.
  draft.table = [input = draft.input, columns = loaded_columns_,
                 config = request_.config]() -> absl::StatusOr<SharedText> {
    if (columns.quantity != nullptr) return Share(TransactionsCsv(TransactionTable(columns), 1));
    CAIRN_ASSIGN_OR_RETURN(const LoadedTransactions loaded, LoadInput(*input, config));
    return Share(TransactionsCsv(loaded.table, 1));
  };
  draft.producer = "input";
  return publisher_->AddDataset(std::move(draft));
}

absl::Status PipelineRun::PublishCleaned() {
  DatasetDraft draft;
  draft.role = DatasetRole::kCleaned;
  draft.path = "transactions.csv.zst";
  draft.bytes = [csv = transactions_csv_]() -> absl::StatusOr<SharedText> {
    CAIRN_ASSIGN_OR_RETURN(std::string packed, CompressText(*csv.get()));
    return Share(std::move(packed));
  };
  draft.row_count = cleaned_rows_;
  draft.columns = TransactionColumnTypes();
  draft.producer = "zero_price";
  return publisher_->AddDataset(std::move(draft));
}

absl::Status PipelineRun::Features() {
  CachedFeatures value;
  const auto bytes = Cached("features");
  if (bytes && DecodeFeatures(*bytes, &value)) {
    outcome_.features = std::move(value.features);
    Record(value.records.back());
  } else {
    if (!have_table_) CAIRN_RETURN_IF_ERROR(ReadCleaned());
    const Stopwatch watch;
    CAIRN_ASSIGN_OR_RETURN(
        outcome_.features,
        ComputeFeatures(cleaned_, request_.config.features, request_.config.threads,
                        request_.config.cleaning.home_country));
    Record(NewRecord("features", static_cast<int64_t>(cleaned_.rows()),
                     outcome_.features.values.rows(), watch.Seconds()));
  }
  features_csv_ = Share(FeaturesCsv(outcome_.features));
  const Digest digest = DigestOf(*features_csv_);
  features_sha256_ = digest.Hex();
  outcome_.stages.back().digest = features_sha256_;
  if (!outcome_.stages.back().cached) {
    Keep("features", EncodeFeatures({outcome_.features, outcome_.stages}));
  }
  out_.Write("features.csv", features_csv_);
  return CheckCustomerCount(outcome_.features.customer_ids, outcome_.features.customer_names,
                            "with all features");
}

absl::Status PipelineRun::Correlate() {
  StageRecord record;
  const auto bytes = Cached("correlation");
  if (!bytes || !DecodeCorrelations(*bytes, &outcome_.correlations, &record)) {
    const Stopwatch watch;
    CAIRN_ASSIGN_OR_RETURN(outcome_.correlations, CorrelateFeatures(outcome_.features));
    record =
        NewRecord("correlation", outcome_.features.values.rows(), kFeatureCount, watch.Seconds());
    Keep("correlation", EncodeCorrelations(outcome_.correlations, record));
  }
  std::string csv = CorrelationCsv(outcome_.features.columns, outcome_.correlations);
  record.digest = Sha256Hex(csv);
  Record(std::move(record));
  out_.Write("correlation.csv", std::move(csv));
  return absl::OkStatus();
}

absl::Status PipelineRun::Outliers() {
  StageRecord record;
  const auto bytes = Cached("outliers");
  if (!bytes || !DecodeOutliers(*bytes, &outcome_.outliers, &record)) {
    const Stopwatch watch;
    CAIRN_ASSIGN_OR_RETURN(outcome_.outliers, FindOutliers(outcome_.features, request_.config));
    record = NewRecord("outliers", outcome_.features.values.rows(),
                       static_cast<int64_t>(outcome_.outliers.kept.size()), watch.Seconds());
    record.counts = {{"outliers", static_cast<int64_t>(outcome_.outliers.removed.size())}};
    Keep("outliers", EncodeOutliers(outcome_.outliers, record));
  }
  std::string csv = OutliersCsv(outcome_.features, outcome_.outliers);
  record.digest = Sha256Hex(csv);
  Record(std::move(record));
  out_.Write("outliers.csv", std::move(csv));
  std::vector<int32_t> kept;
  for (const int32_t row : outcome_.outliers.kept) {
    kept.push_back(outcome_.features.customer_ids[static_cast<size_t>(row)]);
  }
  return CheckCustomerCount(kept, outcome_.features.customer_names, "without outliers");
}

absl::Status PipelineRun::FitPreparation() {
  const auto kept = static_cast<int64_t>(outcome_.outliers.kept.size());
  std::vector<StageRecord> scaled;
  const auto bytes = Cached("scale");
  if (bytes && DecodePreparation(*bytes, &outcome_.preparation, &scaled) && !scaled.empty()) {
    Record(std::move(scaled.front()));
  } else {
    const Stopwatch scale_watch;
    CAIRN_ASSIGN_OR_RETURN(outcome_.preparation,
                           FitScaling(outcome_.features, outcome_.outliers, request_.config));
    Record(NewRecord("scale", kept, kept, scale_watch.Seconds()));
    Keep("scale", EncodePreparation(outcome_.preparation, {outcome_.stages.back()}));
  }
  if (Beyond("pca")) return absl::OkStatus();
  const Stopwatch pca_watch;
  CAIRN_RETURN_IF_ERROR(
      FitProjection(outcome_.features, outcome_.outliers, request_.config, &outcome_.preparation));
  StageRecord record = NewRecord("pca", kept, kept, pca_watch.Seconds());
  record.counts = {{"components", outcome_.preparation.components.cols()}};
  Record(std::move(record));
  Keep("pca",
       EncodePreparation(outcome_.preparation, {outcome_.stages.end() - 2, outcome_.stages.end()}));
  return absl::OkStatus();
}

absl::Status PipelineRun::ScaleAndProject() {
  std::vector<StageRecord> records;
  const auto bytes = Forced("scale") || only_ == Index("scale") ? std::nullopt : Cached("pca");
  if (bytes && DecodePreparation(*bytes, &outcome_.preparation, &records)) {
    for (StageRecord& record : records) Record(std::move(record));
  } else {
    CAIRN_RETURN_IF_ERROR(FitPreparation());
  }
  const std::vector<int32_t> ids =
      SelectIds(outcome_.features.customer_ids, outcome_.outliers.kept);
  prepared_csv_ = Share(MatrixCsv("CustomerID", ids, outcome_.features.columns,
                                  outcome_.preparation.prepared, outcome_.features.customer_names));
  const size_t scale = Beyond("pca") ? outcome_.stages.size() - 1 : outcome_.stages.size() - 2;
  outcome_.stages[scale].digest = Sha256Hex(*prepared_csv_);
  out_.Write("prepared.csv", prepared_csv_);
  if (Beyond("pca")) return absl::OkStatus();
  components_csv_ =
      Share(MatrixCsv("CustomerID", ids, ComponentNames(outcome_.preparation),
                      outcome_.preparation.components, outcome_.features.customer_names));
  outcome_.stages.back().digest = Sha256Hex(*components_csv_);
  out_.Write("components.csv", components_csv_);
  return publisher_ == nullptr ? absl::OkStatus() : PublishTables();
}

// All data sets at once, when there is something to train on: an input that is refused leaves
// nothing on the server.
absl::Status PipelineRun::PublishTables() {
  CAIRN_RETURN_IF_ERROR(PublishInput());
  CAIRN_RETURN_IF_ERROR(PublishCleaned());
  struct Table {
    DatasetRole role;
    const char* path;
    SharedText csv;
    int64_t rows;
    const char* producer;
    std::vector<std::string> columns;
  };
  const int64_t kept = outcome_.preparation.prepared.rows();
  for (const Table& table :
       {Table{DatasetRole::kFeatures, "features.csv", features_csv_,
              outcome_.features.values.rows(), "features", outcome_.features.columns},
        Table{DatasetRole::kPrepared, "prepared.csv", prepared_csv_, kept, "scale",
              outcome_.features.columns},
        Table{DatasetRole::kComponents, "components.csv", components_csv_, kept, "pca",
              ComponentNames(outcome_.preparation)}}) {
    DatasetDraft draft;
    draft.role = table.role;
    draft.path = table.path;
    draft.bytes = [csv = table.csv]() -> absl::StatusOr<SharedText> { return csv; };
    draft.row_count = table.rows;
    draft.columns.emplace_back("CustomerID", "int64");
    for (const std::string& column : table.columns) draft.columns.emplace_back(column, "double");
    draft.producer = table.producer;
    CAIRN_RETURN_IF_ERROR(publisher_->AddDataset(std::move(draft)));
  }
  return absl::OkStatus();
}

absl::Status PipelineRun::PublishRun(size_t index) {
  const TrainingRun& run = outcome_.runs[index];
  RunDraft draft;
  draft.index = index;
  draft.point = run.point.Id();
  draft.params = RunParams(run, request_.config);
  draft.tags = {{"cairn.sweep", outcome_.sweep_key},
                {"cairn.point", draft.point},
                {"cairn.preset", request_.config.preset},
                {"cairn.input", outcome_.input.Hex()}};
  if (!run.shared_from.empty()) draft.tags["shared_from"] = run.shared_from;
  draft.metrics = RunMetrics(run);
  CAIRN_ASSIGN_OR_RETURN(
      draft.model, model::SerializeModel(
                       BuildModel(outcome_.preparation, run, request_.config, features_sha256_)));
  SharedText& labels = labels_[run.fit.get()];
  if (labels == nullptr) {
    labels = Share(LabelsCsv("CustomerID", outcome_.features.customer_ids, "Segment",
                             run.fit->all_labels, outcome_.features.customer_names));
  }
  draft.labels = labels;
  return publisher_->AddRun(std::move(draft));
}

// The stage `sweep` alone, which `evaluate` need not repeat.
absl::Status PipelineRun::FitRuns(const SweepInput& input, const std::vector<GridPoint>& points,
                                  const SweepOptions& options) {
  std::vector<StageRecord> fitted;
  const auto bytes = Cached("sweep");
  if (bytes && DecodeRuns(*bytes, &outcome_.runs, &fitted) && !fitted.empty()) {
    Record(std::move(fitted.front()));
    return absl::OkStatus();
  }
  const Stopwatch fit_watch;
  const auto feasible = FeasiblePoints(input, points);
  if (feasible.empty()) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::VALUE_INVALID,
                 LeftOutPoints(input, points, {}) + "; nothing is left of it")
        .With("field", "sweep.k")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(outcome_.runs, FitGrid(input, feasible, options));
  const auto rows = static_cast<int64_t>(input.training.rows());
  StageRecord record = NewRecord("sweep", rows, rows, fit_watch.Seconds());
  record.counts = {{"runs", static_cast<int64_t>(outcome_.runs.size())}};
  Record(std::move(record));
  Keep("sweep", EncodeRuns(outcome_.runs, {outcome_.stages.back()}));
  return absl::OkStatus();
}

// A k that the customers cannot fill is no run; that is said, also when the runs are cached.
void PipelineRun::TellLeftOut() {
  const std::string said =
      LeftOutPoints(MakeSweepInput(outcome_.preparation, outcome_.outliers),
                    request_.config.sweep.grid.Points(request_.config.seed), outcome_.runs);
  if (observer_.input && !said.empty()) observer_.input("warning: " + said);
}

absl::Status PipelineRun::ComputeRuns() {
  const PipelineConfig& config = request_.config;
  const SweepInput input = MakeSweepInput(outcome_.preparation, outcome_.outliers);
  const SweepOptions options{config.sweep.tol, config.sweep.sharing, config.threads};
  const auto points = config.sweep.grid.Points(config.seed);
  const auto rows = static_cast<int64_t>(input.training.rows());
  CAIRN_RETURN_IF_ERROR(FitRuns(input, points, options));
  if (Beyond("evaluate")) return absl::OkStatus();

  const Stopwatch watch;
  const RunSink sink = [&](const TrainingRun&, size_t index) -> absl::Status {
    if (observer_.sweep) observer_.sweep(index + 1, outcome_.runs.size());
    return publisher_ == nullptr ? absl::OkStatus() : PublishRun(index);
  };
  TellLeftOut();
  CAIRN_RETURN_IF_ERROR(EvaluateRuns(input, options, sink, &outcome_.runs));
  CAIRN_RETURN_IF_ERROR(
      MeasureEvidence(input, RepresentativeRuns(outcome_.runs, config.registration.min_share),
                      config.threads, &outcome_.runs));
  Record(NewRecord("evaluate", rows, rows, watch.Seconds()));
  Keep("evaluate", EncodeRuns(outcome_.runs, {outcome_.stages.end() - 2, outcome_.stages.end()}));
  return absl::OkStatus();
}

absl::Status PipelineRun::SweepAndEvaluate() {
  std::vector<StageRecord> records;
  const auto bytes = Forced("sweep") || only_ == Index("sweep") ? std::nullopt : Cached("evaluate");
  if (!bytes || !DecodeRuns(*bytes, &outcome_.runs, &records)) return ComputeRuns();
  TellLeftOut();
  for (StageRecord& record : records) Record(std::move(record));
  for (size_t i = 0; publisher_ != nullptr && i < outcome_.runs.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(PublishRun(i));
  }
  return absl::OkStatus();
}

absl::Status PipelineRun::Select() {
  const Stopwatch watch;
  CAIRN_ASSIGN_OR_RETURN(outcome_.selection,
                         SelectK(outcome_.runs, request_.config, AdjustedRandIndex));
  outcome_.selected = true;
  Record(NewRecord("select", static_cast<int64_t>(outcome_.runs.size()),
                   static_cast<int64_t>(outcome_.selection.versions.size()), watch.Seconds()));
  out_.Write("selection.json", SelectionJson(outcome_.runs, outcome_.selection));
  return WriteChosen();
}

absl::Status PipelineRun::WriteChosen() {
  const Selection& selection = outcome_.selection;
  const TrainingRun& chosen = outcome_.runs[selection.rows[selection.chosen].run];
  std::string labels = LabelsCsv("CustomerID", outcome_.features.customer_ids, "Segment",
                                 chosen.fit->all_labels, outcome_.features.customer_names);
  outcome_.stages.back().digest = Sha256Hex(labels);
  out_.Write("labels.csv", std::move(labels));
  CAIRN_ASSIGN_OR_RETURN(std::string model,
                         model::SerializeModel(BuildModel(outcome_.preparation, chosen,
                                                          request_.config, features_sha256_)));
  out_.Write(model::kModelFileName, std::move(model));
  return absl::OkStatus();
}

absl::Status PipelineRun::Register() {
  const Stopwatch watch;
  const auto& base = outcome_.preparation.base;
  for (const size_t index : outcome_.selection.versions) {
    const TrainingRun& run = outcome_.runs[index];
    VersionDraft draft;
    draft.run = index;
    CAIRN_ASSIGN_OR_RETURN(
        draft.model, model::SerializeModel(
                         BuildModel(outcome_.preparation, run, request_.config, features_sha256_)));
    draft.evidence = EvidenceMetrics(run);
    draft.evidence.emplace_back("cluster_count", run.point.k);
    for (const SelectionRow& row : outcome_.selection.rows) {
      if (row.run == index && row.stability) {
        draft.evidence.emplace_back("stability_ari", *row.stability);
      }
    }
    draft.evaluation_space = base.evaluation_space();
    draft.feature_schema = base.feature_schema();
    draft.description = fmt::format("{} segments, preset {}, {}", run.point.k,
                                    request_.config.preset, run.point.Id());
    CAIRN_RETURN_IF_ERROR(publisher_->AddVersion(std::move(draft)));
  }
  CAIRN_ASSIGN_OR_RETURN(outcome_.published, publisher_->Finish());
  StageRecord record =
      NewRecord("register", static_cast<int64_t>(outcome_.runs.size()),
                static_cast<int64_t>(outcome_.published.versions.size()), watch.Seconds());
  record.counts = {{"runs_created", outcome_.published.runs_created},
                   {"runs_found", outcome_.published.runs_found},
                   {"versions", static_cast<int64_t>(outcome_.published.versions.size())}};
  Record(std::move(record));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RunOutcome> RunPipeline(const RunRequest& request, const RunObserver& observer,
                                       Publisher* publisher) {
  return PipelineRun(request, observer, publisher).Go();
}

}  // namespace cairn::pipeline

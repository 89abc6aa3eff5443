#include "pipeline/stages/load_stage.h"

#include <fmt/format.h>

#include <utility>

#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/insight/cleaning_money.h"
#include "pipeline/stages/transactions.h"

namespace cairn::pipeline {
namespace {

std::string DialectText(const DialectSettings& dialect) {
  std::string text = fmt::format(
      "encoding={};separator={};decimal={};date_order={};sheet={}",
      static_cast<int>(dialect.encoding), static_cast<int>(dialect.separator),
      static_cast<int>(dialect.decimal), static_cast<int>(dialect.date_order), dialect.sheet);
  if (!dialect.null_values) return text;
  text += ";null_values";
  for (const std::string& word : *dialect.null_values) {
    text += fmt::format(":{}:{}", word.size(), word);
  }
  return text;
}

void Describe(const LoadedTransactions& loaded, StageRecord* record) {
  record->rows_in = static_cast<int64_t>(loaded.rows_read);
  record->rows_out = static_cast<int64_t>(loaded.table.rows());
  record->digest = RowsDigest(loaded.table, record->key);
  record->spend = GrossSpend(loaded.table);
  record->net_spend = SpendOf(loaded.table);
  record->set_aside = RejectedRows(loaded);
  record->bytes_read = static_cast<int64_t>(loaded.file_bytes);
  record->counts = {{"rejected_rows", static_cast<int64_t>(loaded.rows_rejected)},
                    {"file_bytes", static_cast<int64_t>(loaded.file_bytes)},
                    {"unpacked_bytes", static_cast<int64_t>(loaded.unpacked_bytes)}};
  record->notes.push_back(fmt::format("input: {}", loaded.dialect));
  for (const std::string& warning : loaded.warnings) {
    record->notes.push_back(fmt::format("warning: {}", warning));
  }
}

absl::Status ComputeLoad(StageRun* run, StageRecord* record) {
  const LoadWatch watch = [run](const LoadProgress& load) { run->Tell(LoadStageProgress(load)); };
  CAIRN_ASSIGN_OR_RETURN(LoadedTransactions loaded, LoadInput(*run->input(), run->config(), watch));
  Describe(loaded, record);
  Transactions& own = run->Own<Transactions>();
  const bool held = loaded.table.rows() <= kMostHeldRows;
  own.input = held ? nullptr : run->input();
  if (run->publisher() == nullptr) run->ReleaseInput();
  own.written.reset();
  own.rejects_csv = RejectsCsv(loaded.rejects);
  own.rejects = CheckRejectShare(loaded, run->config().input.max_reject_share);
  own.loaded = held ? loaded.table.columns() : TransactionColumns();
  own.table = std::move(loaded.table);
  return absl::OkStatus();
}

// rejects.csv also when too many rows are bad: it says which.
absl::Status SettleLoad(StageRun* run, StageRecord*) {
  Transactions& own = run->Own<Transactions>();
  if (!own.rejects_csv) return absl::OkStatus();
  own.rejects_sha256 = Sha256Hex(*own.rejects_csv);
  run->out().Write(kRejectsFile, *own.rejects_csv);
  return absl::OkStatus();
}

absl::Status FollowLoad(StageRun* run, const StageRecord& record) {
  Transactions& own = run->Own<Transactions>();
  own.rejects_csv.reset();
  CAIRN_RETURN_IF_ERROR(own.rejects);
  return FollowAlone(run, record);
}

}  // namespace

std::string LoadSettings(const PipelineConfig& config) {
  return fmt::format("max_reject_share={};{}", ShortestDouble(config.input.max_reject_share),
                     DialectText(config.input.dialect));
}

StageProgress LoadStageProgress(const LoadProgress& load) {
  return {.stage = kLoadStage,
          .unit = kBytesUnit,
          .done = static_cast<int64_t>(load.bytes),
          .total = static_cast<int64_t>(load.total),
          .rows = static_cast<int64_t>(load.rows)};
}

absl::StatusOr<LoadedTransactions> LoadInput(const InputBytes& input, const PipelineConfig& config,
                                             const LoadWatch& watch) {
  LoadOptions options;
  options.threads = config.threads;
  options.max_reject_share = 1;
  options.dialect = config.input.dialect;
  options.watch = watch;
  return LoadTransactions(input, options);
}

StageWork LoadWork() {
  StageWork work;
  work.compute = ComputeLoad;
  work.settle = SettleLoad;
  work.follow = FollowLoad;
  work.encode = KeepTable;
  work.forms = {{"", TakeLoaded}};
  return work;
}

}  // namespace cairn::pipeline

#include "pipeline/stages/transactions.h"

#include <utility>

#include "lib/base/digest.h"
#include "lib/base/output_file.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/cleaning.h"
#include "pipeline/data/load.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/stages/byte_codec.h"
#include "pipeline/stages/cached_tables.h"
#include "pipeline/stages/cached_values.h"
#include "pipeline/stages/load_stage.h"

namespace cairn::pipeline {
namespace {

constexpr std::string_view kWrittenFile = "transactions.csv";

// The form in which the pipeline itself writes, so that nothing has to be guessed.
LoadOptions WrittenForm(int threads) {
  LoadOptions options;
  options.threads = threads;
  options.dialect.encoding = TextEncoding::kUtf8;
  options.dialect.separator = ',';
  options.dialect.decimal = '.';
  options.dialect.date_order = DateOrder::kYearFirst;
  options.dialect.null_values = std::vector<std::string>();
  return options;
}

std::string EncodeWritten(const std::vector<StageRecord>& records, const Digest& csv,
                          const std::string& rejects_sha256) {
  ByteWriter out;
  PutRecords(records, &out);
  out.Text(csv.Hex());
  out.Text(rejects_sha256);
  return out.Take();
}

std::shared_future<SharedText> StartCsv(const TransactionTable& table) {
  return std::async(std::launch::async,
                    [table]() -> SharedText { return Share(TransactionsCsv(table, 1)); })
      .share();
}

// Writes the table piece by piece; returns the digest of what was written.
absl::StatusOr<Digest> WriteTable(const TransactionTable& table, const std::string& path) {
  CAIRN_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Create(path));
  Sha256Hasher hasher;
  CAIRN_RETURN_IF_ERROR(WriteTransactionsCsv(table, [&](std::string_view piece) {
    hasher.Update(piece);
    return file.Write(piece);
  }));
  CAIRN_RETURN_IF_ERROR(file.Close());
  return hasher.Finish();
}

// The same of text that is there already.
absl::StatusOr<Digest> WriteText(std::string_view text, const std::string& path) {
  CAIRN_RETURN_IF_ERROR(WriteOutputFile(path, text));
  return DigestOf(text);
}

// The cleaned rows of an input, as the stages find them.
absl::StatusOr<TransactionTable> CleanAgain(const InputBytes& input, const PipelineConfig& config) {
  CAIRN_ASSIGN_OR_RETURN(LoadedTransactions loaded, LoadInput(input, config));
  TransactionTable table = std::move(loaded.table);
  for (const CleaningStage& stage : CleaningStages()) {
    table = stage.apply(table, config.cleaning.rules).table;
  }
  return table;
}

}  // namespace

std::string RowsDigest(const TransactionTable& table, std::string_view key) {
  Sha256Hasher hasher;
  hasher.Update(key);
  const auto rows = table.selection();
  hasher.Update({reinterpret_cast<const char*>(rows.data()), rows.size_bytes()});
  return hasher.Finish().Hex();
}

EncodeJob KeepTable(StageRun* run, std::vector<StageRecord> records) {
  const Transactions& own = run->Own<Transactions>();
  const bool first = records.back().name == kLoadStage;
  std::string rejects_csv = first ? own.rejects_csv.value_or("") : "";
  // An input that is refused has to be read, and refused, again.
  if (!own.rejects.ok() || !FitsTableCache(own.table, rejects_csv)) return nullptr;
  return [first, loaded = own.loaded,
          value = CachedTable{own.table, std::move(records), std::move(rejects_csv)}] {
    return EncodeTable(value, first ? nullptr : &loaded);
  };
}

bool TakeLoaded(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  CachedTable value;
  if (!DecodeTable(bytes, nullptr, &value)) return false;
  Transactions& own = run->Own<Transactions>();
  own.written.reset();
  own.loaded = value.table.columns();
  own.table = std::move(value.table);
  own.rejects_csv = std::move(value.rejects_csv);
  *records = std::move(value.records);
  return true;
}

bool TakeCleaned(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  const auto loaded = run->cache().Load(kLoadStage, run->Key(kLoadStage));
  if (!loaded || !TakeLoaded(run, *loaded, records)) return false;
  Transactions& own = run->Own<Transactions>();
  CachedTable value;
  if (!DecodeTable(bytes, &own.loaded, &value)) return false;
  own.table = std::move(value.table);
  *records = std::move(value.records);
  return true;
}

bool TakeWritten(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records) {
  ByteReader in(bytes);
  *records = GetRecords(&in);
  const std::string sha256 = in.Text();
  const std::string rejects_sha256 = in.Text();
  if (!in.Done()) return false;
  // That of another input may lie there: it is written before anything is known to be wrong.
  const auto rejects = InputBytes::Read(run->out().PathOf(kRejectsFile));
  if (!rejects.ok() || rejects->digest().Hex() != rejects_sha256) return false;
  auto file = InputBytes::Read(run->out().PathOf(kWrittenFile));
  if (!file.ok() || file->digest().Hex() != sha256) return false;
  run->Own<Transactions>().written = std::make_shared<const InputBytes>(*std::move(file));
  return true;
}

void WriteCleaned(StageRun* run, const StageRecord& record) {
  Transactions& own = run->Own<Transactions>();
  if (run->publisher() != nullptr) own.csv = StartCsv(own.table);
  if (!run->out().enabled()) return;
  const auto written = std::make_shared<std::promise<absl::Status>>();
  own.csv_written = written->get_future().share();
  run->out().Run([cache = &run->cache(), key = record.key, table = own.table, csv = own.csv,
                  written, path = run->out().PathOf(kWrittenFile),
                  rejects_sha256 = own.rejects_sha256,
                  records = run->RecordsFrom(kLoadStage, record.name)]() mutable -> absl::Status {
    const absl::StatusOr<Digest> digest =
        csv.valid() ? WriteText(*csv.get(), path) : WriteTable(table, path);
    table = TransactionTable();
    written->set_value(digest.status());
    CAIRN_RETURN_IF_ERROR(digest.status());
    return cache->Store("transactions", key, EncodeWritten(records, *digest, rejects_sha256));
  });
}

absl::Status FollowAlone(StageRun* run, const StageRecord& record) {
  if (!run->IsLast(record.name)) return absl::OkStatus();
  TellSetAside(run);
  if (!run->out().enabled()) return absl::OkStatus();
  run->out().Run(
      [table = run->Own<Transactions>().table, path = run->out().PathOf(record.name + ".csv")] {
        return WriteTable(table, path).status();
      });
  return absl::OkStatus();
}

SetAsideReport TellSetAside(StageRun* run) {
  SetAsideReport report = SetAsideOf(run->outcome().stages);
  for (const std::string& line : DescribeSetAside(report)) run->Print(line);
  return report;
}

absl::StatusOr<const TransactionTable*> CleanedTransactions(StageRun* run) {
  Transactions& own = run->Own<Transactions>();
  if (own.table.rows() > 0) return &own.table;
  if (own.csv_written.valid()) {
    CAIRN_RETURN_IF_ERROR(own.csv_written.get());
    CAIRN_ASSIGN_OR_RETURN(InputBytes written, InputBytes::Read(run->out().PathOf(kWrittenFile)));
    own.written = std::make_shared<const InputBytes>(std::move(written));
  }
  if (own.written != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(LoadedTransactions loaded,
                           LoadTransactions(*own.written, WrittenForm(run->config().threads)));
    own.table = std::move(loaded.table);
  } else if (own.input != nullptr) {
    CAIRN_ASSIGN_OR_RETURN(own.table, CleanAgain(*own.input, run->config()));
  }
  return &own.table;
}

void GiveUpTransactions(StageRun* run) {
  Transactions& own = run->Own<Transactions>();
  if (own.table.rows() <= kMostHeldRows) return;
  own.table = TransactionTable();
  own.loaded = TransactionColumns();
}

}  // namespace cairn::pipeline

#include "pipeline/stages/transactions.h"

#include <utility>

#include "lib/base/digest.h"
#include "lib/base/files.h"
#include "lib/base/status_macros.h"
#include "pipeline/data/load.h"
#include "pipeline/data/table_csv.h"
#include "pipeline/stages/byte_codec.h"
#include "pipeline/stages/cached_tables.h"
#include "pipeline/stages/cached_values.h"

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

std::string EncodeWritten(const std::vector<StageRecord>& records, std::string_view csv) {
  ByteWriter out;
  PutRecords(records, &out);
  out.Text(Sha256Hex(csv));
  return out.Take();
}

std::shared_future<SharedText> StartCsv(const TransactionTable& table) {
  return std::async(std::launch::async,
                    [table]() -> SharedText { return Share(TransactionsCsv(table, 1)); })
      .share();
}

void WriteWhenReady(StageRun* run, const std::string& name, std::function<absl::Status()> then) {
  run->out().Run([csv = run->Own<Transactions>().csv, path = run->out().PathOf(name),
                  then = std::move(then)]() -> absl::Status {
    CAIRN_RETURN_IF_ERROR(WriteOutputFile(path, *csv.get()));
    return then ? then() : absl::OkStatus();
  });
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
  if (!in.Done() || !run->out().Has("rejects.csv")) return false;
  auto file = InputBytes::Read(run->out().PathOf(kWrittenFile));
  if (!file.ok() || Sha256Hex(file->view()) != sha256) return false;
  run->Own<Transactions>().written = std::make_shared<const InputBytes>(*std::move(file));
  return true;
}

void WriteCleaned(StageRun* run, const StageRecord& record) {
  if (!run->out().enabled() && run->publisher() == nullptr) return;
  Transactions& own = run->Own<Transactions>();
  own.csv = StartCsv(own.table);
  if (!run->out().enabled()) return;
  WriteWhenReady(run, std::string(kWrittenFile),
                 [cache = &run->cache(), key = record.key, csv = own.csv,
                  records = run->RecordsFrom(kLoadStage, record.name)] {
                   return cache->Store("transactions", key, EncodeWritten(records, *csv.get()));
                 });
}

absl::Status FollowAlone(StageRun* run, const StageRecord& record) {
  if (!run->IsLast(record.name)) return absl::OkStatus();
  TellSetAside(run);
  if (!run->out().enabled()) return absl::OkStatus();
  Transactions& own = run->Own<Transactions>();
  own.csv = StartCsv(own.table);
  WriteWhenReady(run, record.name + ".csv", nullptr);
  return absl::OkStatus();
}

SetAsideReport TellSetAside(StageRun* run) {
  SetAsideReport report = SetAsideOf(run->outcome().stages);
  for (const std::string& line : DescribeSetAside(report)) run->Print(line);
  return report;
}

absl::StatusOr<const TransactionTable*> CleanedTransactions(StageRun* run) {
  Transactions& own = run->Own<Transactions>();
  if (own.written != nullptr && own.table.rows() == 0) {
    CAIRN_ASSIGN_OR_RETURN(
        LoadedTransactions loaded,
        LoadTransactionsFromBytes(own.written->view(), WrittenForm(run->config().threads)));
    own.table = std::move(loaded.table);
  }
  return &own.table;
}

}  // namespace cairn::pipeline

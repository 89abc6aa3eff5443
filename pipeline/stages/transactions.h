#ifndef CAIRN_PIPELINE_STAGES_TRANSACTIONS_H_
#define CAIRN_PIPELINE_STAGES_TRANSACTIONS_H_

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pipeline/data/transaction_table.h"
#include "pipeline/stages/stage_graph.h"
#include "pipeline/stages/stage_run.h"

namespace cairn::pipeline {

// What the stages from `load` to `zero_price` hand on, and what they have in common.

// Lives in StageRun::Own. Used by the thread that walks the stages; what writes in the
// background holds copies.
struct Transactions {
  TransactionTable table;     // As the last of the stages left it.
  TransactionColumns loaded;  // Of `load`; empty when its table was not needed, or is too large.
  std::optional<std::string>
      rejects_csv;             // Until `load` is done; nothing when it is there already.
  std::string rejects_sha256;  // Of it; from `load` on, where it is written by this run.
  absl::Status rejects;        // Whether few enough rows were rejected.
  // transactions.csv of an earlier run that stands for the table, once it was found intact.
  std::shared_ptr<const InputBytes> written;
  std::shared_future<SharedText> csv;  // The cleaned table as text, for the publisher.
  // Of a table that was given up: the input to make it from again, and transactions.csv, which is
  // better, once it is written.
  std::shared_ptr<const InputBytes> input;
  std::shared_future<absl::Status> csv_written;
};

// Tables of more rows are given up once the features are computed, and made again for whoever asks
// for them: the memory is needed for the sweep. Those are also the ones that no cache holds.
inline constexpr size_t kMostHeldRows = 4'000'000;

// The first of the stages, with whose table the others are kept.
inline constexpr std::string_view kLoadStage = "load";

// The file of --out with the rows that could not be read.
inline constexpr std::string_view kRejectsFile = "rejects.csv";

// SHA-256 over the rows of the table and the key of the stage that let them through.
// Equal digests mean equal rows: it stands for the table in stages.json.
std::string RowsDigest(const TransactionTable& table, std::string_view key);

// StageWork::encode of the stages, and KeptForm::take of `load` and of the others, which need the
// entry of `load` as well (cached_tables.h).
EncodeJob KeepTable(StageRun* run, std::vector<StageRecord> records);
bool TakeLoaded(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records);
bool TakeCleaned(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records);

// Another form of the whole chain: transactions.csv and rejects.csv as --out has them, with the
// digests of both as the entry `transactions`.
bool TakeWritten(StageRun* run, std::string_view bytes, std::vector<StageRecord>* records);

// Writes transactions.csv, and the entry above, in the background.
void WriteCleaned(StageRun* run, const StageRecord& record);

// The rows of a stage before `zero_price` that alone is asked for go to a file of its name:
// transactions.csv stays what later stages are made from. Also says what was set aside; stages that
// are looked at one by one are not judged. Nothing for any other stage.
absl::Status FollowAlone(StageRun* run, const StageRecord& record);

// Says what was set aside so far, and returns it.
SetAsideReport TellSetAside(StageRun* run);

// The cleaned table; read from transactions.csv when that stands for it, and made again from that
// or from the input when it was given up. Errors of loading it. Owned by the run; valid to its end,
// or until it is given up.
absl::StatusOr<const TransactionTable*> CleanedTransactions(StageRun* run);

// Gives the table up if it is large. CleanedTransactions makes it again.
void GiveUpTransactions(StageRun* run);

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_TRANSACTIONS_H_

#include "server/migrations/migrations.h"

#include <array>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"
#include "server/storage/store_directory.h"

namespace cairn::migrations {
namespace {

struct StepRow {
  uint32_t from;  // leads to from + 1
  absl::StatusOr<int64_t> (*run)(storage::KvStore& store);
};

constexpr std::array<StepRow, 1> kSteps = {{{1, MoveEvidence}}};

// A store in memory has no number and is always of this build's format.
absl::StatusOr<uint32_t> FormatOf(const storage::KvStore& store) {
  CAIRN_ASSIGN_OR_RETURN(const auto record, store.GetSnapshot()->Get(storage::FormatKey()));
  if (!record.has_value()) return storage::kFormatVersion;
  const auto format = storage::FormatOf(*record);
  if (!format) return storage::CorruptStore("this directory", "its format number is damaged");
  return *format;
}

}  // namespace

absl::StatusOr<Migrated> Migrate(storage::KvStore& store) {
  Migrated done;
  CAIRN_ASSIGN_OR_RETURN(done.from, FormatOf(store));
  for (const StepRow& step : kSteps) {
    if (step.from < done.from) continue;
    CAIRN_ASSIGN_OR_RETURN(const int64_t records, step.run(store));
    done.records += records;
    storage::WriteSet raise;
    raise.RaiseFormat(step.from + 1);
    CAIRN_RETURN_IF_ERROR(store.CommitAndWait(std::move(raise)).status());
  }
  return done;
}

}  // namespace cairn::migrations

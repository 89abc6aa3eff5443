#include "server/events/answer_trimmer.h"

#include <string_view>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"

namespace cairn::events {
namespace {

// One that cannot be read is kept: it is for people to look at.
bool IsOver(const storage::Record& stored, int64_t now_unix_nanos) {
  cairn::internal::RequestRecord record;
  return record.ParseFromString(stored.payload) && record.expire_unix_nanos() <= now_unix_nanos;
}

}  // namespace

absl::StatusOr<bool> AnswerTrimmer::Step() {
  storage::KeyRange range = storage::KeyRange::Prefix(storage::RequestPrefix());
  if (!next_.empty()) range.begin = std::exchange(next_, {});
  const int64_t now = clock_.NowUnixNanos();
  storage::WriteSet write_set;
  size_t seen = 0;
  std::string rest;
  const auto visit = [&](std::string_view key, const storage::Record& stored) {
    if (seen == answers_per_step_) {
      rest = key;
      return false;
    }
    ++seen;
    if (IsOver(stored, now)) {
      const storage::Key over{range.family, std::string(key)};
      write_set.RequireRevision(over, stored.mod_revision).Delete(over);
    }
    return true;
  };
  CAIRN_RETURN_IF_ERROR(store_.GetSnapshot()->Scan(range, storage::ScanOrder::kAscending, visit));
  if (!write_set.deletes.empty()) {
    const auto removed = store_.CommitAndWait(std::move(write_set.FreesSpace()));
    // An id that was used again meanwhile keeps the answers beside it until the next time.
    const bool conflict = HasReason(removed.status(), ErrorReason::COMMIT_CONFLICT);
    if (!removed.ok() && !conflict) return removed.status();
  }
  next_ = std::move(rest);
  return !next_.empty();
}

}  // namespace cairn::events

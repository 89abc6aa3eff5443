#include "server/events/event_trimmer.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "lib/base/status_macros.h"
#include "server/storage/keyspace.h"

namespace cairn::events {
namespace {

using storage::KeyRange;
using storage::Record;
using storage::Revision;
using storage::WriteSet;

absl::StatusOr<bool> HasEventsFrom(const storage::KvStore& store, Revision revision) {
  bool found = false;
  CAIRN_RETURN_IF_ERROR(store.ScanEvents(revision, [&found](const storage::StoredEvent&) {
    found = true;
    return false;
  }));
  return found;
}

}  // namespace

absl::Status EventTrimmer::Run() {
  std::unique_ptr<storage::Snapshot> snapshot = store_.GetSnapshot();
  const Revision newest = snapshot->revision();
  CAIRN_ASSIGN_OR_RETURN(std::vector<Mark> marks, ReadMarks(*snapshot));
  snapshot.reset();
  CAIRN_ASSIGN_OR_RETURN(const bool due, MarkIsDue(marks));
  if (due) {
    Mark mark{newest, clock_.NowUnixNanos(), 0};
    cairn::internal::EventMarkRecord record;
    record.set_unix_nanos(mark.unix_nanos);
    WriteSet write_set;
    write_set.PutRecord(storage::EventMarkKey(mark.revision), record.SerializeAsString())
        .FreesSpace();
    CAIRN_ASSIGN_OR_RETURN(mark.stored_at, store_.CommitAndWait(std::move(write_set)));
    marks.push_back(mark);
  }
  CAIRN_ASSIGN_OR_RETURN(const size_t surplus, CountSurplus(marks, newest));
  return surplus == 0 ? absl::OkStatus() : Cut(marks, surplus);
}

absl::StatusOr<std::vector<EventTrimmer::Mark>> EventTrimmer::ReadMarks(
    const storage::Snapshot& snapshot) const {
  std::vector<Mark> marks;
  absl::Status damage;
  const auto visit = [&](std::string_view key, const Record& stored) {
    auto revision = storage::RevisionOfEventMark(key);
    damage = revision.status();
    if (!damage.ok()) return false;
    cairn::internal::EventMarkRecord record;
    // A mark that says nothing of the time counts as old: its events only go sooner.
    static_cast<void>(record.ParseFromString(stored.payload));
    marks.push_back({*revision, record.unix_nanos(), stored.mod_revision});
    return true;
  };
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(KeyRange::Prefix(storage::EventMarkPrefix()),
                                      storage::ScanOrder::kAscending, visit));
  if (!damage.ok()) return damage;
  return marks;
}

// A mark stands behind every sixteenth of a full log, and behind every hour in which
// something happened.
absl::StatusOr<bool> EventTrimmer::MarkIsDue(const std::vector<Mark>& marks) const {
  if (marks.empty()) return true;
  const Mark& newest = marks.back();
  // The machine's clock may have been set back: then the mark is of no use for long.
  const bool old = std::abs(clock_.NowUnixNanos() - newest.unix_nanos) >= kMarkEveryNanos;
  if (!old) {
    CAIRN_ASSIGN_OR_RETURN(const int64_t bytes, store_.EventBytes(newest.revision + 1));
    if (bytes < retention_.max_bytes / kMarksPerLog) return false;
  }
  // The log is never cut behind a mark that is left.
  return HasEventsFrom(store_, newest.revision + 1);
}

absl::StatusOr<size_t> EventTrimmer::CountSurplus(const std::vector<Mark>& marks,
                                                  Revision newest) const {
  // Marks the log may be cut behind at all.
  const auto last = std::find_if(marks.begin(), marks.end(), [newest](const Mark& mark) {
    return mark.revision > newest - kKeptRevisions;
  });
  const auto allowed = static_cast<size_t>(last - marks.begin());
  size_t surplus = 0;
  const int64_t oldest_time = clock_.NowUnixNanos() - retention_.age_nanos;
  for (size_t i = 0; i < allowed; ++i) {
    if (marks[i].unix_nanos <= oldest_time) surplus = i + 1;
  }
  CAIRN_ASSIGN_OR_RETURN(int64_t bytes, store_.EventBytes(0));
  while (surplus < allowed && bytes > retention_.max_bytes) {
    CAIRN_ASSIGN_OR_RETURN(bytes, store_.EventBytes(marks[surplus].revision + 1));
    ++surplus;
  }
  return surplus;
}

absl::Status EventTrimmer::Cut(const std::vector<Mark>& marks, size_t count) {
  WriteSet write_set;
  write_set.TrimEventsBefore(marks[count - 1].revision + 1).FreesSpace();
  for (size_t i = 0; i < count; ++i) {
    const storage::Key key = storage::EventMarkKey(marks[i].revision);
    write_set.RequireRevision(key, marks[i].stored_at).Delete(key);
  }
  return store_.CommitAndWait(std::move(write_set)).status();
}

}  // namespace cairn::events

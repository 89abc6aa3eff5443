#include "server/index/index_keeper.h"

#include <utility>

#include "lib/base/status_macros.h"

namespace cairn::index {

IndexKeeper::IndexKeeper(const storage::KvStore& store, RunIndex& index, RunFollower& follower,
                         const Clock& clock, IndexKeeperOptions options)
    : store_(store),
      index_(index),
      follower_(follower),
      clock_(clock),
      options_(std::move(options)),
      directory_(options_.directory) {}

absl::StatusOr<LoadReport> IndexKeeper::Load() {
  const int64_t begin = clock_.NowUnixNanos();
  LoadReport report;
  if (options_.directory.empty()) {
    CAIRN_RETURN_IF_ERROR(follower_.Load());
  } else {
    CAIRN_ASSIGN_OR_RETURN(report, follower_.LoadWith(directory_));
  }
  last_end_nanos_ = begin - options_.policy.min_pause_nanos;
  if (report.from_checkpoint) {
    newest_ = report.revision;
  } else {
    full_load_nanos_ = clock_.NowUnixNanos() - begin;
  }
  return report;
}

IndexKeeper::Report IndexKeeper::Tick() {
  Report report;
  report.caught_up = follower_.CatchUp();
  if (options_.directory.empty() || !report.caught_up.ok()) return report;
  const ChangesSince changes = follower_.changes();
  CheckpointPolicy::Facts facts;
  facts.changed_runs = changes.runs;
  facts.changed_bytes = changes.bytes;
  facts.revisions = changes.revisions;
  facts.nanos_since = clock_.NowUnixNanos() - last_end_nanos_;
  facts.last_nanos = last_nanos_;
  facts.failed = failed_;
  facts.full_load_nanos = full_load_nanos_;
  if (options_.policy.Due(facts)) Write(report);
  return report;
}

IndexKeeper::Report IndexKeeper::Close() {
  Report report;
  if (options_.directory.empty()) return report;
  report.caught_up = follower_.CatchUp();
  if (report.caught_up.ok() && index_.revision() != newest_) Write(report);
  return report;
}

void IndexKeeper::Write(Report& report) {
  const int64_t begin = clock_.NowUnixNanos();
  follower_.CheckpointBegins();
  auto written = directory_.Write(store_, index_, options_.max_column_bytes);
  follower_.CheckpointEnds(written.ok());
  last_end_nanos_ = clock_.NowUnixNanos();
  last_nanos_ = last_end_nanos_ - begin;
  report.checkpoint = written.status();
  failed_ = !written.ok();
  if (!written.ok()) return;
  full_load_nanos_ = 0;
  newest_ = written->revision;
  report.written = *written;
}

}  // namespace cairn::index

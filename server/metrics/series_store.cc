#include "server/metrics/series_store.h"

#include <optional>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/metrics/backlog.h"
#include "server/metrics/block_codec.h"
#include "server/metrics/raw_batch.h"
#include "server/storage/key_codec.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::metrics {
namespace {

using cairn::internal::MetricIndexNode;
using cairn::internal::MetricSeriesRecord;

constexpr int kMaxHeight = 12;  // 64^12 blocks are more than there can be

// Differences wrap, so that every pair of 64-bit numbers has one.
int64_t Minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t Plus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

absl::Status CorruptNode(std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               fmt::format("a node of a metric's index is damaged: {}", what))
      .With("damage", what);
}

bool SameLengths(const MetricIndexNode& node) {
  const int n = node.ids_size();
  return node.first_step_deltas_size() == n && node.first_time_deltas_size() == n &&
         node.step_spans_size() == n && node.time_spans_size() == n && node.counts_size() == n &&
         (node.nan_counts_size() == n || node.nan_counts_size() == 0) && node.mins_size() == n &&
         node.maxs_size() == n && node.sums_size() == n;
}

bool IsValid(const Entry& entry, const Entries& before) {
  const Summary& s = entry.summary;
  return s.count > 0 && s.nan_count >= 0 && s.nan_count <= s.count && s.first <= s.last &&
         (before.empty() || before.back().summary.last <= s.first);
}

}  // namespace

int64_t Level::count() const { return SummarizeEntries(root, 0, root.size()).count; }

Summary SummarizeEntries(const Entries& entries, size_t from, size_t to) {
  Summary summary;
  for (size_t i = from; i < to; ++i) summary.Add(entries[i].summary);
  return summary;
}

MetricIndexNode ToProto(const Entries& entries) {
  MetricIndexNode node;
  Position before;
  bool any_nan = false;
  for (const Entry& entry : entries) {
    const Summary& s = entry.summary;
    node.add_ids(entry.id);
    node.add_first_step_deltas(Minus(s.first.step, before.step));
    node.add_first_time_deltas(Minus(s.first.time, before.time));
    node.add_step_spans(Minus(s.last.step, s.first.step));
    node.add_time_spans(Minus(s.last.time, s.first.time));
    node.add_counts(s.count);
    node.add_nan_counts(s.nan_count);
    node.add_mins(s.min);
    node.add_maxs(s.max);
    node.add_sums(s.sum);
    any_nan = any_nan || s.nan_count != 0;
    before = s.last;
  }
  if (!any_nan) node.clear_nan_counts();
  return node;
}

absl::StatusOr<Entries> FromProto(const MetricIndexNode& node) {
  if (!SameLengths(node)) return CorruptNode("its columns have different lengths");
  Entries entries;
  entries.reserve(static_cast<size_t>(node.ids_size()));
  Position before;
  for (int i = 0; i < node.ids_size(); ++i) {
    Entry entry;
    entry.id = node.ids(i);
    Summary& s = entry.summary;
    s.first = {Plus(before.step, node.first_step_deltas(i)),
               Plus(before.time, node.first_time_deltas(i))};
    s.last = {Plus(s.first.step, node.step_spans(i)), Plus(s.first.time, node.time_spans(i))};
    s.count = node.counts(i);
    s.nan_count = node.nan_counts_size() == 0 ? 0 : node.nan_counts(i);
    s.min = node.mins(i);
    s.max = node.maxs(i);
    s.sum = node.sums(i);
    if (!IsValid(entry, entries)) return CorruptNode("its children are not in order");
    before = s.last;
    entries.push_back(entry);
  }
  return entries;
}

std::string SeriesState::Serialize() const {
  MetricSeriesRecord record;
  record.set_next_id(next_id);
  for (const Level& level : levels) {
    auto& stored = *record.add_levels();
    stored.set_height(level.height);
    *stored.mutable_root() = ToProto(level.root);
  }
  return record.SerializeAsString();
}

absl::Status SeriesStore::Corrupt(std::string_view what) const {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               fmt::format("the metric \"{}\" of run {} is damaged: {}", metric_, run_id_, what))
      .With("runId", run_id_)
      .With("metric", metric_)
      .With("damage", what);
}

absl::StatusOr<SeriesState> SeriesStore::ReadState() const {
  SeriesState state;
  CAIRN_ASSIGN_OR_RETURN(const auto stored,
                         storage::ReadRecord<MetricSeriesRecord>(
                             *snapshot_, storage::MetricSeriesKey(run_id_, metric_)));
  if (!stored.has_value()) return state;
  state.revision = stored->mod_revision;
  state.next_id = stored->value.next_id();
  for (const auto& level : stored->value.levels()) {
    if (level.height() < 0 || level.height() > kMaxHeight) return Corrupt("a level's height");
    CAIRN_ASSIGN_OR_RETURN(Entries root, FromProto(level.root()));
    state.levels.push_back({level.height(), std::move(root)});
  }
  return state;
}

absl::StatusOr<Entries> SeriesStore::ReadNode(const Entry& entry) const {
  const storage::Key key = storage::MetricNodeKey(run_id_, metric_, entry.id);
  CAIRN_ASSIGN_OR_RETURN(const auto stored, storage::ReadRecord<MetricIndexNode>(*snapshot_, key));
  if (!stored.has_value()) return Corrupt(fmt::format("node {} is missing", entry.id));
  CAIRN_ASSIGN_OR_RETURN(Entries entries, FromProto(stored->value));
  const Summary below = SummarizeEntries(entries, 0, entries.size());
  const Summary& s = entry.summary;
  if (below.count != s.count || below.first != s.first || below.last != s.last) {
    return Corrupt(fmt::format("node {} is not what its parent says", entry.id));
  }
  return entries;
}

absl::Status SeriesStore::ReadBlock(const Entry& entry, PointColumns& out) const {
  const storage::Key key = storage::MetricBlockKey(run_id_, metric_, entry.id);
  CAIRN_ASSIGN_OR_RETURN(const auto record, snapshot_->Get(key));
  if (!record.has_value()) return Corrupt(fmt::format("block {} is missing", entry.id));
  return DecodeBlockOf(entry, record->payload, out);
}

absl::Status SeriesStore::DecodeBlockOf(const Entry& entry, std::string_view bytes,
                                        PointColumns& out) const {
  const size_t start = out.size();
  CAIRN_RETURN_IF_ERROR(DecodeBlock(bytes, out));
  const Summary& s = entry.summary;
  if (static_cast<int64_t>(out.size() - start) != s.count || out.PositionAt(start) != s.first ||
      out.PositionAt(out.size() - 1) != s.last) {
    return Corrupt(fmt::format("block {} is not what its parent says", entry.id));
  }
  return absl::OkStatus();
}

BlockReader::BlockReader(const SeriesStore& store)
    : store_(store),
      blocks_(storage::KeyRange::Prefix(storage::MetricKindPrefix(storage::KeyKind::kMetricBlock,
                                                                  store.run_id(), store.metric()))),
      cursor_(store.snapshot().NewCursor(blocks_.family)) {}

absl::Status BlockReader::Read(const Entry& entry, PointColumns& out) {
  const storage::Key key = storage::MetricBlockKey(store_.run_id(), store_.metric(), entry.id);
  if (cursor_->Valid()) cursor_->Next();
  if (!cursor_->Valid() || cursor_->key() != key.bytes) cursor_->Seek(key.bytes, blocks_.end);
  // Not there, or a damaged neighbour, which the look-up does not see.
  if (!cursor_->Valid() || cursor_->key() != key.bytes) return store_.ReadBlock(entry, out);
  return store_.DecodeBlockOf(entry, cursor_->record().payload, out);
}

absl::StatusOr<SeriesStore::RawBatches> SeriesStore::ReadRaw(int64_t max_bytes,
                                                             const StepRange& range,
                                                             int64_t first_step) const {
  RawBatches raw;
  absl::Status failure;
  int64_t counted = 0;
  const storage::Key prefix = storage::MetricBatchPrefix(run_id_, metric_);
  storage::KeyRange keys = storage::KeyRange::Prefix(prefix);
  storage::AppendKeyInt64(&keys.begin, first_step);
  CAIRN_RETURN_IF_ERROR(snapshot_->Scan(
      keys, storage::ScanOrder::kAscending,
      [&](std::string_view key, const storage::Record& record) {
        if (counted >= max_bytes) {
          raw.more = true;
          return false;
        }
        if (!DecodeRawBatch(record.payload, range, raw.points).ok()) {
          failure = Corrupt("a batch of points");
          return false;
        }
        raw.keys.push_back({prefix.family, std::string(key)});
        raw.bytes += static_cast<int64_t>(record.payload.size());
        counted += static_cast<int64_t>(record.payload.size()) + kBatchOverheadBytes;
        return true;
      }));
  CAIRN_RETURN_IF_ERROR(failure);
  if (!raw.keys.empty()) raw.last_first_step = FirstStepOf(raw.keys.back().bytes, prefix.bytes);
  SortUnique(raw.points);
  return raw;
}

}  // namespace cairn::metrics

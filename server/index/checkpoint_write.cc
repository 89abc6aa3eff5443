#include <algorithm>
#include <utility>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/index/checkpoint.h"
#include "server/index/checkpoint_fields.h"

namespace cairn::index {
namespace {

constexpr storage::Revision kFingerprintRevisions = 64;

template <typename Value>
void Append(std::string& out, const Value& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void AppendText(std::string& out, std::string_view text) {
  Append(out, static_cast<uint32_t>(text.size()));
  out.append(text);
}

// The rows of a chunk that are written.
size_t RowsIn(size_t chunk, size_t row_limit) {
  return std::min<size_t>(kChunkRows, row_limit - chunk * kChunkRows);
}

void AppendWords(std::string& out, const WordColumn& column, size_t row_limit) {
  const size_t chunks = std::min(column.chunk_count(), ChunksFor(row_limit));
  Append(out, static_cast<uint32_t>(chunks));
  for (size_t i = 0; i < chunks; ++i) out += column.Chunk(i) == nullptr ? '\0' : '\1';
  for (size_t i = 0; i < chunks; ++i) {
    const uint64_t* words = column.Chunk(i);
    if (words == nullptr) continue;
    out.append(reinterpret_cast<const char*>(words), RowsIn(i, row_limit) * sizeof(*words));
  }
}

// The chunks that are kept whole, then the words of the others with their rows.
void AppendSparse(std::string& out, const SparseColumn& column, size_t row_limit) {
  AppendWords(out, column.dense(), row_limit);
  const std::vector<RowWord>& few = column.few();
  const auto end = std::find_if(few.begin(), few.end(),
                                [&](const RowWord& entry) { return entry.row >= row_limit; });
  Append(out, static_cast<uint32_t>(end - few.begin()));
  for (auto entry = few.begin(); entry != end; ++entry) {
    Append(out, entry->row);
    Append(out, entry->word);
  }
}

void AppendCodes(std::string& out, const CodeColumn& column, size_t row_limit) {
  const size_t chunks = std::min(column.chunk_count(), ChunksFor(row_limit));
  Append(out, static_cast<uint32_t>(chunks));
  for (size_t i = 0; i < chunks; ++i) {
    const CodeColumn::Chunk* chunk = column.Find(i);
    out += static_cast<char>(chunk == nullptr ? 0 : chunk->width);
  }
  for (size_t i = 0; i < chunks; ++i) {
    const CodeColumn::Chunk* chunk = column.Find(i);
    if (chunk == nullptr) continue;
    out.append(reinterpret_cast<const char*>(chunk->bytes.get()),
               RowsIn(i, row_limit) * static_cast<size_t>(chunk->width));
  }
}

void AppendDictionary(std::string& out, const Dictionary& dictionary) {
  Append(out, dictionary.code_limit());
  for (uint32_t code = 1; code < dictionary.code_limit(); ++code) {
    Append(out, static_cast<uint32_t>(dictionary.text(code).size()));
  }
  for (uint32_t code = 1; code < dictionary.code_limit(); ++code) out += dictionary.text(code);
}

void AppendMasks(std::string& out, const Bitmap& bits, size_t row_limit) {
  for (size_t i = 0; i < ChunksFor(row_limit); ++i) {
    const Mask* mask = bits.Chunk(i);
    Append(out, mask == nullptr ? Mask{} : *mask);
  }
}

template <typename Map>
std::vector<std::string> KeysOf(const Map& map) {
  std::vector<std::string> keys;
  for (const auto& [key, column] : map) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

absl::Status ColumnDropped(std::string_view key) {
  return Error(absl::StatusCode::kAborted, ErrorReason::COMMIT_CONFLICT,
               "a column was dropped while the checkpoint was written")
      .With("key", key);
}

}  // namespace

absl::StatusOr<std::string> StoreFingerprint(const storage::KvStore& store,
                                             storage::Revision revision) {
  Sha256Hasher hasher;
  const auto first = std::max<storage::Revision>(1, revision - kFingerprintRevisions + 1);
  CAIRN_RETURN_IF_ERROR(store.ScanEvents(first, [&](const storage::StoredEvent& stored) {
    if (stored.revision > revision) return false;
    std::string bytes;
    Append(bytes, stored.revision);
    AppendText(bytes, stored.event.resource);
    AppendText(bytes, std::to_string(stored.event.kind));
    AppendText(bytes, stored.event.image);
    hasher.Update(bytes);
    return true;
  }));
  const Digest digest = hasher.Finish();
  return std::string(digest.sha256.begin(), digest.sha256.end());
}

// The names of the columns that there were when the writing began.
struct CheckpointWriter::Plan {
  std::vector<std::string> params, tags, metrics;
};

absl::StatusOr<storage::Revision> CheckpointWriter::Write(
    uint64_t max_column_bytes,
    const std::function<absl::StatusOr<std::string>(storage::Revision)>& fingerprint) {
  storage::Revision revision = 0;
  Plan plan;
  std::string rows;
  index_.Read([&](const RunColumns& columns) {
    revision = index_.revision();
    row_limit_ = columns.row_limit_;
    plan = {KeysOf(columns.params_), KeysOf(columns.tags_), KeysOf(columns.metrics_)};
    Append(rows, static_cast<uint32_t>(columns.live_.size()));
    for (const int64_t id : columns.live_) Append(rows, id);
    Append(rows, static_cast<uint32_t>(columns.dropped_.size()));
    for (const auto& [field, key] : columns.dropped_) {
      rows += static_cast<char>(DroppedKindOf(field));
      AppendText(rows, key);
    }
    AppendMasks(rows, columns.exists_, row_limit_);
    AppendMasks(rows, columns.deleted_, row_limit_);
    AppendMasks(rows, columns.logged_models_, row_limit_);
    AppendWords(rows, columns.id_high_, row_limit_);
    AppendWords(rows, columns.id_low_, row_limit_);
  });
  CAIRN_ASSIGN_OR_RETURN(const std::string identity, fingerprint(revision));
  Append(payload_, revision);
  AppendText(payload_, identity);
  Append(payload_, max_column_bytes);
  Append(payload_, static_cast<uint64_t>(row_limit_));
  payload_ += rows;
  rows = std::string();
  CAIRN_RETURN_IF_ERROR(out_.Begin());
  CAIRN_RETURN_IF_ERROR(out_.Add(SectionKind::kBase, 0, "", payload_));
  for (const TimeField& field : kTimeFields) {
    payload_.clear();
    index_.Read([&](const RunColumns& columns) {
      AppendWords(payload_, *columns.time(field.field), row_limit_);
    });
    CAIRN_RETURN_IF_ERROR(out_.Add(SectionKind::kTime, 0, field.key, payload_));
  }
  for (const TextField& field : kTextFields) {
    CAIRN_RETURN_IF_ERROR(WriteText(SectionKind::kText, field.key, [&](const RunColumns& columns) {
      return field.field ? columns.text(*field.field, "") : &columns.experiments_;
    }));
  }
  for (const auto& key : plan.params) {
    CAIRN_RETURN_IF_ERROR(WriteKeyed(SectionKind::kParam, key));
  }
  for (const auto& key : plan.tags) CAIRN_RETURN_IF_ERROR(WriteKeyed(SectionKind::kTag, key));
  for (const auto& key : plan.metrics) {
    CAIRN_RETURN_IF_ERROR(WriteKeyed(SectionKind::kMetric, key));
  }
  CAIRN_RETURN_IF_ERROR(out_.Add(SectionKind::kEnd, 0, "", ""));
  return revision;
}

absl::Status CheckpointWriter::WriteText(
    SectionKind kind, std::string_view key,
    const std::function<const TextColumn*(const RunColumns&)>& column) {
  bool there = false;
  payload_.clear();
  index_.Read([&](const RunColumns& columns) {
    const TextColumn* text = column(columns);
    there = text != nullptr;
    if (!there) return;
    // Together: a code must not get another text between the two.
    AppendDictionary(payload_, text->dictionary);
    AppendCodes(payload_, text->codes, row_limit_);
  });
  if (!there) return ColumnDropped(key);
  return out_.Add(kind, 0, key, payload_);
}

absl::Status CheckpointWriter::WriteKeyed(SectionKind kind, const std::string& key) {
  if (kind != SectionKind::kMetric) {
    const auto field = kind == SectionKind::kParam ? core::RunField::kParam : core::RunField::kTag;
    return WriteText(kind, key,
                     [&](const RunColumns& columns) { return columns.text(field, key); });
  }
  for (const auto part : {MetricColumn::kLatest, MetricColumn::kMin, MetricColumn::kMax}) {
    bool there = false;
    payload_.clear();
    index_.Read([&](const RunColumns& columns) {
      const MetricColumn* metric = columns.metric(key);
      there = metric != nullptr;
      if (there) AppendSparse(payload_, metric->part(part), row_limit_);
    });
    if (!there) return ColumnDropped(key);
    CAIRN_RETURN_IF_ERROR(out_.Add(kind, static_cast<uint8_t>(part), key, payload_));
  }
  return absl::OkStatus();
}

}  // namespace cairn::index

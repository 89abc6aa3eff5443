#include "server/artifacts/pack_rewriter.h"

#include <algorithm>
#include <utility>

#include "lib/base/status_macros.h"
#include "server/artifacts/blob_reader.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/chunk_list.h"
#include "server/observability/log.h"
#include "server/storage/crc32c.h"

namespace cairn::artifacts {
namespace {

constexpr int64_t kCopiedBytesPerStep = 16 << 20;
constexpr size_t kMovesPerStep = 256;

std::vector<uint32_t> PiecesOf(const internal::BlobEntryRecord& entry) {
  return {entry.piece_crc32c().begin(), entry.piece_crc32c().end()};
}

}  // namespace

void PackRewriter::Reset() {
  CloseTarget();
  live_bytes_.clear();
  victims_.clear();
  records_.clear();
  moves_.clear();
  pack_ = nullptr;
  victim_ = 0;
  next_record_ = 0;
  copied_bytes_ = 0;
  spoiled_ = false;
  removed_ = {};
  round_ = -1;
}

// Gives the pack that is copied to back, without a blob that is half copied.
void PackRewriter::CloseTarget() {
  if (!target_.has_value()) return;
  const bool sound = !copy_.has_value() || target_->pack->Truncate(target_->end).ok();
  // One that cannot be cut off is not written again before the next start.
  if (sound) packs_.GiveBack(*std::move(target_));
  target_.reset();
  copy_.reset();
}

void PackRewriter::Weigh(const EntryHead& entry) {
  if (entry.pack == 0) return;
  const Digest record =
      entry.is_chunked() ? ListRecordDigest(entry.digest, entry.chunk_count()) : entry.digest;
  live_bytes_[entry.pack] += PackFile::RecordBytes(record.size_bytes);
}

int64_t PackRewriter::LiveBytesOf(int64_t pack) const {
  const auto live = live_bytes_.find(pack);
  return live == live_bytes_.end() ? 0 : live->second;
}

absl::Status PackRewriter::Choose() {
  victims_.clear();
  CAIRN_ASSIGN_OR_RETURN(const auto files, packs_.List());
  for (const PackPool::File& file : files) {
    const int64_t body = file.bytes - PackFile::kFileHeaderBytes;
    const int64_t live_bytes = LiveBytesOf(file.number);
    if (body > 0 && live_bytes < body - live_bytes && packs_.Reserve(file.number)) {
      victims_.push_back(file);
    }
  }
  // Those first that give room without taking any.
  std::stable_sort(victims_.begin(), victims_.end(),
                   [this](const PackPool::File& a, const PackPool::File& b) {
                     return LiveBytesOf(a.number) < LiveBytesOf(b.number);
                   });
  return absl::OkStatus();
}

absl::StatusOr<bool> PackRewriter::Next(const storage::Snapshot& snapshot, int64_t round,
                                        storage::WriteSet& set, Removed& removed) {
  if (round != round_) {
    moves_.clear();
    removed_ = {};
  }
  round_ = round;
  if (moves_.empty()) {
    if (victim_ == victims_.size()) {
      CloseTarget();
      return false;
    }
    if (pack_ == nullptr && !spoiled_) CAIRN_RETURN_IF_ERROR(Open(victims_[victim_]));
    CAIRN_ASSIGN_OR_RETURN(const bool more, CopySome(snapshot));
    if (!more) CAIRN_RETURN_IF_ERROR(Close(snapshot));
  }
  removed = removed_;
  std::vector<Digest> digests;
  for (const Move& move : moves_) digests.push_back(move.digest);
  CAIRN_ASSIGN_OR_RETURN(const auto states, LookUpEntries(snapshot, digests));
  for (size_t i = 0; i < moves_.size(); ++i) {
    if (states[i].revision != moves_[i].revision) continue;  // not ours any more
    set.RequireRevision(BlobKey(digests[i]), moves_[i].revision)
        .PutRecord(BlobKey(digests[i]), moves_[i].entry);
  }
  return true;
}

// Lists the blobs of the pack; entries tell later which are live.
absl::Status PackRewriter::Open(const PackPool::File& victim) {
  records_.clear();
  next_record_ = 0;
  copied_bytes_ = 0;
  spoiled_ = true;
  auto pack = packs_.Reader(victim.number);
  if (pack.ok()) {
    pack_ = *std::move(pack);
    const auto tail = pack_->Scan([this](const PackFile::Record& record) {
      records_.push_back({record.kind, record.digest, record.data_offset});
    });
    spoiled_ = !tail.ok() || tail->damaged;
  }
  std::string reason = "it is damaged";
  if (const int64_t live_bytes = LiveBytesOf(victim.number); !spoiled_ && live_bytes > 0) {
    const absl::Status room = packs_.CheckRoom(live_bytes, PackPool::RoomFor::kRewrite);
    spoiled_ = !room.ok();
    reason = std::string(room.message());
  }
  if (!spoiled_) return absl::OkStatus();
  observability::Log(observability::LogLevel::kWarning, "a pack is not rewritten",
                     {{"pack", std::to_string(victim.number)}, {"reason", reason}});
  return absl::OkStatus();
}

// False when the victim has nothing left to copy. After an error nothing of the round is
// left: what was not synced, or whose sync failed, is never named by a commit.
absl::StatusOr<bool> PackRewriter::CopySome(const storage::Snapshot& snapshot) {
  const size_t first_record = copy_.has_value() ? next_record_ - 1 : next_record_;
  const int64_t copied_bytes = copied_bytes_;
  absl::StatusOr<bool> more = CopyRound(snapshot);
  if (!more.ok()) UndoRound(first_record, copied_bytes);
  return more;
}

void PackRewriter::UndoRound(size_t first_record, int64_t copied_bytes) {
  moves_.clear();
  copy_.reset();
  next_record_ = first_record;
  copied_bytes_ = copied_bytes;
  if (!target_.has_value()) return;
  target_->end = synced_end_;
  // One that cannot be cut off is not written again before the next start.
  if (target_->pack->Truncate(target_->end).ok()) packs_.GiveBack(*std::move(target_));
  target_.reset();
}

absl::StatusOr<bool> PackRewriter::CopyRound(const storage::Snapshot& snapshot) {
  int64_t budget = kCopiedBytesPerStep;
  while (budget > 0 && moves_.size() < kMovesPerStep && !spoiled_) {
    if (!copy_.has_value()) {
      if (next_record_ == records_.size()) break;
      const Live record = records_[next_record_++];
      CAIRN_ASSIGN_OR_RETURN(const bool live, BeginCopy(snapshot, record));
      if (!live) continue;
    }
    const int64_t before = copy_->done;
    CAIRN_ASSIGN_OR_RETURN(const bool right, CopyPiece());
    if (!right) {
      spoiled_ = true;  // the scrubber reports it
      break;
    }
    budget -= copy_->done - before;
    if (copy_->done == copy_->digest.size_bytes) CAIRN_RETURN_IF_ERROR(EndCopy());
  }
  if (!moves_.empty()) {
    CAIRN_RETURN_IF_ERROR(target_->pack->Sync());
    synced_end_ = target_->end;
  }
  const bool left = copy_.has_value() || next_record_ < records_.size();
  return !moves_.empty() || (left && !spoiled_);
}

// False for bytes that no entry names.
absl::StatusOr<bool> PackRewriter::BeginCopy(const storage::Snapshot& snapshot,
                                             const Live& record) {
  storage::Revision revision = 0;
  auto entry = ReadEntryOfHash(snapshot, record.digest, &revision);
  if (absl::IsNotFound(entry.status())) return false;
  CAIRN_RETURN_IF_ERROR(entry.status());
  const bool is_list = record.kind == PackFile::Kind::kList;
  const bool named = entry->pack() == pack_->number() &&
                     entry->data_offset() == record.data_offset &&
                     is_list == (entry->chunk_sizes_size() != 0) &&
                     (is_list || entry->size_bytes() == record.digest.size_bytes);
  if (!named) return false;
  // A list is whole although a chunk of its blob is damaged.
  if (entry->quarantined() && !is_list) {
    spoiled_ = true;
    return false;
  }
  if (!target_.has_value()) {
    CAIRN_ASSIGN_OR_RETURN(target_, packs_.Take());
    synced_end_ = target_->end;
    if (target_->end == PackFile::kFileHeaderBytes) copied_bytes_ += target_->end;
  }
  Copy copy{record.kind, record.digest, revision, *std::move(entry), 0, 0};
  CAIRN_ASSIGN_OR_RETURN(copy.new_offset,
                         target_->pack->BeginRecord(target_->end, record.digest, record.kind));
  copy_ = std::move(copy);
  return true;
}

// False when the bytes are damaged.
absl::StatusOr<bool> PackRewriter::CopyPiece() {
  const int64_t piece_bytes = copy_->entry.piece_size_bytes();
  const int64_t index = piece_bytes <= 0 ? 0 : copy_->done / piece_bytes;
  if (piece_bytes <= 0 || index >= copy_->entry.piece_crc32c_size()) return false;
  std::string bytes;
  const absl::Status read =
      pack_->ReadAt(copy_->entry.data_offset() + copy_->done,
                    std::min(piece_bytes, copy_->digest.size_bytes - copy_->done), &bytes);
  if (absl::IsDataLoss(read)) return false;
  CAIRN_RETURN_IF_ERROR(read);
  if (storage::Crc32c(bytes) != copy_->entry.piece_crc32c(static_cast<int>(index))) return false;
  const int64_t offset = copy_->new_offset + copy_->done;
  CAIRN_RETURN_IF_ERROR(target_->pack->WriteAt(offset, bytes));
  copy_->done += static_cast<int64_t>(bytes.size());
  target_->pack->StartWriteBack(offset, static_cast<int64_t>(bytes.size()));
  return true;
}

absl::Status PackRewriter::EndCopy() {
  CAIRN_ASSIGN_OR_RETURN(target_->end, target_->pack->EndRecord(copy_->new_offset, copy_->digest,
                                                                PiecesOf(copy_->entry)));
  copied_bytes_ += PackFile::RecordBytes(copy_->digest.size_bytes);
  copy_->entry.set_pack(target_->pack->number());
  copy_->entry.set_data_offset(copy_->new_offset);
  moves_.push_back({copy_->digest, copy_->revision, copy_->entry.SerializeAsString()});
  copy_.reset();
  return absl::OkStatus();
}

absl::StatusOr<bool> PackRewriter::IsNamed(const storage::Snapshot& snapshot) const {
  for (const Live& record : records_) {
    const auto entry = ReadEntryOfHash(snapshot, record.digest, nullptr);
    if (absl::IsNotFound(entry.status())) continue;
    CAIRN_RETURN_IF_ERROR(entry.status());
    if (entry->pack() == pack_->number()) return true;
  }
  return false;
}

// Removes the victim if it is empty, and goes to the next one.
absl::Status PackRewriter::Close(const storage::Snapshot& snapshot) {
  const PackPool::File& victim = victims_[victim_];
  bool empty = !spoiled_;
  if (empty) {
    CAIRN_ASSIGN_OR_RETURN(const bool named, IsNamed(snapshot));
    empty = !named;
  }
  if (empty) {
    CAIRN_RETURN_IF_ERROR(packs_.Remove(victim.number));
    removed_.pack_count += 1;
    removed_.freed_bytes += victim.bytes - copied_bytes_;
  }
  CloseTarget();
  pack_ = nullptr;
  spoiled_ = false;
  ++victim_;
  return absl::OkStatus();
}

}  // namespace cairn::artifacts

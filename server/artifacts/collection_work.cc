#include "server/artifacts/collection_work.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "cairn/internal/storage.pb.h"
#include "cairn/v1/artifacts.pb.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/entry_walk.h"
#include "server/artifacts/pack_rewriter.h"
#include "server/artifacts/references.h"
#include "server/artifacts/short_names.h"
#include "server/observability/log.h"

namespace cairn::artifacts {
namespace {

using cairn::v1::CollectGarbageMetadata;
using cairn::v1::CollectGarbageResponse;
using operations::Step;
using storage::Snapshot;
using storage::WriteSet;

// Of one step: small enough that nobody waits long for the committer, or for a stop.
constexpr size_t kRecordsPerStep = 2'000;
constexpr size_t kEntriesPerStep = 20'000;
constexpr size_t kChangesPerStep = 64;
constexpr size_t kChangedBytesPerStep = 128 << 10;  // inline blobs are written with their flag

// A round may always write that much of blobs that stand in their entries with their flag: four.
constexpr int64_t kLeastCopiedBytes = 256 << 10;
constexpr int kLongestWait = 5;  // pauses of the runner before a round

// The first character of the cursor; the rest is the place in the phase.
enum class Phase : char {
  kMark = 'a',
  kMarkChunks,
  kCondemn,
  kMarkAgain,
  kMarkChunksAgain,
  kDelete,
  kUploads,
  kWeigh,
  kRewrite,
  kEnd,
};

// The entry `payload` with another state. False when it cannot be read.
bool WithCondemned(std::string_view payload, bool condemned, std::string* changed) {
  internal::BlobEntryRecord entry;
  if (!entry.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return false;
  entry.set_condemned(condemned);
  *changed = entry.SerializeAsString();
  return true;
}

class CollectionWork final : public operations::Work {
 public:
  explicit CollectionWork(CollectionParts parts)
      : parts_(std::move(parts)), rewriter_(parts_.packs) {}

  std::string metadata_type() const override {
    return std::string(CollectGarbageMetadata::descriptor()->full_name());
  }
  // A scrub reads packs that a collection moves and removes.
  std::string lane() const override { return "blobs"; }

  absl::StatusOr<Step> Next(const Snapshot& snapshot, const google::protobuf::Any& any,
                            const std::string& cursor) override {
    CollectGarbageMetadata metadata;
    any.UnpackTo(&metadata);
    if (cursor.empty()) Begin(metadata);
    auto phase = cursor.empty() ? Phase::kMark : static_cast<Phase>(cursor[0]);
    std::string place = cursor.empty() ? "" : cursor.substr(1);
    if (phase == Phase::kMark && place.empty()) CAIRN_RETURN_IF_ERROR(BeginRound(metadata));
    Step step;
    CAIRN_RETURN_IF_ERROR(Advance(snapshot, phase, place, metadata, step.write_set));
    if (place.empty()) phase = After(phase, metadata);
    if (phase == Phase::kEnd) step.response = End(metadata);
    step.cursor = static_cast<char>(phase) + place;
    step.metadata = std::make_unique<CollectGarbageMetadata>(std::move(metadata));
    return step;
  }

  // What was about to be condemned when the collection was cancelled is there again.
  void Ended() override {
    marks_.Clear();
    rewriter_.Reset();
    parts_.leases.Forget();
  }

 private:
  // Starts from nothing, whatever an earlier collection left in memory.
  void Begin(CollectGarbageMetadata& metadata) {
    marks_.Clear();
    rewriter_.Reset();
    parts_.leases.Forget();
    is_first_round_ = true;
    metadata.set_examined_blob_count(0);
    if (!metadata.dry_run()) return;  // what was removed before a restart stays removed
    metadata.set_removed_blob_count(0);
    metadata.set_removed_bytes(0);
  }

  // A further round waits a while until what the one before removed has given room back.
  absl::Status BeginRound(CollectGarbageMetadata& metadata) {
    if (!is_first_round_ && waits_ < kLongestWait) {
      ++waits_;
      CAIRN_RETURN_IF_ERROR(parts_.packs.CheckRoom(kLeastCopiedBytes, PackPool::RoomFor::kRewrite));
    }
    waits_ = 0;
    left_over_ = false;
    any_condemned_ = false;
    copies_left_ = std::max(kLeastCopiedBytes, parts_.packs.RoomForCopies());
    metadata.set_leased_blob_count(0);
    return absl::OkStatus();
  }

  Phase After(Phase phase, const CollectGarbageMetadata& metadata) {
    if (phase == Phase::kRewrite && left_over_) {
      is_first_round_ = false;
      return Phase::kMark;
    }
    if (phase != Phase::kCondemn) return static_cast<Phase>(static_cast<char>(phase) + 1);
    if (metadata.dry_run()) return Phase::kEnd;
    return any_condemned_ ? Phase::kMarkAgain : Phase::kUploads;
  }

  // One step of a phase; moves `place`, which is empty when the phase is over.
  absl::Status Advance(const Snapshot& snapshot, Phase phase, std::string& place,
                       CollectGarbageMetadata& metadata, WriteSet& set) {
    switch (phase) {
      case Phase::kMark:
      case Phase::kMarkAgain:
        return Mark(snapshot, place);
      case Phase::kMarkChunks:
        return MarkWanted(snapshot, place, [this](const EntryHead& whole) {
          return marks_.Contains(ShortNameOf(whole.digest)) ||
                 parts_.leases.IsLeased({whole.digest, whole.revision});
        });
      case Phase::kMarkChunksAgain:
        return MarkWanted(snapshot, place, [this](const EntryHead& whole) {
          return !whole.condemned || marks_.Contains(ShortNameOf(whole.digest));
        });
      case Phase::kCondemn:
        return Condemn(snapshot, place, metadata, set);
      case Phase::kDelete:
        return Delete(snapshot, place, metadata, set);
      case Phase::kUploads:
        marks_.Clear();
        parts_.leases.Forget();
        return parts_.drop_old_uploads();
      case Phase::kWeigh:
        return Weigh(snapshot, place);
      case Phase::kRewrite:
        return Rewrite(snapshot, place, metadata, set);
      case Phase::kEnd:
        break;
    }
    return absl::OkStatus();
  }

  absl::Status Mark(const Snapshot& snapshot, std::string& place) {
    if (place.empty()) marks_.Clear();
    CAIRN_RETURN_IF_ERROR(
        VisitReferences(snapshot, kRecordsPerStep, place,
                        [this](std::string_view, const cairn::v1::BlobDigest& digest) {
                          marks_.Add(ShortNameOfHex(digest.sha256()));
                        }));
    if (place.empty()) marks_.Compact();
    return absl::OkStatus();
  }

  absl::Status MarkWanted(const Snapshot& snapshot, std::string& place, const WholeFilter& wanted) {
    CAIRN_RETURN_IF_ERROR(MarkChunks(snapshot, kEntriesPerStep, place, wanted, marks_));
    if (place.empty()) marks_.Compact();
    return absl::OkStatus();
  }

  absl::Status Condemn(const Snapshot& snapshot, std::string& place,
                       CollectGarbageMetadata& metadata, WriteSet& set) {
    EntryWalk walk(snapshot, place);
    size_t bytes = 0;
    for (size_t seen = 0; walk.Valid(); walk.Next(), ++seen) {
      if (seen >= kEntriesPerStep || IsFull(set, bytes)) return absl::OkStatus();
      place = walk.key();
      if (is_first_round_) {
        metadata.set_examined_blob_count(metadata.examined_blob_count() + 1);
      }
      const EntryHead& head = walk.head();
      // What an earlier collection condemned is decided with the others.
      any_condemned_ |= walk.readable() && head.condemned;
      if (!walk.readable() || head.digest.size_bytes == 0 || IsMarked(head)) continue;
      if (metadata.dry_run()) {
        CountUnused(head, metadata);
      } else if (!head.condemned && HasRoomToCondemn(walk)) {
        bytes += CondemnOne(walk, metadata, set);
      }
    }
    place.clear();
    return walk.status();
  }

  bool IsMarked(const EntryHead& head) const { return marks_.Contains(ShortNameOf(head.digest)); }

  static bool IsFull(const WriteSet& set, size_t bytes) {
    return set.preconditions.size() >= kChangesPerStep || bytes >= kChangedBytesPerStep;
  }

  void CountUnused(const EntryHead& head, CollectGarbageMetadata& metadata) {
    if (!head.condemned && parts_.leases.IsLeased({head.digest, head.revision})) {
      metadata.set_leased_blob_count(metadata.leased_blob_count() + 1);
    } else {
      CountRemoved(head, metadata);
    }
  }

  // Only the bytes that a blob has itself: chunks count on their own.
  static void CountRemoved(const EntryHead& head, CollectGarbageMetadata& metadata) {
    metadata.set_removed_blob_count(metadata.removed_blob_count() + 1);
    if (head.is_chunked()) return;
    metadata.set_removed_bytes(metadata.removed_bytes() + head.digest.size_bytes);
  }

  // A blob that stands in its entry is written again with the flag: garbage would double before
  // it goes, which a volume that is nearly full has no room for.
  bool HasRoomToCondemn(const EntryWalk& walk) {
    if (walk.head().pack != 0) return true;
    const auto bytes = static_cast<int64_t>(walk.payload().size());
    if (bytes > copies_left_) {
      left_over_ = true;
      return false;
    }
    return true;
  }

  size_t CondemnOne(const EntryWalk& walk, CollectGarbageMetadata& metadata, WriteSet& set) {
    const EntryHead& head = walk.head();
    std::string changed;
    if (!WithCondemned(walk.payload(), true, &changed)) return 0;
    if (!parts_.leases.TryCondemn({head.digest, head.revision})) {
      metadata.set_leased_blob_count(metadata.leased_blob_count() + 1);
      return 0;
    }
    any_condemned_ = true;
    const size_t bytes = changed.size();
    if (head.pack == 0) copies_left_ -= static_cast<int64_t>(bytes);
    const storage::Key key = BlobKey(head.digest);
    set.RequireRevision(key, head.revision).PutRecord(key, std::move(changed));
    return bytes;
  }

  absl::Status Delete(const Snapshot& snapshot, std::string& place,
                      CollectGarbageMetadata& metadata, WriteSet& set) {
    EntryWalk walk(snapshot, place);
    size_t bytes = 0;
    for (size_t seen = 0; walk.Valid(); walk.Next(), ++seen) {
      if (seen >= kEntriesPerStep || IsFull(set, bytes)) return absl::OkStatus();
      place = walk.key();
      const EntryHead& head = walk.head();
      if (!walk.readable() || !head.condemned) continue;
      const storage::Key key = BlobKey(head.digest);
      if (!IsMarked(head)) {
        set.RequireRevision(key, head.revision).Delete(key);
        CountRemoved(head, metadata);
        continue;
      }
      std::string changed;
      if (!WithCondemned(walk.payload(), false, &changed)) continue;
      bytes += changed.size();
      set.RequireRevision(key, head.revision).PutRecord(key, std::move(changed));
    }
    place.clear();
    return walk.status();
  }

  absl::Status Weigh(const Snapshot& snapshot, std::string& place) {
    if (place.empty()) rewriter_.Reset();
    EntryWalk walk(snapshot, place);
    for (size_t seen = 0; walk.Valid(); walk.Next(), ++seen) {
      if (seen == kEntriesPerStep) return absl::OkStatus();
      place = walk.key();
      if (walk.readable()) rewriter_.Weigh(walk.head());
    }
    CAIRN_RETURN_IF_ERROR(walk.status());
    place.clear();
    return rewriter_.Choose();
  }

  // The place is the number of the round.
  absl::Status Rewrite(const Snapshot& snapshot, std::string& place,
                       CollectGarbageMetadata& metadata, WriteSet& set) {
    int64_t round = 0;
    std::from_chars(place.data(), place.data() + place.size(), round);
    PackRewriter::Removed removed;
    CAIRN_ASSIGN_OR_RETURN(const bool more, rewriter_.Next(snapshot, round, set, removed));
    metadata.set_rewritten_pack_count(metadata.rewritten_pack_count() + removed.pack_count);
    metadata.set_freed_bytes(metadata.freed_bytes() + removed.freed_bytes);
    place = more ? std::to_string(round + 1) : "";
    return absl::OkStatus();
  }

  std::unique_ptr<google::protobuf::Message> End(const CollectGarbageMetadata& metadata) {
    marks_.Clear();
    auto response = std::make_unique<CollectGarbageResponse>();
    response->set_examined_blob_count(metadata.examined_blob_count());
    response->set_removed_blob_count(metadata.removed_blob_count());
    response->set_removed_bytes(metadata.removed_bytes());
    response->set_leased_blob_count(metadata.leased_blob_count());
    response->set_rewritten_pack_count(metadata.rewritten_pack_count());
    response->set_freed_bytes(metadata.freed_bytes());
    observability::Log(observability::LogLevel::kInfo,
                       metadata.dry_run() ? "garbage was counted" : "garbage was collected",
                       {{"examined", std::to_string(metadata.examined_blob_count())},
                        {"removed", std::to_string(metadata.removed_blob_count())},
                        {"leased", std::to_string(metadata.leased_blob_count())},
                        {"freed_bytes", std::to_string(metadata.freed_bytes())}});
    return response;
  }

  const CollectionParts parts_;
  ShortNameSet marks_;
  bool any_condemned_ = false;  // in this round, or left by an earlier collection
  int64_t copies_left_ = 0;     // bytes of entries that this round may still write
  bool left_over_ = false;      // garbage for a further round
  bool is_first_round_ = true;
  int waits_ = 0;
  PackRewriter rewriter_;
};

}  // namespace

std::unique_ptr<operations::Work> MakeCollectionWork(CollectionParts parts) {
  return std::make_unique<CollectionWork>(std::move(parts));
}

}  // namespace cairn::artifacts

#include "server/artifacts/scrub_work.h"

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cairn/internal/storage.pb.h"
#include "cairn/v1/artifacts.pb.h"
#include "fmt/format.h"
#include "lib/base/status_macros.h"
#include "server/artifacts/blob_check.h"
#include "server/artifacts/blob_reader.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/entry_walk.h"
#include "server/artifacts/references.h"
#include "server/observability/log.h"

namespace cairn::artifacts {
namespace {

using cairn::v1::ScrubBlobsMetadata;
using operations::Step;
using storage::Snapshot;
using storage::WriteSet;

constexpr int64_t kScrubbedBytesPerStep = 32 << 20;
constexpr int64_t kBytesPerEntry = 4 << 10;  // what looking at one costs beside its bytes
constexpr size_t kFlagsPerStep = 64;         // inline blobs are written with their flag
constexpr size_t kReferencesPerStep = 2'000;
constexpr int kMaxNamed = 1000;

// The first character of the cursor; the rest is the place in the phase.
enum class ScrubPhase : char { kWhole = 'a', kChunked, kReferences, kPacks };

class ScrubWork final : public operations::Work {
 public:
  explicit ScrubWork(const PackPool& packs) : packs_(packs) {}

  std::string metadata_type() const override {
    return std::string(ScrubBlobsMetadata::descriptor()->full_name());
  }
  // A scrub reads packs that a collection moves and removes.
  std::string lane() const override { return "blobs"; }

  absl::StatusOr<Step> Next(const Snapshot& snapshot, const google::protobuf::Any& any,
                            const std::string& cursor) override {
    ScrubBlobsMetadata metadata;
    any.UnpackTo(&metadata);
    if (cursor.empty()) {
      reading_.reset();
      metadata.set_blob_count(0);
      metadata.set_blob_bytes(0);
      metadata.set_damaged_blob_count(0);
      metadata.clear_damaged();
    }
    auto phase = cursor.empty() ? ScrubPhase::kWhole : static_cast<ScrubPhase>(cursor[0]);
    std::string place = cursor.empty() ? "" : cursor.substr(1);
    Step step;
    bool over = true;
    if (phase == ScrubPhase::kPacks) {
      CAIRN_RETURN_IF_ERROR(CheckFraming());
      step.response = ResponseOf(metadata);
    } else if (phase == ScrubPhase::kReferences) {
      CAIRN_ASSIGN_OR_RETURN(over, CheckReferences(snapshot, place, metadata));
    } else {
      CAIRN_ASSIGN_OR_RETURN(over, Walk(snapshot, phase, place, metadata, step.write_set));
    }
    if (over) {
      if (phase != ScrubPhase::kPacks)
        phase = static_cast<ScrubPhase>(static_cast<char>(phase) + 1);
      place.clear();
    }
    step.cursor = static_cast<char>(phase) + place;
    step.metadata = std::make_unique<ScrubBlobsMetadata>(std::move(metadata));
    return step;
  }

 private:
  // A blob that is read over several steps.
  struct Reading {
    std::string key;
    storage::Revision revision = 0;
    BlobCheck check;
  };

  // Checks some blobs behind `place`; true at the end.
  absl::StatusOr<bool> Walk(const Snapshot& snapshot, ScrubPhase phase, std::string& place,
                            ScrubBlobsMetadata& metadata, WriteSet& set) {
    int64_t budget = kScrubbedBytesPerStep;
    EntryWalk walk(snapshot, place, EntryWalk::AtDamage::kStepOver);
    for (; walk.Valid(); walk.Next()) {
      if (budget <= 0 || set.puts.size() >= kFlagsPerStep) return false;
      const bool chunked = walk.readable() && walk.head().is_chunked();
      budget -= kBytesPerEntry;
      if (walk.is_gap()) {
        if (phase == ScrubPhase::kWhole) ReportGap(walk, metadata);
      } else if (chunked == (phase == ScrubPhase::kChunked)) {
        CAIRN_ASSIGN_OR_RETURN(const bool known, CheckOne(snapshot, walk, budget, metadata, set));
        if (!known) return false;  // goes on with this one
      }
      place = walk.key();
    }
    CAIRN_RETURN_IF_ERROR(walk.status());
    return true;
  }

  static void ReportGap(const EntryWalk& walk, ScrubBlobsMetadata& metadata) {
    metadata.set_damaged_blob_count(metadata.damaged_blob_count() + 1);
    observability::Log(observability::LogLevel::kError, "a part of the index cannot be read",
                       {{"behind_sha256", fmt::format("{:016x}", walk.gap_begin())},
                        {"before_sha256", fmt::format("{:016x}", walk.gap_end())}});
  }

  // Reports blobs that something refers to and of which the index knows nothing, or nothing
  // that can be read. At one snapshot a reference and its blob's entry are there together.
  static absl::StatusOr<bool> CheckReferences(const Snapshot& snapshot, std::string& place,
                                              ScrubBlobsMetadata& metadata) {
    std::vector<Digest> digests;
    const absl::Status visited =
        VisitReferences(snapshot, kReferencesPerStep, place,
                        [&digests](std::string_view, const cairn::v1::BlobDigest& wire) {
                          const auto digest = ParseDigest(wire.sha256(), wire.size_bytes());
                          if (digest.ok()) digests.push_back(*digest);
                        });
    if (absl::IsDataLoss(visited)) {
      observability::Log(observability::LogLevel::kError, "a record cannot be read",
                         {{"error", std::string(visited.message())}});
      place.clear();
    } else {
      CAIRN_RETURN_IF_ERROR(visited);
    }
    std::set<std::string> reported;
    for (const auto& digest : metadata.damaged()) reported.insert(digest.sha256());
    CAIRN_ASSIGN_OR_RETURN(const auto states, LookUpEntries(snapshot, digests));
    for (size_t i = 0; i < digests.size(); ++i) {
      const bool known = states[i].revision != 0 && states[i].revision != kUnreadableEntry;
      if (!known && reported.insert(digests[i].Hex()).second) Report(digests[i], metadata);
    }
    return place.empty();
  }

  // Adds the verdict on one blob; false when there is more to read of it.
  absl::StatusOr<bool> CheckOne(const Snapshot& snapshot, const EntryWalk& walk, int64_t& budget,
                                ScrubBlobsMetadata& metadata, WriteSet& set) {
    const Digest digest = walk.head().digest;
    internal::BlobEntryRecord entry;
    bool damaged = true;
    if (walk.readable()) {
      if (!entry.ParseFromArray(walk.payload().data(), static_cast<int>(walk.payload().size()))) {
        // Nothing in it can be trusted; what is left tells that the blob is damaged.
        entry.Clear();
        entry.set_size_bytes(digest.size_bytes);
      } else if (walk.head().is_chunked()) {
        CAIRN_ASSIGN_OR_RETURN(const bool sound, ChunksAreSound(snapshot, digest, entry));
        CAIRN_ASSIGN_OR_RETURN(const bool listed, ListIsSound(packs_, digest, entry));
        budget -= kBytesPerEntry * entry.chunk_sizes_size();
        damaged = !sound || !listed;
      } else {
        Reading& reading = ReadingOf(walk, entry);
        CAIRN_ASSIGN_OR_RETURN(const bool known, reading.check.Read(budget));
        if (!known) return false;
        damaged = reading.check.damaged();
        reading_.reset();
        metadata.set_blob_bytes(metadata.blob_bytes() + digest.size_bytes);
      }
      if (damaged != entry.quarantined()) {
        entry.set_quarantined(damaged);
        set.RequireRevision(BlobKey(digest), walk.head().revision)
            .PutRecord(BlobKey(digest), entry.SerializeAsString());
      }
    }
    metadata.set_blob_count(metadata.blob_count() + 1);
    if (damaged) Report(digest, metadata);
    return true;
  }

  // The reading of this blob, which may have begun; one that was moved begins again.
  Reading& ReadingOf(const EntryWalk& walk, const internal::BlobEntryRecord& entry) {
    const bool same = reading_.has_value() && reading_->key == walk.key() &&
                      reading_->revision == walk.head().revision;
    if (!same) {
      reading_.emplace(Reading{std::string(walk.key()), walk.head().revision,
                               BlobCheck(packs_, walk.head().digest, entry)});
    }
    return *reading_;
  }

  static void Report(const Digest& digest, ScrubBlobsMetadata& metadata) {
    metadata.set_damaged_blob_count(metadata.damaged_blob_count() + 1);
    observability::Log(
        observability::LogLevel::kError, "a blob is damaged",
        {{"sha256", digest.Hex()}, {"size_bytes", std::to_string(digest.size_bytes)}});
    if (metadata.damaged_size() == kMaxNamed) return;
    auto* named = metadata.add_damaged();
    named->set_sha256(digest.Hex());
    named->set_size_bytes(digest.size_bytes);
  }

  // Logs packs whose index could not be rebuilt to their end.
  absl::Status CheckFraming() const {
    CAIRN_ASSIGN_OR_RETURN(const auto files, packs_.List());
    for (const PackPool::File& file : files) {
      const auto pack = packs_.Reader(file.number);
      if (pack.ok()) {
        const auto tail = (*pack)->Scan(nullptr);
        if (tail.ok() && !tail->damaged) continue;
      }
      observability::Log(observability::LogLevel::kError, "the framing of a pack is damaged",
                         {{"pack", std::to_string(file.number)}});
    }
    return absl::OkStatus();
  }

  static std::unique_ptr<google::protobuf::Message> ResponseOf(const ScrubBlobsMetadata& metadata) {
    auto response = std::make_unique<cairn::v1::ScrubBlobsResponse>();
    response->set_blob_count(metadata.blob_count());
    response->set_blob_bytes(metadata.blob_bytes());
    response->set_damaged_blob_count(metadata.damaged_blob_count());
    *response->mutable_damaged() = metadata.damaged();
    return response;
  }

  const PackPool& packs_;
  std::optional<Reading> reading_;
};

}  // namespace

std::unique_ptr<operations::Work> MakeScrubWork(const PackPool& packs) {
  return std::make_unique<ScrubWork>(packs);
}

}  // namespace cairn::artifacts

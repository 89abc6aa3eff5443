#include "server/registry/past.h"

#include <limits>
#include <utility>

#include "cairn/internal/audit.pb.h"
#include "cairn/v1/events.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "server/storage/audit_chain.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"

namespace cairn::registry {

using cairn::internal::AuditEntryRecord;
using storage::Family;
using storage::KeyRange;
using storage::Record;
using storage::Revision;
using storage::ScanOrder;
using storage::Snapshot;

namespace {

absl::StatusOr<AuditEntryRecord> ReadEntry(const Snapshot& snapshot, int64_t sequence) {
  const storage::Key key = storage::AuditEntryKey(sequence);
  CAIRN_ASSIGN_OR_RETURN(const auto stored, snapshot.Get(key));
  cairn::internal::AuditLinkRecord link;
  AuditEntryRecord entry;
  if (!stored || !link.ParseFromString(stored->payload) || !entry.ParseFromString(link.entry())) {
    return storage::CorruptRecord(Family::kRecord, key.bytes, "it is no entry of the audit");
  }
  return entry;
}

// How many entries, of `size`, stand before the first of which `is_past` does not hold.
absl::StatusOr<int64_t> CountEntries(const Snapshot& snapshot, int64_t size,
                                     const std::function<bool(const AuditEntryRecord&)>& is_past) {
  return CountWhile(size, [&](int64_t place) -> absl::StatusOr<bool> {
    CAIRN_ASSIGN_OR_RETURN(const AuditEntryRecord entry, ReadEntry(snapshot, place));
    return is_past(entry);
  });
}

absl::StatusOr<Moment> MomentOfRevision(const Snapshot& snapshot, Revision revision) {
  if (revision < 0 || revision > snapshot.revision()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "as_of_revision", std::to_string(revision),
                        fmt::format("must be one that the store has reached: it is at revision {}",
                                    snapshot.revision()))
        .With("currentRevision", std::to_string(snapshot.revision()))
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const storage::AuditEnd end, storage::ReadAuditEnd(snapshot));
  Moment moment{0, revision, revision, std::nullopt};
  CAIRN_ASSIGN_OR_RETURN(moment.entries,
                         CountEntries(snapshot, end.sequence, [&](const AuditEntryRecord& entry) {
                           return entry.revision() <= revision;
                         }));
  return moment;
}

absl::StatusOr<Moment> MomentOfTime(const Snapshot& snapshot,
                                    const google::protobuf::Timestamp& time) {
  constexpr int64_t kMaxSeconds = std::numeric_limits<int64_t>::max() / kNanosPerSecond - 1;
  if (time.seconds() < -kMaxSeconds || time.seconds() > kMaxSeconds || time.nanos() < 0 ||
      time.nanos() >= kNanosPerSecond) {
    return InvalidField(ErrorReason::VALUE_INVALID, "as_of_time",
                        std::to_string(time.seconds()) + "s",
                        "must be a time that 64 bits of nanoseconds hold")
        .ToStatus();
  }
  const int64_t nanos = ToUnixNanos(time);
  CAIRN_ASSIGN_OR_RETURN(const storage::AuditEnd end, storage::ReadAuditEnd(snapshot));
  Moment moment{0, 0, snapshot.revision(), nanos};
  CAIRN_ASSIGN_OR_RETURN(moment.entries,
                         CountEntries(snapshot, end.sequence, [&](const AuditEntryRecord& entry) {
                           return entry.unix_nanos() <= nanos;
                         }));
  if (moment.entries > 0) {
    CAIRN_ASSIGN_OR_RETURN(const AuditEntryRecord last, ReadEntry(snapshot, moment.entries));
    moment.settled = last.revision();
  }
  if (moment.entries < end.sequence) {
    CAIRN_ASSIGN_OR_RETURN(const AuditEntryRecord next, ReadEntry(snapshot, moment.entries + 1));
    moment.revision = next.revision() - 1;
  }
  return moment;
}

absl::StatusOr<Image> ImageOf(const Snapshot& snapshot, std::string_view index_key) {
  CAIRN_ASSIGN_OR_RETURN(const storage::AuditPlace place,
                         storage::PlaceOfAuditByResource(index_key));
  CAIRN_ASSIGN_OR_RETURN(AuditEntryRecord entry, ReadEntry(snapshot, place.sequence));
  Image image;
  image.revision = entry.revision();
  image.rule_sha256 = entry.rule_sha256();
  // A policy's last revision says why it was deleted.
  image.deleted = entry.value_sha256().empty() || entry.kind() == cairn::v1::Event::POLICY_DELETED;
  image.bytes = std::move(*entry.mutable_image());
  if (!image.bytes.empty() || entry.value_sha256().empty()) return image;
  const storage::Key key = storage::KeptValueKey(entry.value_sha256());
  CAIRN_ASSIGN_OR_RETURN(auto kept, snapshot.Get(key));
  if (!kept) return storage::CorruptRecord(Family::kRecord, key.bytes, "it is not kept");
  image.bytes = std::move(kept->payload);
  return image;
}

// The first entry about the resource in that order, of those in [begin, end).
absl::StatusOr<std::optional<Image>> FirstImage(const Snapshot& snapshot, std::string begin,
                                                std::string end, ScanOrder order) {
  std::string found;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan({Family::kIndex, std::move(begin), std::move(end)}, order,
                                      [&](std::string_view key, const Record&) {
                                        found = key;
                                        return false;
                                      }));
  if (found.empty()) return std::optional<Image>();
  CAIRN_ASSIGN_OR_RETURN(Image image, ImageOf(snapshot, found));
  return std::make_optional(std::move(image));
}

}  // namespace

absl::StatusOr<std::optional<Moment>> FindMoment(const Snapshot& snapshot, Revision as_of_revision,
                                                 const google::protobuf::Timestamp* as_of_time) {
  if (as_of_revision == 0 && as_of_time == nullptr) return std::optional<Moment>();
  if (as_of_revision != 0 && as_of_time != nullptr) {
    return InvalidField(ErrorReason::VALUE_INVALID, "as_of_time",
                        std::to_string(as_of_time->seconds()) + "s",
                        "must not be set together with as_of_revision")
        .ToStatus();
  }
  CAIRN_ASSIGN_OR_RETURN(const Moment moment, as_of_time == nullptr
                                                  ? MomentOfRevision(snapshot, as_of_revision)
                                                  : MomentOfTime(snapshot, *as_of_time));
  return std::make_optional(moment);
}

absl::StatusOr<int64_t> CountWhile(int64_t size,
                                   const std::function<absl::StatusOr<bool>(int64_t)>& holds) {
  int64_t count = 0;
  for (int64_t most = size; count < most;) {
    const int64_t middle = count + (most - count + 1) / 2;
    CAIRN_ASSIGN_OR_RETURN(const bool is_one, holds(middle));
    if (is_one) {
      count = middle;
    } else {
      most = middle - 1;
    }
  }
  return count;
}

bool WasThere(const Moment& moment, Revision create_revision,
              const google::protobuf::Timestamp& create_time) {
  if (create_revision <= moment.settled) return true;
  return create_revision <= moment.revision && moment.unix_nanos &&
         ToUnixNanos(create_time) <= *moment.unix_nanos;
}

absl::StatusOr<std::optional<Image>> LastImage(const Snapshot& snapshot, std::string_view resource,
                                               const Moment& moment) {
  return FirstImage(snapshot, storage::AuditByResourcePrefix(resource).bytes,
                    storage::AuditByResourceKey(resource, moment.entries + 1).bytes,
                    ScanOrder::kDescending);
}

absl::StatusOr<std::optional<Image>> NextImage(const Snapshot& snapshot, std::string_view resource,
                                               const Moment& moment) {
  return FirstImage(snapshot, storage::AuditByResourceKey(resource, moment.entries + 1).bytes,
                    KeyRange::Prefix(storage::AuditByResourcePrefix(resource)).end,
                    ScanOrder::kAscending);
}

absl::StatusOr<std::optional<Record>> ReadPast(const Snapshot& snapshot, const storage::Key& key,
                                               std::string_view resource, const Moment& moment) {
  CAIRN_ASSIGN_OR_RETURN(auto record, snapshot.Get(key));
  if (record && record->mod_revision <= moment.revision) return record;
  CAIRN_ASSIGN_OR_RETURN(auto last, LastImage(snapshot, resource, moment));
  if (last) {
    if (last->deleted) return std::optional<Record>();
    return std::make_optional(Record{0, last->revision, 0, std::move(last->bytes)});
  }
  CAIRN_ASSIGN_OR_RETURN(const auto next, NextImage(snapshot, resource, moment));
  const bool is_older = record && record->create_revision <= moment.revision;
  // What is there was made before the change that follows, or by it.
  const bool was_made_since = record && next && record->create_revision <= next->revision;
  // That change tells that there was something; or nobody knows, as the audit did not begin yet.
  const bool may_be_older = next && !was_made_since && (next->deleted || moment.entries == 0);
  if (!is_older && !may_be_older) return std::optional<Record>();
  return PastNotKept(resource, moment, "it is older than the audit, which has no image of it yet",
                     next ? next->revision : record->mod_revision);
}

absl::Status NotThere(ErrorReason reason, std::string_view type, std::string_view name,
                      const std::optional<Moment>& moment) {
  if (!moment) return NotFound(reason, type, name);
  return Error(absl::StatusCode::kNotFound, reason,
               fmt::format("{} was not there at revision {}", name, moment->revision))
      .With("asOfRevision", std::to_string(moment->revision))
      .Resource(type, name);
}

absl::Status PastNotKept(std::string_view resource, const Moment& moment, std::string_view why,
                         Revision oldest) {
  std::string text =
      fmt::format("{} as of revision {} is not kept: {}", resource, moment.revision, why);
  if (oldest > 0) text += fmt::format("; it can be read from revision {} on", oldest);
  Error error(absl::StatusCode::kOutOfRange, ErrorReason::PAST_NOT_KEPT, text);
  error.With("resource", resource).With("asOfRevision", std::to_string(moment.revision));
  if (oldest > 0) error.With("oldestRevision", std::to_string(oldest));
  return error;
}

}  // namespace cairn::registry

#ifndef CAIRN_SERVER_REGISTRY_PAST_H_
#define CAIRN_SERVER_REGISTRY_PAST_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/timestamp.pb.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/kv_store.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

// Reading channels, policies and aliases as they were. The audit's chain has an image of what each
// change left, for ever and whatever becomes of the event log, so what a resource was is the image
// of its last entry by then. Pure but for reading; a read costs as many look-ups as the number of
// entries has binary digits, and a few more.

// A moment of the past: after so many entries of the chain, and before the next.
struct Moment {
  int64_t entries = 0;
  storage::Revision settled = 0;   // every commit up to this one was there
  storage::Revision revision = 0;  // none behind this one was
  // The time that was asked for. What leaves no entry goes by it, between the two revisions.
  std::optional<int64_t> unix_nanos;
};

// The moment of a revision, or of the last entry at or before a time; nullopt for neither: now.
// Where the machine's clock was set back a time is several moments: one of them is answered.
// INVALID_ARGUMENT (VALUE_INVALID): both, or a revision that the store has not reached.
absl::StatusOr<std::optional<Moment>> FindMoment(const storage::Snapshot& snapshot,
                                                 storage::Revision as_of_revision,
                                                 const google::protobuf::Timestamp* as_of_time);

// That of a request with `as_of_revision` and `as_of_time`.
template <typename Request>
absl::StatusOr<std::optional<Moment>> MomentOf(const storage::Snapshot& snapshot,
                                               const Request& request) {
  return FindMoment(snapshot, request.as_of_revision(),
                    request.has_as_of_time() ? &request.as_of_time() : nullptr);
}
template <typename Request>
bool AsksPast(const Request& request) {
  return request.as_of_revision() != 0 || request.has_as_of_time();
}

// How many of the places 1 … `size` `holds` holds for, where it holds for all up to one and for
// none behind: in as many looks as `size` has binary digits. Errors of `holds`.
absl::StatusOr<int64_t> CountWhile(int64_t size,
                                   const std::function<absl::StatusOr<bool>(int64_t)>& holds);

// Whether what was made at this revision and time, and leaves no entry, was there.
bool WasThere(const Moment& moment, storage::Revision create_revision,
              const google::protobuf::Timestamp& create_time);

// What an entry left of its resource.
struct Image {
  storage::Revision revision = 0;
  bool deleted = false;
  std::string bytes;        // of the record
  std::string rule_sha256;  // of the policy's text that decided; empty where none did
};
// The newest entry about the resource by then, and the first one after; nullopt where there is
// none. DATA_LOSS (RECORD_CORRUPT).
absl::StatusOr<std::optional<Image>> LastImage(const storage::Snapshot& snapshot,
                                               std::string_view resource, const Moment& moment);
absl::StatusOr<std::optional<Image>> NextImage(const storage::Snapshot& snapshot,
                                               std::string_view resource, const Moment& moment);

// The record at `key` as it was, of the resource of that name; nullopt if it was not there.
// OUT_OF_RANGE (PAST_NOT_KEPT): it was there, or may have been, before the audit has it.
absl::StatusOr<std::optional<storage::Record>> ReadPast(const storage::Snapshot& snapshot,
                                                        const storage::Key& key,
                                                        std::string_view resource,
                                                        const Moment& moment);

// The record as it was, or without a moment as it is.
template <typename Message>
absl::StatusOr<std::optional<storage::Stored<Message>>> ReadAsOf(
    const storage::Snapshot& snapshot, const storage::Key& key, std::string_view resource,
    const std::optional<Moment>& moment) {
  if (!moment) return storage::ReadRecord<Message>(snapshot, key);
  CAIRN_ASSIGN_OR_RETURN(const auto record, ReadPast(snapshot, key, resource, *moment));
  if (!record) return std::optional<storage::Stored<Message>>();
  CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ParseStored<Message>(key.bytes, *record));
  return std::make_optional(std::move(stored));
}

// NOT_FOUND for a resource that is not, or with a moment was not, there; metadata `asOfRevision`.
absl::Status NotThere(ErrorReason reason, std::string_view type, std::string_view name,
                      const std::optional<Moment>& moment);

// OUT_OF_RANGE (PAST_NOT_KEPT); metadata `resource`, `asOfRevision`, and of `oldest`, unless it is
// 0, `oldestRevision`.
absl::Status PastNotKept(std::string_view resource, const Moment& moment, std::string_view why,
                         storage::Revision oldest);

}  // namespace cairn::registry

#endif  // CAIRN_SERVER_REGISTRY_PAST_H_

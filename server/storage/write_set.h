#ifndef CAIRN_SERVER_STORAGE_WRITE_SET_H_
#define CAIRN_SERVER_STORAGE_WRITE_SET_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/v1/events.pb.h"
#include "server/storage/event_image.h"
#include "server/storage/key.h"

namespace cairn::storage {

// What must hold for a key when a commit is applied. Where it does not hold, the commit
// is refused as ABORTED (COMMIT_CONFLICT).
struct Precondition {
  enum class Kind {
    kAbsent,    // the key does not exist
    kExists,    // the key exists, whatever its revision
    kRevision,  // the key exists and its mod_revision equals `revision`
  };
  Key key;
  Kind kind = Kind::kAbsent;
  Revision revision = 0;  // for kRevision only
};

// Replaces the payload at a key. The committer stamps revision, creation and version;
// the payload is only the message.
struct Put {
  Key key;
  std::string payload;
  // Skips the look-up of the earlier record: create_revision and version start
  // anew. For keys that are written once, such as metric batches.
  bool blind = false;
};

// Combines a payload with whatever the key holds when the commit is applied, by the
// store's MergeFunction. Two merges never conflict with each other. So logging into one
// summary from many clients needs no retries.
struct Merge {
  Key key;
  std::string operand;
};

// Something that happened, kept in the event log in the order of commits: a cairn.v1.Event.
struct Event {
  std::string resource;  // resource name the event is about
  v1::Event::Kind kind = v1::Event::KIND_UNSPECIFIED;
  std::string image;  // of what the commit left, see event_image.h; may be empty
  // The committer's: of the write set, and when it was decided.
  std::string principal;
  int64_t commit_unix_nanos = 0;
};

// A change of production: an entry of the audit's chain. The committer gives it its place there.
struct AuditNote {
  v1::Event::Kind kind = v1::Event::KIND_UNSPECIFIED;
  std::string resource;     // resource name of what changed
  std::string image;        // the bytes that it was left as; empty where nothing was left
  std::string rule_sha256;  // of the policy's text that decided; empty where none did
};

// One atomic mutation. Value type; not thread-safe.
//
// Preconditions are checked before anything is applied, audit entries are chained last: two sets
// with entries never conflict for the chain. A key may appear at most once
// among puts, merges and deletes. Events get the revision of the commit and an ordinal
// by their place here. The methods below return the set itself, so that a plan reads as
// one sentence.
struct WriteSet {
  std::vector<Precondition> preconditions;
  std::vector<Put> puts;
  std::vector<Merge> merges;
  std::vector<Key> deletes;
  std::vector<Event> events;
  std::vector<AuditNote> audits;
  // Who asked for it, for its events; empty for what the server does by itself.
  std::string principal;
  // The event log begins here from now on, at the latest with this set's own events: those
  // of earlier revisions are removed. 0: stays as it is, and it never goes back.
  Revision first_event_revision = 0;
  // The store is of this format from now on; 0: stays as it is, and it never goes back. For
  // migrations only.
  uint32_t format = 0;
  // Gives room back, now or with what follows it: such a set is still taken when the
  // volume has too little room for others (RocksOptions::reserve_bytes). Small.
  bool frees_space = false;

  // For what is created: two that create the same conflict, and the second is refused.
  WriteSet& RequireAbsent(Key key) {
    preconditions.push_back({std::move(key), Precondition::Kind::kAbsent, 0});
    return *this;
  }
  // For what is referred to, such as the run that a metric is logged into. Others may
  // change it meanwhile, but not delete it.
  WriteSet& RequireExists(Key key) {
    preconditions.push_back({std::move(key), Precondition::Kind::kExists, 0});
    return *this;
  }
  // Requires that the key is as it was read: at `revision`, or absent for 0.
  WriteSet& RequireRevision(Key key, Revision revision) {
    const auto kind = revision == 0 ? Precondition::Kind::kAbsent : Precondition::Kind::kRevision;
    preconditions.push_back({std::move(key), kind, revision});
    return *this;
  }
  // Writes over what is there. Without a precondition on the key the last writer wins.
  WriteSet& PutRecord(Key key, std::string payload) {
    puts.push_back({std::move(key), std::move(payload), false});
    return *this;
  }
  // A blind Put. REQUIRES: nobody writes the key again unless it was deleted.
  WriteSet& PutOnce(Key key, std::string payload) {
    puts.push_back({std::move(key), std::move(payload), true});
    return *this;
  }
  WriteSet& MergeInto(Key key, std::string operand) {
    merges.push_back({std::move(key), std::move(operand)});
    return *this;
  }
  // Deleting what is absent is no error.
  WriteSet& Delete(Key key) {
    deletes.push_back(std::move(key));
    return *this;
  }
  // Sets `first_event_revision`.
  WriteSet& TrimEventsBefore(Revision revision) {
    first_event_revision = revision;
    return *this;
  }
  // Sets `format`.
  WriteSet& RaiseFormat(uint32_t number) {
    format = number;
    return *this;
  }
  // Sets `frees_space`.
  WriteSet& FreesSpace() {
    frees_space = true;
    return *this;
  }
  // An entry of the audit: `resource` was left as `image`, the bytes of a record as they are put
  // here, or with an empty one is gone. A large image is kept beside the entry, under its digest.
  WriteSet& Audit(v1::Event::Kind kind, std::string resource, std::string image,
                  std::string rule_sha256 = "") {
    audits.push_back({kind, std::move(resource), std::move(image), std::move(rule_sha256)});
    return *this;
  }
  // An event of this commit, told to those who follow once it is durable.
  WriteSet& Emit(std::string resource, v1::Event::Kind kind, std::string image = "") {
    events.push_back({std::move(resource), kind, std::move(image), {}, 0});
    return *this;
  }
  // Of the resource that `image` is now.
  template <typename Resource>
  WriteSet& Emit(v1::Event::Kind kind, const Resource& image) {
    return Emit(image.name(), kind, ImageOf(image));
  }
};

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_WRITE_SET_H_

#ifndef CAIRN_SERVER_STORAGE_TYPED_RECORD_H_
#define CAIRN_SERVER_STORAGE_TYPED_RECORD_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/storage/kv_store.h"
#include "server/storage/mutation.h"

namespace cairn::storage {

// A parsed record with the counters the committer stamped. What a precondition needs is
// beside the value: mod_revision is what RequireRevision takes and what an etag is made
// of. Neither is part of the stored message.
template <typename Message>
struct Stored {
  Message value;
  Revision create_revision = 0;
  Revision mod_revision = 0;
};

// Parses a payload. DATA_LOSS (RECORD_CORRUPT) when it is no such message. The error
// names the key in hexadecimal and the type. A message of another type may parse all
// the same: Protobuf bytes do not name theirs.
template <typename Message>
absl::StatusOr<Message> ParseRecord(std::string_view key_bytes, std::string_view payload) {
  Message message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
                 fmt::format("the record at key {} cannot be parsed as {}", HexEncode(key_bytes),
                             Message::descriptor()->full_name()))
        .With("key", HexEncode(key_bytes))
        .With("type", Message::descriptor()->full_name())
        .ToStatus();
  }
  return message;
}

// The same with the counters of its record. Errors are ParseRecord's.
template <typename Message>
absl::StatusOr<Stored<Message>> ParseStored(std::string_view key_bytes, const Record& record) {
  CAIRN_ASSIGN_OR_RETURN(Message message, ParseRecord<Message>(key_bytes, record.payload));
  return Stored<Message>{std::move(message), record.create_revision, record.mod_revision};
}

// The record at `key`, or nullopt. Errors as for Snapshot::Get and ParseRecord. Absence
// is no error here: what is missing, and under which reason, only the caller knows.
template <typename Message>
absl::StatusOr<std::optional<Stored<Message>>> ReadRecord(const Snapshot& snapshot,
                                                          const Key& key) {
  CAIRN_ASSIGN_OR_RETURN(const std::optional<Record> record, snapshot.Get(key));
  if (!record.has_value()) return std::optional<Stored<Message>>();
  CAIRN_ASSIGN_OR_RETURN(Stored<Message> stored, ParseStored<Message>(key.bytes, *record));
  return std::make_optional(std::move(stored));
}

// Calls `visit(key_bytes, Stored<Message>)` for each record of `range` until it returns
// false. Stops at the first record that cannot be parsed. Its error, DATA_LOSS
// (RECORD_CORRUPT), is returned, and so are those of Snapshot::Scan. Where one damaged
// record must not hide the others, see index::ScanIntact and ListPage.
template <typename Message, typename Visit>
absl::Status ScanRecords(const Snapshot& snapshot, const KeyRange& range, ScanOrder order,
                         Visit&& visit) {
  absl::Status failure;
  const absl::Status scanned =
      snapshot.Scan(range, order, [&](std::string_view key, const Record& record) {
        auto stored = ParseStored<Message>(key, record);
        failure = stored.status();
        return stored.ok() && static_cast<bool>(visit(key, *std::move(stored)));
      });
  CAIRN_RETURN_IF_ERROR(scanned);
  return failure;
}

// A plan that writes `write_set` and answers `response`. Both take any message as the
// response; it is stamped with the commit's revision by the Stamper.
template <typename Response>
Plan MakePlan(WriteSet write_set, Response response) {
  Plan plan;
  plan.write_set = std::move(write_set);
  plan.response = std::make_unique<Response>(std::move(response));
  return plan;
}

// A plan that writes nothing and answers `response` as it is. For repeated requests
// that find all as they want it, and for validate_only.
template <typename Response>
Plan AnswerOnly(Response response) {
  Plan plan = MakePlan(WriteSet(), std::move(response));
  plan.nothing_to_write = true;
  return plan;
}

// OK if `etag` is empty or that of `mod_revision`; else ABORTED (ETAG_MISMATCH). The
// error has both etags as metadata, so that a client can tell what it saw from what
// there is. 0 for `mod_revision` stands for a resource that is absent.
inline absl::Status CheckEtag(std::string_view resource, std::string_view etag,
                              Revision mod_revision) {
  const std::string current = EtagOf(mod_revision);
  if (etag.empty() || etag == current) return absl::OkStatus();
  return Error(absl::StatusCode::kAborted, ErrorReason::ETAG_MISMATCH,
               fmt::format("{} was changed meanwhile: its etag is {}, not {}", resource, current,
                           etag))
      .With("resource", resource)
      .With("etag", etag)
      .With("currentEtag", current);
}

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_TYPED_RECORD_H_

#include "server/storage/mutation.h"

#include <optional>
#include <string_view>

#include "cairn/internal/storage.pb.h"
#include "fmt/format.h"
#include "lib/base/deterministic_bytes.h"
#include "lib/base/digest.h"
#include "lib/base/encoding.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "lib/base/status_macros.h"
#include "server/storage/key_resources.h"
#include "server/storage/keyspace.h"
#include "server/storage/record_codec.h"

namespace cairn::storage {
namespace {

using google::protobuf::Message;

std::string Sha256Of(const Message& message) {
  const Digest digest = DigestOf(DeterministicBytes(message));
  return std::string(digest.sha256.begin(), digest.sha256.end());
}

absl::Status Reused(const RequestContext& context) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_ID_REUSED,
               fmt::format("request_id {} was used before with another request; use a new one",
                           context.request_id))
      .With("requestId", context.request_id)
      .With("method", context.method)
      .Field("request_id", "must be new for a new request");
}

absl::Status Busy() {
  return Error(absl::StatusCode::kResourceExhausted, ErrorReason::QUEUE_FULL,
               "the server is busy and cannot repeat the change now; try again")
      .RetryAfterSeconds(0.1);
}

// What others changed, by the name that clients know it by.
absl::Status Contended(const absl::Status& conflict, int attempts) {
  const auto key = HexDecode(MetadataOf(conflict, "key"));
  const std::string resource = key ? ResourceOfKey(*key) : "";
  const std::string what = resource.empty() ? "what the change rests on" : resource;
  return Error(absl::StatusCode::kAborted, ErrorReason::COMMIT_CONFLICT,
               fmt::format("others changed {} each of {} times that this was tried; try again",
                           what, attempts))
      .With("resource", resource)
      .With("attempts", std::to_string(attempts));
}

// Makes a message of a type that is linked into this program; null otherwise.
std::unique_ptr<Message> NewMessage(const std::string& type) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) return nullptr;
  const Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor);
  return std::unique_ptr<Message>(prototype->New());
}

absl::StatusOr<std::unique_ptr<Message>> ParseAnswer(const Key& key,
                                                     const internal::RequestRecord& kept) {
  std::unique_ptr<Message> answer = NewMessage(kept.response_type());
  if (answer == nullptr || !answer->ParseFromString(kept.response())) {
    return CorruptRecord(key.family, key.bytes, "the kept answer does not parse");
  }
  return answer;
}

}  // namespace

// One call of Run, from its first plan to its answer.
struct Mutator::Attempt {
  RequestContext context;
  std::string request_sha256;
  Planner plan;
  Stamper stamp;
  MutationCallback done;
  std::unique_ptr<Message> response;  // of the plan being committed
  int attempts = 0;

  bool keeps_answer() const { return !context.request_id.empty() && !context.validate_only; }
  Key key() const { return RequestKey(context.principal, context.method, context.request_id); }
};

namespace {

// What the store knows of a request id: an answer to repeat, or the revision the
// record must still have when a new answer replaces it (0: absent).
struct KnownRequest {
  std::unique_ptr<Message> answer;
  bool is_whole = false;  // the answer lacks no stamp
  Revision revision = 0;
};

absl::StatusOr<KnownRequest> LookUp(const Snapshot& snapshot, const Key& key,
                                    const RequestContext& context, std::string_view request_sha256,
                                    int64_t now_unix_nanos) {
  CAIRN_ASSIGN_OR_RETURN(const std::optional<Record> record, snapshot.Get(key));
  KnownRequest known;
  if (!record.has_value()) return known;
  internal::RequestRecord kept;
  if (!kept.ParseFromString(record->payload)) {
    return CorruptRecord(key.family, key.bytes, "it does not parse");
  }
  known.revision = record->mod_revision;
  if (kept.expire_unix_nanos() <= now_unix_nanos) return known;
  if (kept.request_sha256() != request_sha256) return Reused(context);
  CAIRN_ASSIGN_OR_RETURN(known.answer, ParseAnswer(key, kept));
  known.is_whole = kept.is_whole();
  return known;
}

std::string KeptAnswer(std::string_view request_sha256, const Message& response, bool is_whole,
                       int64_t expire_unix_nanos) {
  internal::RequestRecord record;
  record.set_request_sha256(std::string(request_sha256));
  record.set_response_type(response.GetTypeName());
  record.set_response(response.SerializeAsString());
  record.set_is_whole(is_whole);
  record.set_expire_unix_nanos(expire_unix_nanos);
  return record.SerializeAsString();
}

}  // namespace

void Mutator::Run(RequestContext context, const Message& request, Planner plan, Stamper stamp,
                  MutationCallback done) {
  auto attempt = std::make_shared<Attempt>();
  attempt->context = std::move(context);
  attempt->plan = std::move(plan);
  attempt->stamp = std::move(stamp);
  attempt->done = std::move(done);
  if (!attempt->context.request_id.empty()) {
    if (!IsUuid4(attempt->context.request_id)) {
      attempt->done(InvalidField(ErrorReason::REQUEST_ID_INVALID, "request_id",
                                 attempt->context.request_id,
                                 "must be a UUID of version 4 in lower case")
                        .ToStatus());
      return;
    }
    attempt->request_sha256 = Sha256Of(request);
  }
  TryOnce(std::move(attempt));
}

void Mutator::TryOnce(std::shared_ptr<Attempt> attempt) {
  ++attempt->attempts;
  std::unique_ptr<Snapshot> snapshot = store_.GetSnapshot();
  const int64_t now = clock_.NowUnixNanos();
  KnownRequest known;
  if (attempt->keeps_answer()) {
    auto found = LookUp(*snapshot, attempt->key(), attempt->context, attempt->request_sha256, now);
    if (!found.ok()) return attempt->done(found.status());
    known = *std::move(found);
    if (known.answer != nullptr) {
      if (attempt->stamp && !known.is_whole) attempt->stamp(known.revision, *known.answer);
      return attempt->done(std::move(known.answer));
    }
  }
  absl::StatusOr<Plan> plan = attempt->plan(*snapshot);
  snapshot.reset();  // a commit may wait for snapshots to go
  if (!plan.ok()) return attempt->done(plan.status());
  const bool as_it_is = plan->nothing_to_write || attempt->context.validate_only;
  if (as_it_is && !attempt->keeps_answer()) return attempt->done(std::move(plan->response));
  if (as_it_is) attempt->stamp = nullptr;
  if (attempt->keeps_answer()) {
    const Key key = attempt->key();
    plan->write_set.RequireRevision(key, known.revision);
    plan->write_set.PutRecord(
        key, KeptAnswer(attempt->request_sha256, *plan->response, as_it_is, now + kRetentionNanos));
  }
  attempt->response = std::move(plan->response);
  plan->write_set.principal = attempt->context.author;
  store_.Commit(std::move(plan->write_set),
                [this, attempt](CommitResult result) { OnCommitted(attempt, std::move(result)); });
}

void Mutator::OnCommitted(std::shared_ptr<Attempt> attempt, CommitResult result) {
  if (result.ok()) {
    if (attempt->stamp) attempt->stamp(*result, *attempt->response);
    return attempt->done(std::move(attempt->response));
  }
  if (!HasReason(result.status(), ErrorReason::COMMIT_CONFLICT)) {
    return attempt->done(result.status());
  }
  if (attempt->attempts >= kMaxAttempts) {
    return attempt->done(Contended(result.status(), attempt->attempts));
  }
  const bool queued = pool_.TrySubmit([this, attempt] { TryOnce(attempt); });
  if (!queued) attempt->done(Busy());
}

}  // namespace cairn::storage

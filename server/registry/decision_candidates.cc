#include "server/registry/decision_candidates.h"

#include <utility>

#include "lib/base/errors.h"
#include "lib/base/page_token.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/promotion/stored_candidates.h"
#include "server/storage/keyspace.h"
#include "server/storage/paging.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {

using cairn::internal::DecisionCandidateRecord;
using cairn::internal::DecisionRecord;
using cairn::v1::ListDecisionCandidatesRequest;
using cairn::v1::ListDecisionCandidatesResponse;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;

namespace {

// A page of candidates that stand in the decision's own record. Tokens are those of candidates with
// records: the key behind which the next page begins.
absl::StatusOr<ListDecisionCandidatesResponse> PageOfInline(
    const ListDecisionCandidatesRequest& request, const DecisionRef& ref,
    cairn::v1::Decision& decision) {
  const storage::PageLimits limits;
  CAIRN_ASSIGN_OR_RETURN(
      const int32_t size,
      EffectivePageSize(request.page_size(), limits.default_size, limits.max_size));
  CAIRN_ASSIGN_OR_RETURN(const auto token, DecodePageToken(request, request.page_token()));
  ListDecisionCandidatesResponse response;
  storage::PageRoom room;
  cairn::internal::PageToken next;
  for (int i = 0; i < decision.candidates_size(); ++i) {
    const std::string key =
        storage::DecisionCandidateKey(ref.model, ref.channel, ref.id, i + 1).bytes;
    if (key <= token.last_key()) continue;
    auto& candidate = *decision.mutable_candidates(i);
    if (response.candidates_size() == size || !room.Take(candidate.ByteSizeLong())) {
      response.set_next_page_token(EncodePageToken(request, std::move(next)));
      break;
    }
    next.set_last_key(key);
    *response.add_candidates() = std::move(candidate);
  }
  return response;
}

}  // namespace

absl::StatusOr<DecisionRef> ParseDecisionName(std::string_view field, std::string_view name) {
  CAIRN_ASSIGN_OR_RETURN(auto ids,
                         ParseResourceName(field, name, "models/*/channels/*/decisions/*"));
  return DecisionRef{std::move(ids[0]), std::move(ids[1]), std::move(ids[2])};
}

void PutCandidates(const DecisionRef& ref, std::vector<std::string> records,
                   storage::WriteSet& write_set) {
  int64_t place = 0;
  for (std::string& record : records) {
    write_set.PutOnce(storage::DecisionCandidateKey(ref.model, ref.channel, ref.id, ++place),
                      std::move(record));
  }
}

absl::Status ReadCandidates(const Snapshot& snapshot, const DecisionRef& ref,
                            DecisionRecord& record) {
  if (record.candidates_sha256().empty()) {
    promotion::CountCandidates(record);
    return absl::OkStatus();
  }
  std::vector<std::string> records;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(
      KeyRange::Prefix(storage::DecisionCandidatePrefix(ref.model, ref.channel, ref.id)),
      ScanOrder::kAscending, [&](std::string_view, const storage::Record& stored) {
        records.push_back(stored.payload);
        return true;
      }));
  return promotion::JoinCandidates(promotion::CandidatesValue(records), record);
}

absl::StatusOr<ListDecisionCandidatesResponse> ListDecisionCandidates(
    const Snapshot& snapshot, const ListDecisionCandidatesRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(const DecisionRef ref, ParseDecisionName("parent", request.parent()));
  CAIRN_ASSIGN_OR_RETURN(auto stored,
                         storage::ReadRecord<DecisionRecord>(
                             snapshot, storage::DecisionKey(ref.model, ref.channel, ref.id)));
  if (!stored.has_value()) {
    return NotFound(ErrorReason::DECISION_NOT_FOUND, "Decision", request.parent()).ToStatus();
  }
  if (stored->value.candidates_sha256().empty()) {
    return PageOfInline(request, ref, *stored->value.mutable_decision());
  }
  ListDecisionCandidatesResponse response;
  CAIRN_ASSIGN_OR_RETURN(
      *response.mutable_next_page_token(),
      storage::ListPage<DecisionCandidateRecord>(
          snapshot, request,
          KeyRange::Prefix(storage::DecisionCandidatePrefix(ref.model, ref.channel, ref.id)),
          ScanOrder::kAscending, {}, [&](std::string_view, auto candidate) {
            *response.add_candidates() = std::move(*candidate.value.mutable_candidate());
            return true;
          }));
  return response;
}

}  // namespace cairn::registry

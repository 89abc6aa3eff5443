#include "lib/promotion/stored_candidates.h"

#include <utility>

#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/netstring.h"

namespace cairn::promotion {

using cairn::internal::DecisionCandidateRecord;
using cairn::internal::DecisionRecord;

namespace {

constexpr std::string_view kCandidatesTag = "cairn.candidates.v1";

absl::Status Corrupt(const DecisionRecord& record) {
  return Error(absl::StatusCode::kDataLoss, ErrorReason::RECORD_CORRUPT,
               "the candidates of " + record.decision().name() + " are not as they were stored")
      .With("decision", record.decision().name());
}

}  // namespace

std::vector<std::string> SplitCandidates(DecisionRecord& record) {
  cairn::v1::Decision& decision = *record.mutable_decision();
  std::vector<std::string> records;
  if (decision.candidates().empty()) return records;
  for (auto& candidate : *decision.mutable_candidates()) {
    DecisionCandidateRecord stored;
    *stored.mutable_candidate() = std::move(candidate);
    records.push_back(stored.SerializeAsString());
  }
  decision.clear_candidates();
  decision.set_candidate_count(static_cast<int32_t>(records.size()));
  record.set_candidates_sha256(Sha256Hex(CandidatesValue(records)));
  return records;
}

std::string CandidatesValue(const std::vector<std::string>& records) {
  std::string value;
  AppendNetstring(value, kCandidatesTag);
  for (const std::string& record : records) AppendNetstring(value, record);
  return value;
}

absl::Status JoinCandidates(std::string_view value, DecisionRecord& record) {
  if (Sha256Hex(value) != record.candidates_sha256()) return Corrupt(record);
  if (TakeNetstring(value) != kCandidatesTag) return Corrupt(record);
  google::protobuf::RepeatedPtrField<cairn::v1::CandidateResult> candidates;
  while (!value.empty()) {
    const auto bytes = TakeNetstring(value);
    DecisionCandidateRecord stored;
    if (!bytes || !stored.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
      return Corrupt(record);
    }
    *candidates.Add() = std::move(*stored.mutable_candidate());
  }
  if (candidates.size() != record.decision().candidate_count()) return Corrupt(record);
  *record.mutable_decision()->mutable_candidates() = std::move(candidates);
  return absl::OkStatus();
}

void CountCandidates(DecisionRecord& record) {
  cairn::v1::Decision& decision = *record.mutable_decision();
  if (!decision.candidates().empty()) decision.set_candidate_count(decision.candidates_size());
}

}  // namespace cairn::promotion

#ifndef CAIRN_LIB_PROMOTION_STORED_CANDIDATES_H_
#define CAIRN_LIB_PROMOTION_STORED_CANDIDATES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "cairn/internal/records.pb.h"

namespace cairn::promotion {

// How a decision is stored: a header, and a record for each candidate. The header holds how many
// candidates there are and the SHA-256 of one value, which is netstrings `cairn.candidates.v1` and
// the bytes of each candidate's record in the order of the decision. So whoever vouches for the
// header vouches for the candidates, and whoever lists decisions reads headers only.
//
// Decisions from before have their candidates in the header and no digest; docs/promotion.md has a
// test vector. All functions are pure.

// Takes the candidates out of `record`, which becomes a header, and answers the bytes of a
// DecisionCandidateRecord for each. A decision without candidates stays as it is.
std::vector<std::string> SplitCandidates(cairn::internal::DecisionRecord& record);

// The value whose digest a header holds.
std::string CandidatesValue(const std::vector<std::string>& records);

// Puts the candidates of `value` back into the header they were taken from. DATA_LOSS
// (RECORD_CORRUPT), leaving the header, if its digest or its number is another, or the value none.
absl::Status JoinCandidates(std::string_view value, cairn::internal::DecisionRecord& record);

// Says how many candidates there are where the record does not, being from before.
void CountCandidates(cairn::internal::DecisionRecord& record);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_STORED_CANDIDATES_H_

#ifndef CAIRN_LIB_PROMOTION_DECIDE_H_
#define CAIRN_LIB_PROMOTION_DECIDE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "cairn/v1/promotion.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/promotion/policy.h"

namespace cairn::promotion {

// The edition of this code. Raised by every change after which the same input gives a decision of
// other bytes, be it a word of a message: a decision of another edition cannot be made again.
inline constexpr int32_t kEdition = 1;

// The data set version that evidence has to rest on.
struct DatasetRead {
  std::string version_name;  // "datasets/retail-features/versions/3"
  int64_t mod_revision = 0;
  std::string sha256;  // of the version's manifest
};

// Everything a decision may depend on, read at one revision of the store.
struct DecisionInput {
  std::string policy_sha256;  // PolicyDigest of the policy
  int64_t policy_revision = 0;
  // The channel's head; epoch 0 before the first promotion, version 0 while it serves nothing.
  int64_t head_version = 0;
  int64_t head_epoch = 0;
  // The version `head_version`; required if that is not 0 and the policy's
  // baseline is the channel's head, whatever the version's state.
  std::optional<VersionRead> champion;
  // Every version of the model in any order, the champion included; or, if
  // `only_version` is not 0, exactly that one, which is held against the champion alone.
  std::vector<VersionRead> candidates;
  int64_t only_version = 0;
  // The versions that are kept out of the channel, in any order. None of them is considered, but
  // for the one that is served and one that is named, which then fails.
  std::vector<cairn::v1::Hold> holds;
  // The version of the policy's evidence data set that it stands for; none if the policy
  // names no data set, or there is no such version (then checks are ERROR).
  std::optional<DatasetRead> evidence;
  // Facts about time, computed once by the caller: AgeFacts of the policy's condition and every
  // candidate. Empty for policies that ask for no age.
  std::map<std::string, std::string> time_facts;
};

// Decides which version the policy's channel should serve. Pure: no clock,
// randomness, I/O or hash-map order; equal inputs give equal bytes, and the
// order of `candidates` and of their evaluations does not matter.
//
// Fills everything of the Decision except `decide_time`, `committed`,
// `previous_audit_sha256` and `store_revision`, which the caller sets and which
// are no part of the id. A dry run and a real one call this alike; `outcome`
// and `epoch` say what committing does.
//
// A policy that is off decides nothing: NOT_ENFORCED, without candidates.
//
// - FAILED_PRECONDITION (TOO_MANY_CANDIDATES): more versions that may be candidates (admission.h)
//   than the policy's maximum; metadata `count`, `max`.
// - INTERNAL (INTERNAL_FAULT): the input contradicts itself.
absl::StatusOr<cairn::v1::Decision> Decide(const Policy& policy, const DecisionInput& input);

// The id of a decision: SHA-256 over the canonical encoding described, with a
// test vector, in docs/promotion.md. 64 hexadecimal characters.
std::string DecisionId(const std::string& policy_name, const std::string& policy_sha256,
                       int64_t policy_revision, const std::string& read_set_sha256,
                       const std::map<std::string, std::string>& time_facts);

// The id of a decision that a person makes: SHA-256 over its kind, its reason, the policy if one
// was asked, and the digest of its read set, which has the channel's revision in it. Described in
// the same place.
std::string ManualDecisionId(const cairn::v1::Decision& decision);

// SHA-256 over the canonical encoding of a read set that is sorted by key.
std::string ReadSetDigest(const std::vector<cairn::v1::ReadItem>& sorted_items);

// What a decision read, sorted by key: the channel's head, the list of versions
// (unless one was named), each candidate and the champion with their final evaluations, the
// evidence data set, and the holds if there are any. Holds only what a verdict can rest on, so that
// storing a decision or setting an alias does not change it.
std::vector<cairn::v1::ReadItem> BuildReadSet(const Policy& policy, const DecisionInput& input);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_DECIDE_H_

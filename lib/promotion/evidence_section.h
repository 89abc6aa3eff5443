#ifndef CAIRN_LIB_PROMOTION_EVIDENCE_SECTION_H_
#define CAIRN_LIB_PROMOTION_EVIDENCE_SECTION_H_

#include "absl/status/status.h"
#include "lib/promotion/policy.h"
#include "lib/promotion/yaml_tree.h"

namespace cairn::promotion {

// The sections of a policy that say what counts as evidence, and what candidates are compared with.
// All are POLICY_INVALID or POLICY_UNSUPPORTED at the field at fault. Pure but for the policy,
// whose fields they set.

// `spec.evidence`: data set, trust, repeats, lineage.
absl::Status ReadEvidence(const YamlField& field, Policy& policy);

// `spec.baseline`, once the evidence was read: what is measured again needs a data set.
absl::Status ReadBaseline(const YamlField& field, Policy& policy);

// Once checks and choose were read: the server fits again only what a policy counts, and only where
// its own word counts. Sets the default of `repeats` where a rule needs it.
absl::Status SettleRepeats(const YamlField& evidence, Policy& policy);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_EVIDENCE_SECTION_H_

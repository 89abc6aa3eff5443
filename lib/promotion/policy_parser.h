#ifndef CAIRN_LIB_PROMOTION_POLICY_PARSER_H_
#define CAIRN_LIB_PROMOTION_POLICY_PARSER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "lib/promotion/policy.h"

namespace cairn::promotion {

// Reads one YAML document of kind PromotionPolicy and checks it in full:
// fields, types, names of metrics, bands, ids. Anchors and aliases are refused altogether. Pure.
//
// Errors carry `line` and `column` (from 1) and `field` (a dot path such as
// `spec.gates[2].pass`) in their metadata:
// - INVALID_ARGUMENT (POLICY_INVALID): the document is wrong. A misspelt field
//   or metric carries `suggestion`.
// - FAILED_PRECONDITION (POLICY_UNSUPPORTED): the document asks for something
//   this server cannot do yet; the message says what to write instead.
absl::StatusOr<Policy> ParsePolicy(std::string_view yaml);

// The policy as YAML with every default written out, in a fixed order and form.
// ParsePolicy(RenderPolicy(p)) equals p; equal policies render to equal bytes.
std::string RenderPolicy(const Policy& policy);

// SHA-256 of RenderPolicy(policy) as 64 hexadecimal characters.
std::string PolicyDigest(const Policy& policy);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_POLICY_PARSER_H_

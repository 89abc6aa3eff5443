#ifndef CAIRN_LIB_PROMOTION_POLICY_TEXTS_H_
#define CAIRN_LIB_PROMOTION_POLICY_TEXTS_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "lib/promotion/yaml_tree.h"

namespace cairn::promotion {

// Texts of a policy's YAML, each by the rule of what it names. All are POLICY_INVALID at the field
// at fault, with the rule it breaks. Pure.

// The name of a policy or a channel: 1 to 63 letters, digits, `.`, `_` and `-`, which needs no
// escaping in a URL.
absl::StatusOr<std::string> ReadPlainName(const YamlField& field);

// Any text without control characters, of at most so many bytes.
absl::StatusOr<std::string> ReadHumanText(const YamlField& field, size_t max_bytes);

// The name of a model or a data set, as people give it: without slashes, at most 250 bytes.
absl::StatusOr<std::string> ReadHumanName(const YamlField& field);

}  // namespace cairn::promotion

#endif  // CAIRN_LIB_PROMOTION_POLICY_TEXTS_H_

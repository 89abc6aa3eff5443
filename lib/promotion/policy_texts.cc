#include "lib/promotion/policy_texts.h"

#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"

namespace cairn::promotion {

// Names of policies and channels: short words that need no escaping in a URL.
absl::StatusOr<std::string> ReadPlainName(const YamlField& field) {
  CAIRN_ASSIGN_OR_RETURN(std::string name, ReadText(field));
  const bool plain = name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789._-") == std::string::npos;
  if (name.empty() || name.size() > 63 || !plain || name.front() == '.' || name.front() == '-') {
    return InvalidPolicy(field,
                         "must be 1 to 63 letters, digits, '.', '_' and '-', and begin with a "
                         "letter, digit or '_'");
  }
  return name;
}

// Any text without control characters.
absl::StatusOr<std::string> ReadHumanText(const YamlField& field, size_t max_bytes) {
  CAIRN_ASSIGN_OR_RETURN(std::string text, ReadText(field));
  const absl::Status valid = ValidateHumanName(field.path, text, max_bytes, true);
  if (!valid.ok()) return InvalidPolicy(field, MetadataOf(valid, "rule"));
  return text;
}

absl::StatusOr<std::string> ReadHumanName(const YamlField& field) {
  constexpr size_t kMaxNameBytes = 250;
  CAIRN_ASSIGN_OR_RETURN(std::string name, ReadText(field));
  const absl::Status valid = ValidateHumanName(field.path, name, kMaxNameBytes, false);
  if (!valid.ok()) return InvalidPolicy(field, MetadataOf(valid, "rule"));
  return name;
}

}  // namespace cairn::promotion

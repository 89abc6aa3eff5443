#ifndef CAIRN_CLIENT_CLI_CLI_POLICY_FILES_H_
#define CAIRN_CLIENT_CLI_CLI_POLICY_FILES_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn::cli {

// One YAML document and where it stands.
struct PolicyDocument {
  std::string path;    // "-" for the standard input
  std::string source;  // line n of it is line n of the file
};

// Splits a text into its YAML documents at lines that begin with "---".
// Documents of comments and white space only are left out. A document that is
// not the first begins with empty lines, so that positions in errors and in
// stored policies are those of the file. Pure.
std::vector<std::string> SplitDocuments(std::string_view text);

// Reads documents from a file, from the standard input ("-"), or from every
// .yaml and .yml file of a directory in the order of their names.
//
// - NOT_FOUND and the system's other errors (FILE_ERROR)
// - INVALID_ARGUMENT (VALUE_INVALID): there is no document at all.
absl::StatusOr<std::vector<PolicyDocument>> ReadPolicyDocuments(const std::string& path);

// Everything on the standard input, up to `max_bytes`.
absl::StatusOr<std::string> ReadStandardInput(int64_t max_bytes = int64_t{64} << 20);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_CLI_POLICY_FILES_H_

#ifndef CAIRN_LIB_BASE_RESOURCE_NAMES_H_
#define CAIRN_LIB_BASE_RESOURCE_NAMES_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cairn {

// Resource names (AIP-122): alternating collection ids and resource ids without
// a leading slash. Ids that people choose are percent-encoded once in the name
// ("models/Customer%20Segments"); everywhere else they are in plain text.
//
// All functions are pure.

// Joins alternating collection ids and plain ids, encoding the ids:
// ResourceName({"models", "Customer Segments"}).
std::string ResourceName(std::initializer_list<std::string_view> parts);

// Splits `name` by `pattern` ("models/*/versions/*") and returns the decoded
// ids, in order. INVALID_ARGUMENT (NAME_INVALID) naming `field`, the value and
// the pattern when the name does not match it, an id is empty or an escape is
// broken; naming the rule when an id is "." or ".." or holds control characters,
// which no resource can have: whoever looks for one is told so, not NOT_FOUND.
absl::StatusOr<std::vector<std::string>> ParseResourceName(std::string_view field,
                                                           std::string_view name,
                                                           std::string_view pattern);

struct RunName {
  int64_t experiment_id = 0;
  std::string run_id;  // 32 lower-case hexadecimal characters
};

// The formatted names of the resources that have fixed patterns.
std::string ExperimentName(int64_t experiment_id);
std::string FormatRunName(int64_t experiment_id, std::string_view run_id);
std::string DatasetName(std::string_view dataset);
std::string DatasetVersionName(std::string_view dataset, int64_t version);
std::string ModelName(std::string_view model);
std::string ModelVersionName(std::string_view model, int64_t version);
std::string AliasName(std::string_view model, std::string_view alias);
std::string ChannelName(std::string_view model, std::string_view channel);
std::string DecisionName(std::string_view model, std::string_view channel,
                         std::string_view decision);
std::string PolicyName(std::string_view policy);
std::string EvaluationName(std::string_view model, int64_t version, int64_t evaluation);

// Parses "experiments/7". INVALID_ARGUMENT (NAME_INVALID) otherwise.
absl::StatusOr<int64_t> ParseExperimentName(std::string_view field, std::string_view name);

// Parses "experiments/7/runs/<32 hex>". INVALID_ARGUMENT (NAME_INVALID) otherwise.
absl::StatusOr<RunName> ParseRunName(std::string_view field, std::string_view name);

struct VersionName {
  std::string parent_id;  // the data set's or model's name in plain text
  int64_t version = 0;    // from 1
};

// Parses "models/m/versions/3" and "datasets/d/versions/3".
absl::StatusOr<VersionName> ParseModelVersionName(std::string_view field, std::string_view name);
absl::StatusOr<VersionName> ParseDatasetVersionName(std::string_view field, std::string_view name);

struct EvaluationRef {
  VersionName version;
  int64_t number = 0;  // from 1
};

// Parses "models/m/versions/3/evaluations/2".
absl::StatusOr<EvaluationRef> ParseEvaluationName(std::string_view field, std::string_view name);

struct ChannelRef {
  std::string model;
  std::string channel;
};

// Parses "models/m/channels/production".
absl::StatusOr<ChannelRef> ParseChannelName(std::string_view field, std::string_view name);

// Checks a name that people choose, before it is stored: 1..`max_bytes` bytes of
// well-formed UTF-8 without control characters and, unless `allow_slash`, without '/'
// and ':' and neither "." nor "..", which clients of HTTP resolve as parts of a path.
// INVALID_ARGUMENT (NAME_INVALID) naming `field`, the value and the rule.
//
// Of names that are looked up only what ParseResourceName says is checked: those of older
// stores with '/' or ':' stay within reach.
absl::Status ValidateHumanName(std::string_view field, std::string_view value, size_t max_bytes,
                               bool allow_slash);

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_RESOURCE_NAMES_H_

#ifndef CAIRN_CLIENT_CLI_COMMANDS_POLICY_DRAFT_H_
#define CAIRN_CLIENT_CLI_COMMANDS_POLICY_DRAFT_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cairn/v1/evaluations.pb.h"

namespace cairn::cli {

// A policy to begin with, made of what was measured of a model's newest versions.
//
// Its numbers only say what there is today: gates stand where the worst of these versions still
// passes. What the evaluations cannot tell, such as the direction of a metric that the server does
// not know, stands there as a comment for a person to complete, and is never guessed.

// What a metric's values were.
struct MetricSeen {
  double least = 0;
  double most = 0;
  int versions = 0;  // with a value
  // "higher" or "lower" where the server knows which values are better.
  std::optional<std::string> direction;
};

struct PolicyDraft {
  std::string model;  // plain names
  std::string channel;
  std::string dataset;  // on which most values were measured; empty if nobody said
  int versions = 0;     // that were looked at
  std::map<std::string, MetricSeen> metrics;
};

// Gathers values of final evaluations in the versions' own spaces, of the `most_versions` newest
// versions in `evaluations`, which stand newest first. Directions stay empty. Pure.
PolicyDraft GatherDraft(const std::vector<v1::Evaluation>& evaluations, int most_versions);

// The draft as commented YAML; the same draft gives the same bytes. Pure.
std::string DraftText(const PolicyDraft& draft);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_POLICY_DRAFT_H_

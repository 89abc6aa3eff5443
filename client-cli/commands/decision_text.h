#ifndef CAIRN_CLIENT_CLI_COMMANDS_DECISION_TEXT_H_
#define CAIRN_CLIENT_CLI_COMMANDS_DECISION_TEXT_H_

#include <string>

#include "cairn/v1/promotion.pb.h"

namespace cairn::cli {

// Decisions for people: the sentence first, then the numbers. Pure functions.

// The checks of a candidate, one line each, aligned: verdict, rule, what was
// observed, what is needed, and by how much.
std::string ChecksText(const v1::CandidateResult& candidate);

// A decision: what happened, then each candidate with what went against it, or
// all its checks when it was chosen.
std::string DecisionText(const v1::Decision& decision);

// An explanation: the server's sentences, then the checks and what would turn
// the verdict.
std::string ExplanationText(const v1::ExplainResponse& explanation);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_DECISION_TEXT_H_

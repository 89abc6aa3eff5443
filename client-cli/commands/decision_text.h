#ifndef CAIRN_CLIENT_CLI_COMMANDS_DECISION_TEXT_H_
#define CAIRN_CLIENT_CLI_COMMANDS_DECISION_TEXT_H_

#include <cstddef>
#include <string>

#include "cairn/v1/promotion.pb.h"

namespace cairn::cli {

// Decisions for people: the sentence first, then the numbers. `width` is that of the terminal, to
// which sentences and tables are wrapped; 0 wraps nothing. Resource names are whole in any case.
// Pure functions.

// The checks of a candidate, one line each, aligned: verdict, rule, what was
// observed, what is needed, and by how much. Where the messages find no room beside them, those
// of checks that did not pass follow below.
std::string ChecksText(const v1::CandidateResult& candidate, size_t width = 0);

// A decision: what happened, then each candidate with what went against it, or
// all its checks when it was chosen.
std::string DecisionText(const v1::Decision& decision, size_t width = 0);

// An explanation: the server's sentences, then the checks and what would turn
// the verdict.
std::string ExplanationText(const v1::ExplainResponse& explanation, size_t width = 0);

}  // namespace cairn::cli

#endif  // CAIRN_CLIENT_CLI_COMMANDS_DECISION_TEXT_H_

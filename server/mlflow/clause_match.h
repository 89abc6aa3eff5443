#ifndef CAIRN_SERVER_MLFLOW_CLAUSE_MATCH_H_
#define CAIRN_SERVER_MLFLOW_CLAUSE_MATCH_H_

#include <optional>
#include <string_view>

#include "server/mlflow/filter.h"

namespace cairn::mlflow {

// What clauses that are checked in the gateway have in common. Those of experiments, models and
// versions are, because these are few; clauses about runs become a filter of Cairn, but for what it
// cannot say (run_query.h). All functions are pure.

// Whether the clause is about a tag, and whether the entity is that of attributes.
bool IsOfTag(const Clause& clause);
bool IsAttribute(std::string_view entity);

// The number that an unquoted literal is, from its first byte to its last; nullopt if it is none.
std::optional<double> NumberIn(const Literal& literal);

// Whether the clause holds for a number. REQUIRES: its value is one, and its operator compares.
bool NumberHolds(double left, const Clause& clause);

// Whether the clause holds for a text that is there: = != IN NOT IN, and LIKE or else ILIKE.
// REQUIRES: it has a value.
bool TextHolds(std::string_view left, const Clause& clause);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_CLAUSE_MATCH_H_

#ifndef CAIRN_SERVER_CORE_FIELD_PATH_H_
#define CAIRN_SERVER_CORE_FIELD_PATH_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/core/filter_lexer.h"
#include "server/core/run_filter.h"

namespace cairn::core {

// Single fields of runs as filters write them: `metrics.silhouette`, `params.k`,
// `tags."a b"`, `state`. What one of the two writes the other reads. Pure; thread-safe.

// Quoted only where it has to be: a key is split at its dots, and put in quotes whole if one of
// the parts is no plain word.
std::string FormatRunField(const RunFieldRef& ref);

// Reads a path where `lexer` stands. The lexer's error if it does not parse, or is no field of a
// run.
absl::StatusOr<RunFieldRef> TakeRunField(FilterLexer& lexer);

// Reads a text that is one field, with blanks around it or not. INVALID_ARGUMENT
// (VALUE_INVALID) that names the request's `field`.
absl::StatusOr<RunFieldRef> ParseRunField(std::string_view field, std::string_view text);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_FIELD_PATH_H_

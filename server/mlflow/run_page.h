#ifndef CAIRN_SERVER_MLFLOW_RUN_PAGE_H_
#define CAIRN_SERVER_MLFLOW_RUN_PAGE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cairn::mlflow {

// Where a page of a search of runs begins. A page of deleted runs is gathered from pages with all
// runs, and may end within one of them; so its token is that of a search, and how many runs to pass
// over behind it.
struct RunPlace {
  std::string token;  // of SearchRuns; empty at the beginning
  int64_t skip = 0;
};

// As clients carry it: the token of SearchRuns itself where nothing is passed over.
std::string TokenOfPlace(const RunPlace& place);

// INVALID_PARAMETER_VALUE: the number before the dot is none. Whether the rest is a token,
// SearchRuns says.
absl::StatusOr<RunPlace> PlaceOfToken(std::string_view token);

}  // namespace cairn::mlflow

#endif  // CAIRN_SERVER_MLFLOW_RUN_PAGE_H_

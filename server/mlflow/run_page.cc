#include "server/mlflow/run_page.h"

#include <charconv>

#include "fmt/format.h"
#include "server/mlflow/error.h"

namespace cairn::mlflow {

// No token of SearchRuns has a dot: they are Base64 for URLs.
std::string TokenOfPlace(const RunPlace& place) {
  return place.skip == 0 ? place.token : fmt::format("{}.{}", place.skip, place.token);
}

absl::StatusOr<RunPlace> PlaceOfToken(std::string_view token) {
  const size_t dot = token.find('.');
  if (dot == token.npos) return RunPlace{std::string(token)};
  RunPlace place{std::string(token.substr(dot + 1))};
  const char* end = token.data() + dot;
  const auto read = std::from_chars(token.data(), end, place.skip);
  if (read.ec == std::errc() && read.ptr == end && place.skip > 0) return place;
  return Refuse(kInvalidParameter, "Invalid page token.");
}

}  // namespace cairn::mlflow

#include "pipeline/serving/json_reader.h"

#include <fmt/format.h>

#include "lib/base/errors.h"

namespace cairn::pipeline::serving {

absl::Status BadForm(std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_MALFORMED,
               fmt::format("the body {}", rule))
      .With("rule", rule);
}

bool JsonReader::Malformed() {
  return Refuse(Error(absl::StatusCode::kInvalidArgument, ErrorReason::REQUEST_MALFORMED,
                      fmt::format("the body is not valid JSON at byte {}", cursor.offset()))
                    .With("offset", std::to_string(cursor.offset())));
}

bool JsonReader::Mistyped(std::string_view rule) {
  return cursor.SkipValue() ? Refuse(BadForm(rule)) : Malformed();
}

bool JsonReader::BadToken(std::string_view column, std::string_view rule) {
  if (cursor.AtEnd()) return Malformed();
  return Refuse(BadValue(instance, column, cursor.Token(), rule));
}

bool JsonReader::Twice(size_t j) {
  const std::string& column = model.columns()[j];
  return Refuse(BadValue(instance, column, column, "the column is there twice"));
}

}  // namespace cairn::pipeline::serving

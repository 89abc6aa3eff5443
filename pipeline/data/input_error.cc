#include "pipeline/data/input_error.h"

#include "lib/base/errors.h"

namespace cairn::pipeline {

absl::Status InputError(absl::StatusCode code, std::string_view kind, std::string_view message,
                        std::string_view subject) {
  Error error(code, ErrorReason::VALUE_INVALID, message);
  error.With("kind", kind);
  if (!subject.empty()) error.With("subject", subject);
  return error.ToStatus();
}

std::string InputErrorKind(const absl::Status& status) { return MetadataOf(status, "kind"); }

}  // namespace cairn::pipeline

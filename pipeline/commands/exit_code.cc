#include "pipeline/commands/exit_code.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "lib/base/errors.h"
#include "pipeline/commands/note.h"

namespace cairn::pipeline {

int ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  if (HasReason(status, ErrorReason::CONFIG_INVALID) ||
      HasReason(status, ErrorReason::FIELD_REQUIRED)) {
    return kExitUsage;
  }
  if (HasReason(status, ErrorReason::MODEL_MALFORMED)) return kExitIntegrity;
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return HasReason(status, ErrorReason::FILE_ERROR) ? kExitFailure : kExitAuth;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return kExitConflict;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnavailable;
    case absl::StatusCode::kDataLoss:
      return kExitIntegrity;
    default:
      return kExitFailure;
  }
}

int ReportError(const absl::Status& status, std::string_view resume) {
  const std::string message(status.message());
  Note("cairn-pipeline: {}\n", message);
  const int code = ExitCodeOf(status);
  if (code == kExitUnavailable && !resume.empty()) {
    Note("What is registered so far is kept and will be found again. To go on:\n  {}\n", resume);
  }
  return code;
}

}  // namespace cairn::pipeline

#ifndef CAIRN_CLIENT_CLI_MLFLOW_IMPORT_IMPORT_OPTIONS_H_
#define CAIRN_CLIENT_CLI_MLFLOW_IMPORT_IMPORT_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client-cli/mlflow_import/report.h"

namespace cairn::mlflow_import {

// How to import. Value type.
struct ImportOptions {
  // Only these, by name, and no registry; empty: everything.
  std::vector<std::string> experiments;
  bool dry_run = false;   // reads and counts, and asks Cairn for nothing
  bool artifacts = true;  // files too; without them there are no model versions either
  bool recheck = false;   // reads again what an earlier import has completed
  // Hears of every step, as often as there is one; may be empty.
  std::function<void(const Report&)> on_progress;
};

// Whether an error is of one thing only, which is then left out; else the whole import ends, and
// can be run again.
inline bool IsOfOneThing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kInternal:  // of MLflow: its own fault with this thing
      return true;
    default:
      return false;
  }
}

}  // namespace cairn::mlflow_import

#endif  // CAIRN_CLIENT_CLI_MLFLOW_IMPORT_IMPORT_OPTIONS_H_

#ifndef CAIRN_LIB_MODEL_MODEL_ERROR_H_
#define CAIRN_LIB_MODEL_MODEL_ERROR_H_

#include <string>
#include <string_view>

#include "lib/base/errors.h"

namespace cairn::model {

// INVALID_ARGUMENT (MODEL_MALFORMED) of `kind`, one of the words in model_file.h. Add what is
// variable in the message with Error::With.
inline Error ModelError(std::string_view kind, std::string_view message) {
  Error error(absl::StatusCode::kInvalidArgument, ErrorReason::MODEL_MALFORMED,
              "model: " + std::string(message));
  error.With("kind", kind);
  return error;
}

}  // namespace cairn::model

#endif  // CAIRN_LIB_MODEL_MODEL_ERROR_H_

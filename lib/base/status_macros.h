#ifndef CAIRN_LIB_BASE_STATUS_MACROS_H_
#define CAIRN_LIB_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define CAIRN_MACRO_CONCAT_INNER(a, b) a##b
#define CAIRN_MACRO_CONCAT(a, b) CAIRN_MACRO_CONCAT_INNER(a, b)

// Returns from the enclosing function when `expr` is a status that is not OK.
#define CAIRN_RETURN_IF_ERROR(expr)                                 \
  do {                                                              \
    if (absl::Status cairn_status_ = (expr); !cairn_status_.ok()) { \
      return cairn_status_;                                         \
    }                                                               \
  } while (false)

// Assigns the value of a StatusOr to `lhs` (which may declare a variable), or
// returns its status from the enclosing function.
#define CAIRN_ASSIGN_OR_RETURN(lhs, expr) \
  CAIRN_ASSIGN_OR_RETURN_IMPL(CAIRN_MACRO_CONCAT(cairn_or_, __LINE__), lhs, expr)

#define CAIRN_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                \
  if (!tmp.ok()) {                                  \
    return std::move(tmp).status();                 \
  }                                                 \
  lhs = std::move(tmp).value()

#endif  // CAIRN_LIB_BASE_STATUS_MACROS_H_

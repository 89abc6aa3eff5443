#ifndef CAIRN_LIB_CLIENT_TOKEN_FILE_H_
#define CAIRN_LIB_CLIENT_TOKEN_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn::client {

// The token by which a server knows its caller, and the file it lies in. Whoever has the token is
// the caller: no error here repeats it, and a file that others can read is refused.

// The most that a token has.
inline constexpr size_t kMaxTokenBytes = 512;

// What `token` must be to be sent: 1 to kMaxTokenBytes bytes of printable ASCII without blanks.
// INVALID_ARGUMENT (VALUE_INVALID) naming the field `token` and the rule.
absl::Status CheckToken(std::string_view token);

// The token in the file `path`: its first line, without blanks at its ends; further lines must be
// empty. A pipe is read as well (`<(secret-tool …)`).
//   NOT_FOUND, INTERNAL … (FILE_ERROR)    it cannot be read
//   PERMISSION_DENIED (TOKEN_FILE_OPEN)   it is a file that others than its owner may read or
//                                         write; the message says how to close it
//   INVALID_ARGUMENT (VALUE_INVALID)      it holds no token, or more than one line
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_TOKEN_FILE_H_

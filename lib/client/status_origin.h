#ifndef CAIRN_LIB_CLIENT_STATUS_ORIGIN_H_
#define CAIRN_LIB_CLIENT_STATUS_ORIGIN_H_

#include "absl/status/status.h"

namespace cairn::client {

// Where an error happened. The same reason asks for different things here and there: a full
// disk of the server is waited for, one on this side is not.

// Notes that a call ended with `status`, which must not be OK.
void MarkFromServer(absl::Status* status);

// Whether a call ended with `status`. False for what this process found out by itself. Pure.
bool IsFromServer(const absl::Status& status);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_STATUS_ORIGIN_H_

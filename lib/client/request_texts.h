#ifndef CAIRN_LIB_CLIENT_REQUEST_TEXTS_H_
#define CAIRN_LIB_CLIENT_REQUEST_TEXTS_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"

namespace cairn::client {

// Checks that every text of a message, and of the messages in it, is UTF-8, which protobuf
// needs and would only complain about on the standard error. Fields of bytes may hold anything.
//
// INVALID_ARGUMENT (VALUE_INVALID) naming the field, such as `run.tags["team"]`, and its value.
absl::Status CheckTexts(const google::protobuf::Message& message);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_REQUEST_TEXTS_H_

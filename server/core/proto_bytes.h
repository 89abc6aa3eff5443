#ifndef CAIRN_SERVER_CORE_PROTO_BYTES_H_
#define CAIRN_SERVER_CORE_PROTO_BYTES_H_

#include <string>

#include "google/protobuf/message_lite.h"

namespace cairn::core {

// The message in deterministic serialisation: equal messages give equal bytes,
// map entries sorted by key. What hashes of messages are computed over. Pure.
std::string DeterministicBytes(const google::protobuf::MessageLite& message);

}  // namespace cairn::core

#endif  // CAIRN_SERVER_CORE_PROTO_BYTES_H_

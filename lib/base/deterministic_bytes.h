#ifndef CAIRN_LIB_BASE_DETERMINISTIC_BYTES_H_
#define CAIRN_LIB_BASE_DETERMINISTIC_BYTES_H_

#include <string>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/message.h"

namespace cairn {

// The bytes of a message, the same for equal messages, also where it has maps: for what
// is digested, compared or kept as text. Not a canonical form between releases of
// protobuf. Pure; thread-safe. Map entries are written by key; everything else is what
// SerializeAsString gives. Digests that outlive a release of protobuf therefore rest on
// texts of our own, or on bytes that were stored.
inline std::string DeterministicBytes(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }  // what they hold back is in `bytes` now
  return bytes;
}

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_DETERMINISTIC_BYTES_H_

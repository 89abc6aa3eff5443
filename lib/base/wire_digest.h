#ifndef CAIRN_LIB_BASE_WIRE_DIGEST_H_
#define CAIRN_LIB_BASE_WIRE_DIGEST_H_

#include "cairn/v1/artifacts.pb.h"
#include "lib/base/digest.h"

namespace cairn {

// A digest as the API's messages have it. Pure. The way back is ParseDigest.
inline v1::BlobDigest ToWire(const Digest& digest) {
  v1::BlobDigest wire;
  wire.set_sha256(digest.Hex());
  wire.set_size_bytes(digest.size_bytes);
  return wire;
}

}  // namespace cairn

#endif  // CAIRN_LIB_BASE_WIRE_DIGEST_H_

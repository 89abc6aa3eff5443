#ifndef CAIRN_LIB_CLIENT_UPLOAD_ID_H_
#define CAIRN_LIB_CLIENT_UPLOAD_ID_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/base/digest.h"

namespace cairn::client {

// From this size on an upload in one stream is resumed by later processes. Smaller blobs are
// sent again as quickly as it takes to ask. Internal to lib/client.
inline constexpr int64_t kResumableBytes = 4 << 20;

// The uuid under which this user of this machine sends a blob, today and after a crash: so
// what a process that is gone had sent is found again, without a file that remembers it. Two
// processes that send the same blob at once get the same one; the server gives the upload
// to the later, and the earlier takes a random one (ArtifactClient::WriteBlob).
//
// A UUID4 in form. Nobody else needs to guess it, and who does can only spoil the upload,
// not the blob: its digest is checked. Safe to call from any thread.
std::string ResumableUploadUuid(const Digest& digest, std::string_view principal);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_UPLOAD_ID_H_

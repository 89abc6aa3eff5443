#ifndef CAIRN_LIB_CLIENT_RANGE_DOWNLOAD_H_
#define CAIRN_LIB_CLIENT_RANGE_DOWNLOAD_H_

#include "absl/status/status.h"
#include "lib/base/digest.h"
#include "lib/client/artifact_client.h"
#include "lib/client/partial_file.h"
#include "lib/client/transfer_progress.h"

namespace cairn::client {

// Fetches a blob into `file`, which may have its beginning already, in ranges of 4 MiB of
// which up to `calls_in_flight` are under way at a time. Internal to lib/client.
//
// The server checks each range; the caller's thread follows behind them, hashes what is
// there from the first byte on and compares the digest at the end. When it differs and a part
// was there before, that part was damaged: all of it is fetched once more.
//
// On success the file is complete but not moved. `meter` gets what was received, and what
// was there before as skipped.
//
// - NOT_FOUND (BLOB_NOT_FOUND), DATA_LOSS (BLOB_CORRUPT)
// - errors of the calls and of the file; what arrived is marked in the file
absl::Status DownloadInRanges(ArtifactClient& artifacts, const Digest& digest, PartialFile& file,
                              int calls_in_flight, ProgressMeter& meter);

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_RANGE_DOWNLOAD_H_

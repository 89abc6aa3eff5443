#ifndef CAIRN_SERVER_BLOB_INDEX_H_
#define CAIRN_SERVER_BLOB_INDEX_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/options.h"

namespace cairn {

// What `cairnd --rebuild-blob-index` does: makes the index of blobs in the store of
// `options.data_dir` anew from its packs, where it lacks something or is wrong, and answers in
// one line what came back. Where the database of the store is gone it begins with an empty
// one; runs, data sets, models and all else that only the database had does not come back.
//
//   FAILED_PRECONDITION (STORE_LOCKED)  a server has the directory
//   FAILED_PRECONDITION (STORE_NEWER), DATA_LOSS (STORE_CORRUPT): as for Server::Start
absl::StatusOr<std::string> RebuildBlobIndex(const ServerOptions& options);

}  // namespace cairn

#endif  // CAIRN_SERVER_BLOB_INDEX_H_

#ifndef CAIRN_SERVER_KNOWN_REVISION_H_
#define CAIRN_SERVER_KNOWN_REVISION_H_

#include <string>

#include "server/storage/rocks_store.h"

namespace cairn {

// Lets a store be refused that ends before the newest checkpoint of its run index: commits are
// missing. Whoever opens the store of a data directory asks for it. Reads names only.
void ExpectCheckpointRevision(const std::string& data_dir, storage::RocksOptions& options);

}  // namespace cairn

#endif  // CAIRN_SERVER_KNOWN_REVISION_H_

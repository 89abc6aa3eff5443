#ifndef CAIRN_SERVER_STORAGE_RUN_OUTPUTS_H_
#define CAIRN_SERVER_STORAGE_RUN_OUTPUTS_H_

#include <string_view>

#include "cairn/internal/records.pb.h"
#include "server/storage/typed_record.h"
#include "server/storage/write_set.h"

namespace cairn::storage {

// Adds to `write_set` that the run lists `resource`, the canonical name of a version
// that was made or registered from it, among its outputs: what is registered is then
// found from its run by filters. The commit fails if the run changed since `run` was
// read. Nothing is added if the run lists it.
void AddRunOutput(Stored<cairn::internal::RunRecord> run, std::string_view resource,
                  WriteSet& write_set);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_RUN_OUTPUTS_H_

#ifndef CAIRN_SERVER_RECORDS_RUN_OUTPUTS_H_
#define CAIRN_SERVER_RECORDS_RUN_OUTPUTS_H_

#include <string_view>

#include "absl/status/status.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "server/storage/typed_record.h"
#include "server/storage/write_set.h"

namespace cairn::records {

// Adds to `write_set` that the run lists `resource`, the canonical name of a version
// that was made or registered from it, among its outputs: what is registered is then
// found from its run by filters. The commit fails if the run changed since `run` was
// read. Nothing is added if the run lists it.
void AddRunOutput(storage::Stored<cairn::internal::RunRecord> run, std::string_view resource,
                  storage::WriteSet& write_set);

// FAILED_PRECONDITION (RUN_DELETED) for a run that is deleted: nothing is logged into it, made from
// it or nested in it until it is restored. `name` is the run's, as the caller wrote it.
absl::Status CheckRunLive(const v1::Run& run, std::string_view name);

}  // namespace cairn::records

#endif  // CAIRN_SERVER_RECORDS_RUN_OUTPUTS_H_

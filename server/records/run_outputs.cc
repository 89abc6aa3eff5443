#include "server/records/run_outputs.h"

#include <string>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/storage/keyspace.h"

namespace cairn::records {

using storage::ImageOf;
using storage::Key;
using storage::RunKey;
using storage::Stored;
using storage::WriteSet;

void AddRunOutput(Stored<cairn::internal::RunRecord> run, std::string_view resource,
                  WriteSet& write_set) {
  cairn::v1::Run& listed = *run.value.mutable_run();
  for (const auto& output : listed.outputs()) {
    if (output.resource() == resource) return;
  }
  listed.add_outputs()->set_resource(std::string(resource));
  v1::Event::Logged logged;
  logged.set_lineage(true);
  const Key key = RunKey(listed.uid());
  write_set.RequireRevision(key, run.mod_revision)
      .PutRecord(key, run.value.SerializeAsString())
      .Emit(listed.name(), v1::Event::RUN_LOGGED, ImageOf(logged));
}

absl::Status CheckRunLive(const v1::Run& run, std::string_view name) {
  if (!run.has_delete_time()) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::RUN_DELETED,
               fmt::format("{} is deleted", name))
      .With("run", name)
      .Precondition("RUN", name, "is deleted");
}

}  // namespace cairn::records

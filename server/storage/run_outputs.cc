#include "server/storage/run_outputs.h"

#include <string>

#include "server/storage/keyspace.h"

namespace cairn::storage {

void AddRunOutput(Stored<cairn::internal::RunRecord> run, std::string_view resource,
                  WriteSet& write_set) {
  cairn::v1::Run& listed = *run.value.mutable_run();
  for (const auto& output : listed.outputs()) {
    if (output.resource() == resource) return;
  }
  listed.add_outputs()->set_resource(std::string(resource));
  const Key key = RunKey(listed.uid());
  write_set.RequireRevision(key, run.mod_revision)
      .PutRecord(key, run.value.SerializeAsString())
      .Emit(listed.name(), "run.logged");
}

}  // namespace cairn::storage

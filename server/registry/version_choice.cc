#include "server/registry/version_choice.h"

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/registry/holds.h"
#include "server/registry/models.h"

namespace cairn::registry {

absl::StatusOr<std::string> ServableVersion(const storage::Snapshot& snapshot,
                                            const ChannelState& state, int64_t version) {
  CAIRN_ASSIGN_OR_RETURN(const auto read, ReadModelVersion(snapshot, state.ref.model, version));
  const std::string name = ModelVersionName(state.ref.model, version);
  if (const auto* hold = FindHold(state.channel, name); hold != nullptr) {
    return VersionHeld(state.channel, *hold);
  }
  if (read.value.version().state() == cairn::v1::ModelVersion::ARCHIVED) {
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::MODEL_VERSION_ARCHIVED,
                 fmt::format("{} is archived", name))
        .With("version", name)
        .Precondition("STATE", name, "the version is archived")
        .ToStatus();
  }
  return read.value.version().sha256();
}

}  // namespace cairn::registry

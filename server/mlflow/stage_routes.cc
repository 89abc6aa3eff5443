#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "lib/base/errors.h"
#include "server/mlflow/error.h"
#include "server/mlflow/registry_calls.h"
#include "server/mlflow/route_table.h"

namespace cairn::mlflow {
namespace {

// A transition of a stage, as it was asked for.
struct Transition {
  VersionField version;
  std::string_view stage = kNoStage;
  bool archive_existing = false;
};

bool IsActive(std::string_view stage) { return stage == kStaging || stage == kProduction; }

Transition TransitionOf(const Fields& fields) {
  Transition asked;
  asked.version = RequiredVersion(fields);
  const std::string text = fields.Required("stage");
  asked.archive_existing = fields.Bool("archive_existing_versions");
  const auto stage = StageNamed(text);
  if (!stage.has_value()) {
    fields.Refuse(Refuse(kInvalidParameter,
                         fmt::format("Invalid Model Version stage: {}. It must be one of None, "
                                     "Staging, Production and Archived.",
                                     Shortened(text, 100))));
  } else if (asked.archive_existing && !IsActive(*stage)) {
    fields.Refuse(Refuse(kInvalidParameter,
                         fmt::format("Existing versions are archived only where others come to "
                                     "Staging or Production; '{}' is not an active stage.",
                                     *stage)));
  }
  asked.stage = stage.value_or(kNoStage);
  return asked;
}

// What a governed channel serves leaves by a decision only.
absl::Status CheckMayLeave(const VersionField& version, std::string_view to,
                           const ServedStages& served) {
  for (const auto& [stage, name] : served) {
    if (name != version.name() || stage == to) continue;
    return Refuse(kInvalidParameter,
                  fmt::format("{} is what the channel of the stage {} serves, and a policy governs "
                              "that: promote another version, or roll back.",
                              name, stage));
  }
  return absl::OkStatus();
}

Task<absl::Status> Archive(Session& session, VersionField version) {
  v1::ArchiveModelVersionRequest archive;
  archive.set_name(version.name());
  const auto done = co_await session.Call(session.rows().archive_model_version, std::move(archive));
  co_return done.ok() ? absl::OkStatus() : ErrorOfVersion(version, done.status());
}

Task<absl::Status> Restore(Session& session, VersionField version) {
  v1::RestoreModelVersionRequest restore;
  restore.set_name(version.name());
  const auto done = co_await session.Call(session.rows().restore_model_version, std::move(restore));
  co_return done.ok() ? absl::OkStatus() : ErrorOfVersion(version, done.status());
}

// None is no tag.
Task<absl::Status> TagStage(Session& session, VersionField version, std::string_view stage) {
  v1::UpdateModelVersionRequest update;
  update.mutable_model_version()->set_name(version.name());
  if (stage != kNoStage) {
    (*update.mutable_model_version()->mutable_tags())[std::string(kStageTag)] = std::string(stage);
  }
  update.mutable_update_mask()->add_paths("tags." + std::string(kStageTag));
  const auto done = co_await session.Call(session.rows().update_model_version, std::move(update));
  co_return done.ok() ? absl::OkStatus() : ErrorOfVersion(version, done.status());
}

// An archived version is no candidate, so it comes back first, and goes again if it is refused.
Task<absl::Status> Enter(Session& session, Transition asked, bool archived) {
  if (archived) CAIRN_CO_RETURN_IF_ERROR(co_await Restore(session, asked.version));
  if (!IsActive(asked.stage)) co_return absl::OkStatus();
  const std::string stage(asked.stage);
  absl::Status allowed = co_await AskPolicies(session, asked.version, stage, /*any_case=*/true);
  if (!allowed.ok() && archived) {
    CAIRN_CO_RETURN_IF_ERROR(co_await Archive(session, asked.version));
  }
  co_return std::move(allowed);
}

// One that a channel still serves cannot be archived; then only its stage is.
Task<absl::Status> ArchiveOthers(Session& session, std::vector<VersionField> others) {
  for (const VersionField& other : others) {
    absl::Status done = co_await Archive(session, other);
    if (HasReason(done, ErrorReason::MODEL_VERSION_IN_USE)) {
      done = co_await TagStage(session, other, kArchived);
    }
    CAIRN_CO_RETURN_IF_ERROR(done);
  }
  co_return absl::OkStatus();
}

// Those that are in the stage, but for the one that comes.
Task<absl::StatusOr<std::vector<VersionField>>> OthersIn(Session& session, Transition asked,
                                                         ServedStages served) {
  std::vector<VersionField> others;
  if (!asked.archive_existing) co_return std::move(others);
  const auto versions = co_await ListVersions(session, asked.version.model);
  if (!versions.ok()) co_return versions.status();
  for (const v1::ModelVersion& version : *versions) {
    const int64_t number = NumberOf(version);
    if (number == asked.version.number || StageOf(version, served) != asked.stage) continue;
    others.push_back({asked.version.model, number});
  }
  co_return std::move(others);
}

Task<Reply> TransitionStage(Session& session, const Fields& fields) {
  const Transition asked = TransitionOf(fields);
  CAIRN_CO_RETURN_IF_ERROR(fields.status());
  const auto version = co_await GetVersion(session, asked.version);
  if (!version.ok()) co_return version.status();
  const auto served = co_await ServedOf(session, asked.version.model);
  if (!served.ok()) co_return served.status();
  CAIRN_CO_RETURN_IF_ERROR(CheckMayLeave(asked.version, asked.stage, *served));
  const auto others = co_await OthersIn(session, asked, *served);
  if (!others.ok()) co_return others.status();
  if (asked.stage == kArchived) {
    CAIRN_CO_RETURN_IF_ERROR(co_await Archive(session, asked.version));
  } else {
    const bool archived = version->state() == v1::ModelVersion::ARCHIVED;
    CAIRN_CO_RETURN_IF_ERROR(co_await Enter(session, asked, archived));
  }
  const std::string_view tag = asked.stage == kArchived ? kNoStage : asked.stage;
  CAIRN_CO_RETURN_IF_ERROR(co_await TagStage(session, asked.version, tag));
  CAIRN_CO_RETURN_IF_ERROR(co_await ArchiveOthers(session, *others));
  co_return co_await VersionReply(session, asked.version);
}

}  // namespace

std::vector<RouteRow> StageRoutes() {
  return {{"POST", "/model-versions/transition-stage", TransitionStage}};
}

}  // namespace cairn::mlflow

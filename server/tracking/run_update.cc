#include "server/tracking/run_update.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/core/tag_mask.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "server/tracking/limits.h"
#include "server/tracking/runs.h"
#include "server/tracking/validation.h"

namespace cairn::tracking {
namespace {

using cairn::v1::Run;
using cairn::v1::UpdateRunRequest;
using storage::Plan;
using storage::Snapshot;
using storage::WriteSet;

constexpr int64_t kMaxLeaseSeconds = int64_t{30} * 24 * 3600;

// Fields that a mask may name without effect: the server sets them.
bool IsOutputOnly(std::string_view path) {
  static const std::set<std::string_view> kFields = {
      "name",        "uid",         "state", "end_time",      "metrics",
      "create_time", "delete_time", "etag",  "state_message", "kind"};
  return kFields.count(path) != 0;
}

// What an update changes.
struct Changes {
  bool display_name = false;
  bool lease_duration = false;
  bool parent_run = false;  // cannot be changed, but named with the value it has
  core::TagMask tags;
};

absl::Status UnknownPath(std::string_view path) {
  return InvalidField(ErrorReason::UPDATE_MASK_INVALID, "update_mask", path,
                      "must name display_name, lease_duration, tags or tags.KEY");
}

absl::StatusOr<Changes> ChangesOf(const UpdateRunRequest& request) {
  Changes changes;
  if (!request.has_update_mask()) {
    changes.display_name = !request.run().display_name().empty();
    changes.lease_duration = request.run().has_lease_duration();
    changes.tags = core::TagMask::OfPopulated(request.run().tags());
    changes.parent_run = !request.run().parent_run().empty();
    return changes;
  }
  for (const std::string& path : request.update_mask().paths()) {
    const bool all = path == "*";
    CAIRN_ASSIGN_OR_RETURN(const bool about_tags, changes.tags.Take(path));
    changes.display_name |= all || path == "display_name";
    changes.lease_duration |= all || path == "lease_duration";
    changes.parent_run |= path == "parent_run" || (all && !request.run().parent_run().empty());
    if (!about_tags && path != "display_name" && path != "lease_duration" && path != "parent_run" &&
        !IsOutputOnly(path)) {
      return UnknownPath(path);
    }
  }
  return changes;
}

// The tags that are set or, as nullopt, removed.
using TagChanges = std::map<std::string, std::optional<std::string>>;

TagChanges TagChangesOf(const core::Tags& current, const core::Tags& updated) {
  TagChanges changes;
  for (const auto& [key, value] : current) {
    if (updated.find(key) == updated.end()) changes[key] = std::nullopt;
  }
  for (const auto& [key, value] : updated) {
    const auto old = current.find(key);
    if (old == current.end() || old->second != value) changes[key] = value;
  }
  return changes;
}

void WriteTags(std::string_view run_id, const TagChanges& tags, WriteSet& write_set) {
  for (const auto& [key, value] : tags) {
    const storage::Key tag = storage::RunTagKey(run_id, key);
    if (value.has_value()) {
      write_set.PutRecord(tag, ValuePayload(*value));
    } else {
      write_set.Delete(tag);
    }
  }
}

void ApplyTags(const TagChanges& tags, Run& run) {
  for (const auto& [key, value] : tags) {
    if (value.has_value()) {
      (*run.mutable_tags())[key] = *value;
    } else {
      run.mutable_tags()->erase(key);
    }
  }
}

absl::Status Validate(const Run& run) {
  CAIRN_RETURN_IF_ERROR(
      ValidateOptionalName("run.display_name", run.display_name(), kMaxRunNameBytes));
  CAIRN_RETURN_IF_ERROR(ValidateLease(run));
  return ValidateMap("run.tags", run.tags(), kMaxRunTagValueBytes);
}

}  // namespace

absl::Status ValidateLease(const Run& run) {
  const auto& lease = run.lease_duration();
  const bool whole = lease.nanos() >= 0 && lease.nanos() < kNanosPerSecond;
  const bool none = lease.seconds() == 0 && lease.nanos() == 0;
  const bool in_range = lease.seconds() >= 1 && lease.seconds() <= kMaxLeaseSeconds;
  if (none || (whole && in_range)) return absl::OkStatus();
  return InvalidField(ErrorReason::VALUE_INVALID, "run.lease_duration",
                      fmt::format("{}s {}ns", lease.seconds(), lease.nanos()),
                      "must be 0 or between 1 s and 30 days");
}

absl::StatusOr<Plan> PlanUpdateRun(const Snapshot& snapshot, const UpdateRunRequest& request) {
  CAIRN_RETURN_IF_ERROR(Validate(request.run()));
  CAIRN_ASSIGN_OR_RETURN(const Changes changes, ChangesOf(request));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadLiveRun(snapshot, "run.name", request.run().name()));
  CAIRN_RETURN_IF_ERROR(
      storage::CheckEtag(request.run().name(), request.run().etag(), stored.mod_revision));
  CAIRN_ASSIGN_OR_RETURN(Run whole, AssembleRun(snapshot, stored));
  if (changes.parent_run && request.run().parent_run() != whole.parent_run()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "run.parent_run", request.run().parent_run(),
                        "cannot be changed")
        .ToStatus();
  }
  const Run::Kind kind = request.run().kind();
  if (kind != Run::KIND_UNSPECIFIED && kind != whole.kind()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "run.kind", std::to_string(kind),
                        "cannot be changed")
        .ToStatus();
  }
  const TagChanges tags =
      TagChangesOf(whole.tags(), changes.tags.Apply(whole.tags(), request.run().tags()));
  Run run = stored.value.run();
  if (changes.display_name) run.set_display_name(request.run().display_name());
  if (changes.lease_duration) {
    run.clear_lease_duration();
    if (request.run().has_lease_duration()) {
      *run.mutable_lease_duration() = request.run().lease_duration();
    }
  }
  const bool same_record = run.SerializeAsString() == stored.value.run().SerializeAsString();
  if (same_record && tags.empty()) return storage::AnswerOnly(std::move(whole));
  WriteSet write_set;
  WriteTags(run.uid(), tags, write_set);
  CAIRN_ASSIGN_OR_RETURN(
      Plan plan, PlanReplaceRun(snapshot, stored, std::move(run), cairn::v1::Event::RUN_UPDATED,
                                std::move(write_set)));
  ApplyTags(tags, static_cast<Run&>(*plan.response));
  return plan;
}

absl::StatusOr<Plan> PlanResumeRun(const Snapshot& snapshot,
                                   const cairn::v1::ResumeRunRequest& request) {
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadLiveRun(snapshot, "name", request.name()));
  Run run = stored.value.run();
  if (run.state() == Run::RUNNING) {
    CAIRN_ASSIGN_OR_RETURN(Run whole, AssembleRun(snapshot, std::move(stored)));
    return storage::AnswerOnly(std::move(whole));
  }
  run.set_state(Run::RUNNING);
  run.clear_end_time();
  run.clear_state_message();
  return PlanReplaceRun(snapshot, stored, std::move(run), cairn::v1::Event::RUN_RESUMED);
}

}  // namespace cairn::tracking

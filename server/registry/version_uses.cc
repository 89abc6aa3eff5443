#include "server/registry/version_uses.h"

#include <functional>
#include <string>

#include "cairn/internal/records.pb.h"
#include "cairn/v1/registry.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/registry/aliases.h"
#include "server/registry/holds.h"
#include "server/registry/rollouts.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::registry {
namespace {

using cairn::internal::ChannelRecord;
using cairn::v1::Channel;
using storage::KeyRange;
using storage::ScanOrder;
using storage::Snapshot;
using storage::WriteSet;

absl::Status Served(const std::string& version, const Channel& channel, int64_t epoch) {
  const bool now = epoch == channel.epoch();
  const std::string what =
      fmt::format("{} {} {} {} epoch {}", channel.name(), now ? "serves" : "served", version,
                  now ? "since" : "at", epoch);
  return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::MODEL_VERSION_IN_USE, what)
      .With("version", version)
      .With("channel", channel.name())
      .With("epoch", std::to_string(epoch))
      .Precondition("MODEL_VERSION_IN_USE", version, what);
}

// Every channel of the model, until `check` objects.
absl::Status EachChannel(const Snapshot& snapshot, const std::string& model,
                         const std::function<absl::Status(const Channel&)>& check) {
  absl::Status result;
  CAIRN_RETURN_IF_ERROR(storage::ScanRecords<ChannelRecord>(
      snapshot, KeyRange::Prefix(storage::ChannelPrefix(model)), ScanOrder::kAscending,
      [&](std::string_view, const auto& stored) {
        result = check(stored.value.channel());
        return result.ok();
      }));
  return result;
}

// That the channel never served the version before its head.
absl::Status CheckNeverServed(const Snapshot& snapshot, const std::string& version,
                              const Channel& channel) {
  CAIRN_ASSIGN_OR_RETURN(const ChannelRef ref, ParseChannelName("name", channel.name()));
  int64_t epoch = 0;
  CAIRN_RETURN_IF_ERROR(VisitServedBefore(snapshot, ref, channel,
                                          [&](const std::string& served, int64_t served_epoch) {
                                            if (served != version) return true;
                                            epoch = served_epoch;
                                            return false;
                                          }));
  return epoch == 0 ? absl::OkStatus() : Served(version, channel, epoch);
}

}  // namespace

storage::Key ModelVersionUsesKey(const VersionName& version) {
  return storage::CollectionKey(ModelVersionName(version.parent_id, version.version) + "/uses");
}

void UseModelVersion(const VersionName& version, WriteSet& write_set) {
  write_set.RequireExists(storage::ModelVersionKey(version.parent_id, version.version))
      .PutRecord(ModelVersionUsesKey(version), "");
}

absl::Status GuardModelVersionUses(const Snapshot& snapshot, const VersionName& version,
                                   WriteSet& write_set) {
  const storage::Key uses = ModelVersionUsesKey(version);
  CAIRN_ASSIGN_OR_RETURN(const auto used, snapshot.Get(uses));
  write_set.RequireRevision(uses, used.has_value() ? used->mod_revision : 0);
  return absl::OkStatus();
}

absl::Status CheckNotServed(const Snapshot& snapshot, const VersionName& version) {
  const std::string name = ModelVersionName(version.parent_id, version.version);
  return EachChannel(snapshot, version.parent_id, [&](const Channel& channel) {
    return channel.version() == name ? Served(name, channel, channel.epoch()) : absl::OkStatus();
  });
}

absl::Status CheckUnused(const Snapshot& snapshot, const VersionName& version) {
  const std::string name = ModelVersionName(version.parent_id, version.version);
  CAIRN_RETURN_IF_ERROR(CheckNotServed(snapshot, version));
  CAIRN_ASSIGN_OR_RETURN(const auto aliases, AliasesByVersion(snapshot, version.parent_id));
  if (const auto alias = aliases.find(version.version); alias != aliases.end()) {
    const std::string alias_name = AliasName(version.parent_id, alias->second);
    return Error(absl::StatusCode::kFailedPrecondition, ErrorReason::MODEL_VERSION_IN_USE,
                 fmt::format("{} points at {}", alias_name, name))
        .With("version", name)
        .With("alias", alias_name)
        .Precondition("MODEL_VERSION_IN_USE", name, fmt::format("{} points at it", alias_name));
  }
  return EachChannel(snapshot, version.parent_id, [&](const Channel& channel) {
    if (const auto* hold = FindHold(channel, name); hold != nullptr) {
      return VersionHeld(channel, *hold);
    }
    return CheckNeverServed(snapshot, name, channel);
  });
}

}  // namespace cairn::registry

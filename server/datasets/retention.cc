#include "server/datasets/retention.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "cairn/internal/records.pb.h"
#include "fmt/format.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "server/datasets/dataset_records.h"
#include "server/datasets/datasets.h"
#include "server/datasets/version_deletion.h"
#include "server/records/lineage_edges.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"

namespace cairn::datasets {
namespace {

using cairn::internal::DatasetVersionRecord;
using cairn::v1::ApplyDatasetRetentionResponse;
using cairn::v1::Dataset;
using cairn::v1::RetentionRule;
using storage::KeyRange;
using storage::Plan;
using storage::ScanOrder;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

constexpr int32_t kMaxKeepLast = 1'000'000;
constexpr int64_t kMaxKeepForSeconds = int64_t{36'525} * 24 * 3600;
constexpr int kMaxKeptInAnswer = 1000;

int64_t KeepForNanos(const RetentionRule& rule) {
  return rule.keep_for().seconds() * kNanosPerSecond + rule.keep_for().nanos();
}

// How many versions the data set has. Their records are not parsed.
absl::StatusOr<size_t> CountVersions(const Snapshot& snapshot, std::string_view dataset) {
  size_t count = 0;
  CAIRN_RETURN_IF_ERROR(snapshot.Scan(KeyRange::Prefix(storage::DatasetVersionPrefix(dataset)),
                                      ScanOrder::kAscending,
                                      [&count](std::string_view, const storage::Record&) {
                                        ++count;
                                        return true;
                                      }));
  return count;
}

// Goes through the versions that expired, oldest first.
class RetentionPass {
 public:
  RetentionPass(const Snapshot& snapshot, const Dataset& dataset, const RetentionScope& scope,
                WriteSet& write_set)
      : snapshot_(snapshot), dataset_(dataset), scope_(scope), write_set_(write_set) {}

  absl::StatusOr<ApplyDatasetRetentionResponse> Run() {
    CAIRN_ASSIGN_OR_RETURN(const size_t count, CountVersions(snapshot_, scope_.dataset));
    const auto keep_last = static_cast<size_t>(std::max(1, dataset_.retention().keep_last()));
    const size_t kept_by_number = keep_last - (scope_.one_more ? 1 : 0);
    if (count <= kept_by_number) return std::move(answer_);
    const size_t candidates = count - kept_by_number;
    size_t looked_at = 0;
    absl::Status failure;
    CAIRN_RETURN_IF_ERROR(storage::ScanRecords<DatasetVersionRecord>(
        snapshot_, KeyRange::Prefix(storage::DatasetVersionPrefix(scope_.dataset)),
        ScanOrder::kAscending, [&](std::string_view, const auto& stored) {
          if (looked_at == candidates || IsYoung(stored.value.version())) return false;
          answer_.set_more(looked_at++ == scope_.max_looked_at ||
                           answer_.deleted_size() == static_cast<int>(kMaxRetentionDeletions));
          if (answer_.more()) return false;
          failure = Decide(stored);
          return failure.ok();
        }));
    CAIRN_RETURN_IF_ERROR(failure);
    std::reverse(answer_.mutable_deleted()->begin(), answer_.mutable_deleted()->end());
    return std::move(answer_);
  }

 private:
  bool IsYoung(const cairn::v1::DatasetVersion& version) const {
    const RetentionRule& rule = dataset_.retention();
    return rule.has_keep_for() &&
           ToUnixNanos(version.create_time()) > scope_.now_unix_nanos - KeepForNanos(rule);
  }

  // Deletes the version unless something keeps it.
  absl::Status Decide(const Stored<DatasetVersionRecord>& stored) {
    const cairn::v1::DatasetVersion& version = stored.value.version();
    CAIRN_ASSIGN_OR_RETURN(const VersionName name, ParseDatasetVersionName("name", version.name()));
    CAIRN_ASSIGN_OR_RETURN(const std::string user, FirstUser(name, version));
    if (user.empty()) {
      answer_.add_deleted(version.name());
      return DeleteVersion(snapshot_, name, stored, write_set_);
    }
    if (answer_.kept_size() == kMaxKeptInAnswer) return absl::OkStatus();
    auto& kept = *answer_.add_kept();
    kept.set_name(version.name());
    kept.set_user(user);
    return absl::OkStatus();
  }

  // Something that keeps the version; empty for nothing.
  absl::StatusOr<std::string> FirstUser(const VersionName& name,
                                        const cairn::v1::DatasetVersion& version) {
    if (!version.run().empty()) return version.run();
    if (scope_.used.count(version.name()) > 0) return scope_.dataset;
    CAIRN_ASSIGN_OR_RETURN(const auto users, UsersOfVersion(snapshot_, name, dataset_));
    if (!users.empty()) return *users.begin();
    std::string run;
    CAIRN_RETURN_IF_ERROR(records::EachEdge(snapshot_, storage::LineageUpPrefix(version.name()),
                                            [&run](const std::string& maker) {
                                              run = maker;
                                              return false;
                                            }));
    if (!run.empty()) return run;
    CAIRN_RETURN_IF_ERROR(ReadModels());
    const auto model = models_->find(version.name());
    return model == models_->end() ? "" : model->second;
  }

  // Notes, once, the model versions that were made from versions of the data set.
  absl::Status ReadModels() {
    if (models_.has_value()) return absl::OkStatus();
    models_.emplace();
    const std::string prefix = DatasetName(scope_.dataset) + "/";
    return EachModelVersion(snapshot_,
                            [&](const std::string& made, const std::set<std::string>& from) {
                              for (const std::string& version : from) {
                                if (version.starts_with(prefix)) models_->emplace(version, made);
                              }
                            });
  }

  const Snapshot& snapshot_;
  const Dataset& dataset_;
  const RetentionScope& scope_;
  WriteSet& write_set_;
  ApplyDatasetRetentionResponse answer_;
  std::optional<std::map<std::string, std::string>> models_;
};

}  // namespace

absl::Status ValidateRetention(const Dataset& dataset) {
  if (!dataset.has_retention()) return absl::OkStatus();
  const RetentionRule& rule = dataset.retention();
  if (rule.keep_last() < 0 || rule.keep_last() > kMaxKeepLast) {
    return InvalidField(ErrorReason::VALUE_INVALID, "dataset.retention.keep_last",
                        std::to_string(rule.keep_last()),
                        fmt::format("must be from 0 to {}", kMaxKeepLast));
  }
  const auto& keep_for = rule.keep_for();
  const bool well_formed = keep_for.nanos() >= 0 && keep_for.nanos() < kNanosPerSecond &&
                           keep_for.seconds() >= 0 && keep_for.seconds() <= kMaxKeepForSeconds &&
                           (keep_for.seconds() > 0 || keep_for.nanos() > 0);
  if (rule.has_keep_for() && !well_formed) {
    return InvalidField(ErrorReason::VALUE_INVALID, "dataset.retention.keep_for",
                        fmt::format("{}s", keep_for.seconds()),
                        "must be more than 0 and at most 100 years");
  }
  if (rule.keep_last() == 0 && !rule.has_keep_for()) {
    return InvalidField(ErrorReason::VALUE_INVALID, "dataset.retention", "",
                        "must have keep_last, keep_for or both");
  }
  return absl::OkStatus();
}

absl::StatusOr<ApplyDatasetRetentionResponse> ApplyRetention(const Snapshot& snapshot,
                                                             const Dataset& dataset,
                                                             const RetentionScope& scope,
                                                             WriteSet& write_set) {
  if (!dataset.has_retention()) return ApplyDatasetRetentionResponse();
  return RetentionPass(snapshot, dataset, scope, write_set).Run();
}

absl::StatusOr<Plan> PlanApplyDatasetRetention(
    const Snapshot& snapshot, const cairn::v1::ApplyDatasetRetentionRequest& request,
    const RequestTime& now) {
  CAIRN_ASSIGN_OR_RETURN(const std::string name, ParseDatasetName("name", request.name()));
  CAIRN_ASSIGN_OR_RETURN(auto stored, ReadDataset(snapshot, name));
  WriteSet write_set;
  RetentionScope scope;
  scope.dataset = name;
  scope.now_unix_nanos = now.ageing_unix_nanos;
  CAIRN_ASSIGN_OR_RETURN(auto answer,
                         ApplyRetention(snapshot, stored.value.dataset(), scope, write_set));
  if (request.validate_only() || answer.deleted().empty()) {
    return storage::AnswerOnly(std::move(answer));
  }
  Plan plan = StoreDataset(name, std::move(stored), now.stamp_unix_nanos, std::move(write_set));
  plan.write_set.FreesSpace();
  plan.response = std::make_unique<ApplyDatasetRetentionResponse>(std::move(answer));
  return plan;
}

}  // namespace cairn::datasets

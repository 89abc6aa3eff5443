#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "server/auth/patterns.h"
#include "server/operations/operations.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "server/tracking/run_operations.h"
#include "server/tracking/run_purge.h"
#include "server/tracking/run_search.h"

namespace cairn::tracking {
namespace {

using cairn::internal::RunRecord;
using cairn::v1::BulkChangeRunsMetadata;
using cairn::v1::BulkChangeRunsRequest;
using cairn::v1::BulkChangeRunsResponse;
using cairn::v1::Run;
using operations::Step;
using storage::Snapshot;
using storage::Stored;
using storage::WriteSet;

// Whether the change looks at deleted runs only, or at others only.
bool WantsDeleted(const BulkChangeRunsRequest& request) {
  return request.change() != BulkChangeRunsRequest::DELETE;
}

absl::Status CheckRequest(const Snapshot& snapshot, const BulkChangeRunsRequest& request) {
  if (request.change() != BulkChangeRunsRequest::DELETE &&
      request.change() != BulkChangeRunsRequest::UNDELETE &&
      request.change() != BulkChangeRunsRequest::PURGE) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "change", std::to_string(request.change()),
                        "must be DELETE, UNDELETE or PURGE");
  }
  const bool blank = request.filter().find_first_not_of(" \t\r\n") == std::string::npos;
  if (blank && request.parents().empty()) {
    return InvalidField(ErrorReason::FIELD_REQUIRED, "filter", request.filter(),
                        "is required, unless parents names experiments");
  }
  cairn::v1::CountRunsRequest count;
  *count.mutable_parents() = request.parents();
  count.set_filter(request.filter());
  return ParseCount(snapshot, count).status();
}

absl::StatusOr<int64_t> CountTargets(RunSearcher& searcher, const BulkChangeRunsRequest& request) {
  cairn::v1::CountRunsRequest count;
  *count.mutable_parents() = request.parents();
  count.set_filter(request.filter());
  CAIRN_ASSIGN_OR_RETURN(const auto live, searcher.Count(count));
  if (!WantsDeleted(request)) return live.run_count();
  count.set_show_deleted(true);
  CAIRN_ASSIGN_OR_RETURN(const auto all, searcher.Count(count));
  return all.run_count() - live.run_count();
}

class BulkChangeRunsWork final : public operations::Work {
 public:
  explicit BulkChangeRunsWork(RunSearcher& searcher) : searcher_(searcher) {}

  std::string metadata_type() const override {
    return std::string(BulkChangeRunsMetadata::descriptor()->full_name());
  }

  // The cursor is the token of the next page of the search.
  absl::StatusOr<Step> Next(const Snapshot& snapshot, const google::protobuf::Any& any,
                            const std::string& cursor) override {
    BulkChangeRunsMetadata metadata;
    any.UnpackTo(&metadata);
    const BulkChangeRunsRequest& request = metadata.request();
    if (cursor.empty()) {
      // After a restart the runs that were skipped are found, and skipped, again.
      metadata.set_skipped_run_count(0);
      CAIRN_ASSIGN_OR_RETURN(const int64_t found, CountTargets(searcher_, request));
      metadata.set_run_count(found + metadata.changed_run_count());
    }
    CAIRN_ASSIGN_OR_RETURN(const auto page, NextPage(request, cursor));
    Step step;
    step.cursor = page.next_page_token();
    size_t keys_left = kPurgedKeysPerStep;
    for (const Run& run : page.runs()) {
      if (run.has_delete_time() != WantsDeleted(request)) continue;
      CAIRN_ASSIGN_OR_RETURN(
          const bool done,
          Change(snapshot, request, run.uid(), metadata.create_time(), keys_left, step.write_set));
      done ? metadata.set_changed_run_count(metadata.changed_run_count() + 1)
           : metadata.set_skipped_run_count(metadata.skipped_run_count() + 1);
    }
    if (page.next_page_token().empty()) step.response = ResponseOf(metadata);
    step.metadata = std::make_unique<BulkChangeRunsMetadata>(std::move(metadata));
    return step;
  }

 private:
  static std::unique_ptr<google::protobuf::Message> ResponseOf(
      const BulkChangeRunsMetadata& metadata) {
    auto response = std::make_unique<BulkChangeRunsResponse>();
    response->set_run_count(metadata.run_count());
    response->set_changed_run_count(metadata.changed_run_count());
    response->set_skipped_run_count(metadata.skipped_run_count());
    return response;
  }

  absl::StatusOr<cairn::v1::SearchRunsResponse> NextPage(const BulkChangeRunsRequest& request,
                                                         const std::string& token) {
    cairn::v1::SearchRunsRequest search;
    *search.mutable_parents() = request.parents();
    search.set_filter(request.filter());
    search.set_page_size(kRunsPerStep);
    search.set_page_token(token);
    search.set_show_deleted(true);  // as the tokens of all pages must agree
    search.mutable_read_mask()->add_paths("uid");
    search.mutable_read_mask()->add_paths("delete_time");
    return searcher_.Search(search);
  }

  // Adds the change of one run; false if it is skipped.
  absl::StatusOr<bool> Change(const Snapshot& snapshot, const BulkChangeRunsRequest& request,
                              const std::string& run_id,
                              const google::protobuf::Timestamp& deleted_at, size_t& keys_left,
                              WriteSet& write_set) {
    const storage::Key key = storage::RunKey(run_id);
    CAIRN_ASSIGN_OR_RETURN(auto stored, storage::ReadRecord<RunRecord>(snapshot, key));
    if (!stored || stored->value.run().has_delete_time() != WantsDeleted(request)) {
      return false;
    }
    if (request.change() == BulkChangeRunsRequest::PURGE) {
      const auto deleted =
          AddPurge(snapshot, *stored, std::min(kMaxPurgedKeys, keys_left), write_set);
      if (HasReason(deleted.status(), ErrorReason::RUN_IN_USE)) return false;
      CAIRN_RETURN_IF_ERROR(deleted.status());
      keys_left -= *deleted;
      return true;
    }
    const bool deletes = request.change() == BulkChangeRunsRequest::DELETE;
    Run& run = *stored->value.mutable_run();
    if (deletes) {
      // One instant for all: by it a restoration finds what this operation took.
      *run.mutable_delete_time() = deleted_at;
    } else {
      run.clear_delete_time();
    }
    write_set.RequireRevision(key, stored->mod_revision)
        .PutRecord(key, stored->value.SerializeAsString())
        .Emit(deletes ? cairn::v1::Event::RUN_DELETED : cairn::v1::Event::RUN_UNDELETED, run);
    return true;
  }

  RunSearcher& searcher_;
};

}  // namespace

absl::StatusOr<storage::Plan> PlanBulkChangeRuns(const Snapshot& snapshot, RunSearcher& searcher,
                                                 const BulkChangeRunsRequest& request,
                                                 const CallFacts& facts) {
  CAIRN_RETURN_IF_ERROR(CheckRequest(snapshot, request));
  BulkChangeRunsMetadata metadata;
  *metadata.mutable_request() = request;
  metadata.set_principal(facts.principal);
  for (const std::string& parent : request.parents()) {
    // Those that are no names were refused.
    metadata.add_resources(auth::CanonicalName(parent).value_or(parent));
  }
  if (!request.validate_only()) {
    return operations::PlanCreate(operations::NewOperationId(facts.now_unix_nanos, facts.new_id),
                                  facts.now_unix_nanos, metadata);
  }
  CAIRN_ASSIGN_OR_RETURN(const int64_t found, CountTargets(searcher, request));
  BulkChangeRunsResponse response;
  response.set_run_count(found);
  metadata.set_run_count(found);
  *metadata.mutable_create_time() = ToTimestamp(facts.now_unix_nanos);
  operations::Operation operation;
  *operation.mutable_metadata() = operations::Pack(metadata);
  operations::MarkDone(operation, absl::OkStatus(), &response, facts.now_unix_nanos);
  return storage::AnswerOnly(std::move(operation));
}

std::unique_ptr<operations::Work> MakeBulkChangeRunsWork(RunSearcher& searcher) {
  return std::make_unique<BulkChangeRunsWork>(searcher);
}

}  // namespace cairn::tracking

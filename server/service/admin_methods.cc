#include <cstdint>
#include <string>

#include "cairn/v1/server.pb.h"
#include "lib/base/version.h"
#include "server/core/limits.h"
#include "server/service/methods.h"
#include "server/storage/mutation.h"
#include "server/storage/paging.h"
#include "server/storage/store_directory.h"
#include "server/tracking/limits.h"

namespace cairn::service {
namespace {

google::protobuf::Duration ToDuration(int64_t nanos) {
  google::protobuf::Duration duration;
  duration.set_seconds(nanos / kNanosPerSecond);
  duration.set_nanos(static_cast<int32_t>(nanos % kNanosPerSecond));
  return duration;
}

void DescribeCalls(const ServerFacts& facts, v1::Limits& to) {
  to.set_message_bytes(limits::kMessageBytes);
  to.set_metadata_bytes(limits::kMetadataBytes);
  to.set_streams_per_connection(limits::kStreamsPerConnection);
  to.set_long_calls_per_method(facts.long_calls_per_method);
  to.set_waiting_calls(limits::kWaitingCalls);
  to.set_list_page_rows(storage::PageLimits{}.max_size);
  to.set_search_page_rows(limits::kSearchPageRows);
  to.set_search_page_bytes(limits::kSearchPageBytes);
  to.set_filter_bytes(limits::kFilterBytes);
  to.set_filter_conditions(limits::kFilterConditions);
  to.set_filter_depth(limits::kFilterDepth);
  to.set_filter_list_values(limits::kFilterListValues);
  to.set_filter_list_bytes(limits::kFilterListBytes);
  to.set_filter_list_wildcards(limits::kFilterListWildcards);
}

void DescribeTexts(v1::Limits& to) {
  to.set_experiment_name_bytes(limits::kExperimentNameBytes);
  to.set_run_name_bytes(limits::kRunNameBytes);
  to.set_user_bytes(limits::kUserBytes);
  to.set_key_bytes(limits::kKeyBytes);
  to.set_param_value_bytes(limits::kParamValueBytes);
  to.set_run_tag_value_bytes(limits::kRunTagValueBytes);
  to.set_experiment_tag_value_bytes(limits::kExperimentTagValueBytes);
  to.set_input_context_bytes(limits::kInputContextBytes);
  to.set_resource_name_bytes(limits::kResourceNameBytes);
  to.set_text_bytes(limits::kTextBytes);
}

void DescribeContents(v1::Limits& to) {
  to.set_entries_per_batch(limits::kEntriesPerBatch);
  to.set_points_per_message(limits::kPointsPerMessage);
  to.set_metric_buckets(limits::kMetricBuckets);
  to.set_stream_batches(limits::kStreamBatches);
  to.set_stream_bytes(limits::kStreamBytes);
  to.set_blob_batch_bytes(limits::kBlobBatchBytes);
  to.set_digests_per_call(limits::kDigestsPerCall);
  to.set_blob_bytes(artifacts::kMaxBlobBytes);
  to.set_chunks_per_blob(limits::kChunksPerBlob);
  to.set_files_per_message(limits::kFilesPerMessage);
  to.set_files_per_call(limits::kFilesPerCall);
  to.set_files_per_manifest(limits::kFilesPerManifestBlob);
  to.set_manifest_bytes(limits::kManifestBytes);
  to.set_artifact_path_bytes(limits::kArtifactPathBytes);
  to.set_artifact_path_segments(limits::kArtifactPathSegments);
  to.set_dataset_columns(limits::kDatasetColumns);
  to.set_dataset_parents(limits::kDatasetParents);
  to.set_lineage_nodes(limits::kLineageNodes);
  to.set_lineage_depth(limits::kLineageDepth);
  to.set_policy_bytes(limits::kPolicyBytes);
}

v1::Limits DescribeLimits(const ServerFacts& facts) {
  v1::Limits to;
  to.set_connections(facts.connections);
  to.set_connections_per_address(facts.connections_per_address);
  to.set_memory_bytes(facts.memory_limit_bytes);
  DescribeCalls(facts, to);
  DescribeTexts(to);
  DescribeContents(to);
  *to.mutable_answer_retention() = ToDuration(storage::Mutator::kRetentionNanos);
  *to.mutable_event_retention() = ToDuration(facts.event_retention.age_nanos);
  to.set_event_log_bytes(facts.event_retention.max_bytes);
  return to;
}

// The best size of one part of a stream of bytes, and how clients should cut large blobs: so that a
// list of the chunks of the largest fits a message.
constexpr int64_t kChunkBytes = int64_t{256} << 10;
constexpr int64_t kMinChunkBytes = int64_t{32} << 10;
constexpr int64_t kAverageChunkBytes = int64_t{128} << 10;
constexpr int64_t kMaxChunkBytes = int64_t{512} << 10;

v1::ServerInfo Describe(const ServerFacts& facts, bool auth_required, storage::Revision revision) {
  v1::ServerInfo info;
  info.set_version(std::string(kVersion));
  info.set_store_format(storage::kFormatVersion);
  *info.mutable_start_time() = ToTimestamp(facts.start_unix_nanos);
  info.set_revision(revision);
  info.set_max_message_size_bytes(limits::kMessageBytes);
  info.set_max_batch_size_bytes(limits::kBlobBatchBytes);
  info.set_max_blob_size_bytes(artifacts::kMaxBlobBytes);
  info.set_chunk_size_bytes(kChunkBytes);
  info.set_max_points_per_message(tracking::kMaxPointsPerBatch);
  info.set_server_evaluation(true);
  auto& chunking = *info.mutable_chunking();
  chunking.set_min_bytes(kMinChunkBytes);
  chunking.set_average_bytes(kAverageChunkBytes);
  chunking.set_max_bytes(kMaxChunkBytes);
  chunking.set_max_chunk_count(limits::kChunksPerBlob);
  *info.mutable_limits() = DescribeLimits(facts);
  info.set_auth_required(auth_required);
  info.set_tls_grpc(facts.tls_grpc);
  info.set_tls_http(facts.tls_http);
  info.set_client_certificates(facts.client_certificates);
  return info;
}

}  // namespace

void AddAdminMethods(const Backends& backends, MethodTableBuilder& table) {
  table.Of(*v1::ServerInfo::descriptor()->file()->FindServiceByName("AdminService"));
  const bool auth_required = backends.access != nullptr;
  table.Answers<v1::GetServerInfoRequest>(
      "GetServerInfo", [&facts = backends.facts, auth_required](const storage::Snapshot& snapshot,
                                                                const v1::GetServerInfoRequest&) {
        return absl::StatusOr<v1::ServerInfo>(Describe(facts, auth_required, snapshot.revision()));
      });
}

}  // namespace cairn::service

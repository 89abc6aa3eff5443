#include "server/storage/keyspace.h"

#include <utility>

#include "server/storage/key_codec.h"
#include "server/storage/record_codec.h"

namespace cairn::storage {
namespace {

// Puts a key together, component by component.
class Layout {
 public:
  Layout(Family family, KeyKind kind) : key_{family, std::string(1, static_cast<char>(kind))} {}
  Layout& Str(std::string_view value) {
    AppendKeyString(&key_.bytes, value);
    return *this;
  }
  Layout& Int(int64_t value) {
    AppendKeyInt64(&key_.bytes, value);
    return *this;
  }
  Layout& Descending(int64_t value) {
    AppendKeyInt64Descending(&key_.bytes, value);
    return *this;
  }
  Key Done() { return std::move(key_); }

 private:
  Key key_;
};

Layout Meta(KeyKind kind) { return Layout(Family::kMeta, kind); }
Layout Rec(KeyKind kind) { return Layout(Family::kRecord, kind); }
Layout Index(KeyKind kind) { return Layout(Family::kIndex, kind); }
Layout Blob(KeyKind kind) { return Layout(Family::kBlob, kind); }

}  // namespace

Key FormatKey() { return Meta(KeyKind::kFormat).Done(); }
Key LastRevisionKey() { return Meta(KeyKind::kLastRevision).Done(); }
Key EventLogStartKey() { return Meta(KeyKind::kEventLogStart).Done(); }
Key EventMarkKey(Revision revision) { return Meta(KeyKind::kEventMark).Int(revision).Done(); }
Key EventMarkPrefix() { return Meta(KeyKind::kEventMark).Done(); }
Key AuditEndKey() { return Meta(KeyKind::kAuditEnd).Done(); }
Key CounterKey(std::string_view counter) { return Meta(KeyKind::kCounter).Str(counter).Done(); }
Key CollectionKey(std::string_view collection) {
  return Meta(KeyKind::kCollection).Str(collection).Done();
}

Key RunModelVersionsKey(std::string_view run_name) {
  return CollectionKey(std::string(run_name) + "/modelVersions");
}
Key RunArtifactsKey(std::string_view run_name) {
  return CollectionKey(std::string(run_name) + "/artifacts");
}

Key ExperimentKey(int64_t experiment_id) {
  return Rec(KeyKind::kExperiment).Int(experiment_id).Done();
}
Key ExperimentPrefix() { return Rec(KeyKind::kExperiment).Done(); }
Key RunKey(std::string_view run_id) { return Rec(KeyKind::kRun).Str(run_id).Done(); }
Key RunPrefix() { return Rec(KeyKind::kRun).Done(); }
Key RunParamKey(std::string_view run_id, std::string_view param) {
  return Rec(KeyKind::kRunParam).Str(run_id).Str(param).Done();
}
Key RunParamPrefix(std::string_view run_id) { return Rec(KeyKind::kRunParam).Str(run_id).Done(); }
Key RunTagKey(std::string_view run_id, std::string_view tag) {
  return Rec(KeyKind::kRunTag).Str(run_id).Str(tag).Done();
}
Key RunTagPrefix(std::string_view run_id) { return Rec(KeyKind::kRunTag).Str(run_id).Done(); }
Key RunMetricKey(std::string_view run_id, std::string_view metric) {
  return Rec(KeyKind::kRunMetric).Str(run_id).Str(metric).Done();
}
Key RunMetricPrefix(std::string_view run_id) { return Rec(KeyKind::kRunMetric).Str(run_id).Done(); }

Key PurgedRunKey(std::string_view run_id) { return Rec(KeyKind::kPurgedRun).Str(run_id).Done(); }
Key PurgedRunPrefix() { return Rec(KeyKind::kPurgedRun).Done(); }

Key ViewKey(int64_t experiment_id, std::string_view view_id) {
  return Rec(KeyKind::kView).Int(experiment_id).Str(view_id).Done();
}
Key ViewPrefix(int64_t experiment_id) { return Rec(KeyKind::kView).Int(experiment_id).Done(); }
Key ViewCountKey(int64_t experiment_id) {
  return CounterKey("views:experiments/" + std::to_string(experiment_id));
}

Key OperationKey(std::string_view operation_id) {
  return Rec(KeyKind::kOperation).Str(operation_id).Done();
}
Key OperationPrefix() { return Rec(KeyKind::kOperation).Done(); }

Key TokenKey(std::string_view token_id) { return Rec(KeyKind::kToken).Str(token_id).Done(); }
Key TokenPrefix() { return Rec(KeyKind::kToken).Done(); }
Key RoleBindingKey(std::string_view binding_id) {
  return Rec(KeyKind::kRoleBinding).Str(binding_id).Done();
}
Key RoleBindingPrefix() { return Rec(KeyKind::kRoleBinding).Done(); }

Key WebhookKey(std::string_view webhook_id) {
  return Rec(KeyKind::kWebhook).Str(webhook_id).Done();
}
Key WebhookPrefix() { return Rec(KeyKind::kWebhook).Done(); }
Key WebhookPositionKey(std::string_view webhook_id) {
  return Rec(KeyKind::kWebhookPosition).Str(webhook_id).Done();
}

Key DatasetKey(std::string_view dataset) { return Rec(KeyKind::kDataset).Str(dataset).Done(); }
Key DatasetPrefix() { return Rec(KeyKind::kDataset).Done(); }
Key DatasetVersionKey(std::string_view dataset, int64_t version) {
  return Rec(KeyKind::kDatasetVersion).Str(dataset).Int(version).Done();
}
Key DatasetVersionPrefix(std::string_view dataset) {
  return Rec(KeyKind::kDatasetVersion).Str(dataset).Done();
}

Key AllDatasetVersionsPrefix() { return Rec(KeyKind::kDatasetVersion).Done(); }

Key ArtifactKey(std::string_view owner, std::string_view path) {
  return Rec(KeyKind::kArtifact).Str(owner).Str(path).Done();
}
Key ArtifactPrefix(std::string_view owner) { return Rec(KeyKind::kArtifact).Str(owner).Done(); }
Key AllArtifactsPrefix() { return Rec(KeyKind::kArtifact).Done(); }

Key ManifestPartKey(std::string_view owner, std::string_view last_path) {
  return Rec(KeyKind::kManifestPart).Str(owner).Str(last_path).Done();
}
Key ManifestPartPrefix(std::string_view owner) {
  return Rec(KeyKind::kManifestPart).Str(owner).Done();
}
Key AllManifestPartsPrefix() { return Rec(KeyKind::kManifestPart).Done(); }

Key ModelKey(std::string_view model) { return Rec(KeyKind::kModel).Str(model).Done(); }
Key ModelPrefix() { return Rec(KeyKind::kModel).Done(); }
Key ModelVersionKey(std::string_view model, int64_t version) {
  return Rec(KeyKind::kModelVersion).Str(model).Int(version).Done();
}
Key AllModelVersionsPrefix() { return Rec(KeyKind::kModelVersion).Done(); }
Key ModelVersionPrefix(std::string_view model) {
  return Rec(KeyKind::kModelVersion).Str(model).Done();
}
Key ModelVersionStateKey(std::string_view model, int64_t version) {
  return Rec(KeyKind::kModelVersionState).Str(model).Int(version).Done();
}
Key ModelVersionStatePrefix(std::string_view model) {
  return Rec(KeyKind::kModelVersionState).Str(model).Done();
}
Key EvaluationKey(std::string_view model, int64_t version, int64_t evaluation) {
  return Rec(KeyKind::kEvaluation).Str(model).Int(version).Int(evaluation).Done();
}
Key EvaluationPrefix(std::string_view model, int64_t version) {
  return Rec(KeyKind::kEvaluation).Str(model).Int(version).Done();
}
Key AllEvaluationsPrefix() { return Rec(KeyKind::kEvaluation).Done(); }
Key AllEvaluationsPrefix(std::string_view model) {
  return Rec(KeyKind::kEvaluation).Str(model).Done();
}
Key AliasKey(std::string_view model, std::string_view alias) {
  return Rec(KeyKind::kAlias).Str(model).Str(alias).Done();
}
Key AliasPrefix(std::string_view model) { return Rec(KeyKind::kAlias).Str(model).Done(); }
Key ChannelKey(std::string_view model, std::string_view channel) {
  return Rec(KeyKind::kChannel).Str(model).Str(channel).Done();
}
Key AllChannelsPrefix() { return Rec(KeyKind::kChannel).Done(); }

Key ChannelPrefix(std::string_view model) { return Rec(KeyKind::kChannel).Str(model).Done(); }
Key RolloutKey(std::string_view model, std::string_view channel, int64_t epoch) {
  return Rec(KeyKind::kRollout).Str(model).Str(channel).Int(epoch).Done();
}
Key RolloutPrefix(std::string_view model, std::string_view channel) {
  return Rec(KeyKind::kRollout).Str(model).Str(channel).Done();
}
Key ConsumerKey(std::string_view model, std::string_view channel, std::string_view consumer) {
  return Rec(KeyKind::kConsumer).Str(model).Str(channel).Str(consumer).Done();
}
Key ConsumerPrefix(std::string_view model, std::string_view channel) {
  return Rec(KeyKind::kConsumer).Str(model).Str(channel).Done();
}
Key DecisionKey(std::string_view model, std::string_view channel, std::string_view decision_id) {
  return Rec(KeyKind::kDecision).Str(model).Str(channel).Str(decision_id).Done();
}
Key DecisionPrefix(std::string_view model, std::string_view channel) {
  return Rec(KeyKind::kDecision).Str(model).Str(channel).Done();
}
Key DecisionCandidateKey(std::string_view model, std::string_view channel,
                         std::string_view decision_id, int64_t place) {
  return Rec(KeyKind::kDecisionCandidate)
      .Str(model)
      .Str(channel)
      .Str(decision_id)
      .Int(place)
      .Done();
}
Key DecisionCandidatePrefix(std::string_view model, std::string_view channel,
                            std::string_view decision_id) {
  return Rec(KeyKind::kDecisionCandidate).Str(model).Str(channel).Str(decision_id).Done();
}
Key AllDecisionCandidatesPrefix() { return Rec(KeyKind::kDecisionCandidate).Done(); }
Key AuditKey(std::string_view model, std::string_view channel, int64_t sequence) {
  return Rec(KeyKind::kAudit).Str(model).Str(channel).Int(sequence).Done();
}
Key AuditPrefix(std::string_view model, std::string_view channel) {
  return Rec(KeyKind::kAudit).Str(model).Str(channel).Done();
}
Key PolicyKey(std::string_view policy) { return Rec(KeyKind::kPolicy).Str(policy).Done(); }
Key PolicyPrefix() { return Rec(KeyKind::kPolicy).Done(); }
Key PolicyRevisionKey(std::string_view policy, std::string_view digest_hex) {
  return Rec(KeyKind::kPolicyRevision).Str(policy).Str(digest_hex).Done();
}
Key PolicyRevisionPrefix(std::string_view policy) {
  return Rec(KeyKind::kPolicyRevision).Str(policy).Done();
}

Key AuditEntryKey(int64_t sequence) { return Rec(KeyKind::kAuditEntry).Int(sequence).Done(); }
Key AuditEntryPrefix() { return Rec(KeyKind::kAuditEntry).Done(); }
Key KeptValueKey(std::string_view sha256_hex) {
  return Rec(KeyKind::kKeptValue).Str(sha256_hex).Done();
}
Key KeptValuePrefix() { return Rec(KeyKind::kKeptValue).Done(); }
Key AuditCheckpointKey(int64_t size) { return Rec(KeyKind::kAuditCheckpoint).Int(size).Done(); }
Key AuditCheckpointPrefix() { return Rec(KeyKind::kAuditCheckpoint).Done(); }

Key ExperimentByNameKey(std::string_view display_name) {
  return Index(KeyKind::kExperimentByName).Str(display_name).Done();
}
Key RunByExperimentKey(int64_t experiment_id, int64_t start_unix_nanos, std::string_view run_id) {
  return Index(KeyKind::kRunByExperiment)
      .Int(experiment_id)
      .Descending(start_unix_nanos)
      .Str(run_id)
      .Done();
}
Key RunByExperimentPrefix(int64_t experiment_id) {
  return Index(KeyKind::kRunByExperiment).Int(experiment_id).Done();
}
Key DatasetVersionByDigestKey(std::string_view dataset, std::string_view sha256_hex) {
  return Index(KeyKind::kDatasetVersionByDigest).Str(dataset).Str(sha256_hex).Done();
}
Key EvaluationByInputsKey(std::string_view model, int64_t version, std::string_view sha256_hex) {
  return Index(KeyKind::kEvaluationByInputs).Str(model).Int(version).Str(sha256_hex).Done();
}
Key EvaluationByInputsPrefix(std::string_view model, int64_t version) {
  return Index(KeyKind::kEvaluationByInputs).Str(model).Int(version).Done();
}
Key ViewByTitleKey(int64_t experiment_id, std::string_view title, std::string_view view_id) {
  return Index(KeyKind::kViewByTitle).Int(experiment_id).Str(title).Str(view_id).Done();
}
Key ViewByTitlePrefix(int64_t experiment_id) {
  return Index(KeyKind::kViewByTitle).Int(experiment_id).Done();
}
Key PolicyByChannelKey(std::string_view model, std::string_view channel) {
  return Index(KeyKind::kPolicyByChannel).Str(model).Str(channel).Done();
}
Key LineageDownKey(std::string_view from, std::string_view to) {
  return Index(KeyKind::kLineageDown).Str(from).Str(to).Done();
}
Key LineageDownPrefix(std::string_view from) {
  return Index(KeyKind::kLineageDown).Str(from).Done();
}
Key LineageUpKey(std::string_view to, std::string_view from) {
  return Index(KeyKind::kLineageUp).Str(to).Str(from).Done();
}
Key LineageUpPrefix(std::string_view to) { return Index(KeyKind::kLineageUp).Str(to).Done(); }
Key DecisionBySequenceKey(std::string_view model, std::string_view channel, int64_t sequence) {
  return Index(KeyKind::kDecisionBySequence).Str(model).Str(channel).Int(sequence).Done();
}
Key DecisionBySequencePrefix(std::string_view model, std::string_view channel) {
  return Index(KeyKind::kDecisionBySequence).Str(model).Str(channel).Done();
}

Key AuditByResourceKey(std::string_view resource, int64_t sequence) {
  return Index(KeyKind::kAuditByResource).Str(resource).Int(sequence).Done();
}
Key AuditByResourcePrefix(std::string_view resource) {
  return Index(KeyKind::kAuditByResource).Str(resource).Done();
}
Key AuditByResourcesPrefix(std::string_view beginning) {
  Key key = Index(KeyKind::kAuditByResource).Done();
  key.bytes += beginning;
  return key;
}

Key MetricBatchKey(std::string_view run_id, std::string_view metric, int64_t first_step,
                   std::string_view batch_id) {
  return Layout(Family::kMetric, KeyKind::kMetricBatch)
      .Str(run_id)
      .Str(metric)
      .Int(first_step)
      .Str(batch_id)
      .Done();
}
Key MetricBatchPrefix(std::string_view run_id, std::string_view metric) {
  return Layout(Family::kMetric, KeyKind::kMetricBatch).Str(run_id).Str(metric).Done();
}
Key AllMetricBatchesPrefix() { return Layout(Family::kMetric, KeyKind::kMetricBatch).Done(); }
Key MetricBlockKey(std::string_view run_id, std::string_view metric, int64_t block) {
  return Layout(Family::kMetric, KeyKind::kMetricBlock).Str(run_id).Str(metric).Int(block).Done();
}
Key MetricNodeKey(std::string_view run_id, std::string_view metric, int64_t node) {
  return Layout(Family::kMetric, KeyKind::kMetricNode).Str(run_id).Str(metric).Int(node).Done();
}
Key MetricSeriesKey(std::string_view run_id, std::string_view metric) {
  return Layout(Family::kMetric, KeyKind::kMetricSeries).Str(run_id).Str(metric).Done();
}
Key MetricWriterKey(std::string_view run_id, std::string_view writer_id) {
  return Layout(Family::kMetric, KeyKind::kMetricWriter).Str(run_id).Str(writer_id).Done();
}
Key MetricBundleKey(std::string_view run_id, std::string_view batch_id) {
  return Layout(Family::kMetric, KeyKind::kMetricBundle).Str(run_id).Str(batch_id).Done();
}
Key MetricBundlePrefix(std::string_view run_id) {
  return Layout(Family::kMetric, KeyKind::kMetricBundle).Str(run_id).Done();
}
Key AllMetricBundlesPrefix() { return Layout(Family::kMetric, KeyKind::kMetricBundle).Done(); }
Key MetricKindPrefix(KeyKind kind, std::string_view run_id) {
  return Layout(Family::kMetric, kind).Str(run_id).Done();
}
Key MetricKindPrefix(KeyKind kind, std::string_view run_id, std::string_view metric) {
  return Layout(Family::kMetric, kind).Str(run_id).Str(metric).Done();
}

Key BlobEntryKey(std::string_view sha256_hex) {
  return Blob(KeyKind::kBlobEntry).Str(sha256_hex).Done();
}
Key BlobEntryPrefix() { return Blob(KeyKind::kBlobEntry).Done(); }
Key UploadKey(std::string_view uuid) { return Blob(KeyKind::kUpload).Str(uuid).Done(); }
Key UploadPrefix() { return Blob(KeyKind::kUpload).Done(); }
Key PackKey(int64_t pack) { return Blob(KeyKind::kPack).Int(pack).Done(); }
Key PackPrefix() { return Blob(KeyKind::kPack).Done(); }

Key RequestKey(std::string_view principal, std::string_view method, std::string_view request_id) {
  return Layout(Family::kRequest, KeyKind::kRequest)
      .Str(principal)
      .Str(method)
      .Str(request_id)
      .Done();
}

Key RequestPrefix() { return Layout(Family::kRequest, KeyKind::kRequest).Done(); }

absl::StatusOr<Revision> RevisionOfEventMark(std::string_view key_bytes) {
  KeyReader reader(key_bytes);
  if (reader.ReadByte() == static_cast<uint8_t>(KeyKind::kEventMark)) {
    const auto revision = reader.ReadInt64();
    if (revision && reader.AtEnd()) return *revision;
  }
  return CorruptRecord(Family::kMeta, key_bytes, "its key has another form");
}

absl::StatusOr<std::string> LastStringOf(const Key& prefix, std::string_view key_bytes) {
  const std::string_view expected = prefix.bytes;
  if (key_bytes.substr(0, expected.size()) == expected) {
    KeyReader reader(key_bytes.substr(expected.size()));
    auto last = reader.ReadString();
    if (last && reader.AtEnd()) return *std::move(last);
  }
  return CorruptRecord(prefix.family, key_bytes, "its key has another form");
}

absl::StatusOr<AuditPlace> PlaceOfAuditByResource(std::string_view key_bytes) {
  KeyReader reader(key_bytes);
  if (reader.ReadByte() == static_cast<uint8_t>(KeyKind::kAuditByResource)) {
    auto resource = reader.ReadString();
    const auto sequence = reader.ReadInt64();
    if (resource && sequence && reader.AtEnd()) {
      return AuditPlace{*std::move(resource), *sequence};
    }
  }
  return CorruptRecord(Family::kIndex, key_bytes, "its key has another form");
}

absl::StatusOr<std::string> RunIdOfRunByExperiment(std::string_view key_bytes) {
  KeyReader reader(key_bytes);
  const auto kind = reader.ReadByte();
  if (kind == static_cast<uint8_t>(KeyKind::kRunByExperiment) && reader.ReadInt64() &&
      reader.ReadInt64Descending()) {
    auto run_id = reader.ReadString();
    if (run_id && reader.AtEnd()) return *std::move(run_id);
  }
  return CorruptRecord(Family::kIndex, key_bytes, "its key has another form");
}

absl::StatusOr<std::string> RunIdOfMetricBundle(std::string_view key_bytes) {
  KeyReader reader(key_bytes);
  if (reader.ReadByte() == static_cast<uint8_t>(KeyKind::kMetricBundle)) {
    auto run_id = reader.ReadString();
    if (run_id && reader.ReadString() && reader.AtEnd()) return *std::move(run_id);
  }
  return CorruptRecord(Family::kMetric, key_bytes, "its key has another form");
}

bool IsWrittenOnce(const Key& key) {
  if (key.family != Family::kMetric || key.bytes.empty()) return false;
  const auto kind = static_cast<KeyKind>(static_cast<uint8_t>(key.bytes[0]));
  return kind == KeyKind::kMetricBatch || kind == KeyKind::kMetricBlock ||
         kind == KeyKind::kMetricNode || kind == KeyKind::kMetricBundle;
}

absl::StatusOr<MetricOwner> OwnerOfMetricKey(std::string_view key_bytes) {
  KeyReader reader(key_bytes);
  const auto kind = reader.ReadByte();
  auto run_id = reader.ReadString();
  auto metric = reader.ReadString();
  if (kind && *kind >= static_cast<uint8_t>(KeyKind::kMetricBatch) &&
      *kind <= static_cast<uint8_t>(KeyKind::kMetricSeries) && run_id && metric) {
    return MetricOwner{*std::move(run_id), *std::move(metric)};
  }
  return CorruptRecord(Family::kMetric, key_bytes, "its key has another form");
}

}  // namespace cairn::storage

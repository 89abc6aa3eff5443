#ifndef CAIRN_SERVER_STORAGE_KEYSPACE_H_
#define CAIRN_SERVER_STORAGE_KEYSPACE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/storage/key.h"

namespace cairn::storage {

// The one place where keys are laid out. Every key starts with its family and a
// one-byte kind; then come the components in the order of the arguments, each
// order-preserving (key_codec.h): strings escaped and terminated, integers big-endian
// with the sign bit flipped. The kinds are on disk for ever; a retired kind is never
// used again. docs/storage-format.md draws each key and gives a test vector that
// tests/unit/storage/keyspace_test.cc checks.
//
// The high digit groups kinds by what they belong to; the low one has gaps for those to
// come.
enum class KeyKind : uint8_t {
  kFormat = 0x01,
  kCounter = 0x02,
  kCollection = 0x03,
  kLastRevision = 0x04,
  kEventLogStart = 0x05,
  kEventMark = 0x06,
  kAuditEnd = 0x07,
  kExperiment = 0x10,
  kRun = 0x11,
  kRunParam = 0x12,
  kRunTag = 0x13,
  kRunMetric = 0x14,
  kPurgedRun = 0x15,
  kView = 0x16,
  kOperation = 0x18,
  kToken = 0x19,
  kRoleBinding = 0x1A,
  kWebhook = 0x1B,
  kWebhookPosition = 0x1C,
  kDataset = 0x20,
  kDatasetVersion = 0x21,
  kArtifact = 0x28,
  kManifestPart = 0x29,
  kModel = 0x30,
  kModelVersion = 0x31,
  kAlias = 0x32,
  kChannel = 0x33,
  kModelVersionState = 0x34,
  kEvaluation = 0x35,
  kRollout = 0x36,
  kDecisionCandidate = 0x37,
  kDecision = 0x38,
  kAudit = 0x39,
  kPolicy = 0x3A,
  kPolicyRevision = 0x3B,
  kAuditEntry = 0x3C,
  kKeptValue = 0x3D,
  kAuditCheckpoint = 0x3E,
  kConsumer = 0x3F,
  kExperimentByName = 0x40,
  kRunByExperiment = 0x41,
  kDatasetVersionByDigest = 0x42,
  kPolicyByChannel = 0x43,
  kLineageDown = 0x44,
  kDecisionBySequence = 0x45,
  kLineageUp = 0x46,
  kViewByTitle = 0x47,
  kEvaluationByInputs = 0x48,
  kAuditByResource = 0x4A,
  kMetricBatch = 0x50,
  kMetricBlock = 0x51,
  kMetricNode = 0x52,
  kMetricSeries = 0x53,
  kMetricWriter = 0x54,
  kMetricBundle = 0x55,
  kBlobEntry = 0x60,
  kUpload = 0x61,
  kPack = 0x62,
  kRequest = 0x70,
};

// meta: about the store itself
Key FormatKey();
// The newest revision; written by the committer in every batch.
Key LastRevisionKey();
// Where the event log begins; written by the committer when it is trimmed.
Key EventLogStartKey();
// A note of the time at which the events up to `revision` were there.
Key EventMarkKey(Revision revision);
// All marks, oldest first.
Key EventMarkPrefix();
// Where the audit's chain ends; written by the committer with each entry.
Key AuditEndKey();
// The last number given of a series that counts up, such as experiments, or how many there are of
// what is limited.
Key CounterKey(std::string_view counter);
// Touched by every write to a child of `collection` ("models/m/versions"), so
// that "nothing was added meanwhile" can be a precondition.
Key CollectionKey(std::string_view collection);
// The collection of the model versions made from a run, by the run's resource name.
Key RunModelVersionsKey(std::string_view run_name);
// The collection of the artifacts of a run, by the run's resource name.
Key RunArtifactsKey(std::string_view run_name);

// record: tracking. `run_id` is 32 hexadecimal characters.
Key ExperimentKey(int64_t experiment_id);
Key ExperimentPrefix();
// A run's own record. The experiment is in the record and not in the key, so that a run
// is found by its id alone. What a run has lies under keys of its own below, each with
// the run's id first: one prefix is all of a kind of one run, in the order of names.
Key RunKey(std::string_view run_id);
Key RunPrefix();
Key RunParamKey(std::string_view run_id, std::string_view param);
Key RunParamPrefix(std::string_view run_id);
Key RunTagKey(std::string_view run_id, std::string_view tag);
Key RunTagPrefix(std::string_view run_id);
Key RunMetricKey(std::string_view run_id, std::string_view metric);
Key RunMetricPrefix(std::string_view run_id);
// A run that is purged while keys of it may be left: its last RunRecord.
Key PurgedRunKey(std::string_view run_id);
Key PurgedRunPrefix();
// The state of a page that somebody kept, by what its address makes of itself.
Key ViewKey(int64_t experiment_id, std::string_view view_id);
Key ViewPrefix(int64_t experiment_id);
// How many views an experiment has.
Key ViewCountKey(int64_t experiment_id);

// record: long-running operations. Ids ascend with the time they were asked for.
Key OperationKey(std::string_view operation_id);
Key OperationPrefix();

// record: who may call and what they may; ids are 16 hexadecimal characters
Key TokenKey(std::string_view token_id);
Key TokenPrefix();
Key RoleBindingKey(std::string_view binding_id);
Key RoleBindingPrefix();

// record: whom the server tells what happened, and how far each was told; ids are UUIDs
Key WebhookKey(std::string_view webhook_id);
Key WebhookPrefix();
Key WebhookPositionKey(std::string_view webhook_id);

// record: data sets; `version` from 1
//
// The data set itself, with its aliases. Version numbers sort as numbers.
Key DatasetKey(std::string_view dataset);
Key DatasetPrefix();
Key DatasetVersionKey(std::string_view dataset, int64_t version);
Key DatasetVersionPrefix(std::string_view dataset);
// The versions of every data set.
Key AllDatasetVersionsPrefix();

// record: one entry of the artifact tree of `owner`, a resource name
Key ArtifactKey(std::string_view owner, std::string_view path);
Key ArtifactPrefix(std::string_view owner);
// The trees of all owners.
Key AllArtifactsPrefix();

// record: a part of the files of `owner`, a version with very many; `last_path` is the path
// of the last file in it, so that seeking a path finds the part that has it
Key ManifestPartKey(std::string_view owner, std::string_view last_path);
Key ManifestPartPrefix(std::string_view owner);
// The parts of all owners.
Key AllManifestPartsPrefix();

// record: registry and promotion
Key ModelKey(std::string_view model);
Key ModelPrefix();
Key ModelVersionKey(std::string_view model, int64_t version);
Key ModelVersionPrefix(std::string_view model);
// The versions of every model.
Key AllModelVersionsPrefix();
// What may change of a version.
Key ModelVersionStateKey(std::string_view model, int64_t version);
Key ModelVersionStatePrefix(std::string_view model);
// What was measured of a version, in the order in which it was recorded; `evaluation` from 1.
Key EvaluationKey(std::string_view model, int64_t version, int64_t evaluation);
Key EvaluationPrefix(std::string_view model, int64_t version);
// The evaluations of every version of a model, and of every model.
Key AllEvaluationsPrefix(std::string_view model);
Key AllEvaluationsPrefix();
Key AliasKey(std::string_view model, std::string_view alias);
Key AliasPrefix(std::string_view model);
// The head of a channel. Decisions and audit entries are never changed: the latter in
// the order of their sequence, each with the digest of the one before.
Key ChannelKey(std::string_view model, std::string_view channel);
Key ChannelPrefix(std::string_view model);
// The channels of every model.
Key AllChannelsPrefix();
// What a channel served, an epoch each; `epoch` from 1.
Key RolloutKey(std::string_view model, std::string_view channel, int64_t epoch);
Key RolloutPrefix(std::string_view model, std::string_view channel);
// Who serves a channel, as it last reported.
Key ConsumerKey(std::string_view model, std::string_view channel, std::string_view consumer);
Key ConsumerPrefix(std::string_view model, std::string_view channel);
Key DecisionKey(std::string_view model, std::string_view channel, std::string_view decision_id);
Key DecisionPrefix(std::string_view model, std::string_view channel);
// What was found of each candidate of a decision, in the order of the decision; `place` from 1.
Key DecisionCandidateKey(std::string_view model, std::string_view channel,
                         std::string_view decision_id, int64_t place);
Key DecisionCandidatePrefix(std::string_view model, std::string_view channel,
                            std::string_view decision_id);
// The candidates of every decision.
Key AllDecisionCandidatesPrefix();
Key AuditKey(std::string_view model, std::string_view channel, int64_t sequence);
Key AuditPrefix(std::string_view model, std::string_view channel);
Key PolicyKey(std::string_view policy);
Key PolicyPrefix();
// A policy as it once was, under the SHA-256 of its rendered rule.
Key PolicyRevisionKey(std::string_view policy, std::string_view digest_hex);
Key PolicyRevisionPrefix(std::string_view policy);
// The entries of the audit's one chain, from 1; written by the committer only.
Key AuditEntryKey(int64_t sequence);
Key AuditEntryPrefix();
// Bytes that the audit needs for ever, under their SHA-256: written once, never deleted.
Key KeptValueKey(std::string_view sha256_hex);
Key KeptValuePrefix();
// A signed checkpoint, by the number of entries that it is of.
Key AuditCheckpointKey(int64_t size);
Key AuditCheckpointPrefix();

// index
//
// Of deleted experiments too: a name is free again when its holder is purged.
Key ExperimentByNameKey(std::string_view display_name);
// Newest first: ascending key order is descending `start_unix_nanos`.
Key RunByExperimentKey(int64_t experiment_id, int64_t start_unix_nanos, std::string_view run_id);
Key RunByExperimentPrefix(int64_t experiment_id);
// By content address, which makes registering the same content again find the first
// version.
Key DatasetVersionByDigestKey(std::string_view dataset, std::string_view sha256_hex);
// Those of an experiment that have a title, in the order of titles, of which two may be equal.
Key ViewByTitleKey(int64_t experiment_id, std::string_view title, std::string_view view_id);
Key ViewByTitlePrefix(int64_t experiment_id);
// The policy that governs a channel; at most one does.
Key PolicyByChannelKey(std::string_view model, std::string_view channel);
// From a resource to one that was made from it; both are resource names.
Key LineageDownKey(std::string_view from, std::string_view to);
Key LineageDownPrefix(std::string_view from);
// Only where `to` does not name `from` itself: outputs that a run lists.
Key LineageUpKey(std::string_view to, std::string_view from);
Key LineageUpPrefix(std::string_view to);
// Decision ids do not ascend; this is their order in the channel.
Key DecisionBySequenceKey(std::string_view model, std::string_view channel, int64_t sequence);
Key DecisionBySequencePrefix(std::string_view model, std::string_view channel);
// The entries of the audit about a resource, in the order of the chain; the committer's.
Key AuditByResourceKey(std::string_view resource, int64_t sequence);
Key AuditByResourcePrefix(std::string_view resource);
// The entries about every resource whose name begins like this, resource by resource. `beginning`
// has no zero byte.
Key AuditByResourcesPrefix(std::string_view beginning);

// By the digest of everything that it depends on: what the server measured is found again.
Key EvaluationByInputsKey(std::string_view model, int64_t version, std::string_view sha256_hex);
Key EvaluationByInputsPrefix(std::string_view model, int64_t version);

// metric: the batches of a run by metric and first step; `batch_id` is unique in the run
Key MetricBatchKey(std::string_view run_id, std::string_view metric, int64_t first_step,
                   std::string_view batch_id);
Key MetricBatchPrefix(std::string_view run_id, std::string_view metric);
// The batches of every run.
Key AllMetricBatchesPrefix();
// metric: points of many metrics at once, before they are batches of each;
// `batch_id` is unique in the run, among its batches too.
Key MetricBundleKey(std::string_view run_id, std::string_view batch_id);
Key MetricBundlePrefix(std::string_view run_id);
// The bundles of every run.
Key AllMetricBundlesPrefix();
// metric: folded points. A block or node is written once, under a number that is
// unique in the series; the series record, one a metric, holds the roots.
Key MetricBlockKey(std::string_view run_id, std::string_view metric, int64_t block);
Key MetricNodeKey(std::string_view run_id, std::string_view metric, int64_t node);
Key MetricSeriesKey(std::string_view run_id, std::string_view metric);
// How far a writer of LogMetrics has come in a run; `writer_id` is a UUID4.
Key MetricWriterKey(std::string_view run_id, std::string_view writer_id);
// The keys of one metric kind (kMetricBatch to kMetricSeries) of a whole run, or
// of one metric of it.
Key MetricKindPrefix(KeyKind kind, std::string_view run_id);
Key MetricKindPrefix(KeyKind kind, std::string_view run_id, std::string_view metric);

// blob
//
// Where the bytes of a blob are: in the record itself, in a pack, or in other blobs
// that it is put together of.
Key BlobEntryKey(std::string_view sha256_hex);
Key BlobEntryPrefix();
Key UploadKey(std::string_view uuid);
Key UploadPrefix();
Key PackKey(int64_t pack);
Key PackPrefix();

// request: idempotency
//
// Ids of two principals or methods never meet.
Key RequestKey(std::string_view principal, std::string_view method, std::string_view request_id);
Key RequestPrefix();

// Whether a record at `key` is never written over: it is written, then at most
// deleted, and only after that perhaps written again. Points, in batches and in
// blocks. A store may forget such a record as soon as its deletion reaches it.
bool IsWrittenOnce(const Key& key);

// The components of keys that scans need back. DATA_LOSS (RECORD_CORRUPT) when the
// bytes are not such a key. What follows `prefix`, which must be one string and nothing
// else.
absl::StatusOr<std::string> LastStringOf(const Key& prefix, std::string_view key_bytes);
absl::StatusOr<Revision> RevisionOfEventMark(std::string_view key_bytes);
// The resource and the place in the chain of an AuditByResourceKey.
struct AuditPlace {
  std::string resource;
  int64_t sequence = 0;
};
absl::StatusOr<AuditPlace> PlaceOfAuditByResource(std::string_view key_bytes);
absl::StatusOr<std::string> RunIdOfRunByExperiment(std::string_view key_bytes);
absl::StatusOr<std::string> RunIdOfMetricBundle(std::string_view key_bytes);
// The run and the metric of a key of one of the metric kinds.
struct MetricOwner {
  std::string run_id;
  std::string metric;
};
absl::StatusOr<MetricOwner> OwnerOfMetricKey(std::string_view key_bytes);

}  // namespace cairn::storage

#endif  // CAIRN_SERVER_STORAGE_KEYSPACE_H_

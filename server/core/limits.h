#ifndef CAIRN_SERVER_CORE_LIMITS_H_
#define CAIRN_SERVER_CORE_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "lib/base/artifact_path.h"
#include "lib/promotion/limits.h"

// What clients may ask for at most: the place where these numbers stand, but for those of a
// single field, like the aliases of a version. Whoever checks one may have a name of its own
// for it. GetServerInfo reports them (Limits in server.proto, which says what each means);
// tests/integration/server/limits_test.cc tries them.
//
// Sizes are in bytes unless the name says otherwise.
namespace cairn::limits {

// Calls.
inline constexpr int kMessageBytes = 4 << 20;
inline constexpr int kMetadataBytes = 8 << 10;
inline constexpr int kStreamsPerConnection = 256;
inline constexpr int64_t kLongCallsPerMethod = 1024;         // unless the server is told otherwise
inline constexpr size_t kWaitingCalls = 4096;                // for each of the two pools
inline constexpr int64_t kWaitingBytes = int64_t{96} << 20;  // of their requests, for both

// Searches. What a filter costs grows with its conditions times the rows it looks at.
inline constexpr int32_t kSearchPageRows = 10'000;
inline constexpr size_t kSearchPageBytes = size_t{3} << 20;
inline constexpr size_t kFilterBytes = size_t{16} << 10;     // without the lists of IN
inline constexpr size_t kFilterListBytes = size_t{1} << 20;  // of all lists of IN
inline constexpr size_t kFilterListValues = 10'000;          // in all lists of IN
// Of the values of IN. Others are looked up; each of these is compared with each text.
inline constexpr size_t kFilterListWildcards = 64;
inline constexpr int kFilterConditions = 64;  // comparisons and bare words
inline constexpr int kFilterDepth = 32;       // nested parentheses and NOTs

// Names and texts; at least as wide as MLflow's, so that its clients fit.
inline constexpr size_t kExperimentNameBytes = 500;
inline constexpr size_t kRunNameBytes = 250;
inline constexpr size_t kUserBytes = 250;
inline constexpr size_t kKeyBytes = 250;
inline constexpr size_t kParamValueBytes = 6000;
inline constexpr size_t kRunTagValueBytes = 8000;
inline constexpr size_t kExperimentTagValueBytes = 5000;
inline constexpr size_t kInputContextBytes = 250;
inline constexpr size_t kResourceNameBytes = 250;
inline constexpr size_t kTextBytes = 5000;

// Logging and reading of metrics. A stream has so many batches and bytes under way between what it
// sent and what was acknowledged; the server stops reading above either.
inline constexpr int kEntriesPerBatch = 1000;  // of each kind
inline constexpr int64_t kPointsPerMessage = 100'000;
inline constexpr int32_t kMetricBuckets = 100'000;
inline constexpr int kRunsOfCurves = 200;  // of ReadCurves, as the next two
inline constexpr int kKeysOfCurves = 20;
inline constexpr int32_t kCurveBuckets = 10'000;
inline constexpr int kStreamBatches = 64;
inline constexpr size_t kStreamBytes = size_t{8} << 20;

// Blobs and files. A list of the chunks of the largest blob, and of the files of a version, has to
// fit a message; longer lists of files are blobs themselves.
inline constexpr int64_t kBlobBatchBytes = int64_t{3} << 20;
inline constexpr int kDigestsPerCall = 1000;
inline constexpr int kChunksPerBlob = 32'768;
inline constexpr int kFilesPerMessage = 10'000;        // of a version
inline constexpr int kFilesPerCall = 1'000;            // of LogArtifacts and DeleteArtifacts
inline constexpr int kFilesPerManifestBlob = 200'000;  // of either, listed in a blob
inline constexpr int64_t kManifestBytes = int64_t{32} << 20;
inline constexpr size_t kArtifactPathBytes = kMaxArtifactPathBytes;
inline constexpr int kArtifactPathSegments = kMaxArtifactPathSegments;

// Data sets and policies. Lineage is walked in one snapshot, so it is bounded in width and depth;
// beyond, the answer says that it is not complete.
inline constexpr int kDatasetColumns = 10'000;
inline constexpr int kDatasetParents = 1000;
inline constexpr size_t kLineageNodes = 10'000;
inline constexpr size_t kLineageCounted = 200'000;  // keeps a name of each
inline constexpr int kLineageDepth = 64;
inline constexpr size_t kPolicyBytes = promotion::kMaxPolicyBytes;

}  // namespace cairn::limits

#endif  // CAIRN_SERVER_CORE_LIMITS_H_

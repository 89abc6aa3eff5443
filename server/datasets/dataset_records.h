#ifndef CAIRN_SERVER_DATASETS_DATASET_RECORDS_H_
#define CAIRN_SERVER_DATASETS_DATASET_RECORDS_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/internal/records.pb.h"
#include "cairn/v1/datasets.pb.h"
#include "google/protobuf/map.h"
#include "lib/base/resource_names.h"
#include "server/core/limits.h"
#include "server/storage/kv_store.h"
#include "server/storage/typed_record.h"

namespace cairn::datasets {

// How data sets and their versions are stored, and the rules that several use cases
// share. All functions are pure but for reading.

inline constexpr size_t kMaxNameBytes = limits::kResourceNameBytes;
inline constexpr size_t kMaxTextBytes = limits::kTextBytes;

// The resources as they are answered, with their etags; a version without its files where
// there are more than an answer holds, and with their number in any case.
cairn::v1::Dataset ToResource(storage::Stored<cairn::internal::DatasetRecord> stored);
cairn::v1::DatasetVersion ToResource(storage::Stored<cairn::internal::DatasetVersionRecord> stored);
cairn::v1::DatasetVersion Answer(cairn::v1::DatasetVersion version);

// `datasets/{name}/aliases/{alias}`, for events and errors.
std::string DatasetAliasResource(std::string_view dataset, std::string_view alias);

// The payload of a data set's record; an etag is left out.
std::string Payload(cairn::internal::DatasetRecord record);

// The id in `datasets/{id}`. INVALID_ARGUMENT (NAME_INVALID) naming `field`.
absl::StatusOr<std::string> ParseDatasetName(std::string_view field, std::string_view name);

// The record of a data set by its plain name. NOT_FOUND (DATASET_NOT_FOUND).
absl::StatusOr<storage::Stored<cairn::internal::DatasetRecord>> ReadDataset(
    const storage::Snapshot& snapshot, std::string_view dataset);

// A version that a request names, and its record.
struct FoundVersion {
  VersionName name;
  storage::Stored<cairn::internal::DatasetVersionRecord> stored;
};

// Resolves number, alias or `latest` and reads the version. INVALID_ARGUMENT
// (NAME_INVALID) naming `field`; NOT_FOUND (DATASET_NOT_FOUND, ALIAS_NOT_FOUND,
// DATASET_VERSION_NOT_FOUND).
absl::StatusOr<FoundVersion> ReadVersion(const storage::Snapshot& snapshot, std::string_view field,
                                         std::string_view name);

// The identity of a version: what it holds and what it was made from. A SHA-256 in
// hexadecimal. Two versions of one data set with the same address are one version.
std::string ContentAddress(const cairn::v1::DatasetVersion& version);

// The rules for tags: keys of 1 to 250 bytes, values of at most 5,000.
// INVALID_ARGUMENT (NAME_INVALID, VALUE_INVALID) naming the tag.
absl::Status ValidateTags(const google::protobuf::Map<std::string, std::string>& tags);

// INVALID_ARGUMENT (VALUE_INVALID) for a description of more than 5,000 bytes.
absl::Status ValidateDescription(std::string_view description);

// A plan that stores the data set `name`, changed now, with what else is in `write_set`, and
// answers it.
storage::Plan StoreDataset(std::string_view name,
                           storage::Stored<cairn::internal::DatasetRecord> stored,
                           int64_t now_unix_nanos, storage::WriteSet write_set);

// INVALID_ARGUMENT (VALUE_INVALID): the value of `field` is longer than `limit` bytes.
absl::Status TooLong(std::string_view field, std::string_view value, size_t limit);

}  // namespace cairn::datasets

#endif  // CAIRN_SERVER_DATASETS_DATASET_RECORDS_H_

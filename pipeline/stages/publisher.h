#ifndef CAIRN_PIPELINE_STAGES_PUBLISHER_H_
#define CAIRN_PIPELINE_STAGES_PUBLISHER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/base/digest.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/stages/foreign_formats.h"

namespace cairn::pipeline {

// What the pipeline hands to whoever keeps its results. The stages know this interface only, so
// they need no network; pipeline/register implements it with a server.

// The data sets of one pipeline. The numbers are places in PublishSummary::datasets.
enum class DatasetRole { kTransactions, kCleaned, kFeatures, kPrepared, kComponents, kOutliers };
inline constexpr int kDatasetRoles = 6;

// What a data set is made from: the one before it, and kOutliers from kFeatures; nothing for
// kTransactions.
inline std::optional<DatasetRole> ParentOf(DatasetRole role) {
  if (role == DatasetRole::kTransactions) return std::nullopt;
  if (role == DatasetRole::kOutliers) return DatasetRole::kFeatures;
  return static_cast<DatasetRole>(static_cast<int>(role) - 1);
}

// One data set version to keep. Exactly one of `bytes` and `input` is set. Content is
// made late and on another thread, so that the pipeline does not wait for it.
struct DatasetDraft {
  // Makes the content, on the publisher's thread.
  using Content = std::function<absl::StatusOr<std::shared_ptr<const std::string>>()>;

  DatasetRole role = DatasetRole::kTransactions;
  std::string path;  // Name of the file inside the version.
  Content bytes;
  std::shared_ptr<const InputBytes> input;  // What the pipeline itself read.
  Digest digest;                            // Of `input`; unused with `bytes`.
  // The rows of an `input` that is no table separated by commas, as one; `columns` are its own.
  Content table;
  // Below 0: not known.
  int64_t row_count = -1;
  std::vector<std::pair<std::string, std::string>> columns;  // Name and type.
  std::string producer;                                      // The stage that made it.
};

// One training run to keep. It owns what it holds: the pipeline goes on while it waits.
struct RunDraft {
  size_t index = 0;   // Its place in the sweep, from 0.
  std::string point;  // GridPoint::Id(), unique in a sweep.
  std::map<std::string, std::string> params;
  std::map<std::string, std::string> tags;
  std::vector<std::pair<std::string, double>> metrics;
  std::string model;                          // Bytes of model.cairnseg.
  std::shared_ptr<const std::string> labels;  // labels.csv of all customers.
};

// One model version to make from a run that was published before. A run that has a
// version already gets no second one.
struct VersionDraft {
  size_t run = 0;     // RunDraft::index.
  std::string model;  // As in the run.
  // Beside the model, in the formats of others.
  std::vector<ModelFormatFile> formats;
  std::vector<std::pair<std::string, double>> evidence;  // Measured on kFeatures.
  std::string evaluation_space;
  std::string preparation;  // The space without what was fitted: a retrained model keeps it.
  std::string feature_schema;
  std::string description;
};

// Files to keep among the artifacts of a run that was published before. One that is there already
// from an earlier attempt stays as it is.
struct ArtifactDraft {
  struct File {
    std::string path;  // `report/report.json`
    std::shared_ptr<const std::string> bytes;
  };
  size_t run = 0;  // RunDraft::index.
  std::vector<File> files;
};

// The model that is served now: its segments lend their numbers and names to those of new models,
// so that a name stays with its customers.
struct Champion {
  std::string version;  // Resource name; of a folder of results the digest of the model.
  std::string model;    // Bytes of model.cairnseg.
  std::string labels;   // labels.csv of all its customers; empty where it is not kept any more.
};

// What came of it. For the report at the end of a run.
struct PublishSummary {
  std::vector<std::string> runs;  // Resource names by index; empty where there is none.
  int runs_created = 0;
  int runs_found = 0;                 // There already, from an earlier attempt.
  std::vector<std::string> versions;  // Resource names, in the order of the drafts.
  std::vector<std::string> datasets;  // Resource names by DatasetRole; empty where there is none.
  int64_t bytes_transferred = 0;      // Blobs that the server did not have.
  double seconds = 0;                 // From the first draft to the last acknowledgement.
};

// Takes drafts while the pipeline works and keeps them in the background. Not thread-safe: one
// thread calls, in the order data sets, runs, the data set kOutliers if there is one, artifacts,
// versions, artifacts that took their time, Finish. A run that is broken off leaves what was kept
// so far, and the next attempt finds it.
class Publisher {
 public:
  virtual ~Publisher() = default;

  // Begins a sweep. `sweep_key` identifies data and configuration: runs of an earlier
  // attempt with the same key are found and not made again. REQUIRES: once, before all
  // others.
  virtual absl::Status Begin(const std::string& sweep_key, size_t run_count) = 0;

  // The champion that runs of this sweep follow; nothing before the first promotion. Where the
  // champion itself came from this sweep, the one that it followed: so a sweep that is run again
  // gives the same numbers and names.
  virtual absl::StatusOr<std::optional<Champion>> FindChampion() = 0;

  // Each returns at once; an error is that of earlier drafts, and nothing more is kept after it.
  virtual absl::Status AddDataset(DatasetDraft draft) = 0;
  virtual absl::Status AddRun(RunDraft draft) = 0;
  virtual absl::Status AddArtifacts(ArtifactDraft draft) = 0;
  virtual absl::Status AddVersion(VersionDraft draft) = 0;

  // Waits until everything is durable. The first error of any draft otherwise. Nothing
  // may follow.
  virtual absl::StatusOr<PublishSummary> Finish() = 0;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_STAGES_PUBLISHER_H_

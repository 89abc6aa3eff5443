#ifndef CAIRN_TESTS_UNIT_PIPELINE_STAGES_RECORDING_PUBLISHER_H_
#define CAIRN_TESTS_UNIT_PIPELINE_STAGES_RECORDING_PUBLISHER_H_

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "pipeline/stages/publisher.h"

namespace cairn::pipeline {

// Keeps what it is given; runs by their place in the sweep.
class RecordingPublisher final : public Publisher {
 public:
  absl::Status Begin(const std::string& sweep_key, size_t run_count) override {
    sweep_keys.push_back(sweep_key);
    count = run_count;
    return absl::OkStatus();
  }
  absl::Status AddDataset(DatasetDraft draft) override {
    datasets.push_back(std::move(draft));
    return absl::OkStatus();
  }
  absl::Status AddRun(RunDraft draft) override {
    if (fail_at && runs.size() == *fail_at) return absl::UnavailableError("the server is gone");
    const auto after =
        std::upper_bound(runs.begin(), runs.end(), draft.index,
                         [](size_t index, const RunDraft& run) { return index < run.index; });
    runs.insert(after, std::move(draft));
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<Champion>> FindChampion() override { return champion; }
  absl::Status AddArtifacts(ArtifactDraft draft) override {
    artifacts.push_back(std::move(draft));
    return absl::OkStatus();
  }
  absl::Status AddVersion(VersionDraft draft) override {
    versions.push_back(std::move(draft));
    return absl::OkStatus();
  }
  absl::StatusOr<PublishSummary> Finish() override {
    PublishSummary summary;
    for (const RunDraft& run : runs) summary.runs.push_back("experiments/1/runs/" + run.point);
    summary.runs_created = static_cast<int>(runs.size());
    return summary;
  }

  std::vector<std::string> sweep_keys;
  size_t count = 0;
  std::vector<DatasetDraft> datasets;
  std::vector<RunDraft> runs;
  std::vector<ArtifactDraft> artifacts;
  std::vector<VersionDraft> versions;
  std::optional<Champion> champion;
  std::optional<size_t> fail_at;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_TESTS_UNIT_PIPELINE_STAGES_RECORDING_PUBLISHER_H_

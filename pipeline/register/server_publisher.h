#ifndef CAIRN_PIPELINE_REGISTER_SERVER_PUBLISHER_H_
#define CAIRN_PIPELINE_REGISTER_SERVER_PUBLISHER_H_

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "lib/base/mutex.h"
#include "lib/client/client.h"
#include "pipeline/register/run_registrar.h"
#include "pipeline/stages/config.h"
#include "pipeline/stages/publisher.h"

namespace cairn::pipeline {

// Keeps what the pipeline makes on a Cairn server, in the background while it computes.
//
// One thread of its own takes the drafts in order: data set versions with their lineage, then
// runs in whatever batches have gathered, then model versions. Everything may be sent again
// without being stored twice: data sets are addressed by content, runs are found by their tags,
// model versions by their run. A call that fails because the server is away is repeated by the
// client library for a bounded time; then the first error stays and nothing more is sent.
class ServerPublisher final : public Publisher {
 public:
  // How to reach the server and what the versions say of their origin. Fixed for the
  // life of the publisher.
  struct Options {
    client::ConnectOptions connect;
    PipelineConfig::Register names;
    std::string code_revision;
  };

  // UNAVAILABLE (SERVER_UNREACHABLE) when nobody answers; then nothing was computed in
  // vain. Asks once and does not wait for a server that is away. Only later calls are
  // repeated, for about ten seconds.
  static absl::StatusOr<std::unique_ptr<ServerPublisher>> Connect(Options options);

  // Gives up what is still waiting. Ends the call under way.
  ~ServerPublisher() override;

  // Starts the thread. Once; the others come after it.
  absl::Status Begin(const std::string& sweep_key, size_t run_count) override;
  // That of the channel `production` of the model. On the caller's thread.
  absl::StatusOr<std::optional<Champion>> FindChampion() override;
  // These queue a draft and return. The queue has no limit: drafts are there anyway.
  absl::Status AddDataset(DatasetDraft draft) override;
  absl::Status AddRun(RunDraft draft) override;
  absl::Status AddArtifacts(ArtifactDraft draft) override;
  absl::Status AddVersion(VersionDraft draft) override;
  // Joins the thread. Answers the first error if there was one.
  absl::StatusOr<PublishSummary> Finish() override;

 private:
  using Task = std::variant<DatasetDraft, RunDraft, ArtifactDraft, VersionDraft>;

  ServerPublisher(Options options, std::unique_ptr<client::Client> client);

  absl::Status Enqueue(Task task) CAIRN_EXCLUDES(mutex_);
  // The thread. After an error it drops what waits and ends.
  void Work() CAIRN_EXCLUDES(mutex_);
  // Sends the drafts in their order; runs that stand side by side go together.
  absl::Status Do(std::deque<Task> tasks);
  // Uploads the content and makes the version, with what it is made from as its parent.
  absl::Status KeepDataset(const DatasetDraft& draft);
  // What the server has already is not sent again.
  absl::StatusOr<cairn::v1::ArtifactFile> UploadDataset(const DatasetDraft& draft);
  absl::Status KeepRuns(const std::vector<RunDraft>& drafts);
  // All in one call; one by one where some are there already.
  absl::Status KeepArtifacts(const ArtifactDraft& draft);
  // The model in the formats of others, as files of the version.
  absl::Status UploadFormats(const VersionDraft& draft, cairn::v1::ModelVersion* version);
  // Finds the version of the run or makes it.
  absl::Status KeepVersion(const VersionDraft& draft);
  // The versions that the model has, by the run they came from. Once.
  absl::Status FindVersions();
  const std::string& DatasetNameOf(DatasetRole role) const;

  const Options options_;
  const std::unique_ptr<client::Client> client_;
  std::chrono::steady_clock::time_point begin_;

  // Used by the worker alone until it has ended.
  std::string sweep_key_;
  std::optional<RunRegistrar> registrar_;
  std::array<std::string, kDatasetRoles> dataset_versions_;  // Resource names.
  std::optional<std::map<std::string, std::string>> versions_by_run_;
  PublishSummary summary_;

  Mutex mutex_;
  CondVar changed_;
  std::deque<Task> queue_ CAIRN_GUARDED_BY(mutex_);  // in the order of the calls
  bool ending_ CAIRN_GUARDED_BY(mutex_) = false;     // nothing more is added
  // The first; every later call answers it.
  absl::Status failure_ CAIRN_GUARDED_BY(mutex_);
  std::thread worker_;
};

}  // namespace cairn::pipeline

#endif  // CAIRN_PIPELINE_REGISTER_SERVER_PUBLISHER_H_

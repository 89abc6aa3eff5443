#ifndef CAIRN_TESTS_UNIT_SERVER_USE_CASE_FIXTURE_H_
#define CAIRN_TESTS_UNIT_SERVER_USE_CASE_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cairn/v1/datasets.pb.h"
#include "cairn/v1/registry.pb.h"
#include "cairn/v1/tracking.pb.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "server/artifacts/blob_store.h"
#include "server/artifacts/run_artifacts.h"
#include "server/datasets/datasets.h"
#include "server/registry/models.h"
#include "server/registry/version_creation.h"
#include "server/storage/memory_store.h"
#include "server/tracking/experiments.h"
#include "server/tracking/merge_records.h"
#include "server/tracking/run_logging.h"
#include "server/tracking/runs.h"
#include "tests/testing/status_matchers.h"

namespace cairn {

// The use cases of the server over a store in memory, without RPC: requests in,
// resources out, with times and ids that are known.
class UseCaseTest : public ::testing::Test {
 protected:
  static constexpr int64_t kStart = 1'700'000'000 * kNanosPerSecond;

  UseCaseTest() : store_(storage::MakeMemoryStore(tracking::MergeRecords)) {
    EXPECT_THAT(tracking::EnsureDefaultExperiment(*store_, kStart), testing::IsOk());
  }

  std::unique_ptr<storage::Snapshot> Now() { return store_->GetSnapshot(); }
  storage::Revision Revision() { return Now()->revision(); }

  // The facts of the next call: a second later, with an id of its own.
  tracking::CallFacts Facts() { return {NextTime(), ids_->NewHexId()}; }
  int64_t NextTime() { return kStart + (++calls_) * kNanosPerSecond; }

  // Commits a plan once and returns its answer.
  template <typename Response>
  absl::StatusOr<Response> Apply(absl::StatusOr<storage::Plan> plan) {
    if (!plan.ok()) return plan.status();
    if (!plan->nothing_to_write) {
      const auto committed = store_->CommitAndWait(std::move(plan->write_set));
      if (!committed.ok()) return committed.status();
    }
    return static_cast<const Response&>(*plan->response);
  }

  // A file whose bytes are in the store.
  v1::ArtifactFile PutFile(const std::string& path, const std::string& bytes) {
    v1::ArtifactFile file = FileWithoutBlob(path, bytes);
    storage::WriteSet write_set;
    write_set.puts.push_back(*artifacts::InlineBlobPut({DigestOf(bytes), bytes}));
    EXPECT_THAT(store_->CommitAndWait(std::move(write_set)), testing::IsOk());
    return file;
  }

  // A file whose bytes were never sent.
  static v1::ArtifactFile FileWithoutBlob(const std::string& path, const std::string& bytes) {
    v1::ArtifactFile file;
    file.set_path(path);
    file.mutable_digest()->set_sha256(Sha256Hex(bytes));
    file.mutable_digest()->set_size_bytes(static_cast<int64_t>(bytes.size()));
    return file;
  }

  v1::Run CreateRun(const std::map<std::string, std::string>& params = {},
                    const std::string& input = "") {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    request.mutable_run()->mutable_params()->insert(params.begin(), params.end());
    if (!input.empty()) request.mutable_run()->add_inputs()->set_dataset_version(input);
    auto run = Apply<v1::Run>(tracking::PlanCreateRun(*Now(), request, Facts()));
    EXPECT_THAT(run, testing::IsOk());
    return run.ok() ? *run : v1::Run();
  }

  v1::Run GetRun(const std::string& name) {
    v1::GetRunRequest request;
    request.set_name(name);
    auto run = tracking::GetRun(*Now(), request);
    EXPECT_THAT(run, testing::IsOk());
    return run.ok() ? *run : v1::Run();
  }

  absl::Status LogArtifacts(const std::string& run, const std::vector<v1::ArtifactFile>& files) {
    v1::LogArtifactsRequest request;
    request.set_run(run);
    for (const auto& file : files) *request.add_files() = file;
    return Apply<v1::LogArtifactsResponse>(artifacts::PlanLogArtifacts(*Now(), request)).status();
  }

  absl::StatusOr<v1::DatasetVersion> CreateDatasetVersion(const std::string& dataset,
                                                          v1::DatasetVersion version) {
    v1::CreateDatasetVersionRequest request;
    request.set_parent("datasets/" + dataset);
    *request.mutable_dataset_version() = std::move(version);
    return Apply<v1::DatasetVersion>(
        datasets::PlanCreateDatasetVersion(*Now(), request, NextTime()));
  }

  // The name of a version that holds one file.
  std::string PutDataset(const std::string& dataset, const std::string& bytes,
                         const std::vector<std::string>& parents = {},
                         const std::string& run = "") {
    v1::DatasetVersion version;
    *version.add_files() = PutFile("data.csv", bytes);
    version.mutable_parents()->Assign(parents.begin(), parents.end());
    version.set_run(run);
    const auto created = CreateDatasetVersion(dataset, version);
    EXPECT_THAT(created, testing::IsOk());
    return created.ok() ? created->name() : "";
  }

  // With the evaluation unless it has no values.
  absl::StatusOr<v1::ModelVersion> CreateModelVersion(const std::string& model,
                                                      v1::ModelVersion version,
                                                      const std::string& run_path = "",
                                                      const v1::Evaluation& evaluation = {}) {
    v1::CreateModelVersionRequest request;
    if (!evaluation.values().empty()) *request.add_evaluations() = evaluation;
    request.set_parent("models/" + model);
    request.set_run_artifact_path(run_path);
    *request.mutable_model_version() = std::move(version);
    return Apply<v1::ModelVersion>(registry::PlanCreateModelVersion(*Now(), request, NextTime()));
  }

  std::unique_ptr<storage::KvStore> store_;
  std::unique_ptr<IdSource> ids_ = MakeSequentialIds(1);
  int64_t calls_ = 0;
};

// Expects an error of `code` with exactly the ErrorInfo every error must carry.
inline void ExpectError(const absl::Status& status, absl::StatusCode code,
                        const std::string& reason) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_EQ(ReasonOf(status), reason) << status;
}

}  // namespace cairn

#endif  // CAIRN_TESTS_UNIT_SERVER_USE_CASE_FIXTURE_H_

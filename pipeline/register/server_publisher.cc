#include "pipeline/register/server_publisher.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

#include "cairn/v1/datasets.pb.h"
#include "cairn/v1/registry.pb.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "lib/base/status_macros.h"
#include "lib/base/version.h"
#include "lib/client/paging.h"
#include "lib/model/model_file.h"
#include "pipeline/data/byte_source.h"
#include "pipeline/register/champion.h"
#include "pipeline/register/counted_upload.h"
#include "pipeline/register/dataset_columns.h"
#include "pipeline/register/request_ids.h"

namespace cairn::pipeline {
namespace {

// Evidence that says how far off the silhouette may be, as it is measured on drawn rows.
constexpr std::string_view kSilhouetteError = "silhouette_error";

size_t At(DatasetRole role) { return static_cast<size_t>(role); }

}  // namespace

absl::StatusOr<std::unique_ptr<ServerPublisher>> ServerPublisher::Connect(Options options) {
  CAIRN_ASSIGN_OR_RETURN(const auto probe, client::Client::Connect(options.connect));
  CAIRN_RETURN_IF_ERROR(probe->Ping());
  // Once work is under way a server that restarts is waited for: about ten seconds.
  options.connect.backoff = {.max_attempts = 15, .initial_millis = 50, .max_millis = 1000};
  CAIRN_ASSIGN_OR_RETURN(auto client, client::Client::Connect(options.connect));
  return std::unique_ptr<ServerPublisher>(
      new ServerPublisher(std::move(options), std::move(client)));
}

ServerPublisher::ServerPublisher(Options options, std::unique_ptr<client::Client> client)
    : options_(std::move(options)), client_(std::move(client)) {}

ServerPublisher::~ServerPublisher() {
  if (!worker_.joinable()) return;
  {
    MutexLock lock(&mutex_);
    queue_.clear();
    ending_ = true;
    changed_.SignalAll();
  }
  client_->Cancel();
  worker_.join();
}

const std::string& ServerPublisher::DatasetNameOf(DatasetRole role) const {
  const auto& names = options_.names;
  switch (role) {
    case DatasetRole::kTransactions:
      return names.transactions_dataset;
    case DatasetRole::kCleaned:
      return names.cleaned_dataset;
    case DatasetRole::kFeatures:
      return names.features_dataset;
    case DatasetRole::kPrepared:
      return names.prepared_dataset;
    case DatasetRole::kComponents:
      return names.components_dataset;
    case DatasetRole::kOutliers:
      break;
  }
  return names.outliers_dataset;
}

absl::Status ServerPublisher::Begin(const std::string& sweep_key, size_t run_count) {
  begin_ = std::chrono::steady_clock::now();
  sweep_key_ = sweep_key;
  summary_.runs.resize(run_count);
  summary_.datasets.resize(kDatasetRoles);
  registrar_.emplace(*client_, options_.names.experiment, sweep_key);
  worker_ = std::thread([this] { Work(); });
  return absl::OkStatus();
}

absl::Status ServerPublisher::AddDataset(DatasetDraft draft) { return Enqueue(std::move(draft)); }
absl::Status ServerPublisher::AddRun(RunDraft draft) { return Enqueue(std::move(draft)); }
absl::Status ServerPublisher::AddArtifacts(ArtifactDraft draft) {
  return Enqueue(std::move(draft));
}
absl::Status ServerPublisher::AddVersion(VersionDraft draft) { return Enqueue(std::move(draft)); }

absl::StatusOr<std::optional<Champion>> ServerPublisher::FindChampion() {
  return FetchChampion(*client_, options_.names.model, sweep_key_);
}

absl::Status ServerPublisher::Enqueue(Task task) {
  MutexLock lock(&mutex_);
  if (!failure_.ok()) return failure_;
  queue_.push_back(std::move(task));
  changed_.SignalAll();
  return absl::OkStatus();
}

absl::StatusOr<PublishSummary> ServerPublisher::Finish() {
  {
    MutexLock lock(&mutex_);
    ending_ = true;
    changed_.SignalAll();
  }
  worker_.join();
  summary_.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  for (const auto& [index, name] : registrar_->names()) {
    if (index < summary_.runs.size()) summary_.runs[index] = name;
  }
  summary_.bytes_transferred += registrar_->transferred();
  summary_.runs_created = registrar_->created();
  summary_.runs_found = registrar_->found();
  summary_.datasets.assign(dataset_versions_.begin(), dataset_versions_.end());
  MutexLock lock(&mutex_);
  if (!failure_.ok()) return failure_;
  return summary_;
}

void ServerPublisher::Work() {
  absl::Status status = registrar_->Find();
  while (true) {
    std::deque<Task> tasks;
    {
      MutexLock lock(&mutex_);
      if (!status.ok()) {
        failure_ = status;
        queue_.clear();
        return;
      }
      while (queue_.empty() && !ending_) changed_.Wait(&mutex_);
      if (queue_.empty()) return;
      tasks.swap(queue_);
    }
    status = Do(std::move(tasks));
  }
}

// Runs that wait together are registered together.
absl::Status ServerPublisher::Do(std::deque<Task> tasks) {
  std::vector<RunDraft> runs;
  for (Task& task : tasks) {
    if (auto* run = std::get_if<RunDraft>(&task)) {
      runs.push_back(std::move(*run));
      continue;
    }
    CAIRN_RETURN_IF_ERROR(KeepRuns(std::exchange(runs, {})));
    if (const auto* dataset = std::get_if<DatasetDraft>(&task)) {
      CAIRN_RETURN_IF_ERROR(KeepDataset(*dataset));
    } else if (const auto* artifacts = std::get_if<ArtifactDraft>(&task)) {
      CAIRN_RETURN_IF_ERROR(KeepArtifacts(*artifacts));
    } else {
      CAIRN_RETURN_IF_ERROR(KeepVersion(std::get<VersionDraft>(task)));
    }
  }
  return KeepRuns(runs);
}

absl::StatusOr<cairn::v1::ArtifactFile> ServerPublisher::UploadDataset(const DatasetDraft& draft) {
  if (draft.input == nullptr) {
    CAIRN_ASSIGN_OR_RETURN(const auto content, draft.bytes());
    CAIRN_ASSIGN_OR_RETURN(
        auto files, CountedUpload(*client_, {client::UploadItem::Bytes(draft.path, *content)},
                                  &summary_.bytes_transferred));
    return std::move(files.front());
  }
  cairn::v1::ArtifactFile file;
  file.set_path(draft.path);
  *file.mutable_digest() = client::ToWire(draft.digest);
  cairn::v1::FindMissingBlobsRequest request;
  *request.add_digests() = file.digest();
  CAIRN_ASSIGN_OR_RETURN(const auto answer, client_->artifacts().FindMissingBlobs(request));
  if (answer.missing().empty()) return file;
  const auto source = [&draft](int64_t offset, int64_t most) -> absl::StatusOr<std::string> {
    return std::string(
        draft.input->view().substr(static_cast<size_t>(offset), static_cast<size_t>(most)));
  };
  CAIRN_RETURN_IF_ERROR(client_->artifacts().WriteBlob(draft.digest, source));
  summary_.bytes_transferred += static_cast<int64_t>(draft.input->view().size());
  return file;
}

absl::Status ServerPublisher::KeepDataset(const DatasetDraft& draft) {
  cairn::v1::CreateDatasetVersionRequest request;
  request.set_parent(DatasetName(DatasetNameOf(draft.role)));
  auto* version = request.mutable_dataset_version();
  CAIRN_ASSIGN_OR_RETURN(*version->add_files(), UploadDataset(draft));
  if (const auto parent = ParentOf(draft.role)) {
    version->add_parents(dataset_versions_[At(*parent)]);
  }
  version->set_producer(draft.producer);
  // A version is its content: one that is there keeps the statistics it has, and they need not be
  // computed. It has an etag, which one that would be created has not.
  request.set_validate_only(true);
  CAIRN_ASSIGN_OR_RETURN(auto kept, client_->datasets().CreateDatasetVersion(request));
  if (kept.etag().empty()) {
    CAIRN_RETURN_IF_ERROR(DescribeTable(draft, version));
    request.set_validate_only(false);
    CAIRN_ASSIGN_OR_RETURN(kept, client_->datasets().CreateDatasetVersion(std::move(request)));
  }
  dataset_versions_[At(draft.role)] = kept.name();
  return absl::OkStatus();
}

absl::Status ServerPublisher::KeepRuns(const std::vector<RunDraft>& drafts) {
  if (drafts.empty()) return absl::OkStatus();
  std::vector<cairn::v1::RunInput> inputs;
  for (const auto& [role, context] :
       {std::pair<DatasetRole, const char*>{DatasetRole::kFeatures, "training"},
        {DatasetRole::kComponents, "components"}}) {
    auto& input = inputs.emplace_back();
    input.set_dataset_version(dataset_versions_[At(role)]);
    input.set_context(context);
  }
  return registrar_->Register(drafts, inputs);
}

absl::Status ServerPublisher::KeepArtifacts(const ArtifactDraft& draft) {
  std::vector<client::UploadItem> items;
  for (const ArtifactDraft::File& file : draft.files) {
    items.push_back(client::UploadItem::Bytes(file.path, *file.bytes));
  }
  CAIRN_ASSIGN_OR_RETURN(const auto files,
                         CountedUpload(*client_, items, &summary_.bytes_transferred));
  cairn::v1::LogArtifactsRequest all;
  all.set_run(registrar_->names().at(draft.run));
  all.mutable_files()->Add(files.begin(), files.end());
  absl::Status status = client_->artifacts().LogArtifacts(all).status();
  if (!HasReason(status, ErrorReason::ARTIFACT_EXISTS)) return status;
  for (const auto& file : files) {
    cairn::v1::LogArtifactsRequest one;
    one.set_run(all.run());
    *one.add_files() = file;
    status = client_->artifacts().LogArtifacts(std::move(one)).status();
    // An earlier attempt kept one with other timings.
    if (!status.ok() && !HasReason(status, ErrorReason::ARTIFACT_EXISTS)) return status;
  }
  return absl::OkStatus();
}

absl::Status ServerPublisher::FindVersions() {
  versions_by_run_.emplace();
  cairn::v1::ListModelVersionsRequest request;
  request.set_parent(ModelName(options_.names.model));
  request.set_page_size(1000);
  const absl::Status status = client::ForEachPage(
      request, [&](const auto& page) { return client_->registry().ListModelVersions(page); },
      [&](const cairn::v1::ListModelVersionsResponse& page) {
        for (const auto& version : page.model_versions()) {
          versions_by_run_->emplace(version.run(), version.name());
        }
        return true;
      });
  return status.code() == absl::StatusCode::kNotFound ? absl::OkStatus() : status;
}

absl::Status ServerPublisher::UploadFormats(const VersionDraft& draft,
                                            cairn::v1::ModelVersion* version) {
  std::vector<client::UploadItem> items;
  for (const ModelFormatFile& file : draft.formats) {
    items.push_back(client::UploadItem::Bytes(file.path, file.bytes));
  }
  if (items.empty()) return absl::OkStatus();
  CAIRN_ASSIGN_OR_RETURN(auto files, CountedUpload(*client_, items, &summary_.bytes_transferred));
  for (auto& file : files) *version->add_files() = std::move(file);
  return absl::OkStatus();
}

absl::Status ServerPublisher::KeepVersion(const VersionDraft& draft) {
  if (!versions_by_run_) CAIRN_RETURN_IF_ERROR(FindVersions());
  const std::string& run = registrar_->names().at(draft.run);
  if (const auto found = versions_by_run_->find(run); found != versions_by_run_->end()) {
    summary_.versions.push_back(found->second);
    return absl::OkStatus();
  }
  cairn::v1::CreateModelVersionRequest request;
  request.set_parent(ModelName(options_.names.model));
  auto* version = request.mutable_model_version();
  auto* file = version->add_files();
  file->set_path(std::string(model::kModelFileName));
  *file->mutable_digest() = client::ToWire(DigestOf(draft.model));
  CAIRN_RETURN_IF_ERROR(UploadFormats(draft, version));
  version->set_run(run);
  version->set_training_dataset(dataset_versions_[At(DatasetRole::kFeatures)]);
  auto* evaluation = request.add_evaluations();
  evaluation->set_dataset_version(dataset_versions_[At(DatasetRole::kFeatures)]);
  evaluation->set_evaluator(std::string("cairn-pipeline/") + std::string(kVersion));
  std::optional<double> silhouette_error;
  for (const auto& [metric, measured] : draft.evidence) {
    if (metric == kSilhouetteError) silhouette_error = measured;
  }
  for (const auto& [metric, measured] : draft.evidence) {
    if (metric == kSilhouetteError) continue;
    auto* value = evaluation->add_values();
    value->set_metric(metric);
    value->set_value(measured);
    // The plain name is what the run measured on its training rows.
    value->set_run_metric("all_" + metric);
    if (metric != "silhouette" || !silhouette_error) continue;
    value->set_definition("silhouette.sampled.v1");
    value->set_standard_error(*silhouette_error);
  }
  version->set_evaluation_space(draft.evaluation_space);
  version->set_preparation(draft.preparation);
  version->set_feature_schema(draft.feature_schema);
  version->set_code_revision(options_.code_revision);
  version->set_description(draft.description);
  request.set_request_id(RequestIdFor(sweep_key_, "create_model_version", request));
  CAIRN_ASSIGN_OR_RETURN(const auto created,
                         client_->registry().CreateModelVersion(std::move(request)));
  summary_.versions.push_back(created.name());
  return absl::OkStatus();
}

}  // namespace cairn::pipeline

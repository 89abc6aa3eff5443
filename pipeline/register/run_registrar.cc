#include "pipeline/register/run_registrar.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/client/paging.h"
#include "lib/client/parallel_calls.h"
#include "lib/model/model_file.h"
#include "pipeline/register/counted_upload.h"
#include "pipeline/register/experiment.h"
#include "pipeline/register/request_ids.h"

namespace cairn::pipeline {
namespace {

// Calls under way at a time: the server commits those that wait together in one go.
constexpr int kConcurrency = 24;
// Two blobs for each run, and at most 1,000 in one question to the server.
constexpr size_t kRunsPerUpload = 400;

std::string ModelPath() {
  return fmt::format("{}/{}", model::kModelArtifactDirectory, model::kModelFileName);
}

}  // namespace

// A draft and what has become of it.
struct RunRegistrar::Work {
  const RunDraft* draft;
  const std::vector<cairn::v1::RunInput>* inputs;
  cairn::v1::Run run;
  cairn::v1::ArtifactFile model;
  cairn::v1::ArtifactFile labels;
  bool created = false;
};

absl::Status RunRegistrar::Find() {
  CAIRN_ASSIGN_OR_RETURN(parent_, FindOrCreateExperiment(client_, experiment_));
  return FindRuns();
}

absl::Status RunRegistrar::FindRuns() {
  cairn::v1::SearchRunsRequest request;
  request.add_parents(parent_);
  request.set_filter(fmt::format("tags.\"cairn.sweep\" = \"{}\"", sweep_key_));
  request.set_page_size(1000);
  return client::ForEachPage(
      request, [&](const auto& page) { return client_.tracking().SearchRuns(page); },
      [&](cairn::v1::SearchRunsResponse& page) {
        for (cairn::v1::Run& run : *page.mutable_runs()) {
          const auto point = run.tags().find("cairn.point");
          if (point != run.tags().end()) earlier_.try_emplace(point->second, std::move(run));
        }
        return true;
      });
}

absl::Status RunRegistrar::Register(const std::vector<RunDraft>& drafts,
                                    const std::vector<cairn::v1::RunInput>& inputs) {
  std::vector<Work> works;
  for (const RunDraft& draft : drafts) {
    Work work{&draft, &inputs};
    if (const auto earlier = earlier_.find(draft.point); earlier != earlier_.end()) {
      work.run = earlier->second;
      names_[draft.index] = work.run.name();
      ++found_;
      if (work.run.state() == cairn::v1::Run::SUCCEEDED) continue;
    }
    works.push_back(std::move(work));
  }
  CAIRN_RETURN_IF_ERROR(UploadBlobs(&works));
  absl::Status status = client::ParallelCalls(works.size(), kConcurrency,
                                              [&](size_t i) { return RegisterOne(&works[i]); });
  for (const Work& work : works) {
    if (work.run.name().empty()) continue;
    names_[work.draft->index] = work.run.name();
    if (work.created) ++created_;
  }
  return status;
}

absl::Status RunRegistrar::UploadBlobs(std::vector<Work>* works) {
  for (size_t begin = 0; begin < works->size(); begin += kRunsPerUpload) {
    const size_t end = std::min(works->size(), begin + kRunsPerUpload);
    std::vector<client::UploadItem> items;
    for (size_t i = begin; i < end; ++i) {
      const RunDraft& draft = *(*works)[i].draft;
      // Only unique within the upload; each run names its files itself below.
      items.push_back(client::UploadItem::Bytes(fmt::format("{}/model", i), draft.model));
      items.push_back(client::UploadItem::Bytes(fmt::format("{}/labels", i), *draft.labels));
    }
    CAIRN_ASSIGN_OR_RETURN(auto files, CountedUpload(client_, items, &transferred_));
    for (size_t i = begin; i < end; ++i) {
      Work& mine = (*works)[i];
      mine.model = std::move(files[2 * (i - begin)]);
      mine.model.set_path(ModelPath());
      mine.labels = std::move(files[2 * (i - begin) + 1]);
      mine.labels.set_path("labels.csv");
    }
  }
  return absl::OkStatus();
}

absl::Status RunRegistrar::Create(Work* work) {
  cairn::v1::CreateRunRequest request;
  request.set_parent(parent_);
  cairn::v1::Run* run = request.mutable_run();
  run->set_display_name(work->draft->point);
  run->mutable_params()->insert(work->draft->params.begin(), work->draft->params.end());
  run->mutable_tags()->insert(work->draft->tags.begin(), work->draft->tags.end());
  for (const auto& input : *work->inputs) *run->add_inputs() = input;
  request.set_request_id(RequestIdFor(sweep_key_, "create_run/" + work->draft->point, request));
  CAIRN_ASSIGN_OR_RETURN(work->run, client_.tracking().CreateRun(std::move(request)));
  work->created = true;
  return absl::OkStatus();
}

absl::Status RunRegistrar::RegisterOne(Work* work) {
  if (work->run.name().empty()) CAIRN_RETURN_IF_ERROR(Create(work));

  std::set<std::string> logged;
  for (const auto& summary : work->run.metrics()) logged.insert(summary.key());
  cairn::v1::LogBatchRequest batch;
  batch.set_run(work->run.name());
  for (const auto& [key, value] : work->draft->metrics) {
    if (logged.count(key) > 0) continue;
    auto* columns = batch.add_metrics();
    columns->set_key(key);
    columns->add_steps(0);
    columns->add_values(value);
  }
  if (batch.metrics_size() > 0) {
    CAIRN_RETURN_IF_ERROR(client_.tracking().LogBatch(std::move(batch)).status());
  }

  cairn::v1::LogArtifactsRequest artifacts;
  artifacts.set_run(work->run.name());
  *artifacts.add_files() = work->model;
  *artifacts.add_files() = work->labels;
  CAIRN_RETURN_IF_ERROR(client_.artifacts().LogArtifacts(std::move(artifacts)).status());

  cairn::v1::FinishRunRequest finish;
  finish.set_name(work->run.name());
  finish.set_state(cairn::v1::Run::SUCCEEDED);
  return client_.tracking().FinishRun(std::move(finish)).status();
}

}  // namespace cairn::pipeline

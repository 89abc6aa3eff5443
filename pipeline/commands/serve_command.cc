#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/base/resource_names.h"
#include "lib/base/standard_streams.h"
#include "lib/base/status_macros.h"
#include "lib/client/client.h"
#include "lib/client/model_follower.h"
#include "lib/client/serving_reporter.h"
#include "lib/http/http_server.h"
#include "pipeline/commands/commands.h"
#include "pipeline/commands/end_signals.h"
#include "pipeline/commands/exit_code.h"
#include "pipeline/commands/flag_table.h"
#include "pipeline/commands/local_files.h"
#include "pipeline/commands/note.h"
#include "pipeline/commands/serve_names.h"
#include "pipeline/commands/server_flags.h"
#include "pipeline/register/model_source.h"
#include "pipeline/serving/last_good_model.h"
#include "pipeline/serving/prediction_service.h"
#include "pipeline/serving/request_log_file.h"
#include "pipeline/serving/routes.h"

namespace cairn::pipeline {
namespace {

using Phase = client::FollowState::Phase;
using serving::ModelPtr;
using serving::PredictionService;

int64_t Now() { return SystemClock().NowUnixNanos(); }

absl::StatusOr<std::unique_ptr<client::Client>> ConnectToServer(const ServeFlags& flags) {
  if (flags.server.address.empty()) {
    return Error(absl::StatusCode::kNotFound, ErrorReason::FILE_ERROR,
                 fmt::format("{} is no file; to serve a model by name, say --server HOST:PORT",
                             flags.model))
        .With("path", flags.model)
        .ToStatus();
  }
  return ConnectClient(flags.server);
}

// One run of `serve`: the HTTP server, and who brings it models.
class Serving {
 public:
  explicit Serving(const ServeFlags& flags)
      : flags_(flags),
        signals_(HoldEndSignals()),
        service_({flags.log_capacity, flags.max_instances, std::string(PipelineTable().version)}) {}

  absl::Status Run() {
    CAIRN_RETURN_IF_ERROR(OpenLogFile());
    const bool file = IsRegularFile(flags_.model);
    if (file || flags_.model.find('@') != std::string::npos) {
      CAIRN_RETURN_IF_ERROR(file ? ShowFile() : ShowVersion());
      CAIRN_RETURN_IF_ERROR(Listen());
      WaitForEnd();
    } else {
      CAIRN_RETURN_IF_ERROR(Follow());
    }
    http_->Stop(std::chrono::milliseconds(flags_.drain_millis));
    return ended_;
  }

 private:
  absl::Status OpenLogFile() {
    if (flags_.log_file.empty()) return absl::OkStatus();
    serving::LogFileOptions options;
    options.path = flags_.log_file;
    options.max_bytes = flags_.log_file_bytes;
    options.on_trouble = [](std::string_view why) {
      Note("warning: the request log is not kept in its file: {}; serving goes on\n", why);
    };
    CAIRN_ASSIGN_OR_RETURN(auto file, serving::RequestLogFile::Open(std::move(options)));
    service_.KeepLogIn(std::move(file));
    return absl::OkStatus();
  }

  absl::Status ShowFile() {
    CAIRN_ASSIGN_OR_RETURN(const std::string bytes,
                           ReadFile(flags_.model, model::kMaxModelFileBytes));
    return ShowBytes(bytes, flags_.model);
  }

  absl::Status ShowVersion() {
    CAIRN_ASSIGN_OR_RETURN(const auto client, ConnectToServer(flags_));
    CAIRN_ASSIGN_OR_RETURN(const FetchedModel fetched, FetchModel(*client, flags_.model));
    return ShowBytes(fetched.bytes, fetched.version);
  }

  absl::Status ShowBytes(const std::string& bytes, const std::string& version) {
    CAIRN_ASSIGN_OR_RETURN(ModelPtr model, serving::ServedModel::Load(bytes, version, Now()));
    Show(std::move(model));
    return absl::OkStatus();
  }

  void Show(ModelPtr model) {
    Note("model: {} (sha256 {})\n", model->version(), model->sha256());
    service_.Show(std::move(model));
    TellReady();
  }

  absl::Status Listen() {
    http::HttpServerOptions options;
    options.address = flags_.address;
    options.threads = flags_.threads;
    if (options.threads == 0) {
      options.threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 64);
    }
    options.allowed_hosts = flags_.allowed_hosts;
    options.limits.max_body_bytes = flags_.max_body_bytes;
    options.observe = [this](const http::RequestRecord& record) { service_.Observe(record); };
    CAIRN_ASSIGN_OR_RETURN(http::Router router, serving::MakeRoutes(service_));
    CAIRN_ASSIGN_OR_RETURN(http_, http::HttpServer::Start(std::move(options), std::move(router)));
    TellReady();
    return absl::OkStatus();
  }

  // Once, when there is both a server and a model. By one thread at a time.
  void TellReady() {
    if (http_ == nullptr || service_.model() == nullptr || told_ready_) return;
    told_ready_ = true;
    std::fputs(fmt::format("ready http={}\n", http_->address()).c_str(), stdout);
    (void)FlushStandardOutput();
  }

  void WaitForEnd() const {
    int signal = 0;
    ::sigwait(&signals_, &signal);
  }

  absl::Status Follow() {
    CAIRN_ASSIGN_OR_RETURN(const ChannelRef channel, ServedChannel(flags_.model));
    CAIRN_ASSIGN_OR_RETURN(directory_, ServingDirectory(flags_.state_dir, channel));
    CAIRN_ASSIGN_OR_RETURN(const auto client, ConnectToServer(flags_));
    client::ServerModels models(*client, {});
    client::FollowOptions options;
    options.channel = ChannelName(channel.model, channel.channel);
    options.directory = directory_;
    options.on_head = [this](const client::KeptModel& shown) { OnHead(shown); };
    options.on_state = [this](Phase phase, std::string_view detail) { OnState(phase, detail); };
    CAIRN_ASSIGN_OR_RETURN(const auto follower,
                           client::ModelFollower::Open(models, std::move(options)));
    service_.SetReason(fmt::format("{} has told no model yet", flags_.server.address));
    CAIRN_RETURN_IF_ERROR(Listen());
    if (!follower->shown()) ShowLastGood();
    CAIRN_RETURN_IF_ERROR(BeginReports(*client, channel));
    const pthread_t waiting = ::pthread_self();
    std::thread thread([&] { RunFollower(*follower, waiting); });
    WaitForEnd();
    follower->Stop();
    thread.join();
    reporter_.reset();  // tells that this is the end
    return absl::OkStatus();
  }

  absl::Status BeginReports(const client::Client& client, const ChannelRef& channel) {
    client::ReporterOptions options;
    options.channel = ChannelName(channel.model, channel.channel);
    options.consumer = flags_.consumer.empty() ? ConsumerOfProcess() : flags_.consumer;
    options.address = http_->address();
    options.on_trouble = [](std::string_view why) { Note("note: {}; serving goes on\n", why); };
    Note("consumer: {} of {}\n", options.consumer, options.channel);
    CAIRN_ASSIGN_OR_RETURN(reporter_,
                           client::ServingReporter::Connect(client.options(), std::move(options)));
    return absl::OkStatus();
  }

  void RunFollower(client::ModelFollower& follower, pthread_t waiting) {
    const absl::Status ended = follower.Run();
    if (ended.ok() || absl::IsCancelled(ended)) return;
    const std::string why(ended.message());
    service_.SetFollowing(false);
    service_.SetReason(why);
    if (service_.model() != nullptr) {
      Note("error: {}; the channel is followed no more, and the model that is here goes on\n", why);
      return;
    }
    ended_ = ended;
    ::pthread_kill(waiting, SIGTERM);
  }

  void OnHead(const client::KeptModel& shown) {
    auto model = serving::LoadShown(shown, Now());
    if (!model.ok()) {
      Note("error: {} cannot be served: {}\n", shown.head.version,
           std::string(model.status().message()));
      if (service_.model() == nullptr) ShowLastGood();
      service_.NoteFailedLoad(model.status());
      ReportFailed(shown.head, model.status());
      return;
    }
    const ModelPtr loaded = *model;
    Show(loaded);
    reporter_->Report(v1::Consumer::LOADED, shown.head);
    const absl::Status kept = serving::KeepGood(directory_, *loaded, shown);
    if (!kept.ok()) {
      Note("warning: the model is not kept for the next start: {}\n", std::string(kept.message()));
    }
  }

  void ReportFailed(const client::ChannelHead& head, const absl::Status& why) {
    const ModelPtr model = service_.model();
    const std::string instead = model == nullptr ? "nothing" : model->version();
    reporter_->Report(v1::Consumer::FAILED, head,
                      fmt::format("serves {}: {}", instead, std::string(why.message())));
  }

  void ShowLastGood() {
    auto good = serving::LoadGood(directory_, Now());
    if (good.ok()) {
      Show(*std::move(good));
    } else if (!absl::IsNotFound(good.status())) {
      Note("warning: {}\n", std::string(good.status().message()));
    }
  }

  void OnState(Phase phase, std::string_view detail) {
    service_.SetFollowing(phase == Phase::kFollowing);
    if (phase == Phase::kOffline && last_ != Phase::kOffline) {
      Note("note: {}; going on when the server is back\n", detail);
      service_.SetReason(std::string(detail));
    } else if (phase == Phase::kFollowing) {
      if (!detail.empty()) Note("warning: {}\n", detail);
      const bool nothing = service_.model() == nullptr;
      if (nothing) Note("note: the channel serves nothing yet; waiting for its first model\n");
      // What a model that failed left stays.
      if (nothing) service_.SetReason("the channel serves nothing yet");
      if (!nothing && last_ == Phase::kOffline) service_.SetReason("");
    }
    last_ = phase;
  }

  const ServeFlags& flags_;
  const sigset_t signals_;
  PredictionService service_;
  std::unique_ptr<http::HttpServer> http_;
  std::unique_ptr<client::ServingReporter> reporter_;  // while a channel is followed
  std::string directory_;
  std::atomic<bool> told_ready_ = false;
  Phase last_ = Phase::kFollowing;
  absl::Status ended_;  // of the follower, when nothing serves
};

}  // namespace

int ServeCommand(const ServeFlags& flags) {
  const absl::Status status = Serving(flags).Run();
  return status.ok() ? kExitOk : ReportError(status);
}

}  // namespace cairn::pipeline

#include "lib/client/model_follower.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>

#include "fmt/format.h"
#include "lib/base/digest.h"
#include "lib/base/errors.h"
#include "lib/base/manifest_text.h"
#include "lib/base/status_macros.h"

namespace cairn::client {
namespace {

using std::chrono::milliseconds;

v1::WatchChannelsRequest RequestOf(const FollowOptions& options) {
  v1::WatchChannelsRequest request;
  request.set_resource(options.channel);
  const int64_t millis = options.patience.heartbeat_millis;
  request.mutable_heartbeat()->set_seconds(millis / 1000);
  request.mutable_heartbeat()->set_nanos(static_cast<int32_t>(millis % 1000) * 1'000'000);
  return request;
}

ChannelHead HeadOf(const v1::Channel& channel) {
  return {channel.epoch(), channel.version(), channel.version_sha256()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModelFollower>> ModelFollower::Open(ModelSource& source,
                                                                   FollowOptions options) {
  CAIRN_ASSIGN_OR_RETURN(auto directory,
                         ModelDirectory::Open(options.directory, options.channel, options.on_step));
  // The constructor is private.
  return std::unique_ptr<ModelFollower>(
      new ModelFollower(source, std::move(options), std::move(directory)));  // NOLINT
}

ModelFollower::ModelFollower(ModelSource& source, FollowOptions options,
                             std::unique_ptr<ModelDirectory> directory)
    : source_(source),
      options_(std::move(options)),
      directory_(std::move(directory)),
      state_(directory_->Beginning()),
      stream_(
          source.watch(),
          [this] {
            StreamPatience patience = options_.patience;
            patience.on_broken = [this](const absl::Status& cause, int64_t wait) {
              state_.Lost();
              Report(std::string(cause.message()));
              if (options_.patience.on_broken) options_.patience.on_broken(cause, wait);
            };
            return patience;
          }(),
          [this] { return source_.watch().WatchChannels(RequestOf(options_)); }) {}

void ModelFollower::Stop() {
  stopped_ = true;
  source_.Cancel();
}

absl::Status ModelFollower::Run() {
  if (shown() && options_.on_head) options_.on_head(*shown());
  const absl::Status ended = Follow();
  return stopped_ ? absl::OkStatus() : ended;
}

absl::Status ModelFollower::Follow() {
  while (!stopped_) {
    milliseconds wait = std::chrono::hours(1);
    if (state_.ToFetch()) {
      wait = milliseconds(std::max<int64_t>(fetch_millis_ - source_.watch().NowMillis(), 0));
      if (wait.count() == 0) {
        const absl::Status fetched = FetchNewest();
        if (!fetched.ok()) CAIRN_RETURN_IF_ERROR(PutOff(fetched));
        continue;
      }
    }
    CAIRN_ASSIGN_OR_RETURN(const auto message, stream_.Next(wait));
    if (message) Take(*message);
  }
  return absl::OkStatus();
}

void ModelFollower::Take(const v1::WatchChannelsResponse& message) {
  for (const v1::Channel& channel : message.channels()) {
    if (channel.name() != options_.channel) continue;
    synced_ = true;
    if (channel.epoch() > newest_.epoch()) {
      newest_ = channel;
      // What kept the last one from being fetched need not concern this one.
      failures_ = 0;
      fetch_millis_ = 0;
    }
    state_.Told(HeadOf(channel));
    behind_ = WhyBehind(channel);
  }
  synced_ = synced_ || message.synced();
  if (!synced_) return;
  state_.Told({});  // the server is there
  if (state_.phase() == FollowState::Phase::kFollowing) Report(behind_);
}

// Heads of one store only rise, so a lower one is that of another store, or of an earlier one.
std::string ModelFollower::WhyBehind(const v1::Channel& channel) const {
  if (channel.version().empty() && channel.epoch() > 0) {
    return fmt::format(
        "the channel serves nothing since epoch {}{}", channel.epoch(),
        shown() ? fmt::format("; {}, which it served before, stays", shown()->head.version) : "");
  }
  if (!shown() || channel.epoch() >= shown()->head.epoch) return "";
  return fmt::format(
      "the server says epoch {}, which is older than epoch {} that is shown and stays: the server "
      "may have been restored; begin with an empty directory to follow it from there",
      channel.epoch(), shown()->head.epoch);
}

absl::Status ModelFollower::TakeAll() {
  while (true) {
    CAIRN_ASSIGN_OR_RETURN(const auto message, stream_.Next(milliseconds(0)));
    if (!message) return absl::OkStatus();
    Take(*message);
  }
}

absl::Status ModelFollower::FetchNewest() {
  const ChannelHead head = *state_.ToFetch();
  Report(head.version);
  CAIRN_ASSIGN_OR_RETURN(KeptModel model, Fetch(head));
  CAIRN_RETURN_IF_ERROR(TakeAll());
  if (stopped_ || state_.ToFetch() != head) return absl::OkStatus();
  CAIRN_RETURN_IF_ERROR(directory_->Show(std::move(model)));
  state_.Fetched(head);
  failures_ = 0;
  if (options_.on_head) options_.on_head(*shown());
  if (!stopped_) Report("");
  return absl::OkStatus();
}

absl::StatusOr<KeptModel> ModelFollower::Fetch(const ChannelHead& head) {
  const std::string decision = newest_.decision();
  CAIRN_ASSIGN_OR_RETURN(const std::string part, directory_->BeginPart(head.epoch));
  if (state_.HasFilesOf(head) && shown()) {
    // A copy, for the old folder is somebody's still. Whatever goes wrong with it is fetched.
    std::error_code ignored;
    namespace fs = std::filesystem;
    fs::copy(shown()->path, part, fs::copy_options::recursive | fs::copy_options::skip_existing,
             ignored);
  }
  CAIRN_ASSIGN_OR_RETURN(auto files, source_.Fetch(head.version, part));
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path() < b.path(); });
  if (Sha256Hex(ManifestText(files)) != head.sha256) {
    return Error(absl::StatusCode::kDataLoss, ErrorReason::BLOB_CORRUPT,
                 fmt::format("{} has other files than its channel says", head.version))
        .With("version", head.version)
        .ToStatus();
  }
  return KeptModel{options_.channel, head, decision, std::move(files), ""};
}

absl::Status ModelFollower::PutOff(const absl::Status& error) {
  if (absl::IsUnauthenticated(error) || absl::IsPermissionDenied(error)) return error;
  WatchSource& world = source_.watch();
  // A connection that is cut may end a call with CANCELLED too.
  if (!world.Pause(0)) return error;
  const int64_t wait =
      options_.fetch_backoff.WaitMillis(std::min(++failures_, 30), world.RandomBits());
  fetch_millis_ = world.NowMillis() + wait;
  Report(std::string(error.message()));
  return absl::OkStatus();
}

void ModelFollower::Report(const std::string& detail) {
  std::pair<FollowState::Phase, std::string> now{state_.phase(), detail};
  if (now == reported_) return;
  reported_ = std::move(now);
  if (options_.on_state) options_.on_state(reported_.first, reported_.second);
}

}  // namespace cairn::client

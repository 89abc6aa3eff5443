#ifndef CAIRN_LIB_CLIENT_MODEL_FOLLOWER_H_
#define CAIRN_LIB_CLIENT_MODEL_FOLLOWER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cairn/v1/artifacts.pb.h"
#include "cairn/v1/watch.pb.h"
#include "lib/client/client.h"
#include "lib/client/downloader.h"
#include "lib/client/follow_state.h"
#include "lib/client/message_stream.h"
#include "lib/client/model_directory.h"
#include "lib/client/reconnecting_stream.h"

namespace cairn::client {

// What a follower needs of a server. Tests have one of their own.
class ModelSource {
 public:
  virtual ~ModelSource() = default;
  virtual WatchSource& watch() = 0;
  // Fetches the files of a version into a folder, every byte verified; what is there already and
  // right is left alone. Returns them all. Errors as Downloader::Fetch.
  virtual absl::StatusOr<std::vector<v1::ArtifactFile>> Fetch(const std::string& version,
                                                              const std::string& folder) = 0;
  // Ends what is under way and all that comes later with CANCELLED. From any thread.
  virtual void Cancel() = 0;
};

// A server, through a client that must outlive the object.
class ServerModels final : public ModelSource {
 public:
  ServerModels(Client& client, DownloadOptions options)
      : client_(client), options_(std::move(options)) {}
  WatchSource& watch() override { return client_.watch(); }
  absl::StatusOr<std::vector<v1::ArtifactFile>> Fetch(const std::string& version,
                                                      const std::string& folder) override {
    return Downloader(client_, nullptr, options_).Fetch(version, folder);
  }
  void Cancel() override { client_.Cancel(); }

 private:
  Client& client_;
  const DownloadOptions options_;
};

// What to follow. Value type.
struct FollowOptions {
  std::string channel;    // `models/M/channels/C`
  std::string directory;  // model_directory.h says what becomes of it
  StreamPatience patience;
  // How long to wait before a model that could not be fetched is asked for again; there is no last
  // attempt.
  BackoffPolicy fetch_backoff{.max_attempts = 0, .initial_millis = 200, .max_millis = 30'000};
  // Told the model that is shown: at the start, if there is one, and after each change. May be
  // empty.
  std::function<void(const KeptModel&)> on_head;
  // Told each change of the phase, and why: an error, the version that is fetched, or that the
  // server's head is older than what is shown. May be empty.
  std::function<void(FollowState::Phase, std::string_view detail)> on_state;
  ModelDirectory::OnStep on_step;  // for tests
};

// Keeps a directory at the head of one channel: what it shows is always one whole model, and its
// epoch never falls. Works from the disk while the server is away.
//
//   ServerModels models(*client, {});
//   CAIRN_ASSIGN_OR_RETURN(auto follower, ModelFollower::Open(models, {...}));
//   return follower->Run();
//
// A head that moved on while its files were fetched is passed over for the newest one; not every
// epoch is shown. Makes no thread. For one thread, but for Stop.
class ModelFollower {
 public:
  // Locks the directory and verifies what it shows; asks no server. `source` must outlive the
  // object. Errors as ModelDirectory::Open.
  static absl::StatusOr<std::unique_ptr<ModelFollower>> Open(ModelSource& source,
                                                             FollowOptions options);

  // Follows until it is stopped, then returns OK; to be called once. Callbacks come from within.
  // Everything that may pass is tried again, a full disk too; an error is
  //
  // - CANCELLED (CALL_ENDED): the source was cancelled by somebody else.
  // - what EndsForGood holds for where the watch is concerned; UNAUTHENTICATED and
  //   PERMISSION_DENIED also of fetching.
  absl::Status Run();

  // Ends Run at once and cancels the source. From any thread, also from a callback.
  void Stop();

  // What is shown; nothing before the first. From within Run's thread.
  const std::optional<KeptModel>& shown() const { return directory_->shown(); }

 private:
  ModelFollower(ModelSource& source, FollowOptions options,
                std::unique_ptr<ModelDirectory> directory);

  absl::Status Follow();
  void Take(const v1::WatchChannelsResponse& message);
  // What to say of a head that is older than the shown one; empty if it is not.
  std::string WhyBehind(const v1::Channel& channel) const;
  // Takes what was told meanwhile.
  absl::Status TakeAll();
  // Fetches the newest head, and shows it unless it is the newest no more.
  absl::Status FetchNewest();
  absl::StatusOr<KeptModel> Fetch(const ChannelHead& head);
  // After an error: when to try again. The error, if there is no use in that.
  absl::Status PutOff(const absl::Status& error);
  void Report(const std::string& detail);

  ModelSource& source_;
  const FollowOptions options_;
  const std::unique_ptr<ModelDirectory> directory_;
  FollowState state_;
  ReconnectingStream<v1::WatchChannelsResponse> stream_;
  v1::Channel newest_;  // as the server told it
  bool synced_ = false;
  std::string behind_;        // WhyBehind of the last head
  int failures_ = 0;          // fetches in a row
  int64_t fetch_millis_ = 0;  // when the next fetch may begin
  std::pair<FollowState::Phase, std::string> reported_{FollowState::Phase::kOffline, ""};
  std::atomic<bool> stopped_{false};
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_MODEL_FOLLOWER_H_

#include "lib/client/model_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/kept_models.h"
#include "tests/unit/client/scratch_file.h"

namespace cairn::client {
namespace {

using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Phase = FollowState::Phase;
using testing::IsOk;

constexpr int64_t kHour = 3'600'000;

v1::WatchChannelsResponse Told(int64_t epoch, int64_t version) {
  v1::WatchChannelsResponse message;
  const KeptModel model = ModelOf(epoch, version);
  v1::Channel& channel = *message.add_channels();
  channel.set_name(kFollowedChannel);
  channel.set_epoch(epoch);
  channel.set_version(model.head.version);
  channel.set_version_sha256(model.head.sha256);
  channel.set_decision(model.decision);
  message.set_synced(true);
  return message;
}

// A server by a script: what its streams say, one after the other, nothing being a stream that
// breaks. Whoever waits for an hour when the script is over is cancelled, so that nothing waits.
class ScriptedModels final : public ModelSource, public WatchSource {
 public:
  WatchSource& watch() override { return *this; }
  void Cancel() override { cancelled = true; }

  absl::StatusOr<std::vector<v1::ArtifactFile>> Fetch(const std::string& version,
                                                      const std::string& folder) override {
    found_files.push_back(NamesIn(folder).size());
    fetched.push_back(version);
    if (during_fetch) during_fetch();
    if (!errors.empty()) {
      const absl::Status error = errors.front();
      errors.pop_front();
      return error;
    }
    const int64_t number = std::stoll(version.substr(version.rfind('/') + 1));
    WriteFilesOf(number + wrong, folder);
    return WireFilesOf(number + std::exchange(wrong, 0));
  }

  std::unique_ptr<MessageStream<v1::WatchResponse>> Watch(const v1::WatchRequest&) override {
    return nullptr;
  }
  std::unique_ptr<MessageStream<v1::WatchChannelsResponse>> WatchChannels(
      const v1::WatchChannelsRequest& request) override {
    EXPECT_EQ(request.resource(), kFollowedChannel);
    return std::make_unique<Stream>(*this);
  }
  int64_t NowMillis() const override { return now; }
  bool Pause(int64_t millis) override {
    now += millis;
    return !cancelled;
  }
  uint64_t RandomBits() override { return 0; }

  std::deque<std::optional<v1::WatchChannelsResponse>> script;
  std::deque<absl::Status> errors;  // of the next fetches
  int64_t wrong = 0;                // not 0: the next fetch brings the files of another version
  std::function<void()> during_fetch;
  std::vector<std::string> fetched;
  std::vector<size_t> found_files;  // in the folder of each fetch
  int64_t now = 0;
  bool cancelled = false;

 private:
  class Stream final : public MessageStream<v1::WatchChannelsResponse> {
   public:
    explicit Stream(ScriptedModels& models) : models_(models) {}
    Arrival Read(v1::WatchChannelsResponse* message, milliseconds at_most) override {
      if (models_.script.empty() && at_most.count() >= kHour) models_.cancelled = true;
      if (models_.cancelled) return Arrival::kEnded;
      if (models_.script.empty()) {
        models_.now += at_most.count();
        return Arrival::kNothing;
      }
      const auto next = models_.script.front();
      models_.script.pop_front();
      if (!next) return Arrival::kEnded;
      *message = *next;
      return Arrival::kMessage;
    }
    absl::Status Status() const override { return absl::UnavailableError("nobody there"); }

   private:
    ScriptedModels& models_;
  };
};

class ModelFollowerTest : public ::testing::Test {
 protected:
  // Follows until the script is over; what that ended with.
  absl::Status Follow() {
    FollowOptions options;
    options.channel = kFollowedChannel;
    options.directory = path_;
    options.patience.heartbeat_millis = kHour;
    options.on_head = [this](const KeptModel& model) {
      shown_.push_back(model.head.epoch);
      EXPECT_EQ(*ReadFile(path_ + "/current/model.bin"), *ReadFile(model.path + "/model.bin"));
      if (on_head_) on_head_(model.head.epoch);
    };
    options.on_state = [this](Phase phase, std::string_view detail) {
      phases_.push_back(phase);
      details_.emplace_back(detail);
    };
    models_.cancelled = false;
    shown_.clear();
    phases_.clear();
    auto follower = ModelFollower::Open(models_, options);
    EXPECT_THAT(follower, IsOk());
    if (!follower.ok()) return follower.status();
    follower_ = follower->get();
    return (*follower)->Run();
  }

  const ScratchFile scratch_;
  const std::string path_ = scratch_.Other("live");
  ScriptedModels models_;
  ModelFollower* follower_ = nullptr;
  std::function<void(int64_t epoch)> on_head_;
  std::vector<int64_t> shown_;
  std::vector<Phase> phases_;
  std::vector<std::string> details_;
};

TEST_F(ModelFollowerTest, ShowsTheHeadAndEachNewOne) {
  models_.script = {Told(1, 1)};
  on_head_ = [this](int64_t epoch) {
    if (epoch < 4) models_.script.push_back(Told(epoch + 1, epoch + 1));
  };
  EXPECT_TRUE(absl::IsCancelled(Follow()));
  EXPECT_THAT(shown_, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(NamesIn(path_ + "/epochs"), ElementsAre("3", "3.json", "4", "4.json"));
}

TEST_F(ModelFollowerTest, TellsWhatIsOnTheDiskWhileTheServerIsAway) {
  models_.script = {Told(3, 1)};
  (void)Follow();
  models_.script = {std::nullopt, std::nullopt};
  (void)Follow();
  EXPECT_THAT(shown_, ElementsAre(3));
  EXPECT_THAT(phases_, ElementsAre(Phase::kOffline));
  EXPECT_EQ(models_.fetched.size(), 1u);
}

TEST_F(ModelFollowerTest, AHeadThatMovedOnWhileItWasFetchedIsPassedOver) {
  models_.script = {Told(1, 1)};
  models_.during_fetch = [this] {
    models_.during_fetch = nullptr;
    models_.script = {Told(2, 2), Told(3, 3)};
  };
  (void)Follow();
  EXPECT_THAT(shown_, ElementsAre(3));
  EXPECT_THAT(models_.fetched, ElementsAre("models/m/versions/1", "models/m/versions/3"));
  EXPECT_THAT(NamesIn(path_ + "/epochs"), ElementsAre("3", "3.json"));
}

TEST_F(ModelFollowerTest, NeverGoesBackToAnOlderEpoch) {
  models_.script = {Told(5, 1)};
  (void)Follow();
  models_.script = {Told(4, 2), std::nullopt, Told(3, 3)};
  (void)Follow();
  EXPECT_THAT(shown_, ElementsAre(5));
  EXPECT_EQ(models_.fetched.size(), 1u);
}

// Nothing is amiss with the stream, so nobody would see that the directory is not followed.
TEST_F(ModelFollowerTest, AServerWithAnOlderHeadIsSpokenOf) {
  models_.script = {Told(5, 1)};
  (void)Follow();
  details_.clear();
  models_.script = {Told(4, 2)};
  (void)Follow();
  EXPECT_THAT(details_, Contains(HasSubstr("epoch 4, which is older than epoch 5")));
}

TEST_F(ModelFollowerTest, KeepsTheLastModelOfAChannelThatServesNothingAndSaysSo) {
  v1::WatchChannelsResponse nothing = Told(6, 1);
  nothing.mutable_channels(0)->clear_version();
  nothing.mutable_channels(0)->clear_version_sha256();
  models_.script = {Told(5, 2)};
  on_head_ = [&](int64_t) { models_.script.push_back(nothing); };
  (void)Follow();
  on_head_ = nullptr;
  EXPECT_THAT(shown_, ElementsAre(5));
  EXPECT_THAT(details_, Contains(HasSubstr("serves nothing since epoch 6")));
  EXPECT_THAT(details_, Contains(HasSubstr("models/m/versions/2, which it served before, stays")));
  // It goes back to an older version at a newer epoch.
  models_.script = {Told(7, 1)};
  (void)Follow();
  EXPECT_THAT(shown_, ElementsAre(5, 7));
}

TEST_F(ModelFollowerTest, ADamagedModelIsFetchedAgainAndNoOlderOne) {
  models_.script = {Told(5, 1)};
  (void)Follow();
  ASSERT_THAT(WriteFileAtomically(path_ + "/epochs/5/model.bin", "other"), IsOk());
  models_.script = {Told(4, 2)};
  (void)Follow();
  EXPECT_THAT(shown_, IsEmpty());
  models_.script = {Told(5, 1)};
  (void)Follow();
  EXPECT_THAT(shown_, ElementsAre(5));
}

TEST_F(ModelFollowerTest, TriesAgainLaterEachTimeUntilTheFilesAreRight) {
  models_.script = {Told(1, 1)};
  models_.errors = {absl::UnavailableError("away"), absl::ResourceExhaustedError("full"),
                    absl::NotFoundError("gone")};
  models_.wrong = 1;
  (void)Follow();
  EXPECT_THAT(shown_, ElementsAre(1));
  EXPECT_EQ(models_.fetched.size(), 5u);
  EXPECT_EQ(models_.now, 100 + 200 + 400 + 800);
  EXPECT_THAT(details_, ElementsAre("models/m/versions/1", "away", "models/m/versions/1", "full",
                                    "models/m/versions/1", "gone", "models/m/versions/1",
                                    "models/m/versions/1 has other files than its channel says",
                                    "models/m/versions/1", ""));
}

TEST_F(ModelFollowerTest, ANewHeadIsNotKeptWaitingByOneThatCannotBeFetched) {
  models_.script = {Told(1, 1)};
  models_.errors = {absl::NotFoundError("gone")};
  models_.during_fetch = [this] {
    models_.during_fetch = nullptr;
    models_.script = {Told(2, 2)};
  };
  (void)Follow();
  EXPECT_THAT(shown_, ElementsAre(2));
  EXPECT_EQ(models_.now, 0);
}

TEST_F(ModelFollowerTest, FilesThatAreShownAlreadyNeedNotTravel) {
  models_.script = {Told(1, 7)};
  on_head_ = [this](int64_t epoch) {
    if (epoch == 1) models_.script.push_back(Told(2, 7));
  };
  (void)Follow();
  EXPECT_THAT(shown_, ElementsAre(1, 2));
  EXPECT_THAT(models_.found_files, ElementsAre(0, 2));
}

TEST_F(ModelFollowerTest, EndsWhereNoAttemptCanHelp) {
  models_.script = {Told(1, 1)};
  models_.errors = {absl::PermissionDeniedError("no")};
  EXPECT_TRUE(absl::IsPermissionDenied(Follow()));
  EXPECT_THAT(shown_, IsEmpty());
}

TEST_F(ModelFollowerTest, ACallThatACutCancelledIsMadeAgain) {
  models_.script = {Told(1, 1)};
  models_.errors = {absl::CancelledError("by the other side")};
  (void)Follow();
  EXPECT_THAT(shown_, ElementsAre(1));
}

TEST_F(ModelFollowerTest, IsStoppedFromWithinACallback) {
  models_.script = {Told(1, 1), std::nullopt, Told(2, 2)};
  on_head_ = [this](int64_t) { follower_->Stop(); };
  EXPECT_THAT(Follow(), IsOk());
  EXPECT_EQ(shown_.size(), 1u);
}

}  // namespace
}  // namespace cairn::client

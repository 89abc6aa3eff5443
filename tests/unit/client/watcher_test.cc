#include "lib/client/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <vector>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::client {
namespace {

using std::chrono::milliseconds;
using testing::IsOk;

v1::WatchResponse Message(int64_t revision, const std::vector<int64_t>& events = {},
                          bool fragment = false) {
  v1::WatchResponse message;
  message.set_revision(revision);
  for (const int64_t of : events) message.add_events()->set_revision(of);
  message.set_fragment(fragment);
  return message;
}

v1::WatchResponse Compacted(int64_t oldest) {
  v1::WatchResponse message;
  message.set_oldest_revision(oldest);
  return message;
}

// One stream of a script: its messages, and how it goes on behind them.
struct Script {
  std::vector<v1::WatchResponse> messages;
  absl::Status end;
  bool silent = false;  // it does not end
};

class ScriptedStream final : public MessageStream<v1::WatchResponse> {
 public:
  ScriptedStream(Script script, int64_t& now) : script_(std::move(script)), now_(now) {}
  Arrival Read(v1::WatchResponse* message, milliseconds at_most) override {
    if (next_ < script_.messages.size()) {
      *message = script_.messages[next_++];
      return Arrival::kMessage;
    }
    if (!script_.silent) return Arrival::kEnded;
    now_ += at_most.count();
    return Arrival::kNothing;
  }
  absl::Status Status() const override { return script_.end; }

 private:
  const Script script_;
  int64_t& now_;
  size_t next_ = 0;
};

class ScriptedSource final : public WatchSource {
 public:
  explicit ScriptedSource(std::deque<Script> scripts) : scripts_(std::move(scripts)) {}

  std::unique_ptr<MessageStream<v1::WatchResponse>> Watch(
      const v1::WatchRequest& request) override {
    asked.push_back(request.start_revision());
    Script script{{}, absl::InvalidArgumentError("the script is over")};
    if (!scripts_.empty()) {
      script = scripts_.front();
      scripts_.pop_front();
    }
    return std::make_unique<ScriptedStream>(std::move(script), now);
  }
  std::unique_ptr<MessageStream<v1::WatchChannelsResponse>> WatchChannels(
      const v1::WatchChannelsRequest&) override {
    return nullptr;
  }
  int64_t NowMillis() const override { return now; }
  bool Pause(int64_t millis) override {
    now += millis;
    if (millis > 0) pauses.push_back(millis);
    return !cancelled;
  }
  uint64_t RandomBits() override { return 0; }

  std::vector<int64_t> asked;
  std::vector<int64_t> pauses;
  int64_t now = 0;
  bool cancelled = false;

 private:
  std::deque<Script> scripts_;
};

std::vector<int64_t> Told(Watcher& watcher) {
  std::vector<int64_t> told;
  watcher
      .Run([&told](const WatchBatch& batch) {
        for (const v1::Event& event : batch.events) told.push_back(event.revision());
        return true;
      })
      .IgnoreError();
  return told;
}

const absl::Status kGone = absl::UnavailableError("gone");

TEST(Watcher, GoesOnBehindTheLastRevisionThatItTold) {
  ScriptedSource source({{{Message(4), Message(6, {5, 6})}, kGone}, {{Message(6)}, kGone}});
  Watcher watcher(source, {.start_revision = 5});
  EXPECT_EQ(Told(watcher), (std::vector<int64_t>{5, 6}));
  EXPECT_EQ(source.asked, (std::vector<int64_t>{5, 7, 7}));
}

TEST(Watcher, HeldProgressCountsAsToldAlsoWithoutEvents) {
  ScriptedSource source({{{Message(4), Message(90)}, kGone}});
  Watcher watcher(source, {});
  EXPECT_TRUE(Told(watcher).empty());
  EXPECT_EQ(source.asked, (std::vector<int64_t>{0, 91}));
}

TEST(Watcher, TellsARevisionWholeOrNotAtAll) {
  ScriptedSource source({{{Message(1), Message(3, {2, 3, 3}, true)}, kGone},
                         {{Message(2), Message(3, {3, 3}, true), Message(3, {3})}, kGone}});
  Watcher watcher(source, {});
  std::vector<std::vector<int64_t>> batches;
  watcher
      .Run([&](const WatchBatch& batch) {
        batches.emplace_back();
        for (const v1::Event& event : batch.events) batches.back().push_back(event.revision());
        return true;
      })
      .IgnoreError();
  const std::vector<std::vector<int64_t>> expected = {{}, {2}, {}, {3, 3, 3}};
  EXPECT_EQ(batches, expected);
  EXPECT_EQ(source.asked, (std::vector<int64_t>{0, 3, 4}));
}

TEST(Watcher, WaitsLongerWithEachFailureUntilSomethingIsHeard) {
  ScriptedSource source({{{}, kGone}, {{}, kGone}, {{}, kGone}, {{Message(1)}, kGone}});
  Watcher watcher(source, {});
  Told(watcher);
  EXPECT_EQ(source.pauses, (std::vector<int64_t>{50, 100, 200, 50}));
}

TEST(Watcher, AConnectionThatIsSilentForTwoHeartbeatsIsDead) {
  ScriptedSource source({{{Message(7)}, {}, true}});
  absl::Status cause;
  WatchOptions options;
  options.patience.heartbeat_millis = 1000;
  options.patience.on_broken = [&](const absl::Status& why, int64_t) { cause = why; };
  Watcher watcher(source, options);
  ASSERT_THAT(watcher.Next(milliseconds(100)), IsOk());
  auto nothing = watcher.Next(milliseconds(1999));
  ASSERT_THAT(nothing, IsOk());
  EXPECT_FALSE(nothing->has_value());
  EXPECT_EQ(source.asked.size(), 1U);
  watcher.Next(milliseconds(1000)).IgnoreError();
  EXPECT_EQ(source.asked, (std::vector<int64_t>{0, 8}));
  EXPECT_TRUE(absl::IsUnavailable(cause));
}

TEST(Watcher, AfterALossItIsSaidOnceTheNewStreamHasBegun) {
  ScriptedSource source(
      {{{Compacted(40)}, absl::OkStatus()}, {{Message(60), Message(61, {61})}, kGone}});
  Watcher watcher(source, {.start_revision = 3});
  const auto lost = watcher.Next(milliseconds(1000));
  ASSERT_TRUE(lost.ok() && lost->has_value());
  EXPECT_EQ((*lost)->lost_before, 40);
  EXPECT_EQ((*lost)->revision, 60);
  EXPECT_EQ(source.asked, (std::vector<int64_t>{3, 0}));
  const auto next = watcher.Next(milliseconds(1000));
  ASSERT_TRUE(next.ok() && next->has_value());
  EXPECT_FALSE((*next)->lost_before.has_value());
  EXPECT_EQ((*next)->events.size(), 1U);
}

TEST(Watcher, ErrorsThatStayEndIt) {
  for (const absl::Status& error :
       {absl::UnauthenticatedError("who"), absl::PermissionDeniedError("no"),
        absl::InvalidArgumentError("what")}) {
    ScriptedSource source({{{Message(1)}, error}});
    Watcher watcher(source, {});
    ASSERT_THAT(watcher.Next(milliseconds(10)), IsOk());
    EXPECT_EQ(watcher.Next(milliseconds(10)).status(), error);
    EXPECT_EQ(watcher.Next(milliseconds(10)).status(), error);
    EXPECT_EQ(source.asked.size(), 1U);
  }
}

TEST(Watcher, EndsAtOnceWhenCancelled) {
  ScriptedSource source({{{}, kGone}});
  source.cancelled = true;
  Watcher watcher(source, {});
  EXPECT_TRUE(absl::IsCancelled(watcher.Next(milliseconds(10)).status()));
}

// A server's log, told by streams that begin where they are asked to, cut revisions into fragments
// and break anywhere: whatever happens, the watcher tells the log.
TEST(WatchState, TellsEveryEventOnceInOrderHoweverStreamsBreak) {
  for (uint32_t seed = 0; seed < 500; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&random](int64_t n) {
      return static_cast<int64_t>(random() % static_cast<uint64_t>(n));
    };
    std::vector<std::pair<int64_t, int64_t>> log;  // revision and number of each event
    for (int64_t revision = 1; revision <= 30; ++revision) {
      for (int64_t i = 0, n = below(4); i < n; ++i) log.emplace_back(revision, i);
    }
    WatchState state(1);
    std::vector<std::pair<int64_t, int64_t>> told;
    int64_t done = 0;
    while (done < 30) {
      const int64_t start = state.Begin();
      ASSERT_EQ(start, done + 1);
      // From time to time a stream repeats what was told, as one with an old start would.
      const int64_t from = below(5) == 0 ? std::max<int64_t>(1, start - 2) : start;
      v1::WatchResponse message = Message(from - 1);
      for (size_t at = 0; at <= log.size() && below(12) != 0; ++at) {
        if (at < log.size() && log[at].first < from) continue;
        const bool last = at == log.size();
        if (last || below(3) == 0) {
          const bool within = !last && message.events_size() > 0 &&
                              message.events().rbegin()->revision() == log[at].first;
          message.set_fragment(within);
          message.set_revision(last ? 30 : within ? log[at].first : log[at].first - 1);
          if (auto batch = state.Take(message)) {
            for (const v1::Event& event : batch->events) {
              told.emplace_back(event.revision(), std::stoll(event.resource()));
            }
            ASSERT_GE(batch->revision, done);
            done = batch->revision;
          }
          message.Clear();
        }
        if (last) break;
        v1::Event* event = message.add_events();
        event->set_revision(log[at].first);
        event->set_resource(std::to_string(log[at].second));
      }
    }
    ASSERT_EQ(told, log) << "seed " << seed;
  }
}

}  // namespace
}  // namespace cairn::client

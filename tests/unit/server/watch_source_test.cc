#include "server/service/watch_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "cairn/v1/registry.pb.h"
#include "cairn/v1/watch.pb.h"
#include "lib/base/clock.h"
#include "lib/base/errors.h"
#include "lib/base/resource_names.h"
#include "server/events/event_feed.h"
#include "server/service/channel_watch.h"
#include "server/storage/event_image.h"
#include "server/storage/keyspace.h"
#include "server/storage/memory_store.h"
#include "tests/testing/status_matchers.h"

namespace cairn::service {
namespace {

using events::EventFeed;
using storage::Revision;
using storage::WriteSet;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

// A store, its feed, and a clock that stands still.
class WatchSourceTest : public ::testing::Test {
 protected:
  WatchSourceTest() : store_(storage::MakeMemoryStore()), feed_(*store_) { feed_.Start(); }

  Revision Commit(const std::vector<std::string>& resources, size_t image_bytes = 0) {
    WriteSet set;
    for (const std::string& resource : resources) {
      v1::Model image;
      image.set_description(std::string(image_bytes, 'd'));
      set.Emit(resource, v1::Event::MODEL_CREATED, storage::ImageOf(image));
    }
    return *store_->CommitAndWait(std::move(set));
  }

  std::unique_ptr<PartSource> Open(const v1::WatchRequest& request, WatchRights rights = {}) {
    auto source = OpenWatch(feed_, request, std::move(rights), clock_);
    EXPECT_THAT(source, IsOk());
    return *std::move(source);
  }

  // The next response; none when there is nothing to say.
  static std::vector<v1::WatchResponse> Next(PartSource& source) {
    std::string bytes;
    const auto part = source.Next([] { return kPartBytes; }, bytes);
    EXPECT_THAT(part, IsOk());
    if (!part.ok() || *part != Part::kFilled) return {};
    EXPECT_LE(static_cast<int64_t>(bytes.size()), kPartBytes);
    v1::WatchResponse response;
    EXPECT_TRUE(response.ParseFromString(bytes));
    return {response};
  }

  static absl::Status ErrorOf(PartSource& source) {
    std::string bytes;
    return source.Next([] { return kPartBytes; }, bytes).status();
  }

  absl::Status Refusal(const v1::WatchRequest& request) {
    return OpenWatch(feed_, request, {}, clock_).status();
  }

  const std::unique_ptr<storage::KvStore> store_;
  EventFeed feed_;
  ManualClock clock_{0};
};

TEST_F(WatchSourceTest, TheFirstResponseSaysWhereTheStreamBegins) {
  const Revision before = Commit({"models/old"});
  const auto source = Open({});
  const auto first = Next(*source);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0].revision(), before);
  EXPECT_THAT(first[0].events(), IsEmpty());
  EXPECT_THAT(Next(*source), IsEmpty());
  const Revision at = Commit({"models/new"});
  const auto told = Next(*source);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].revision(), at);
  ASSERT_THAT(told[0].events(), SizeIs(1));
  EXPECT_EQ(told[0].events(0).resource(), "models/new");
  EXPECT_EQ(told[0].events(0).revision(), at);
}

TEST_F(WatchSourceTest, AStreamIsTakenUpAgainWithTheNextRevision) {
  Commit({"models/a"});
  const Revision second = Commit({"models/b"});
  v1::WatchRequest request;
  request.set_start_revision(second);
  const auto source = Open(request);
  EXPECT_EQ(Next(*source).at(0).revision(), second - 1);
  const auto told = Next(*source).at(0);
  ASSERT_THAT(told.events(), SizeIs(1));
  EXPECT_EQ(told.events(0).resource(), "models/b");
}

TEST_F(WatchSourceTest, WhatIsTooMuchForOneResponseIsCutBetweenRevisionsOrMarked) {
  v1::WatchRequest request;
  request.set_start_revision(1);
  const auto source = Open(request);
  Next(*source);
  Commit({"models/a"}, 20'000);
  Commit({"models/b"}, 20'000);
  const Revision large =
      Commit({"models/c", "models/d", "models/e"}, 20'000);  // more than one response
  std::vector<std::string> seen;
  std::vector<bool> fragments;
  Revision last = 0;
  for (auto next = Next(*source); !next.empty(); next = Next(*source)) {
    for (const auto& event : next[0].events()) seen.push_back(event.resource());
    fragments.push_back(next[0].fragment());
    if (!next[0].fragment()) last = next[0].revision();
  }
  EXPECT_THAT(seen, ElementsAre("models/a", "models/b", "models/c", "models/d", "models/e"));
  EXPECT_THAT(fragments, ElementsAre(false, false, true, true, false));
  EXPECT_EQ(last, large);
}

TEST_F(WatchSourceTest, OnlyWhatIsAskedForIsTold) {
  v1::WatchRequest request;
  request.set_start_revision(1);
  request.add_resources("models/Customer Segments");  // is brought into its one spelling
  request.add_kinds(v1::Event::MODEL_CREATED);
  const auto source = Open(request);
  Next(*source);
  Commit({"models/other", "models/Customer%20Segments", "models/Customer%20Segments2"});
  const auto told = Next(*source).at(0);
  ASSERT_THAT(told.events(), SizeIs(1));
  EXPECT_EQ(told.events(0).resource(), "models/Customer%20Segments");
  store_->CommitAndWait(WriteSet().Emit("models/Customer%20Segments", v1::Event::MODEL_DELETED))
      .value();
  EXPECT_THAT(Next(*source), IsEmpty());
}

TEST_F(WatchSourceTest, WhatMayNotBeReadIsNotToldAndWhoIsNotKnownAnyMoreIsTurnedAway) {
  bool sees = false;
  absl::Status known;
  const auto source =
      Open({}, {[&sees](std::string_view) { return sees; }, [&known] { return known; }});
  Next(*source);
  Commit({"models/a"});
  EXPECT_THAT(Next(*source), IsEmpty());
  sees = true;
  Commit({"models/b"});
  EXPECT_EQ(Next(*source).at(0).events(0).resource(), "models/b");
  known = absl::UnauthenticatedError("revoked");
  EXPECT_THAT(ErrorOf(*source), StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(WatchSourceTest, ASilentStreamSaysHowFarItIs) {
  v1::WatchRequest request;
  request.mutable_heartbeat()->set_seconds(5);
  request.add_resources("experiments");
  const auto source = Open(request);
  Next(*source);
  const Revision passed = Commit({"models/a"});
  EXPECT_THAT(Next(*source), IsEmpty());
  clock_.AdvanceNanos(5 * kNanosPerSecond);
  EXPECT_EQ(Next(*source).at(0).revision(), passed);
  EXPECT_THAT(Next(*source), IsEmpty());
}

TEST_F(WatchSourceTest, EventsThatAreGoneEndTheStreamWithAMessage) {
  for (int i = 0; i < 4; ++i) Commit({"models/m"});
  ASSERT_THAT(store_->CommitAndWait(WriteSet().TrimEventsBefore(3)), IsOk());
  v1::WatchRequest request;
  request.set_start_revision(1);
  const auto source = Open(request);
  Next(*source);
  EXPECT_EQ(Next(*source).at(0).oldest_revision(), 3);
  std::string bytes;
  EXPECT_EQ(*source->Next([] { return kPartBytes; }, bytes), Part::kEnd);
}

TEST_F(WatchSourceTest, AClosedFeedEndsStreamsSoThatTheyAreTakenUpElsewhere) {
  const auto source = Open({});
  Next(*source);
  feed_.Close();
  const absl::Status ended = ErrorOf(*source);
  EXPECT_THAT(ended, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(HasReason(ended, ErrorReason::SHUTTING_DOWN));
}

TEST_F(WatchSourceTest, RequestsThatMakeNoSenseNameTheField) {
  Commit({"models/m"});
  v1::WatchRequest late;
  late.set_start_revision(3);
  EXPECT_EQ(MetadataOf(Refusal(late), "field"), "start_revision");
  v1::WatchRequest negative;
  negative.set_start_revision(-1);
  EXPECT_EQ(MetadataOf(Refusal(negative), "field"), "start_revision");
  for (const char* name : {"", "/models", "models/", "models//x", "models/../x"}) {
    v1::WatchRequest odd;
    odd.add_resources(name);
    EXPECT_EQ(MetadataOf(Refusal(odd), "field"), "resources") << name;
  }
  v1::WatchRequest fast;
  fast.mutable_heartbeat()->set_nanos(1);
  EXPECT_EQ(MetadataOf(Refusal(fast), "field"), "heartbeat");
  v1::WatchRequest kind;
  kind.add_kinds(v1::Event::KIND_UNSPECIFIED);
  EXPECT_EQ(MetadataOf(Refusal(kind), "field"), "kinds");
}

class ChannelWatchTest : public WatchSourceTest {
 protected:
  void Move(const std::string& model, int64_t epoch) {
    internal::ChannelRecord record;
    record.mutable_channel()->set_name(ChannelName(model, "production"));
    record.mutable_channel()->set_epoch(epoch);
    WriteSet set;
    set.PutRecord(storage::ChannelKey(model, "production"), record.SerializeAsString())
        .Emit(v1::Event::CHANNEL_MOVED, record.channel());
    store_->CommitAndWait(std::move(set)).value();
  }

  std::unique_ptr<PartSource> OpenChannels(const std::string& resource = "") {
    v1::WatchChannelsRequest request;
    request.set_resource(resource);
    auto source = OpenChannelWatch(*store_, feed_, request, {}, clock_);
    EXPECT_THAT(source, IsOk());
    return *std::move(source);
  }

  // Reads what there is; the newest epoch of each channel.
  static std::map<std::string, int64_t> ReadAll(PartSource& source, bool& synced) {
    std::map<std::string, int64_t> epochs;
    std::string bytes;
    while (*source.Next([] { return kPartBytes; }, bytes) == Part::kFilled) {
      v1::WatchChannelsResponse response;
      EXPECT_TRUE(response.ParseFromString(bytes));
      for (const auto& channel : response.channels()) epochs[channel.name()] = channel.epoch();
      synced = synced || response.synced();
      bytes.clear();
    }
    return epochs;
  }
};

TEST_F(ChannelWatchTest, ChannelsAreToldAsTheyAreAndThenAsTheyMove) {
  for (int i = 0; i < 100; ++i) Move("m" + std::to_string(100 + i), i);
  const auto source = OpenChannels();
  bool synced = false;
  const auto first = ReadAll(*source, synced);
  EXPECT_TRUE(synced);
  EXPECT_THAT(first, SizeIs(100));
  EXPECT_EQ(first.at("models/m150/channels/production"), 50);
  Move("m150", 51);
  Commit({"models/noise"});
  EXPECT_THAT(ReadAll(*source, synced), ElementsAre(std::pair<const std::string, int64_t>(
                                            "models/m150/channels/production", 51)));
}

TEST_F(ChannelWatchTest, OneModelOrOneChannelIsFollowedAlone) {
  Move("a", 1);
  Move("b", 1);
  bool synced = false;
  EXPECT_THAT(ReadAll(*OpenChannels("models/a"), synced), SizeIs(1));
  EXPECT_THAT(ReadAll(*OpenChannels("models/a/channels/production"), synced), SizeIs(1));
  EXPECT_THAT(ReadAll(*OpenChannels("models/a/channels/other"), synced), IsEmpty());
}

TEST_F(ChannelWatchTest, AnySpellingOfANameIsFollowed) {
  Move("Customer Segments", 1);
  bool synced = false;
  for (const char* name : {"models/Customer Segments", "models/Customer%20Segments",
                           "models/Customer Segments/channels/production"}) {
    EXPECT_THAT(ReadAll(*OpenChannels(name), synced), SizeIs(1)) << name;
  }
}

TEST_F(ChannelWatchTest, WhenEventsAreGoneAllChannelsAreToldOnceMore) {
  Move("a", 1);
  const auto source = OpenChannels();
  bool synced = false;
  ReadAll(*source, synced);
  for (int64_t epoch = 2; epoch < 6; ++epoch) Move("a", epoch);
  ASSERT_THAT(store_->CommitAndWait(WriteSet().TrimEventsBefore(5)), IsOk());
  EXPECT_EQ(ReadAll(*source, synced).at("models/a/channels/production"), 5);
}

}  // namespace
}  // namespace cairn::service

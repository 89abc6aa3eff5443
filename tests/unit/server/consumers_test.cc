// Who serves a channel: what is kept of reports, for how long, and what is refused.

#include "server/registry/consumers.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "cairn/internal/records.pb.h"
#include "lib/base/errors.h"
#include "server/registry/policies.h"
#include "server/storage/keyspace.h"
#include "server/storage/typed_record.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/use_case_fixture.h"

namespace cairn::registry {
namespace {

using absl::StatusCode;
using cairn::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using v1::Consumer;

constexpr const char* kServed = "models/churn/channels/production";
constexpr const char* kServedPolicy = R"(
apiVersion: cairn/v1
kind: PromotionPolicy
metadata: {name: churn}
spec:
  target: {model: churn, channel: production}
  evidence: {trust: reported}
  gates:
    - {id: floor, metric: silhouette, pass: ">= 0.2"}
  choose: {order: [{field: version, direction: higher}]}
)";
constexpr int64_t kSecond = kNanosPerSecond;

class ConsumersTest : public UseCaseTest {
 protected:
  // The channel without a head: its epoch is 0.
  void SetUp() override {
    v1::ApplyPolicyRequest request;
    request.set_source(kServedPolicy);
    ASSERT_THAT(Apply<v1::ApplyPolicyResponse>(PlanApplyPolicy(*Now(), request, now_)), IsOk());
  }

  // Moves the head without a decision.
  void SetEpoch(int64_t epoch) {
    internal::ChannelRecord record;
    record.mutable_channel()->set_name(kServed);
    record.mutable_channel()->set_epoch(epoch);
    storage::WriteSet write_set;
    write_set.PutRecord(storage::ChannelKey("churn", "production"), record.SerializeAsString());
    ASSERT_THAT(store_->CommitAndWait(std::move(write_set)), IsOk());
  }

  static Consumer Loaded(const std::string& id, int64_t number = 1) {
    Consumer consumer;
    consumer.set_name(std::string(kServed) + "/consumers/" + id);
    consumer.set_state(Consumer::LOADED);
    consumer.set_version("models/churn/versions/" + std::to_string(number));
    consumer.set_epoch(number);
    return consumer;
  }

  absl::StatusOr<storage::Plan> Planned(const Consumer& consumer) {
    v1::ReportServingRequest request;
    *request.mutable_consumer() = consumer;
    return PlanReportServing(*Now(), request, {now_, "ann"});
  }
  absl::StatusOr<Consumer> Report(const Consumer& consumer) {
    return Apply<Consumer>(Planned(consumer));
  }
  absl::StatusCode Refusal(const Consumer& consumer) { return Report(consumer).status().code(); }

  std::vector<Consumer> List(int32_t page_size = 0) {
    v1::ListConsumersRequest request;
    request.set_parent(kServed);
    request.set_page_size(page_size);
    std::vector<Consumer> all;
    do {
      const auto page = ListConsumers(*Now(), request, now_);
      EXPECT_THAT(page, IsOk());
      if (!page.ok()) break;
      all.insert(all.end(), page->consumers().begin(), page->consumers().end());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  }
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    for (const Consumer& consumer : List()) {
      ids.push_back(consumer.name().substr(consumer.name().rfind('/') + 1));
    }
    return ids;
  }

  // Reports by `count` consumers, a000 and so on.
  void Fill(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_THAT(Report(Loaded("a" + std::to_string(1000 + i))), IsOk());
    }
  }

  // How many events of reports there are, and the image of the last.
  int EventsOfReports(Consumer* last = nullptr) {
    int count = 0;
    EXPECT_THAT(store_->ScanEvents(1,
                                   [&](const storage::StoredEvent& stored) {
                                     if (stored.event.kind != v1::Event::CONSUMER_REPORTED) {
                                       return true;
                                     }
                                     ++count;
                                     v1::Event event;
                                     EXPECT_TRUE(event.ParseFromString(stored.event.image));
                                     if (last != nullptr) *last = event.consumer();
                                     return true;
                                   }),
                IsOk());
    return count;
  }

  int64_t now_ = kStart;
};

TEST_F(ConsumersTest, AReportIsToldWithHowFarItIsBehind) {
  SetEpoch(5);
  Consumer report = Loaded("host-7", 3);
  report.set_address("10.0.0.7:8080");
  report.set_detail("warm");
  const auto answer = Report(report);
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->lag(), 2);
  const auto list = List();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].SerializeAsString(), answer->SerializeAsString());
  EXPECT_EQ(list[0].name(), std::string(kServed) + "/consumers/host-7");
  EXPECT_EQ(list[0].version(), "models/churn/versions/3");
  EXPECT_EQ(list[0].epoch(), 3);
  EXPECT_EQ(list[0].address(), "10.0.0.7:8080");
  EXPECT_EQ(list[0].detail(), "warm");
  EXPECT_EQ(list[0].validity().seconds(), 120);
  EXPECT_EQ(list[0].principal(), "ann");
  EXPECT_EQ(ToUnixNanos(list[0].report_time()), kStart);
  EXPECT_FALSE(list[0].stale());
}

TEST_F(ConsumersTest, TheLastReportCountsWhateverItsEpoch) {
  SetEpoch(5);
  ASSERT_THAT(Report(Loaded("host", 5)), IsOk());
  Consumer failed = Loaded("host", 4);
  failed.set_state(Consumer::FAILED);
  ASSERT_THAT(Report(failed), IsOk());
  const auto list = List();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].state(), Consumer::FAILED);
  EXPECT_EQ(list[0].lag(), 1);
}

TEST_F(ConsumersTest, TwoReportsOfOneMomentDoNotConflict) {
  auto first = Planned(Loaded("host", 1));
  auto second = Planned(Loaded("host", 2));
  ASSERT_THAT(Apply<Consumer>(std::move(first)), IsOk());
  ASSERT_THAT(Apply<Consumer>(std::move(second)), IsOk());
  EXPECT_EQ(List()[0].epoch(), 2);
}

TEST_F(ConsumersTest, WhoIsSilentForLongerThanTheValidityIsStale) {
  Consumer report = Loaded("host");
  report.mutable_validity()->set_seconds(10);
  ASSERT_THAT(Report(report), IsOk());
  now_ += 10 * kSecond;
  EXPECT_FALSE(List()[0].stale());
  now_ += 1;
  EXPECT_TRUE(List()[0].stale());
  ASSERT_THAT(Report(report), IsOk());
  EXPECT_FALSE(List()[0].stale());
}

TEST_F(ConsumersTest, AReportThatSaysNothingNewIsWrittenEveryTenSeconds) {
  ASSERT_THAT(Report(Loaded("host")), IsOk());
  now_ += 10 * kSecond - 1;
  const auto merged = Planned(Loaded("host"));
  ASSERT_THAT(merged, IsOk());
  EXPECT_TRUE(merged->nothing_to_write);
  now_ += 1;
  ASSERT_THAT(Report(Loaded("host")), IsOk());
  EXPECT_EQ(ToUnixNanos(List()[0].report_time()), now_);
  EXPECT_EQ(ToUnixNanos(List()[0].change_time()), kStart);
}

TEST_F(ConsumersTest, ReportsOfAShortValidityAreNeverMergedIntoSilence) {
  Consumer report = Loaded("host");
  report.mutable_validity()->set_seconds(10);
  for (int i = 0; i < 20; ++i) {
    ASSERT_THAT(Report(report), IsOk());
    now_ += 10 * kSecond / 3;
    EXPECT_FALSE(List()[0].stale()) << i;
  }
}

TEST_F(ConsumersTest, AClockThatWentBackDoesNotHoldReportsUp) {
  ASSERT_THAT(Report(Loaded("host")), IsOk());
  now_ -= 3600 * kSecond;
  ASSERT_THAT(Report(Loaded("host")), IsOk());
  EXPECT_EQ(ToUnixNanos(List()[0].report_time()), now_);
}

TEST_F(ConsumersTest, AnotherDetailIsWrittenAtOnceAndIsNoEvent) {
  ASSERT_THAT(Report(Loaded("host")), IsOk());
  Consumer again = Loaded("host");
  again.set_detail("warm");
  ASSERT_THAT(Report(again), IsOk());
  EXPECT_EQ(List()[0].detail(), "warm");
  EXPECT_EQ(EventsOfReports(), 1);
}

TEST_F(ConsumersTest, StateVersionAndEpochAreToldByEvents) {
  Consumer report = Loaded("host", 1);
  ASSERT_THAT(Report(report), IsOk());
  now_ += 60 * kSecond;
  ASSERT_THAT(Report(report), IsOk());
  EXPECT_EQ(EventsOfReports(), 1);
  report.set_epoch(2);
  ASSERT_THAT(Report(report), IsOk());
  report.set_version("models/churn/versions/2");
  ASSERT_THAT(Report(report), IsOk());
  report.set_state(Consumer::STOPPED);
  ASSERT_THAT(Report(report), IsOk());
  Consumer last;
  EXPECT_EQ(EventsOfReports(&last), 4);
  EXPECT_EQ(last.name(), report.name());
  EXPECT_EQ(last.state(), Consumer::STOPPED);
}

TEST_F(ConsumersTest, AChannelWithoutRoomRefusesNewConsumersOnly) {
  Fill(kMaxConsumers);
  const absl::Status refused = Report(Loaded("new")).status();
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "TOO_LARGE");
  EXPECT_THAT(Report(Loaded("a1000", 2)), IsOk());
  EXPECT_EQ(List(300).size(), static_cast<size_t>(kMaxConsumers));
}

TEST_F(ConsumersTest, StaleConsumersMakeRoomForNewOnes) {
  Fill(kMaxConsumers - 1);
  now_ += 121 * kSecond;
  ASSERT_THAT(Report(Loaded("b")), IsOk()) << "there is room, so nobody has to go";
  EXPECT_EQ(List().size(), static_cast<size_t>(kMaxConsumers));
  ASSERT_THAT(Report(Loaded("c")), IsOk());
  EXPECT_THAT(Ids(), ElementsAre("b", "c"));
}

TEST_F(ConsumersTest, AConsumerThatIsHeardOfMeanwhileIsNotRemoved) {
  Fill(kMaxConsumers);
  now_ += 121 * kSecond;
  auto plan = Planned(Loaded("new"));
  ASSERT_THAT(Report(Loaded("a1000")), IsOk());
  EXPECT_EQ(Apply<Consumer>(std::move(plan)).status().code(), StatusCode::kAborted)
      << "which the Mutator plans again";
  ASSERT_THAT(Report(Loaded("new")), IsOk());
  EXPECT_THAT(Ids(), ElementsAre("a1000", "new"));
}

TEST_F(ConsumersTest, WhoHasBeenStaleForADayIsForgottenWhenAnotherOneComes) {
  ASSERT_THAT(Report(Loaded("old")), IsOk());
  now_ += kDefaultValidityNanos + kForgetNanos;
  ASSERT_THAT(Report(Loaded("next")), IsOk());
  EXPECT_THAT(Ids(), ElementsAre("next", "old"));
  now_ += 1;
  ASSERT_THAT(Report(Loaded("third")), IsOk());
  EXPECT_THAT(Ids(), ElementsAre("next", "third"));
}

TEST_F(ConsumersTest, WhoStoppedMayServeNothing) {
  Consumer stopped = Loaded("host");
  stopped.set_state(Consumer::STOPPED);
  stopped.clear_version();
  EXPECT_THAT(Report(stopped), IsOk());
  stopped.set_state(Consumer::LOADED);
  EXPECT_EQ(ReasonOf(Report(stopped).status()), "FIELD_REQUIRED");
}

TEST_F(ConsumersTest, AVersionOfAnotherModelIsRefused) {
  Consumer report = Loaded("host");
  report.set_version("models/other/versions/1");
  const absl::Status refused = Report(report).status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("models/churn"));
}

TEST_F(ConsumersTest, AChannelThatIsNotThereIsSaid) {
  Consumer report = Loaded("host");
  report.set_name("models/churn/channels/staging/consumers/host");
  EXPECT_EQ(ReasonOf(Report(report).status()), "CHANNEL_NOT_FOUND");
  v1::ListConsumersRequest request;
  request.set_parent("models/churn/channels/staging");
  EXPECT_EQ(ReasonOf(ListConsumers(*Now(), request, now_).status()), "CHANNEL_NOT_FOUND");
}

TEST_F(ConsumersTest, FieldsOutOfTheirRangesAreRefused) {
  const auto refused = [this](const auto& change) {
    Consumer report = Loaded("host");
    change(report);
    return Refusal(report) == StatusCode::kInvalidArgument;
  };
  const auto named = [](const std::string& id) {
    return [id](Consumer& c) { c.set_name(std::string(kServed) + "/consumers/" + id); };
  };
  EXPECT_FALSE(refused(named(std::string(200, 'x'))));
  EXPECT_TRUE(refused(named(std::string(201, 'x'))));
  EXPECT_TRUE(refused(named("")));
  EXPECT_TRUE(refused(named("a%0Ab")));
  EXPECT_TRUE(refused([](Consumer& c) { c.clear_state(); }));
  EXPECT_TRUE(refused([](Consumer& c) { c.set_state(static_cast<Consumer::State>(9)); }));
  EXPECT_TRUE(refused([](Consumer& c) { c.set_epoch(-1); }));
  EXPECT_FALSE(refused([](Consumer& c) { c.set_detail(std::string(1000, 'x')); }));
  EXPECT_TRUE(refused([](Consumer& c) { c.set_detail(std::string(1001, 'x')); }));
  EXPECT_TRUE(refused([](Consumer& c) { c.set_address(std::string(251, 'x')); }));
  EXPECT_TRUE(refused([](Consumer& c) { c.mutable_validity()->set_seconds(9); }));
  EXPECT_FALSE(refused([](Consumer& c) { c.mutable_validity()->set_seconds(86'400); }));
  EXPECT_TRUE(refused([](Consumer& c) { c.mutable_validity()->set_seconds(86'401); }));
  EXPECT_TRUE(refused([](Consumer& c) { c.mutable_validity()->set_seconds(INT64_MAX); }));
}

}  // namespace
}  // namespace cairn::registry

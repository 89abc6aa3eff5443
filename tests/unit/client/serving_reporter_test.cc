#include "lib/client/serving_reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lib/base/errors.h"
#include "tests/testing/status_matchers.h"

namespace cairn::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using v1::Consumer;

constexpr const char* kChannel = "models/churn/channels/production";

ChannelHead HeadAt(int64_t epoch) {
  return {.epoch = epoch, .version = "models/churn/versions/" + std::to_string(epoch)};
}

absl::Status Away() {
  return Error(absl::StatusCode::kUnavailable, ErrorReason::SERVER_UNREACHABLE, "nobody answers");
}

// A server that notes what arrives and answers as it is told.
class Registry {
 public:
  absl::Status Take(const v1::ReportServingRequest& request) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    taken_.push_back(request.consumer());
    arrived_.SignalAll();
    while (closed_) opened_.Wait(&mutex_);
    return answer_;
  }
  void Answer(absl::Status answer) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    answer_ = std::move(answer);
  }
  // Holds whoever reports until it is opened.
  void Close(bool closed) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    closed_ = closed;
    opened_.SignalAll();
  }
  // Waits for so many reports in all.
  void Await(size_t count) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (taken_.size() < count) arrived_.Wait(&mutex_);
  }
  // Waits for a report of this epoch or a later one.
  void AwaitEpoch(int64_t epoch) CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (taken_.empty() || taken_.back().epoch() < epoch) arrived_.Wait(&mutex_);
  }
  std::vector<Consumer> taken() const CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return taken_;
  }
  std::vector<Consumer::State> states() const {
    std::vector<Consumer::State> states;
    for (const Consumer& consumer : taken()) states.push_back(consumer.state());
    return states;
  }

 private:
  mutable Mutex mutex_;
  CondVar arrived_;
  CondVar opened_;
  std::vector<Consumer> taken_ CAIRN_GUARDED_BY(mutex_);
  absl::Status answer_ CAIRN_GUARDED_BY(mutex_);
  bool closed_ CAIRN_GUARDED_BY(mutex_) = false;
};

class ServingReporterTest : public ::testing::Test {
 protected:
  // With a validity that is over long after the test, unless one says otherwise.
  std::unique_ptr<ServingReporter> Reporter(
      std::chrono::milliseconds validity = std::chrono::hours(24)) {
    ReporterOptions options;
    options.channel = kChannel;
    options.consumer = "host:8080/a b";
    options.address = "127.0.0.1:8080";
    options.validity = validity;
    options.backoff = {.max_attempts = 0, .initial_millis = 1, .max_millis = 1};
    options.on_trouble = [this](std::string_view why) { troubles_.emplace_back(why); };
    return std::make_unique<ServingReporter>(
        std::move(options),
        [this](const v1::ReportServingRequest& request) { return registry_.Take(request); });
  }

  Registry registry_;
  std::vector<std::string> troubles_;  // of the reporter's thread until it is gone
};

TEST_F(ServingReporterTest, WhatIsServedIsToldAndThatItEnded) {
  {
    const auto reporter = Reporter();
    reporter->Report(Consumer::LOADED, HeadAt(3));
    registry_.Await(1);
  }
  const auto taken = registry_.taken();
  ASSERT_THAT(taken, SizeIs(2));
  EXPECT_EQ(taken[0].name(), std::string(kChannel) + "/consumers/host%3A8080%2Fa%20b");
  EXPECT_EQ(taken[0].state(), Consumer::LOADED);
  EXPECT_EQ(taken[0].version(), "models/churn/versions/3");
  EXPECT_EQ(taken[0].epoch(), 3);
  EXPECT_EQ(taken[0].address(), "127.0.0.1:8080");
  EXPECT_EQ(taken[0].validity().seconds(), 86'400);
  EXPECT_EQ(taken[1].state(), Consumer::STOPPED);
  EXPECT_EQ(taken[1].version(), "models/churn/versions/3");
}

TEST_F(ServingReporterTest, WhoNeverServedTellsNothing) {
  Reporter().reset();
  EXPECT_THAT(registry_.taken(), SizeIs(0));
}

TEST_F(ServingReporterTest, OnlyTheNewestOfWhatWaitedIsTold) {
  registry_.Close(true);
  auto reporter = Reporter();
  reporter->Report(Consumer::LOADED, HeadAt(1));
  registry_.Await(1);
  // None of these waits for the server, which holds the first.
  reporter->Report(Consumer::LOADED, HeadAt(2));
  reporter->Report(Consumer::FAILED, HeadAt(3), "no model");
  registry_.Close(false);
  registry_.Await(2);
  reporter.reset();
  const auto taken = registry_.taken();
  EXPECT_THAT(registry_.states(),
              ElementsAre(Consumer::LOADED, Consumer::FAILED, Consumer::STOPPED));
  EXPECT_EQ(taken[1].epoch(), 3);
  EXPECT_EQ(taken[1].detail(), "no model");
  EXPECT_EQ(taken[2].detail(), "");
}

TEST_F(ServingReporterTest, AReportIsRenewed) {
  auto reporter = Reporter(std::chrono::milliseconds(3));
  reporter->Report(Consumer::LOADED, HeadAt(1));
  registry_.Await(4);
  reporter.reset();
  auto states = registry_.states();
  EXPECT_EQ(states.back(), Consumer::STOPPED);
  states.pop_back();
  EXPECT_TRUE(std::all_of(states.begin(), states.end(),
                          [](Consumer::State state) { return state == Consumer::LOADED; }));
}

TEST_F(ServingReporterTest, AServerThatIsAwayIsTriedAgainSoonAndSaidOnce) {
  registry_.Answer(Away());
  auto reporter = Reporter();
  reporter->Report(Consumer::LOADED, HeadAt(1));
  registry_.Await(3);
  reporter.reset();
  EXPECT_THAT(troubles_, ElementsAre(HasSubstr("nobody answers")));
}

TEST_F(ServingReporterTest, AServerThatIsAwayAgainIsSaidAgain) {
  registry_.Answer(Away());
  auto reporter = Reporter();
  reporter->Report(Consumer::LOADED, HeadAt(1));
  registry_.Await(2);
  registry_.Answer(absl::OkStatus());
  reporter->Report(Consumer::LOADED, HeadAt(2));
  registry_.AwaitEpoch(2);
  registry_.Answer(Away());
  reporter->Report(Consumer::LOADED, HeadAt(3));
  registry_.AwaitEpoch(3);
  registry_.Await(registry_.taken().size() + 1);
  reporter.reset();
  EXPECT_THAT(troubles_, SizeIs(2));
}

TEST_F(ServingReporterTest, AnOlderServerIsSaidOnce) {
  registry_.Answer(absl::UnimplementedError("no such method"));
  auto reporter = Reporter(std::chrono::milliseconds(3));
  reporter->Report(Consumer::LOADED, HeadAt(1));
  registry_.Await(4);
  reporter.reset();
  EXPECT_THAT(troubles_, ElementsAre(HasSubstr("does not list who serves what")));
}

TEST_F(ServingReporterTest, ALongDetailFitsWhatTheServerTakes) {
  auto reporter = Reporter();
  reporter->Report(Consumer::FAILED, HeadAt(1), std::string(5000, 'x'));
  registry_.Await(1);
  EXPECT_LE(registry_.taken()[0].detail().size(), 1000U);
}

}  // namespace
}  // namespace cairn::client

// The metric writer against a server that breaks streams: everything once, in batches.

#include "lib/client/metric_writer.h"

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/base/ids.h"
#include "tests/testing/eventually.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/fake_server.h"

namespace cairn::client {
namespace {

using testing::IsOk;
using testing::StatusIs;

class MetricWriterTest : public ::testing::Test {
 protected:
  void Start(MetricWriterOptions options = {}) {
    options.run = "experiments/0/runs/0123456789abcdef0123456789abcdef";
    auto writer = MetricWriter::Start(client_->transport(), options);
    ASSERT_THAT(writer, IsOk());
    writer_ = *std::move(writer);
  }

  std::vector<v1::LogMetricsRequest> Received() {
    MutexLock lock(&server_.state().mutex);
    return server_.state().metric_batches;
  }

  void EndStreams(std::vector<grpc::Status> ends) {
    MutexLock lock(&server_.state().mutex);
    for (auto& end : ends) server_.state().metric_stream_ends.push_back(std::move(end));
  }

  FakeServer server_;
  std::unique_ptr<Client> client_ = server_.Connect();
  std::unique_ptr<MetricWriter> writer_;
};

TEST_F(MetricWriterTest, PointsAreGatheredIntoColumnsAndFinishSendsTheRest) {
  Start({.batch_points = 4, .flush_interval = std::chrono::hours(1)});
  for (int64_t step = 0; step < 5; ++step) {
    ASSERT_THAT(writer_->Log(step % 2 == 0 ? "loss" : "accuracy", step, 0.5, 1000 + step), IsOk());
  }
  ASSERT_THAT(writer_->Finish(), IsOk());
  EXPECT_EQ(writer_->acknowledged_points(), 5);
  EXPECT_EQ(writer_->waiting_points(), 0);
  const auto batches = Received();
  ASSERT_EQ(batches.size(), 2u);
  ASSERT_EQ(batches[0].metrics_size(), 2);
  EXPECT_EQ(batches[0].metrics(0).key(), "loss");
  EXPECT_EQ(batches[0].metrics(0).steps(1), 2);
  EXPECT_EQ(batches[0].metrics(1).times_unix_millis(1), 1003);
  EXPECT_EQ(batches[1].metrics(0).steps(0), 4);
  EXPECT_EQ(batches[1].batch_number(), 2);
  EXPECT_TRUE(IsUuid4(batches[0].writer_id()));
  EXPECT_EQ(batches[0].writer_id(), batches[1].writer_id());
}

TEST_F(MetricWriterTest, MoreMetricsThanAMessageMayHaveAreSeveralBatches) {
  Start({.batch_points = 100'000, .flush_interval = std::chrono::hours(1)});
  for (int metric = 0; metric < 1000; ++metric) {
    ASSERT_THAT(writer_->Log("m" + std::to_string(metric), 0, 0.5), IsOk());
  }
  // Those that the batch has already still go into it.
  ASSERT_THAT(writer_->Log("m0", 1, 0.5), IsOk());
  ASSERT_THAT(writer_->Log("m999", 1, 0.5), IsOk());
  for (int metric = 1000; metric < 2500; ++metric) {
    ASSERT_THAT(writer_->Log("m" + std::to_string(metric), 0, 0.5), IsOk());
  }
  ASSERT_THAT(writer_->Finish(), IsOk());
  EXPECT_EQ(writer_->acknowledged_points(), 2502);
  const auto batches = Received();
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0].metrics_size(), 1000);
  EXPECT_EQ(batches[0].metrics(0).steps_size(), 2);
  EXPECT_EQ(batches[0].metrics(999).steps_size(), 2);
  EXPECT_EQ(batches[1].metrics_size(), 1000);
  EXPECT_EQ(batches[1].metrics(0).key(), "m1000");
  EXPECT_EQ(batches[2].metrics_size(), 500);
}

TEST_F(MetricWriterTest, LongNamesEndABatchBeforeItIsTooLongAMessage) {
  Start({.batch_points = 100'000, .flush_interval = std::chrono::hours(1)});
  for (int metric = 0; metric < 900; ++metric) {
    ASSERT_THAT(writer_->Log(std::string(10'000, 'm') + std::to_string(metric), 0, 0.5), IsOk());
  }
  ASSERT_THAT(writer_->Finish(), IsOk());
  EXPECT_EQ(writer_->acknowledged_points(), 900);
  const auto batches = Received();
  EXPECT_EQ(batches.size(), 3u);
  for (const auto& batch : batches) EXPECT_LT(batch.ByteSizeLong(), 4u << 20);
}

TEST_F(MetricWriterTest, TheLargestBatchOfTheLongestNamesIsOneMessage) {
  Start({.batch_points = 100'000, .flush_interval = std::chrono::hours(1)});
  for (int point = 0; point < 100'000; ++point) {
    const std::string number = std::to_string(point % 1000);
    ASSERT_THAT(writer_->Log(std::string(250 - number.size(), 'm') + number, -point, 0.5, -1),
                IsOk());
  }
  ASSERT_THAT(writer_->Finish(), IsOk());
  const auto batches = Received();
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_LT(batches[0].ByteSizeLong(), 4u << 20);
}

TEST_F(MetricWriterTest, AnOldPointIsSentWithoutBeingAskedFor) {
  Start({.batch_points = 1000, .flush_interval = std::chrono::milliseconds(1)});
  ASSERT_THAT(writer_->Log("loss", 1, 0.5), IsOk());
  ASSERT_TRUE(testing::Eventually([this] { return writer_->acknowledged_points() > 0; }));
  EXPECT_EQ(Received().size(), 1u);
}

TEST_F(MetricWriterTest, ABrokenStreamIsContinuedFromTheFirstUnacknowledgedBatch) {
  Start({.batch_points = 1});
  EndStreams({grpc::Status::OK, grpc::Status(grpc::StatusCode::UNAVAILABLE, "restart")});
  for (int64_t step = 1; step <= 20; ++step) ASSERT_THAT(writer_->Log("loss", step, 0.5), IsOk());
  ASSERT_THAT(writer_->Finish(), IsOk());
  EXPECT_EQ(writer_->acknowledged_points(), 20);
  // The second batch came twice, under the same number; every number came.
  std::set<int64_t> numbers;
  int second = 0;
  for (const auto& batch : Received()) {
    numbers.insert(batch.batch_number());
    second += batch.batch_number() == 2 ? 1 : 0;
    EXPECT_EQ(batch.metrics(0).steps(0), batch.batch_number());
  }
  EXPECT_EQ(numbers.size(), 20u);
  EXPECT_EQ(second, 2);
}

TEST_F(MetricWriterTest, WhatTheServerRefusesFailsLaterCallsToo) {
  Start({.batch_points = 1});
  EndStreams({grpc::Status(grpc::StatusCode::NOT_FOUND, "no such run")});
  ASSERT_THAT(writer_->Log("loss", 1, 0.5), IsOk());
  EXPECT_THAT(writer_->Flush(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(writer_->Log("loss", 2, 0.5), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(writer_->Finish(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(MetricWriterTest, LoggingWaitsWhileTooMuchIsOnItsWay) {
  Start({.batch_points = 10, .max_waiting_points = 20});
  for (int64_t step = 0; step < 1000; ++step) {
    ASSERT_THAT(writer_->Log("loss", step, 0.5), IsOk());
    EXPECT_LE(writer_->waiting_points(), 20);
  }
  ASSERT_THAT(writer_->Finish(), IsOk());
  EXPECT_EQ(writer_->acknowledged_points(), 1000);
}

TEST_F(MetricWriterTest, AfterFinishLoggingIsRefused) {
  Start();
  ASSERT_THAT(writer_->Finish(), IsOk());
  EXPECT_THAT(writer_->Log("loss", 1, 0.5), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(writer_->Finish(), IsOk());
}

TEST_F(MetricWriterTest, AnAbsentServerFailsBeyondThePatience) {
  ConnectOptions nowhere;
  nowhere.address = "unix:/nonexistent/cairn.sock";
  const auto client = Client::Connect(nowhere);
  ASSERT_THAT(client, IsOk());
  auto writer = MetricWriter::Start(
      (*client)->transport(),
      {.run = "experiments/0/runs/0", .batch_points = 1, .patience = std::chrono::milliseconds(0)});
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT((*writer)->Log("loss", 1, 0.5), IsOk());
  EXPECT_THAT((*writer)->Flush(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(MetricWriterTest, OptionsOutOfRangeAreRefused) {
  for (const MetricWriterOptions& options :
       {MetricWriterOptions{.batch_points = 0}, MetricWriterOptions{.batch_points = 100'001},
        MetricWriterOptions{.flush_interval = std::chrono::milliseconds(0)},
        MetricWriterOptions{.batch_points = 10, .max_waiting_points = 9}}) {
    EXPECT_THAT(MetricWriter::Start(client_->transport(), options),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace cairn::client

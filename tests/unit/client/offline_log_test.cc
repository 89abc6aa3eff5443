// The metric writer with an offline log: nothing is lost and nothing is stored twice.

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "lib/base/errors.h"
#include "lib/base/files.h"
#include "lib/client/metric_writer.h"
#include "tests/testing/eventually.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/fake_server.h"
#include "tests/unit/client/scratch_file.h"

namespace cairn::client {
namespace {

using std::chrono::milliseconds;
using testing::Eventually;
using testing::IsOk;
using testing::StatusIs;

class OfflineLogTest : public ::testing::Test {
 protected:
  MetricWriterOptions Options() const {
    return {.run = "experiments/0/runs/0123456789abcdef0123456789abcdef",
            .batch_points = 3,
            .flush_interval = std::chrono::hours(1),
            .patience = milliseconds(0),
            .offline_log = scratch_.path()};
  }

  std::unique_ptr<MetricWriter> Start(Client& client, const MetricWriterOptions& options) {
    auto writer = MetricWriter::Start(client.transport(), options);
    EXPECT_THAT(writer, IsOk());
    return writer.ok() ? *std::move(writer) : nullptr;
  }

  static std::unique_ptr<Client> ConnectNowhere() {
    ConnectOptions options;
    options.address = "unix:/nonexistent/cairn.sock";
    options.backoff = {.initial_millis = 1, .max_millis = 2};
    return std::move(Client::Connect(options)).value();
  }

  void EndStreams(std::vector<grpc::Status> ends) {
    MutexLock lock(&server_.state().mutex);
    for (auto& end : ends) server_.state().metric_stream_ends.push_back(std::move(end));
  }

  static void Log(MetricWriter& writer, int64_t from, int64_t to) {
    for (int64_t step = from; step < to; ++step) {
      ASSERT_THAT(writer.Log("loss", step, static_cast<double>(step) / 2, 1000 + step), IsOk());
    }
  }

  // What a server stores that takes each number of a writer once: how often each step of
  // each run is there. A number that came twice must have brought the same points.
  std::map<std::pair<std::string, int64_t>, int> Stored() {
    std::map<std::pair<std::string, int64_t>, v1::LogMetricsRequest> batches;
    std::map<std::string, int64_t> last;
    MutexLock lock(&server_.state().mutex);
    for (const auto& batch : server_.state().metric_batches) {
      const auto [known, is_new] =
          batches.emplace(std::pair(batch.writer_id(), batch.batch_number()), batch);
      EXPECT_EQ(known->second.SerializeAsString(), batch.SerializeAsString());
      if (is_new) {
        EXPECT_GT(batch.batch_number(), last[batch.writer_id()]) << "a gap, or out of order";
        last[batch.writer_id()] = batch.batch_number();
      }
    }
    std::map<std::pair<std::string, int64_t>, int> steps;
    for (const auto& [id, batch] : batches) {
      for (const auto& columns : batch.metrics()) {
        for (int i = 0; i < columns.steps_size(); ++i) {
          EXPECT_EQ(columns.values(i), static_cast<double>(columns.steps(i)) / 2);
          EXPECT_EQ(columns.times_unix_millis(i), 1000 + columns.steps(i));
          ++steps[{batch.run(), columns.steps(i)}];
        }
      }
    }
    return steps;
  }

  void ExpectEachStepOnce(int64_t count) {
    const auto steps = Stored();
    EXPECT_EQ(steps.size(), static_cast<size_t>(count));
    for (const auto& [step, times] : steps) EXPECT_EQ(times, 1) << step.second;
  }

  FakeServer server_;
  ScratchFile scratch_;
};

TEST_F(OfflineLogTest, ALogThatIsAcknowledgedIsRemovedByFinish) {
  const auto client = server_.Connect();
  const auto writer = Start(*client, Options());
  Log(*writer, 0, 10);
  EXPECT_TRUE(std::filesystem::exists(scratch_.path()));
  ASSERT_THAT(writer->Finish(), IsOk());
  EXPECT_EQ(writer->waiting_points(), 0);
  EXPECT_FALSE(std::filesystem::exists(scratch_.path()));
  EXPECT_THAT(writer->Finish(), IsOk());
  ExpectEachStepOnce(10);
}

TEST_F(OfflineLogTest, WithoutAServerLoggingGoesOnAndReplayBringsEverything) {
  {
    const auto nowhere = ConnectNowhere();
    const auto writer = Start(*nowhere, Options());
    Log(*writer, 0, 10);
    ASSERT_THAT(writer->Flush(), IsOk());
    Log(*writer, 10, 20);
    ASSERT_THAT(writer->Finish(), IsOk());
    EXPECT_EQ(writer->waiting_points(), 20);
    EXPECT_EQ(writer->acknowledged_points(), 0);
  }
  const auto client = server_.Connect();
  const auto replayed = ReplayMetricLog(client->transport(), scratch_.path());
  ASSERT_THAT(replayed, IsOk());
  EXPECT_EQ(replayed->points, 20);
  EXPECT_EQ(replayed->batches, 8);  // three and a rest, twice
  EXPECT_FALSE(std::filesystem::exists(scratch_.path()));
  ExpectEachStepOnce(20);
}

TEST_F(OfflineLogTest, MoreThanMayWaitInMemoryFitsIntoTheLog) {
  const auto nowhere = ConnectNowhere();
  MetricWriterOptions options = Options();
  options.max_waiting_points = 3;
  const auto writer = Start(*nowhere, options);
  Log(*writer, 0, 300);
  EXPECT_EQ(writer->waiting_points(), 300);
}

TEST_F(OfflineLogTest, AWriterThatIsDroppedLeavesEvenWhatItGathered) {
  {
    const auto nowhere = ConnectNowhere();
    Log(*Start(*nowhere, Options()), 0, 2);
  }
  const auto client = server_.Connect();
  const auto replayed = ReplayMetricLog(client->transport(), scratch_.path());
  ASSERT_THAT(replayed, IsOk());
  ExpectEachStepOnce(2);
}

TEST_F(OfflineLogTest, TheNextWriterSendsWhatTheLastOneLeftBeforeItsOwn) {
  for (int64_t process = 0; process < 3; ++process) {
    const auto nowhere = ConnectNowhere();
    MetricWriterOptions options = Options();
    options.run.back() = static_cast<char>('0' + process);
    Log(*Start(*nowhere, options), process * 10, process * 10 + 10);
  }
  const auto client = server_.Connect();
  const auto writer = Start(*client, Options());
  EXPECT_EQ(writer->waiting_points(), 30);
  Log(*writer, 30, 40);
  ASSERT_THAT(writer->Finish(), IsOk());
  EXPECT_EQ(writer->acknowledged_points(), 40);
  ExpectEachStepOnce(40);
  for (const auto& [step, times] : Stored()) {
    const char process = step.second < 30 ? static_cast<char>('0' + step.second / 10) : 'f';
    EXPECT_EQ(step.first.back(), process) << step.second;
  }
}

TEST_F(OfflineLogTest, AProcessThatIsKilledAtAnyMomentLosesAndDoublesNothing) {
  // What a killed process leaves is the file as it is at that moment.
  for (int cut = 0; cut < 12; ++cut) {
    SCOPED_TRACE(cut);
    const auto client = server_.Connect();
    const std::string after_death = scratch_.Other("after-death-" + std::to_string(cut));
    {
      MutexLock lock(&server_.state().mutex);
      server_.state().metric_batches.clear();
      server_.state().metric_stream_ends.clear();
      for (int i = 0; i < cut; ++i) server_.state().metric_stream_ends.push_back(grpc::Status::OK);
      for (int i = 0; i < 100'000; ++i) {
        server_.state().metric_stream_ends.emplace_back(grpc::StatusCode::UNAVAILABLE, "away");
      }
    }
    {
      const auto writer = Start(*client, Options());
      Log(*writer, 0, 30);
      ASSERT_THAT(writer->Flush(), IsOk());
      std::filesystem::copy_file(scratch_.path(), after_death);
    }
    std::filesystem::remove(scratch_.path());
    {
      MutexLock lock(&server_.state().mutex);
      server_.state().metric_stream_ends.clear();
    }
    const auto replayed = ReplayMetricLog(client->transport(), after_death);
    ASSERT_THAT(replayed, IsOk());
    ExpectEachStepOnce(30);
  }
}

TEST_F(OfflineLogTest, ABrokenReplayIsTakenUpAgain) {
  {
    const auto nowhere = ConnectNowhere();
    Log(*Start(*nowhere, Options()), 0, 30);
  }
  EndStreams(
      {grpc::Status::OK, grpc::Status::OK, grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no")});
  const auto client = server_.Connect();
  EXPECT_THAT(ReplayMetricLog(client->transport(), scratch_.path()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  int64_t last = 0;
  ReplayOptions options;
  options.on_progress = [&last](int64_t acknowledged, int64_t waiting) {
    EXPECT_GE(acknowledged, last);
    last = acknowledged;
    EXPECT_GE(waiting, 0);
  };
  const auto replayed = ReplayMetricLog(client->transport(), scratch_.path(), options);
  ASSERT_THAT(replayed, IsOk());
  EXPECT_EQ(last, replayed->points);
  ExpectEachStepOnce(30);
}

TEST_F(OfflineLogTest, ReplayWithoutAServerFailsBeyondThePatienceAndKeepsTheLog) {
  const auto nowhere = ConnectNowhere();
  Log(*Start(*nowhere, Options()), 0, 5);
  const auto replayed =
      ReplayMetricLog(nowhere->transport(), scratch_.path(), {.patience = milliseconds(0)});
  EXPECT_THAT(replayed, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(std::filesystem::exists(scratch_.path()));
}

TEST_F(OfflineLogTest, AnEmptyLogIsReplayedByRemovingIt) {
  const auto client = server_.Connect();
  { Start(*client, Options()); }
  const auto replayed = ReplayMetricLog(client->transport(), scratch_.path());
  ASSERT_THAT(replayed, IsOk());
  EXPECT_EQ(replayed->points, 0);
  EXPECT_FALSE(std::filesystem::exists(scratch_.path()));
  EXPECT_THAT(ReplayMetricLog(client->transport(), scratch_.path()),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(OfflineLogTest, ATornEndCostsOneBatchAndIsSaid) {
  {
    const auto nowhere = ConnectNowhere();
    Log(*Start(*nowhere, Options()), 0, 9);
  }
  std::filesystem::resize_file(scratch_.path(), std::filesystem::file_size(scratch_.path()) - 1);
  const auto client = server_.Connect();
  const auto replayed = ReplayMetricLog(client->transport(), scratch_.path());
  ASSERT_THAT(replayed, IsOk());
  EXPECT_EQ(replayed->points, 6);
  EXPECT_GT(replayed->cut_bytes, 0);
  ExpectEachStepOnce(6);
}

TEST_F(OfflineLogTest, OfALogThatIsDamagedInItsLastRecordTheGoodPartIsSentAndTheFileStays) {
  {
    const auto nowhere = ConnectNowhere();
    Log(*Start(*nowhere, Options()), 0, 9);
  }
  std::string bytes = *ReadFile(scratch_.path());
  bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
  ASSERT_THAT(WriteFileAtomically(scratch_.path(), bytes), IsOk());
  const auto client = server_.Connect();
  for (int time = 0; time < 2; ++time) {
    const auto replayed = ReplayMetricLog(client->transport(), scratch_.path());
    EXPECT_TRUE(HasReason(replayed.status(), ErrorReason::RECORD_CORRUPT)) << replayed.status();
    EXPECT_NE(std::string(replayed.status().message()).find(scratch_.path()), std::string::npos);
    ASSERT_TRUE(std::filesystem::exists(scratch_.path()));
    EXPECT_EQ(std::filesystem::file_size(scratch_.path()), bytes.size());
    ExpectEachStepOnce(6);
  }
  EXPECT_TRUE(HasReason(MetricWriter::Start(client->transport(), Options()).status(),
                        ErrorReason::RECORD_CORRUPT));
}

TEST_F(OfflineLogTest, ASecondWriterOfOneLogIsRefused) {
  const auto client = server_.Connect();
  const auto writer = Start(*client, Options());
  const auto second = MetricWriter::Start(client->transport(), Options());
  EXPECT_TRUE(HasReason(second.status(), ErrorReason::STORE_LOCKED)) << second.status();
}

TEST_F(OfflineLogTest, AServerThatComesBackGetsWhatWaitedWithoutBeingAsked) {
  EndStreams(std::vector<grpc::Status>(5, grpc::Status(grpc::StatusCode::UNAVAILABLE, "away")));
  const auto client = server_.Connect();
  const auto writer = Start(*client, Options());
  Log(*writer, 0, 30);
  ASSERT_TRUE(Eventually([&] { return writer->acknowledged_points() >= 30; }));
  ASSERT_THAT(writer->Finish(), IsOk());
  ExpectEachStepOnce(30);
}

TEST_F(OfflineLogTest, AServerThatComesBackAfterFinishStillEndsTheLog) {
  EndStreams({grpc::Status(grpc::StatusCode::UNAVAILABLE, "away")});
  const auto client = server_.Connect();
  auto writer = Start(*client, Options());
  Log(*writer, 0, 3);
  ASSERT_THAT(writer->Finish(), IsOk());  // the patience is over with the first failure
  ASSERT_TRUE(Eventually([&] { return writer->acknowledged_points() >= 3; }));
  writer.reset();
  EXPECT_FALSE(std::filesystem::exists(scratch_.path()));
  ExpectEachStepOnce(3);
}

TEST_F(OfflineLogTest, ALongRunKeepsTheLogShort) {
  const auto client = server_.Connect();
  MetricWriterOptions options = Options();
  options.offline_log_compact_bytes = 4096;
  options.patience = milliseconds(60'000);
  const auto writer = Start(*client, options);
  for (int64_t round = 0; round < 100; ++round) {
    Log(*writer, round * 30, round * 30 + 30);
    ASSERT_THAT(writer->Flush(), IsOk());
    ASSERT_LT(std::filesystem::file_size(scratch_.path()), 3 * 4096u);
  }
  ASSERT_THAT(writer->Finish(), IsOk());
  ExpectEachStepOnce(3000);
}

TEST_F(OfflineLogTest, WhatTheServerRefusesStaysInTheLog) {
  EndStreams({grpc::Status(grpc::StatusCode::NOT_FOUND, "no such run")});
  const auto client = server_.Connect();
  const auto writer = Start(*client, Options());
  ASSERT_THAT(writer->Log("loss", 1, 0.5), IsOk());
  EXPECT_THAT(writer->Finish(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(std::filesystem::exists(scratch_.path()));
}

TEST_F(OfflineLogTest, AFolderThatIsNotThereIsAnErrorAtTheStart) {
  const auto client = server_.Connect();
  MetricWriterOptions options = Options();
  options.offline_log = scratch_.Other("missing") + "/metrics.log";
  EXPECT_THAT(MetricWriter::Start(client->transport(), options),
              StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace cairn::client

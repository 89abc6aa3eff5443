#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/errors.h"
#include "lib/client/paging.h"
#include "tests/unit/client/fake_server.h"

namespace cairn::client {
namespace {

using ::testing::ElementsAre;

v1::CreateExperimentRequest NewExperiment() {
  v1::CreateExperimentRequest request;
  request.mutable_experiment()->set_display_name("retail");
  return request;
}

TEST(TransportTest, ACallReturnsTheResponse) {
  FakeServer server;
  const auto experiment = server.Connect()->tracking().CreateExperiment(NewExperiment());
  ASSERT_TRUE(experiment.ok()) << experiment.status();
  EXPECT_EQ(experiment->name(), "experiments/7");
  EXPECT_EQ(experiment->display_name(), "retail");
}

TEST(TransportTest, AMutationGetsAUuid4AsRequestId) {
  FakeServer server;
  ASSERT_TRUE(server.Connect()->tracking().CreateExperiment(NewExperiment()).ok());
  MutexLock lock(&server.state().mutex);
  ASSERT_EQ(server.state().request_ids.size(), 1u);
  EXPECT_TRUE(IsUuid4(server.state().request_ids[0]));
}

TEST(TransportTest, AGivenRequestIdIsKept) {
  FakeServer server;
  v1::CreateExperimentRequest request = NewExperiment();
  request.set_request_id("11111111-1111-4111-8111-111111111111");
  ASSERT_TRUE(server.Connect()->tracking().CreateExperiment(request).ok());
  MutexLock lock(&server.state().mutex);
  EXPECT_THAT(server.state().request_ids, ElementsAre("11111111-1111-4111-8111-111111111111"));
}

TEST(TransportTest, UnavailableIsRepeatedWithTheSameRequestId) {
  FakeServer server;
  {
    MutexLock lock(&server.state().mutex);
    server.state().unavailable_left = 2;
  }
  ASSERT_TRUE(server.Connect()->tracking().CreateExperiment(NewExperiment()).ok());
  MutexLock lock(&server.state().mutex);
  ASSERT_EQ(server.state().request_ids.size(), 3u);
  EXPECT_EQ(server.state().request_ids[0], server.state().request_ids[1]);
  EXPECT_EQ(server.state().request_ids[0], server.state().request_ids[2]);
}

TEST(TransportTest, RepetitionEndsAfterTheAllowedAttempts) {
  FakeServer server;
  {
    MutexLock lock(&server.state().mutex);
    server.state().unavailable_left = 100;
  }
  const auto result = server.Connect(3)->tracking().CreateExperiment(NewExperiment());
  EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable);
  MutexLock lock(&server.state().mutex);
  EXPECT_EQ(server.state().request_ids.size(), 3u);
}

TEST(TransportTest, OtherErrorsAreNotRepeatedAndKeepTheirDetails) {
  FakeServer server;
  const auto client = server.Connect();
  v1::GetExperimentRequest request;
  request.set_name("experiments/404");
  const auto missing = client->tracking().GetExperiment(request);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(HasReason(missing.status(), ErrorReason::EXPERIMENT_NOT_FOUND));
  request.set_name("experiments/409");
  EXPECT_EQ(client->tracking().GetExperiment(request).status().code(), absl::StatusCode::kAborted);
}

TEST(TransportTest, AServerThatIsNotThereIsNamed) {
  std::string address;
  {
    FakeServer gone;
    address = gone.address();
  }
  ConnectOptions options;
  options.address = address;
  options.backoff = {.max_attempts = 2, .initial_millis = 1, .max_millis = 1};
  const absl::Status status = (*Client::Connect(options))->Ping();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(HasReason(status, ErrorReason::SERVER_UNREACHABLE)) << status;
  EXPECT_EQ(MetadataOf(status, "address"), address);
  EXPECT_NE(std::string(status.message()).find(address), std::string::npos);
}

TEST(TransportTest, AfterCancelEveryCallEndsAtOnce) {
  FakeServer server;
  const auto client = server.Connect();
  client->Cancel();
  const auto result = client->tracking().CreateExperiment(NewExperiment());
  EXPECT_EQ(result.status().code(), absl::StatusCode::kCancelled);
}

TEST(TransportTest, ThePrincipalTravelsWithTheCall) {
  FakeServer server;
  ConnectOptions options;
  options.address = server.address();
  options.principal = "ci@example";
  v1::GetExperimentRequest request;
  request.set_name("experiments/1");
  const auto result = (*Client::Connect(options))->tracking().GetExperiment(request);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->display_name(), "ci@example");
}

TEST(TransportTest, OptionsThatCannotWorkAreRefused) {
  ConnectOptions no_address;
  no_address.address = "";
  EXPECT_EQ(Client::Connect(no_address).status().code(), absl::StatusCode::kInvalidArgument);
  ConnectOptions no_time;
  no_time.call_timeout_millis = 0;
  EXPECT_EQ(Client::Connect(no_time).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PagingTest, AnEmptyPageIsNotTheEnd) {
  FakeServer server;
  const auto client = server.Connect();
  std::vector<std::string> names;
  int pages = 0;
  const auto list = [&](const v1::ListExperimentsRequest& request) {
    return client->tracking().ListExperiments(request);
  };
  ASSERT_TRUE(ForEachPage(v1::ListExperimentsRequest(), list, [&](const auto& page) {
                ++pages;
                for (const auto& item : page.experiments()) names.push_back(item.name());
                return true;
              }).ok());
  EXPECT_THAT(names, ElementsAre("first", "last"));
  EXPECT_EQ(pages, 3);
}

TEST(PagingTest, TheCallerMayStop) {
  FakeServer server;
  const auto client = server.Connect();
  int pages = 0;
  const auto list = [&](const v1::ListExperimentsRequest& request) {
    return client->tracking().ListExperiments(request);
  };
  ASSERT_TRUE(ForEachPage(v1::ListExperimentsRequest(), list, [&](const auto&) {
                return ++pages < 2;
              }).ok());
  EXPECT_EQ(pages, 2);
}

TEST(MetricStreamTest, BatchesGetNumbersAndAWriterAndTheLastIsAcknowledged) {
  FakeServer server;
  std::vector<v1::LogMetricsRequest> batches(2);
  for (int i = 0; i < 2; ++i) {
    auto* column = batches[i].add_metrics();
    column->set_key("loss");
    column->add_steps(i);
    column->add_values(0.5);
  }
  const auto answer = server.Connect()->tracking().LogMetrics(batches);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->acknowledged_batch_number(), 2);
  EXPECT_EQ(answer->point_count(), 2);
  MutexLock lock(&server.state().mutex);
  ASSERT_EQ(server.state().metric_batches.size(), 2u);
  EXPECT_TRUE(IsUuid4(server.state().metric_batches[0].writer_id()));
  EXPECT_EQ(server.state().metric_batches[1].batch_number(), 2);
}

TEST(MetricStreamTest, ReadingCanStopEarlyWithoutAnError) {
  FakeServer server;
  int parts = 0;
  const absl::Status status = server.Connect()->tracking().ReadMetrics(
      v1::ReadMetricsRequest(), [&](const v1::MetricColumns&) { return ++parts < 2; });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(parts, 2);
}

}  // namespace
}  // namespace cairn::client

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "lib/base/errors.h"
#include "lib/client/paging.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/client/fake_server.h"

namespace cairn::client {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;

v1::CreateExperimentRequest NewExperiment() {
  v1::CreateExperimentRequest request;
  request.mutable_experiment()->set_display_name("retail");
  return request;
}

TEST(TransportTest, ACallReturnsTheResponse) {
  FakeServer server;
  const auto experiment = server.Connect()->tracking().CreateExperiment(NewExperiment());
  ASSERT_THAT(experiment, IsOk());
  EXPECT_EQ(experiment->name(), "experiments/7");
  EXPECT_EQ(experiment->display_name(), "retail");
}

TEST(TransportTest, TextThatIsNotUtf8IsRefusedHereNamingTheField) {
  FakeServer server;
  const auto client = server.Connect();
  v1::CreateRunRequest request;
  request.set_parent("experiments/7");
  (*request.mutable_run()->mutable_tags())["team"] = "x\xe9";
  const absl::Status status = client->tracking().CreateRun(request).status();
  EXPECT_TRUE(HasReason(status, ErrorReason::VALUE_INVALID)) << status;
  EXPECT_EQ(MetadataOf(status, "field"), "run.tags[\"team\"].value");
  v1::CreateExperimentRequest experiment;
  experiment.mutable_experiment()->set_display_name("\xff");
  EXPECT_EQ(MetadataOf(client->tracking().CreateExperiment(experiment).status(), "field"),
            "experiment.display_name");
}

absl::Status ConnectTo(const std::string& address, const std::string& principal = "") {
  ConnectOptions options;
  options.address = address;
  options.principal = principal;
  return Client::Connect(std::move(options)).status();
}

TEST(TransportTest, AddressesThatCannotBeThoseOfAServerAreRefusedAtOnce) {
  for (const char* address :
       {"", "localhost", "127.0.0.1", "127.0.0.1:", ":50051", "127.0.0.1:99999", "127.0.0.1:0",
        "127.0.0.1:port", "http://127.0.0.1:50051", "https://host:1/path", "::1", "::1:50051",
        "[::1]", "host:1/path", "ho st:1"}) {
    EXPECT_TRUE(HasReason(ConnectTo(address), ErrorReason::VALUE_INVALID)) << address;
  }
  for (const char* address : {"127.0.0.1:1", "host.example:65535", "[::1]:50051", "unix:/run/x"}) {
    EXPECT_THAT(ConnectTo(address), IsOk()) << address;
  }
  EXPECT_NE(std::string(ConnectTo("http://host:7/x").message()).find("host:7"), std::string::npos);
}

TEST(TransportTest, APrincipalThatGrpcCannotCarryIsRefusedAndEndsNothing) {
  EXPECT_THAT(ConnectTo("127.0.0.1:1", "ada.l@example org"), IsOk());
  for (const char* principal : {"Zo\xc3\xab", "a\nb", "\x7f"}) {
    const absl::Status status = ConnectTo("127.0.0.1:1", principal);
    EXPECT_TRUE(HasReason(status, ErrorReason::VALUE_INVALID)) << status;
    EXPECT_EQ(MetadataOf(status, "field"), "principal");
  }
}

TEST(TransportTest, AMutationGetsAUuid4AsRequestId) {
  FakeServer server;
  ASSERT_THAT(server.Connect()->tracking().CreateExperiment(NewExperiment()), IsOk());
  MutexLock lock(&server.state().mutex);
  ASSERT_EQ(server.state().request_ids.size(), 1u);
  EXPECT_TRUE(IsUuid4(server.state().request_ids[0]));
}

TEST(TransportTest, AGivenRequestIdIsKept) {
  FakeServer server;
  v1::CreateExperimentRequest request = NewExperiment();
  request.set_request_id("11111111-1111-4111-8111-111111111111");
  ASSERT_THAT(server.Connect()->tracking().CreateExperiment(request), IsOk());
  MutexLock lock(&server.state().mutex);
  EXPECT_THAT(server.state().request_ids, ElementsAre("11111111-1111-4111-8111-111111111111"));
}

TEST(TransportTest, UnavailableIsRepeatedWithTheSameRequestId) {
  FakeServer server;
  {
    MutexLock lock(&server.state().mutex);
    server.state().unavailable_left = 2;
  }
  ASSERT_THAT(server.Connect()->tracking().CreateExperiment(NewExperiment()), IsOk());
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
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kUnavailable));
  MutexLock lock(&server.state().mutex);
  EXPECT_EQ(server.state().request_ids.size(), 3u);
}

TEST(TransportTest, ACallThatTheServerDroppedIsUnavailableAndRepeatedAndNotCancelled) {
  FakeServer server;
  {
    MutexLock lock(&server.state().mutex);
    server.state().dropped_left = 3;
  }
  const auto result = server.Connect(2)->tracking().CreateExperiment(NewExperiment());
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(HasReason(result.status(), ErrorReason::SERVER_UNREACHABLE));
  EXPECT_THAT(server.Connect(2)->tracking().CreateExperiment(NewExperiment()), IsOk());
}

TEST(TransportTest, OtherErrorsAreNotRepeatedAndKeepTheirDetails) {
  FakeServer server;
  const auto client = server.Connect();
  v1::GetExperimentRequest request;
  request.set_name("experiments/404");
  const auto missing = client->tracking().GetExperiment(request);
  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(HasReason(missing.status(), ErrorReason::EXPERIMENT_NOT_FOUND));
  request.set_name("experiments/409");
  EXPECT_THAT(client->tracking().GetExperiment(request), StatusIs(absl::StatusCode::kAborted));
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
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(HasReason(status, ErrorReason::SERVER_UNREACHABLE)) << status;
  EXPECT_EQ(MetadataOf(status, "address"), address);
  EXPECT_NE(std::string(status.message()).find(address), std::string::npos);
}

TEST(TransportTest, ACallEndsAtItsDeadlineAndIsNotRepeated) {
  FakeServer server;
  ConnectOptions options;
  options.address = server.address();
  options.call_timeout_millis = 300;
  const auto client = std::move(Client::Connect(options)).value();
  v1::GetExperimentRequest request;
  request.set_name("experiments/slow");
  const absl::Status status = client->tracking().GetExperiment(request).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_TRUE(HasReason(status, ErrorReason::CALL_ENDED)) << status;
  MutexLock lock(&server.state().mutex);
  EXPECT_EQ(server.state().slow_calls, 1);
}

// UNAVAILABLE is repeated whatever the call, so every call must be safe to repeat.
TEST(TransportTest, EveryCallThatChangesSomethingHasARequestIdOrMayBeMadeTwice) {
  const std::set<std::string> may_be_made_twice = {
      "HeartbeatRun",      // says that a run is alive, once or twice
      "BatchUpdateBlobs",  // content under its own digest
      "SpliceBlob",        // the same
      "ReportServing",     // the last report counts
  };
  const std::vector<std::string> reading = {"Get",  "List",  "Search",  "Count",  "BatchRead",
                                            "Find", "Query", "Explain", "Replay", "Render",
                                            "Diff", "Split", "Group"};
  int checked = 0;
  for (const auto* file :
       {v1::CreateRunRequest::descriptor()->file(), v1::Dataset::descriptor()->file(),
        v1::ArtifactFile::descriptor()->file(), v1::Model::descriptor()->file(),
        v1::Policy::descriptor()->file(), v1::ServerInfo::descriptor()->file(),
        v1::View::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto* method = file->service(s)->method(m);
        if (method->client_streaming() || method->server_streaming()) continue;
        const bool reads = std::any_of(reading.begin(), reading.end(), [&](const auto& prefix) {
          return method->name().rfind(prefix, 0) == 0;
        });
        if (reads || may_be_made_twice.count(method->name()) != 0) continue;
        ++checked;
        EXPECT_NE(method->input_type()->FindFieldByName("request_id"), nullptr)
            << method->full_name();
      }
    }
  }
  EXPECT_GE(checked, 15);
}

TEST(TransportTest, AfterCancelEveryCallEndsAtOnce) {
  FakeServer server;
  const auto client = server.Connect();
  client->Cancel();
  const auto result = client->tracking().CreateExperiment(NewExperiment());
  EXPECT_THAT(result, StatusIs(absl::StatusCode::kCancelled));
}

TEST(TransportTest, ThePrincipalTravelsWithTheCall) {
  FakeServer server;
  ConnectOptions options;
  options.address = server.address();
  options.principal = "ci@example";
  v1::GetExperimentRequest request;
  request.set_name("experiments/1");
  const auto result = (*Client::Connect(options))->tracking().GetExperiment(request);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->display_name(), "ci@example");
}

TEST(TransportTest, ATokenTravelsWithTheCallAndIsNeverRepeatedInAnError) {
  FakeServer server;
  ConnectOptions options;
  options.address = server.address();
  options.token = "cairn_1_secret";
  v1::GetExperimentRequest request;
  request.set_name("experiments/1");
  const auto result = (*Client::Connect(options))->tracking().GetExperiment(request);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->tags().at("authorization"), "Bearer cairn_1_secret");
  options.token = "se cret";
  const absl::Status refused = Client::Connect(options).status();
  EXPECT_EQ(MetadataOf(refused, "field"), "token");
  EXPECT_EQ(refused.ToString().find("cret"), std::string::npos);
}

TEST(TransportTest, OptionsThatCannotWorkAreRefused) {
  ConnectOptions no_address;
  no_address.address = "";
  EXPECT_THAT(Client::Connect(no_address), StatusIs(absl::StatusCode::kInvalidArgument));
  ConnectOptions no_time;
  no_time.call_timeout_millis = 0;
  EXPECT_THAT(Client::Connect(no_time), StatusIs(absl::StatusCode::kInvalidArgument));
  ConnectOptions too_lively;
  too_lively.keepalive_millis = 9'999;
  EXPECT_THAT(Client::Connect(too_lively), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PagingTest, AnEmptyPageIsNotTheEnd) {
  FakeServer server;
  const auto client = server.Connect();
  std::vector<std::string> names;
  int pages = 0;
  const auto list = [&](const v1::ListExperimentsRequest& request) {
    return client->tracking().ListExperiments(request);
  };
  ASSERT_THAT(ForEachPage(v1::ListExperimentsRequest(), list,
                          [&](const auto& page) {
                            ++pages;
                            for (const auto& item : page.experiments())
                              names.push_back(item.name());
                            return true;
                          }),
              IsOk());
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
  ASSERT_THAT(
      ForEachPage(v1::ListExperimentsRequest(), list, [&](const auto&) { return ++pages < 2; }),
      IsOk());
  EXPECT_EQ(pages, 2);
}

TEST(PagingTest, EveryListOfTheApiHasPages) {
  int lists = 0;
  for (const auto* file :
       {v1::CreateRunRequest::descriptor()->file(), v1::Dataset::descriptor()->file(),
        v1::ArtifactFile::descriptor()->file(), v1::Model::descriptor()->file(),
        v1::Policy::descriptor()->file(), google::longrunning::Operation::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto* method = file->service(s)->method(m);
        if (method->name().rfind("List", 0) != 0 && method->name() != "SearchRuns") continue;
        ++lists;
        EXPECT_NE(method->input_type()->FindFieldByName("page_token"), nullptr)
            << method->full_name();
        EXPECT_NE(method->output_type()->FindFieldByName("next_page_token"), nullptr)
            << method->full_name();
      }
    }
  }
  EXPECT_GE(lists, 12);
}

TEST(PagingTest, APagerGivesPageAfterPageAndThenNothing) {
  FakeServer server;
  const auto client = server.Connect();
  Pager pages(google::longrunning::ListOperationsRequest(),
              [&](const auto& request) { return client->operations().ListOperations(request); });
  std::vector<std::string> names;
  while (true) {
    const auto page = pages.Next();
    ASSERT_THAT(page, IsOk());
    if (!page->has_value()) break;
    ASSERT_EQ((*page)->operations_size(), 1);
    names.push_back((*page)->operations(0).name());
  }
  EXPECT_THAT(names, ElementsAre("operations/0", "operations/1", "operations/2"));
  const auto after = pages.Next();
  EXPECT_TRUE(after.ok() && !after->has_value());
}

TEST(PagingTest, AfterAnErrorThePagerAsksForTheSamePageAgain) {
  std::vector<std::string> tokens;
  Pager pages(v1::ListExperimentsRequest(),
              [&](const v1::ListExperimentsRequest& request)
                  -> absl::StatusOr<v1::ListExperimentsResponse> {
                tokens.push_back(request.page_token());
                if (tokens.size() == 2) return absl::UnavailableError("away");
                v1::ListExperimentsResponse page;
                if (tokens.size() == 1) page.set_next_page_token("b");
                return page;
              });
  EXPECT_THAT(pages.Next(), IsOk());
  EXPECT_EQ(pages.page_token(), "b");
  EXPECT_THAT(pages.Next(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(pages.Next(), IsOk());
  EXPECT_THAT(tokens, ElementsAre("", "b", "b"));
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
  ASSERT_THAT(answer, IsOk());
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
  EXPECT_THAT(status, IsOk());
  EXPECT_EQ(parts, 2);
}

}  // namespace
}  // namespace cairn::client

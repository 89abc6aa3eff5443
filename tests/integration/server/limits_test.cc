// Every limit on runs: the greatest that is taken, and the least that is refused.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "cairn/v1/tracking.grpc.pb.h"
#include "fmt/format.h"
#include "lib/base/errors.h"
#include "lib/client/client.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::ServerProcess;
using testing::StatusIs;
using testing::TempFolder;

constexpr size_t kMaxFilterBytes = size_t{16} << 10;
constexpr size_t kMaxListBytes = size_t{1} << 20;
constexpr int kMaxClauses = 64;
constexpr int kMaxDepth = 32;
constexpr int kMaxStreams = 256;
constexpr int kMaxEntries = 1000;
constexpr int kMaxPoints = 100'000;

std::string Text(size_t bytes) { return std::string(bytes, 'x'); }

class LimitsTest : public ::testing::Test {
 protected:
  // One server for all tests: a limit leaves nothing behind.
  static void SetUpTestSuite() {
    folder = new TempFolder();
    server = new ServerProcess(*folder / "store", {"--memory-limit", "4GiB"});
    ASSERT_TRUE(server->Start());
  }
  static void TearDownTestSuite() {
    delete server;
    delete folder;
  }

  void SetUp() override {
    client::ConnectOptions options;
    options.address = server->grpc_address();
    auto connected = client::Client::Connect(options);
    ASSERT_THAT(connected, IsOk());
    client_ = *std::move(connected);
    v1::CreateRunRequest create;
    create.set_parent("experiments/0");
    run_ = client_->tracking().CreateRun(create)->name();
  }

  client::TrackingClient& tracking() { return client_->tracking(); }

  absl::Status Search(const std::string& filter, int32_t page_size = 0) {
    v1::SearchRunsRequest request;
    request.set_filter(filter);
    request.set_page_size(page_size);
    return tracking().SearchRuns(request).status();
  }

  absl::Status Create(const v1::Run& run) {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    *request.mutable_run() = run;
    return tracking().CreateRun(request).status();
  }

  absl::Status Log(v1::LogBatchRequest request) {
    request.set_run(run_);
    return tracking().LogBatch(std::move(request)).status();
  }

  static void AddColumns(v1::LogBatchRequest& request, const std::string& key, int points) {
    auto* columns = request.add_metrics();
    columns->set_key(key);
    for (int i = 0; i < points; ++i) {
      columns->add_steps(i);
      columns->add_values(i);
    }
  }

  static void ExpectInvalid(const absl::Status& status, const std::string& reason) {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(ReasonOf(status), reason);
  }

  static void ExpectFits(bool fits, const absl::Status& status, const std::string& reason) {
    if (fits) {
      EXPECT_THAT(status, IsOk());
    } else {
      ExpectInvalid(status, reason);
    }
  }

  static TempFolder* folder;
  static ServerProcess* server;
  std::unique_ptr<client::Client> client_;
  std::string run_;
};

TempFolder* LimitsTest::folder = nullptr;
ServerProcess* LimitsTest::server = nullptr;

TEST_F(LimitsTest, AFilterHasAtMost16KiB) {
  const std::string frame = "display_name = \"\"";
  const std::string longest = "display_name = \"" + Text(kMaxFilterBytes - frame.size()) + "\"";
  ASSERT_EQ(longest.size(), kMaxFilterBytes);
  EXPECT_THAT(Search(longest), IsOk());
  ExpectInvalid(Search(longest + " "), "FILTER_INVALID");
  v1::CountRunsRequest count;
  count.set_filter(longest + " ");
  ExpectInvalid(tracking().CountRuns(count).status(), "FILTER_INVALID");
}

TEST_F(LimitsTest, AFilterHasAtMost64Conditions) {
  std::string filter = "params.k0 = 0";
  for (int i = 1; i < kMaxClauses; ++i) filter += fmt::format(" AND params.k{} = {}", i, i);
  EXPECT_THAT(Search(filter), IsOk());
  ExpectInvalid(Search(filter + " AND user = \"a\""), "FILTER_INVALID");
}

TEST_F(LimitsTest, ListsOfAFilterHaveAtMost10000Values) {
  const auto list = [](int values) {
    std::string text = "uid IN (";
    for (int i = 0; i < values; ++i) text += fmt::format("{}{:032x}", i == 0 ? "" : ", ", i);
    return text + ")";
  };
  EXPECT_THAT(Search(list(10'000)), IsOk());
  ExpectInvalid(Search(list(10'001)), "FILTER_INVALID");
}

TEST_F(LimitsTest, ListsOfAFilterHaveAtMost64ValuesWithWildcards) {
  const auto list = [](int values) {
    std::string text = "params.a IN (";
    for (int i = 0; i < values; ++i) text += fmt::format("{}\"x{}*\"", i == 0 ? "" : ", ", i);
    return text + ")";
  };
  EXPECT_THAT(Search(list(64)), IsOk());
  ExpectInvalid(Search(list(65)), "FILTER_INVALID");
  EXPECT_THAT(Search(list(40) + " OR " + list(24)), IsOk());
  ExpectInvalid(Search(list(40) + " OR " + list(25)), "FILTER_INVALID");
}

TEST_F(LimitsTest, ListsOfAFilterHaveAtMost1MiB) {
  // The list is what stands between its parentheses, these included.
  const auto list = [](size_t bytes) {
    std::string text = "(";
    while (text.size() + 4100 < bytes) text += '"' + Text(2048) + "\", ";
    text += '"' + Text(bytes - text.size() - 3) + "\")";
    EXPECT_EQ(text.size(), bytes);
    return "user IN " + text;
  };
  EXPECT_THAT(Search(list(kMaxListBytes)), IsOk());
  ExpectInvalid(Search(list(kMaxListBytes + 1)), "FILTER_INVALID");
}

TEST_F(LimitsTest, AFilterIsNestedAtMost32Deep) {
  const auto nested = [](int depth) {
    return std::string(static_cast<size_t>(depth), '(') + "user = \"a\"" +
           std::string(static_cast<size_t>(depth), ')');
  };
  EXPECT_THAT(Search(nested(kMaxDepth)), IsOk());
  ExpectInvalid(Search(nested(kMaxDepth + 1)), "FILTER_INVALID");
}

TEST_F(LimitsTest, AnOrderHasAtMost16KeysAnd16KiB) {
  v1::SearchRunsRequest request;
  std::string order = "params.k0";
  for (int i = 1; i < 16; ++i) order += fmt::format(", params.k{}", i);
  request.set_order_by(order);
  EXPECT_THAT(tracking().SearchRuns(request), IsOk());
  request.set_order_by(order + ", user");
  ExpectInvalid(tracking().SearchRuns(request).status(), "ORDER_BY_INVALID");
  request.set_order_by("params." + Text(kMaxFilterBytes));
  ExpectInvalid(tracking().SearchRuns(request).status(), "ORDER_BY_INVALID");
}

TEST_F(LimitsTest, PageSizesAreLoweredAndNeverNegative) {
  EXPECT_THAT(Search("", 10'001), IsOk());
  ExpectInvalid(Search("", -1), "VALUE_INVALID");
  v1::ListRunsRequest runs;
  runs.set_parent("experiments/0");
  runs.set_page_size(-1);
  ExpectInvalid(tracking().ListRuns(runs).status(), "VALUE_INVALID");
  runs.set_page_size(2'000'000'000);
  EXPECT_THAT(tracking().ListRuns(runs), IsOk());
  v1::ListExperimentsRequest experiments;
  experiments.set_page_size(-1);
  ExpectInvalid(tracking().ListExperiments(experiments).status(), "VALUE_INVALID");
}

TEST_F(LimitsTest, ABatchHasAtMost1000OfEachKind) {
  v1::LogBatchRequest full;
  for (int i = 0; i < kMaxEntries; ++i) {
    (*full.mutable_params())[fmt::format("p{}", i)] = "v";
    (*full.mutable_tags())[fmt::format("t{}", i)] = "v";
    AddColumns(full, fmt::format("m{}", i), 1);
  }
  EXPECT_THAT(Log(full), IsOk());
  v1::LogBatchRequest params = full;
  (*params.mutable_params())["one more"] = "v";
  ExpectInvalid(Log(params), "TOO_LARGE");
  v1::LogBatchRequest tags = full;
  (*tags.mutable_tags())["one more"] = "v";
  ExpectInvalid(Log(tags), "TOO_LARGE");
  v1::LogBatchRequest metrics = full;
  AddColumns(metrics, "one more", 1);
  ExpectInvalid(Log(metrics), "TOO_LARGE");
  v1::LogBatchRequest inputs;
  v1::LogBatchRequest outputs;
  for (int i = 0; i <= kMaxEntries; ++i) {
    inputs.add_inputs()->set_dataset_version("datasets/d/versions/1");
    outputs.add_outputs()->set_resource("datasets/d/versions/1");
  }
  ExpectInvalid(Log(inputs), "TOO_LARGE");
  ExpectInvalid(Log(outputs), "TOO_LARGE");
}

TEST_F(LimitsTest, ABatchHasAtMost100000Points) {
  v1::LogBatchRequest full;
  AddColumns(full, "loss", kMaxPoints);
  EXPECT_THAT(Log(full), IsOk());
  AddColumns(full, "one more", 1);
  ExpectInvalid(Log(full), "TOO_LARGE");
  v1::LogMetricsRequest streamed;
  streamed.set_run(run_);
  streamed.set_batch_number(1);
  *streamed.mutable_metrics() = full.metrics();
  ExpectInvalid(tracking().LogMetrics({streamed}).status(), "TOO_LARGE");
}

TEST_F(LimitsTest, KeysHaveAtMost250BytesAndNoControlCharacters) {
  for (const bool fits : {true, false}) {
    const std::string key = Text(fits ? 250 : 251);
    v1::LogBatchRequest params;
    (*params.mutable_params())[key] = "v";
    v1::LogBatchRequest tags;
    (*tags.mutable_tags())[key] = "v";
    v1::LogBatchRequest metrics;
    AddColumns(metrics, key, 1);
    for (const auto& request : {params, tags, metrics}) {
      ExpectFits(fits, Log(request), "NAME_INVALID");
    }
  }
  for (const std::string& bad : {std::string(), std::string("a\nb"), std::string("a\0b", 3)}) {
    v1::LogBatchRequest request;
    (*request.mutable_params())[bad] = "v";
    ExpectInvalid(Log(request), "NAME_INVALID");
  }
}

TEST_F(LimitsTest, ValuesHaveAtMostWhatIsDocumented) {
  for (const size_t more : {size_t{0}, size_t{1}}) {
    v1::LogBatchRequest params;
    (*params.mutable_params())[fmt::format("long{}", more)] = Text(6000 + more);
    v1::LogBatchRequest tags;
    (*tags.mutable_tags())["long"] = Text(8000 + more);
    for (const auto& request : {params, tags}) {
      ExpectFits(more == 0, Log(request), "VALUE_INVALID");
    }
  }
}

TEST_F(LimitsTest, NamesOfRunsAndExperimentsHaveAtMost250And500Bytes) {
  v1::Run run;
  run.set_display_name(Text(250));
  run.set_user(Text(250));
  EXPECT_THAT(Create(run), IsOk());
  run.set_display_name(Text(251));
  ExpectInvalid(Create(run), "VALUE_INVALID");
  run.set_display_name("fits");
  run.set_user(Text(251));
  ExpectInvalid(Create(run), "VALUE_INVALID");
  v1::CreateExperimentRequest experiment;
  experiment.mutable_experiment()->set_display_name(Text(500));
  EXPECT_THAT(tracking().CreateExperiment(experiment), IsOk());
  experiment.mutable_experiment()->set_display_name(Text(501));
  ExpectInvalid(tracking().CreateExperiment(experiment).status(), "NAME_INVALID");
  experiment.mutable_experiment()->set_display_name("tagged");
  (*experiment.mutable_experiment()->mutable_tags())["long"] = Text(5001);
  ExpectInvalid(tracking().CreateExperiment(experiment).status(), "VALUE_INVALID");
}

TEST_F(LimitsTest, TheContextOfAnInputHasAtMost250Bytes) {
  v1::LogBatchRequest request;
  auto& input = *request.add_inputs();
  input.set_dataset_version("datasets/nothing/versions/1");
  input.set_context(Text(251));
  ExpectInvalid(Log(request), "VALUE_INVALID");
  input.set_context(Text(250));
  EXPECT_EQ(ReasonOf(Log(request)), "DATASET_VERSION_NOT_FOUND");  // so its context fits
}

TEST_F(LimitsTest, TheServerTellsItsLimits) {
  const auto info = client_->admin().GetServerInfo({});
  ASSERT_THAT(info, IsOk());
  const v1::Limits& limits = info->limits();
  EXPECT_EQ(limits.message_bytes(), info->max_message_size_bytes());
  EXPECT_EQ(limits.filter_bytes(), kMaxFilterBytes);
  EXPECT_EQ(limits.filter_conditions(), kMaxClauses);
  EXPECT_EQ(limits.filter_depth(), kMaxDepth);
  EXPECT_EQ(limits.filter_list_bytes(), kMaxListBytes);
  EXPECT_EQ(limits.filter_list_wildcards(), 64);
  EXPECT_EQ(limits.files_per_call(), 1000);
  EXPECT_EQ(limits.files_per_manifest(), 200'000);
  EXPECT_EQ(limits.manifest_bytes(), 32 << 20);
  EXPECT_EQ(limits.entries_per_batch(), kMaxEntries);
  EXPECT_EQ(limits.points_per_message(), kMaxPoints);
  EXPECT_EQ(limits.streams_per_connection(), 256);
  EXPECT_EQ(limits.long_calls_per_method(), 1024);
  EXPECT_EQ(limits.answer_retention().seconds(), 24 * 3600);
  EXPECT_EQ(limits.event_retention().seconds(), 7 * 24 * 3600);
  EXPECT_EQ(limits.event_log_bytes(), int64_t{1} << 30);
  EXPECT_EQ(limits.memory_bytes(), int64_t{4} << 30);
  // None was forgotten.
  std::vector<const google::protobuf::FieldDescriptor*> set;
  v1::Limits::GetReflection()->ListFields(limits, &set);
  EXPECT_EQ(set.size(), static_cast<size_t>(v1::Limits::descriptor()->field_count()));
}

TEST_F(LimitsTest, AConnectionHas256CallsAtATimeAndAFurtherOneWaits) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  const auto channel = grpc::CreateCustomChannel(server->grpc_address(),
                                                 grpc::InsecureChannelCredentials(), arguments);
  const auto stub = v1::TrackingService::NewStub(channel);
  std::deque<grpc::ClientContext> contexts;
  std::vector<
      std::unique_ptr<grpc::ClientReaderWriter<v1::LogMetricsRequest, v1::LogMetricsResponse>>>
      streams;
  for (int i = 0; i < kMaxStreams; ++i) {
    contexts.emplace_back().set_wait_for_ready(true);
    streams.push_back(stub->LogMetrics(&contexts.back()));
  }
  v1::GetRunRequest get;
  get.set_name(run_);
  v1::Run run;
  grpc::ClientContext waiting;
  waiting.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  EXPECT_EQ(stub->GetRun(&waiting, get, &run).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // Another connection is not concerned, and neither is this one when a stream ends.
  EXPECT_THAT(client_->Ping(), IsOk());
  streams.back()->WritesDone();
  EXPECT_THAT(streams.back()->Finish(), IsOk());
  grpc::ClientContext next;
  EXPECT_THAT(stub->GetRun(&next, get, &run), IsOk());
  for (auto& context : contexts) context.TryCancel();
  streams.pop_back();
  for (auto& stream : streams) EXPECT_FALSE(stream->Finish().ok());
}

TEST_F(LimitsTest, IdsThatClientsChooseMatchTheirPattern) {
  for (const std::string& bad :
       {std::string("../../etc"), Text(32), std::string(33, 'a'), std::string(32, 'A'),
        std::string("0123456789abcdef0123456789abcde%")}) {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    request.set_run_id(bad);
    EXPECT_THAT(tracking().CreateRun(request), StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
  }
}

TEST_F(LimitsTest, LeasesAreBetweenOneSecondAndThirtyDays) {
  constexpr int64_t kMostSeconds = int64_t{30} * 86'400;
  for (const int64_t good : {int64_t{0}, int64_t{1}, kMostSeconds}) {
    v1::Run run;
    run.mutable_lease_duration()->set_seconds(good);
    EXPECT_THAT(Create(run), IsOk()) << good;
  }
  for (const int64_t bad : {int64_t{-1}, kMostSeconds + 1}) {
    v1::Run run;
    run.mutable_lease_duration()->set_seconds(bad);
    ExpectInvalid(Create(run), "VALUE_INVALID");
  }
  v1::Run run;
  run.mutable_lease_duration()->set_nanos(1);
  ExpectInvalid(Create(run), "VALUE_INVALID");
}

TEST_F(LimitsTest, ReadsOfMetricsHaveAtMost100000Buckets) {
  v1::LogBatchRequest batch;
  AddColumns(batch, "loss", 10);
  ASSERT_THAT(Log(batch), IsOk());
  v1::ReadMetricsRequest request;
  request.set_run(run_);
  request.set_key("loss");
  request.set_max_buckets(100'000);
  EXPECT_THAT(tracking().ReadMetricBuckets(request), IsOk());
  request.set_max_buckets(100'001);
  EXPECT_THAT(tracking().ReadMetricBuckets(request), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(LimitsTest, AMessageHasAtMost4MiBAndTheServerGoesOn) {
  v1::LogBatchRequest request;
  for (int i = 0; i < kMaxEntries; ++i) {
    (*request.mutable_params())[fmt::format("p{}", i)] = Text(5000);
  }
  ASSERT_GT(request.ByteSizeLong(), size_t{4} << 20);
  EXPECT_THAT(Log(request), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(client_->Ping(), IsOk());
  v1::GetRunRequest get;
  get.set_name(run_);
  EXPECT_EQ(tracking().GetRun(get)->params_size(), 0);
}

TEST_F(LimitsTest, ABulkChangeOfEverythingMustNameExperiments) {
  v1::BulkChangeRunsRequest request;
  request.set_change(v1::BulkChangeRunsRequest::DELETE);
  ExpectInvalid(tracking().BulkChangeRuns(request).status(), "FIELD_REQUIRED");
  request.set_filter(Text(kMaxFilterBytes + 1));
  ExpectInvalid(tracking().BulkChangeRuns(request).status(), "FILTER_INVALID");
}

}  // namespace
}  // namespace cairn

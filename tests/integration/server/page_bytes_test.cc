// Lists of large resources, read by a client that takes 4 MiB a message as any does that
// was not told otherwise.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cairn/v1/tracking.grpc.pb.h"
#include "fmt/format.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;

constexpr int kResources = 12;
constexpr int kEntries = 100;
constexpr size_t kEntryBytes = 5'000;  // so that each resource has half a megabyte

class PageBytesTest : public ::testing::Test {
 protected:
  PageBytesTest() : server_(folder_ / "store") {
    EXPECT_TRUE(server_.Start());
    stub_ = v1::TrackingService::NewStub(
        grpc::CreateChannel(server_.grpc_address(), grpc::InsecureChannelCredentials()));
  }

  template <typename Map>
  static void FillWith(Map* map, const std::string& text) {
    for (int i = 0; i < kEntries; ++i) (*map)[fmt::format("k{}", i)] = text;
  }

  // The names of `rows(response)` on all pages; every page has at least one.
  template <typename Request, typename Response, typename Rows>
  std::set<std::string> Names(grpc::Status (v1::TrackingService::Stub::*call)(grpc::ClientContext*,
                                                                              const Request&,
                                                                              Response*),
                              Request request, int& pages, Rows&& rows) {
    std::set<std::string> names;
    pages = 0;
    do {
      grpc::ClientContext context;
      Response response;
      const grpc::Status status = (stub_.get()->*call)(&context, request, &response);
      EXPECT_THAT(status, IsOk());
      if (!status.ok()) break;
      EXPECT_GT(rows(response).size(), 0);
      for (const auto& row : rows(response)) EXPECT_TRUE(names.insert(row.name()).second);
      ++pages;
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return names;
  }

  testing::TempFolder folder_;
  testing::ServerProcess server_;
  std::unique_ptr<v1::TrackingService::Stub> stub_;
};

TEST_F(PageBytesTest, LargeRunsComeOnPagesThatFitIntoAMessage) {
  std::set<std::string> expected;
  for (int i = 0; i < kResources; ++i) {
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    FillWith(request.mutable_run()->mutable_params(), std::string(kEntryBytes, 'a' + i));
    grpc::ClientContext context;
    v1::Run run;
    ASSERT_THAT(stub_->CreateRun(&context, request, &run), IsOk());
    expected.insert(run.name());
  }
  int pages = 0;
  const auto runs = [](const auto& response) { return response.runs(); };
  v1::ListRunsRequest list;
  list.set_parent("experiments/0");
  list.set_page_size(1'000);
  EXPECT_EQ(Names(&v1::TrackingService::Stub::ListRuns, list, pages, runs), expected);
  EXPECT_EQ(pages, 2);
  v1::SearchRunsRequest search;
  search.set_page_size(10'000);
  EXPECT_EQ(Names(&v1::TrackingService::Stub::SearchRuns, search, pages, runs), expected);
  EXPECT_EQ(pages, 2);
}

TEST_F(PageBytesTest, LargeExperimentsComeOnPagesThatFitIntoAMessage) {
  for (int i = 0; i < kResources; ++i) {
    v1::CreateExperimentRequest request;
    request.mutable_experiment()->set_display_name(fmt::format("experiment {}", i));
    FillWith(request.mutable_experiment()->mutable_tags(), std::string(kEntryBytes, 'x'));
    grpc::ClientContext context;
    v1::Experiment experiment;
    ASSERT_THAT(stub_->CreateExperiment(&context, request, &experiment), IsOk());
  }
  int pages = 0;
  v1::ListExperimentsRequest list;
  list.set_page_size(1'000);
  const auto names = Names(&v1::TrackingService::Stub::ListExperiments, list, pages,
                           [](const auto& response) { return response.experiments(); });
  EXPECT_EQ(names.size(), static_cast<size_t>(kResources) + 1);  // and the default one
  EXPECT_EQ(pages, 2);
}

TEST_F(PageBytesTest, ASearchForMoreThan10000RunsGives10000) {
  // Runs are created a hundred at a time, which is quicker than one after the other.
  constexpr int kRuns = 10'001;
  constexpr int kAtOnce = 100;
  for (int first = 0; first < kRuns; first += kAtOnce) {
    const int count = std::min(kAtOnce, kRuns - first);
    grpc::CompletionQueue done;
    std::vector<grpc::ClientContext> contexts(static_cast<size_t>(count));
    std::vector<v1::Run> runs(contexts.size());
    std::vector<grpc::Status> statuses(contexts.size());
    v1::CreateRunRequest request;
    request.set_parent("experiments/0");
    for (size_t i = 0; i < contexts.size(); ++i) {
      stub_->AsyncCreateRun(&contexts[i], request, &done)->Finish(&runs[i], &statuses[i], nullptr);
    }
    void* tag = nullptr;
    bool ok = false;
    for (size_t i = 0; i < contexts.size(); ++i) ASSERT_TRUE(done.Next(&tag, &ok));
    for (const grpc::Status& status : statuses) ASSERT_THAT(status, IsOk());
  }
  v1::SearchRunsRequest search;
  search.set_page_size(1'000'000);
  search.mutable_read_mask()->add_paths("name");
  grpc::ClientContext context;
  v1::SearchRunsResponse response;
  ASSERT_THAT(stub_->SearchRuns(&context, search, &response), IsOk());
  EXPECT_EQ(response.runs_size(), 10'000);
  EXPECT_FALSE(response.next_page_token().empty());
}

}  // namespace
}  // namespace cairn

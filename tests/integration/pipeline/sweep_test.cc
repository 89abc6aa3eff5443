// The real pipeline against the real server: a killed server costs no run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>

#include "lib/base/digest.h"
#include "lib/base/files.h"
#include "lib/client/client.h"
#include "lib/client/paging.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::ProgramPath;
using testing::ProgramResult;
using testing::RunProgram;
using testing::ServerProcess;
using testing::TempFolder;

constexpr int kClassicRuns = 144;

std::unique_ptr<client::Client> Connect(const ServerProcess& server) {
  client::ConnectOptions options;
  options.address = server.grpc_address();
  return *client::Client::Connect(options);
}

// Every run on the server, by its point of the grid.
std::map<std::string, v1::Run> RunsByPoint(client::Client& client, int* count) {
  std::map<std::string, v1::Run> runs;
  v1::SearchRunsRequest request;
  request.set_page_size(1000);
  *count = 0;
  while (true) {
    const auto page = client.tracking().SearchRuns(request);
    if (!page.ok()) return runs;
    for (const auto& run : page->runs()) {
      ++*count;
      runs[run.tags().at("cairn.point")] = run;
    }
    if (page->next_page_token().empty()) return runs;
    request.set_page_token(page->next_page_token());
  }
}

class SweepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult made = RunProgram({ProgramPath("cairn-pipeline"), "generate", "--customers",
                                           "400", "--seed", "3", "--out", folder_ / "data.csv"});
    ASSERT_EQ(made.exit_code, 0) << made.output;
  }

  ProgramResult Sweep(const std::string& address) {
    return RunProgram({ProgramPath("cairn-pipeline"), "sweep", "--data", folder_ / "data.csv",
                       "--grid", "classic", "--server", address});
  }

  const TempFolder folder_;
};

TEST_F(SweepTest, EveryRunIsRegisteredWithItsIndicesDataAndVerifiedArtifact) {
  ServerProcess server(folder_ / "store");
  ASSERT_TRUE(server.Start());
  const ProgramResult sweep = Sweep(server.grpc_address());
  ASSERT_EQ(sweep.exit_code, 0) << sweep.output;
  const auto client = Connect(server);
  int count = 0;
  const auto runs = RunsByPoint(*client, &count);
  EXPECT_EQ(count, kClassicRuns);
  EXPECT_EQ(runs.size(), static_cast<size_t>(kClassicRuns));
  for (const char* dataset :
       {"retail-transactions", "retail-cleaned", "retail-features-classic",
        "retail-prepared-classic", "retail-components-classic", "retail-outliers-classic"}) {
    SCOPED_TRACE(dataset);
    v1::GetDatasetVersionRequest request;
    request.set_name(std::string("datasets/") + dataset + "/versions/latest");
    const auto version = client->datasets().GetDatasetVersion(request);
    ASSERT_THAT(version, IsOk());
    EXPECT_GT(version->row_count(), 0);
    if (std::string_view(dataset).starts_with("retail-outliers")) {
      ASSERT_EQ(version->parents_size(), 1);
      EXPECT_TRUE(version->parents(0).starts_with("datasets/retail-features-classic/versions/"));
    }
    EXPECT_GT(version->columns_size(), 1);
    for (const auto& column : version->columns()) {
      EXPECT_EQ(column.statistics().count(), version->row_count()) << column.name();
      EXPECT_EQ(column.statistics().has_numbers(), column.type() != "string") << column.name();
    }
  }
  for (const auto& [point, run] : runs) {
    SCOPED_TRACE(point);
    EXPECT_EQ(run.state(), v1::Run::SUCCEEDED);
    std::map<std::string, double> metrics;
    for (const auto& metric : run.metrics()) metrics[metric.key()] = metric.latest().value();
    for (const char* key : {"inertia", "silhouette", "davies_bouldin", "calinski_harabasz"}) {
      EXPECT_EQ(metrics.count(key), 1u) << key;
    }
    EXPECT_TRUE(run.params().contains("k"));
    ASSERT_GE(run.inputs_size(), 1);
    EXPECT_EQ(run.inputs(0).sha256().size(), 64u);
    const auto files = client->artifacts().ListAllArtifacts(run.name());
    ASSERT_THAT(files, IsOk());
    ASSERT_GE(files->size(), 1u);
    for (const auto& file : *files) {
      const auto digest = client::FromWire(file.digest());
      EXPECT_THAT(client->artifacts().ReadBlobToString(*digest), IsOk()) << file.path();
    }
  }
  const ProgramResult again = Sweep(server.grpc_address());
  EXPECT_EQ(again.exit_code, 0) << again.output;
  RunsByPoint(*client, &count);
  EXPECT_EQ(count, kClassicRuns);
}

// Kind of fault: what is published of an input depends on how the file writes its rows.
TEST_F(SweepTest, AnInputOfAnotherFormIsDescribedAsTheSameRowsBetweenCommas) {
  std::string text = ReadFile(folder_ / "data.csv").value();
  ASSERT_EQ(text.find(';'), std::string::npos);
  std::string other = text;
  for (char& c : other) c = c == ',' ? ';' : c;
  // Of a row that cannot be read nothing is counted.
  const std::string row = "500001;22423;CAKE;many;2011-01-01 10:00:00;1.5;12345;France\n";
  ASSERT_THAT(WriteFileAtomically(folder_ / "rejects.csv", other + row), IsOk());
  ASSERT_THAT(WriteFileAtomically(folder_ / "other.csv", other), IsOk());
  ServerProcess server(folder_ / "store");
  ASSERT_TRUE(server.Start());
  const auto client = Connect(server);
  std::vector<v1::DatasetVersion> versions;
  for (const char* name : {"data.csv", "other.csv", "rejects.csv"}) {
    const ProgramResult run =
        RunProgram({ProgramPath("cairn-pipeline"), "run", "--data", folder_ / name, "--set",
                    "sweep.k=3", "--server", server.grpc_address()});
    ASSERT_EQ(run.exit_code, 0) << run.output;
    v1::GetDatasetVersionRequest request;
    request.set_name("datasets/retail-transactions/versions/latest");
    versions.push_back(client->datasets().GetDatasetVersion(request).value());
  }
  EXPECT_EQ(versions[0].row_count(), versions[1].row_count());
  EXPECT_EQ(versions[0].row_count(), versions[2].row_count());
  ASSERT_EQ(versions[0].columns_size(), versions[1].columns_size());
  for (int i = 0; i < versions[0].columns_size(); ++i) {
    const auto& one = versions[0].columns(i);
    const auto& two = versions[1].columns(i);
    EXPECT_EQ(one.name(), two.name());
    EXPECT_EQ(one.statistics().count(), two.statistics().count()) << one.name();
    EXPECT_EQ(one.statistics().null_count(), two.statistics().null_count()) << one.name();
    EXPECT_EQ(one.statistics().distinct_count(), two.statistics().distinct_count()) << one.name();
  }
}

TEST_F(SweepTest, AServerKilledInTheMiddleCostsNoRunAndDoublesNone) {
  ServerProcess server(folder_ / "store");
  ASSERT_TRUE(server.Start());
  ProgramResult first;
  std::atomic<bool> ended{false};
  std::thread sweep([&, address = server.grpc_address()] {
    first = Sweep(address);
    ended = true;
  });
  const auto watcher = Connect(server);
  // Killed as soon as some runs are there; how many depends on the machine.
  for (int count = 0; count < 10 && !ended;) RunsByPoint(*watcher, &count);
  server.Kill();
  ASSERT_TRUE(server.Start());
  sweep.join();
  const ProgramResult second = Sweep(server.grpc_address());
  ASSERT_EQ(second.exit_code, 0) << first.output << second.output;
  int count = 0;
  const auto runs = RunsByPoint(*Connect(server), &count);
  EXPECT_EQ(count, kClassicRuns);
  EXPECT_EQ(runs.size(), static_cast<size_t>(kClassicRuns));
  for (const auto& [point, run] : runs) EXPECT_EQ(run.state(), v1::Run::SUCCEEDED) << point;
}

TEST_F(SweepTest, AServerThatIsNotThereIsNamed) {
  const ProgramResult sweep = RunProgram({ProgramPath("cairn-pipeline"), "run", "--data",
                                          folder_ / "data.csv", "--server", "127.0.0.1:1"});
  EXPECT_EQ(sweep.exit_code, 8) << sweep.output;
  EXPECT_THAT(sweep.output, HasSubstr("127.0.0.1:1"));
  const ProgramResult ping = RunProgram({ProgramPath("mlctl"), "ping", "--server", "127.0.0.1:1"});
  EXPECT_EQ(ping.exit_code, 8) << ping.output;
}

}  // namespace
}  // namespace cairn

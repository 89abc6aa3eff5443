#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lib/base/files.h"
#include "lib/client/client.h"
#include "lib/client/watcher.h"
#include "tests/integration/client/cutting_proxy.h"
#include "tests/integration/client/mlctl_fixture.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn::testing {
namespace {

using client::Client;

std::unique_ptr<Client> ClientOf(const std::string& address) {
  client::ConnectOptions options;
  options.address = address;
  auto client = Client::Connect(std::move(options));
  EXPECT_THAT(client, IsOk());
  return *std::move(client);
}

std::string CreateExperiment(const std::string& address, int number) {
  v1::CreateExperimentRequest request;
  request.mutable_experiment()->set_display_name("e" + std::to_string(number));
  const auto made = ClientOf(address)->tracking().CreateExperiment(request);
  EXPECT_THAT(made, IsOk());
  return made.ok() ? made->name() : "";
}

TEST(WatchTest, TellsEachEventOnceAcrossKillsAndCuts) {
  const TempFolder folder;
  ServerProcess server(folder / "store");
  ASSERT_TRUE(server.Start());
  CuttingProxy proxy;
  proxy.LeadTo(server.grpc_address());
  const auto client = ClientOf(proxy.address());
  client::WatchOptions options{.start_revision = 1, .resources = {"experiments"}};
  options.patience.backoff.max_millis = 200;
  client::Watcher watcher(client->watch(), options);
  std::vector<std::string> made = {"experiments/0"};
  std::vector<std::string> told;
  int64_t last = 0;
  for (int i = 0; i < 24; ++i) {
    made.push_back(CreateExperiment(server.grpc_address(), i));
    if (i % 8 == 5) {
      server.Kill();
      ASSERT_TRUE(server.Start());
      proxy.LeadTo(server.grpc_address());
    }
    if (i % 3 == 1) proxy.Cut();
    // Now and then events pile up.
    while (i % 4 == 3 && told.size() < made.size()) {
      const auto batch = watcher.Next(std::chrono::seconds(20));
      ASSERT_THAT(batch, IsOk());
      ASSERT_TRUE(batch->has_value()) << "after " << told.size();
      EXPECT_FALSE((*batch)->lost_before.has_value());
      for (const v1::Event& event : (*batch)->events) {
        EXPECT_GE(event.revision(), last);
        last = event.revision();
        told.push_back(event.resource());
      }
    }
  }
  EXPECT_EQ(told, made);
}

TEST(WatchTest, IsEndedAtOnceByCancel) {
  const TempFolder folder;
  ServerProcess server(folder / "store");
  ASSERT_TRUE(server.Start());
  const auto client = ClientOf(server.grpc_address());
  client::Watcher watcher(client->watch(), {});
  ASSERT_THAT(watcher.Next(std::chrono::seconds(20)), IsOk());
  std::thread canceller([&client] { client->Cancel(); });
  EXPECT_TRUE(absl::IsCancelled(watcher.Next(std::chrono::hours(1)).status()));
  canceller.join();
}

class MlctlWatchTest : public MlctlFixture {};

TEST_F(MlctlWatchTest, PrintsALineAnEventAndWhereToGoOn) {
  Expect(0, {"create", "experiment", "first"});
  EXPECT_NE(Expect(0, {"watch", "experiments", "--from", "1", "--count", "2"})
                .find("experiment.created\texperiments/1"),
            std::string::npos);
  const std::string one =
      Expect(0, {"watch", "--kind", "experiment", "--from", "1", "--count", "1"});
  constexpr std::string_view kMark = "go on with --from ";
  const size_t mark = one.find(kMark);
  ASSERT_NE(mark, std::string::npos) << one;
  const size_t begin = mark + kMark.size();
  const std::string next = one.substr(begin, one.find('\n', begin) - begin);
  const std::string other =
      Expect(0, {"watch", "--kind", "experiment", "--from", next, "--count", "1"});
  EXPECT_NE(other.find("experiment.created\texperiments/1"), std::string::npos) << other;
  EXPECT_NE(Expect(2, {"watch", "--kind", "nothing"}).find("no kind of event"), std::string::npos);
}

TEST_F(MlctlWatchTest, RunsACommandForEachEventAndStopsWhenItFails) {
  Expect(0, {"create", "experiment", "first"});
  const std::string from_env =
      Expect(0, {"watch", "experiments", "--from", "1", "--count", "2", "--exec",
                 "echo \"<$CAIRN_KIND $CAIRN_RESOURCE>\"; grep -c commitTime"});
  EXPECT_NE(from_env.find("<experiment.created experiments/1>\n1\n"), std::string::npos)
      << from_env;
  const std::string failed =
      Expect(1, {"watch", "experiments", "--from", "1", "--count", "2", "--exec", "exit 3"});
  EXPECT_NE(failed.find("ended with 3"), std::string::npos) << failed;
  EXPECT_NE(failed.find("go on with --from 1"), std::string::npos) << failed;
  Expect(0, {"watch", "experiments", "--from", "1", "--count", "2", "--keep-going", "--exec",
             "exit 3"});
}

TEST_F(MlctlWatchTest, AnInterruptEndsItCleanlyAndSaysWhereToGoOn) {
  const std::string output =
      Expect(0, {"watch", "experiments/0", "--from", "1", "--exec", "kill -INT $PPID"});
  EXPECT_NE(output.find("go on with --from "), std::string::npos) << output;
}

TEST_F(MlctlWatchTest, WaitTellsWhatHoldsFromWhatNeverWill) {
  Expect(0, {"create", "experiment", "e"});
  const std::string run = Id({"run", "start", "--experiment", "e"});
  Expect(8, {"wait", run, "--for", "finished", "--patience", "100ms"});
  Expect(0, {"run", "finish", run, "--state", "failed"});
  Expect(0, {"wait", run, "--for", "finished"});
  EXPECT_NE(Expect(1, {"wait", run, "--for", "succeeded"}).find("is FAILED"), std::string::npos);
  EXPECT_NE(Expect(2, {"wait", run, "--for", "moved"}).find("finished and succeeded"),
            std::string::npos);
  Expect(8, {"wait", "models/m/versions/1", "--for", "exists", "--patience", "100ms"});
}

TEST(MlctlAccessTest, ATokenLives) {
  const TempFolder folder;
  const std::string store = folder / "store";
  const ProgramResult init = RunProgram({ProgramPath("cairnd"), "init", "--data-dir", store});
  ASSERT_EQ(init.exit_code, 0) << init.output;
  const size_t at = init.output.find("cairn_");
  const std::string admin = folder / "admin.token";
  {
    const size_t end = init.output.find('\n', at);
    ASSERT_THAT(WriteFileAtomically(admin, init.output.substr(at, end - at)), IsOk());
    std::filesystem::permissions(
        admin, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  ServerProcess server(store, {"--auth"});
  ASSERT_TRUE(server.Start());
  const std::string home = "XDG_CONFIG_HOME=" + (folder / "config");
  const auto run = [&](int exit_code, std::vector<std::string> words) {
    words.insert(words.begin(), {"/usr/bin/env", home, ProgramPath("mlctl")});
    const ProgramResult result = RunProgram(words);
    EXPECT_EQ(result.exit_code, exit_code) << words[3] << ": " << result.output;
    return result.output;
  };
  run(4, {"whoami", "--server", server.grpc_address()});
  run(0, {"login", "--server", server.grpc_address(), "--token-file", admin});
  EXPECT_NE(run(0, {"whoami"}).find("principal  admin"), std::string::npos);
  const std::string token = folder / "trainer.token";
  const std::string made =
      run(0, {"token", "create", "trainer", "--group", "ds", "--ttl", "1h", "--out", token});
  EXPECT_EQ(made.find("cairn_"), std::string::npos) << made;
  // The file is the only copy of a token; another one does not replace it.
  EXPECT_NE(run(2, {"token", "create", "other", "--out", token}).find("exists"), std::string::npos);
  EXPECT_EQ(std::filesystem::status(token).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  run(4, {"auth", "can-i", "log", "experiments/-", "--token-file", token});
  EXPECT_NE(run(2, {"auth", "can-i", "log", "experimets/7"}).find("resources[0]"),
            std::string::npos);
  run(2, {"auth", "can-i", "eat", "experiments/7"});
  run(0, {"role", "bind", "group:ds", "logger", "experiments/-"});
  EXPECT_NE(run(0, {"auth", "can-i", "log", "experiments/7", "--token-file", token})
                .find("roleBindings/"),
            std::string::npos);
  const std::string name = made.substr(made.find("tokens/"), 23);
  run(0, {"token", "revoke", name});
  run(4, {"whoami", "--token-file", token});
  run(0, {"logout"});
  run(4, {"whoami"});
}

}  // namespace
}  // namespace cairn::testing

// Serving with the real programs: a channel is followed, and the model on the disk serves while the
// server is away.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "lib/base/files.h"
#include "lib/client/client.h"
#include "lib/client/uploader.h"
#include "lib/model/model_file.h"
#include "tests/testing/eventually.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/model/test_model.h"

namespace cairn {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::ProgramPath;
using testing::RunningProgram;
using testing::RunProgram;
using testing::ServerProcess;
using testing::TempFolder;

constexpr const char* kChannel = "models/segments/channels/production";
constexpr const char* kPolicy =
    "apiVersion: cairn/v1\n"
    "kind: PromotionPolicy\n"
    "metadata: {name: segments-policy}\n"
    "spec:\n"
    "  target: {model: segments, channel: production}\n"
    "  evidence: {trust: reported}\n"
    "  gates:\n"
    "    - {id: silhouette-floor, metric: silhouette, pass: \">= 0.1\"}\n"
    "  choose: {order: [{field: version, direction: higher}]}\n";

std::string NamedModel(const std::string& name) {
  cairn::v1::SegmentationModel model = model::SmallModel();
  for (int i = 0; i < 3; ++i) model.add_segments()->set_name(name + std::to_string(i));
  return *model::SerializeModel(model);
}

class ServeTest : public ::testing::Test {
 protected:
  // Makes `bytes` the head of the channel.
  void Promote(const ServerProcess& server, const std::string& bytes) {
    client::ConnectOptions options;
    options.address = server.grpc_address();
    const auto client = *client::Client::Connect(options);
    v1::ApplyPolicyRequest apply;
    apply.set_source(kPolicy);
    ASSERT_THAT(client->promotion().ApplyPolicy(apply), IsOk());
    v1::CreateModelVersionRequest request;
    request.set_parent("models/segments");
    const auto files = client::Uploader(*client).Upload(
        {client::UploadItem::Bytes("model/model.cairnseg", bytes)});
    ASSERT_THAT(files, IsOk());
    *request.mutable_model_version()->add_files() = (*files)[0];
    v1::EvaluationValue& measured = *request.add_evaluations()->add_values();
    measured.set_metric("silhouette");
    measured.set_value(0.5);
    const auto created = client->registry().CreateModelVersion(request);
    ASSERT_THAT(created, IsOk());
    v1::PromoteRequest promote;
    promote.set_name(kChannel);
    promote.set_version(created->name());
    const auto decision = client->promotion().Promote(promote);
    ASSERT_THAT(decision, IsOk());
    ASSERT_EQ(decision->outcome(), v1::Decision::PROMOTED) << decision->DebugString();
  }

  // What the server knows of who serves the channel.
  static std::vector<v1::Consumer> Consumers(const ServerProcess& server) {
    client::ConnectOptions options;
    options.address = server.grpc_address();
    const auto client = *client::Client::Connect(options);
    v1::ListConsumersRequest request;
    request.set_parent(kChannel);
    const auto list = client->registry().ListConsumers(request);
    EXPECT_THAT(list, IsOk());
    return list.ok() ? std::vector<v1::Consumer>(list->consumers().begin(), list->consumers().end())
                     : std::vector<v1::Consumer>();
  }
  // Whether it soon knows of one consumer, in this state at this epoch.
  static bool SoonKnows(const ServerProcess& server, v1::Consumer::State state, int64_t epoch) {
    return testing::Eventually([&] {
      const auto consumers = Consumers(server);
      return consumers.size() == 1 && consumers[0].state() == state &&
             consumers[0].epoch() == epoch;
    });
  }

  std::unique_ptr<RunningProgram> Serve(const std::string& address) {
    return std::make_unique<RunningProgram>(std::vector<std::string>{
        ProgramPath("cairn-pipeline"), "serve", "--model", "segments#production", "--server",
        address, "--state-dir", folder_ / "state", "--address", "127.0.0.1:0"});
  }

  // The address of the ready line; empty if the program ended instead.
  static std::string AddressOf(RunningProgram& program) {
    constexpr std::string_view kReady = "ready http=";
    std::string line;
    return program.NextLine(&line) && line.starts_with(kReady) ? line.substr(kReady.size()) : "";
  }

  static std::string Predict(const std::string& address) {
    const std::string body = R"({"instances": [{"spend": 1, "items": 2, "gap": 3, "hour": 4}]})";
    return testing::HttpExchange(
        address,
        "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: " +
            std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
  }

  const TempFolder folder_;
};

TEST_F(ServeTest, AChannelIsFollowedAndItsModelSurvivesTheServer) {
  ServerProcess server(folder_ / "store");
  ASSERT_TRUE(server.Start());
  Promote(server, NamedModel("old"));
  auto serving = Serve(server.grpc_address());
  std::string address = AddressOf(*serving);
  ASSERT_FALSE(address.empty());
  EXPECT_THAT(Predict(address), HasSubstr(R"("segment_name":"old)"));
  EXPECT_THAT(Predict(address), HasSubstr("Cairn-Model-Version: models/segments/versions/1\r\n"));

  Promote(server, NamedModel("new"));
  EXPECT_TRUE(testing::Eventually(
      [&] { return Predict(address).find(R"("segment_name":"new)") != std::string::npos; }));
  const std::string health = testing::HttpGet(address, "/health");
  EXPECT_THAT(health, HasSubstr("models/segments/versions/2"));

  server.Kill();
  EXPECT_THAT(Predict(address), HasSubstr("models/segments/versions/2"));
  serving->Kill();
  serving->Wait();
  serving = Serve(server.grpc_address());
  address = AddressOf(*serving);
  ASSERT_FALSE(address.empty()) << "with the server away the model on the disk serves";
  EXPECT_THAT(Predict(address), HasSubstr(R"("segment_name":"new)"));
}

TEST_F(ServeTest, AHeadThatIsNoModelLeavesTheOneBeforeItServing) {
  ServerProcess server(folder_ / "store");
  ASSERT_TRUE(server.Start());
  Promote(server, NamedModel("good"));
  auto serving = Serve(server.grpc_address());
  std::string address = AddressOf(*serving);
  ASSERT_FALSE(address.empty());
  Promote(server, "this is no model");
  EXPECT_TRUE(testing::Eventually([&] {
    return testing::HttpGet(address, "/metrics")
               .find("cairn_serving_model_loads_total{result=\"failed\"} 1") != std::string::npos;
  }));
  EXPECT_THAT(Predict(address), HasSubstr("models/segments/versions/1"));
  serving->Kill();
  serving->Wait();
  serving = Serve(server.grpc_address());
  address = AddressOf(*serving);
  ASSERT_FALSE(address.empty());
  EXPECT_THAT(Predict(address), HasSubstr("models/segments/versions/1"));
}

TEST_F(ServeTest, TheServerKnowsWhatIsServedAndThatItEnded) {
  ServerProcess server(folder_ / "store");
  ASSERT_TRUE(server.Start());
  Promote(server, NamedModel("good"));
  // The shell tells its own number first and becomes the program.
  RunningProgram program({"/bin/sh", "-c",
                          "echo $$; exec " + ProgramPath("cairn-pipeline") +
                              " serve --model segments --consumer web-1 --address 127.0.0.1:0"
                              " --server " +
                              server.grpc_address() + " --state-dir " + (folder_ / "state")});
  std::string pid;
  ASSERT_TRUE(program.NextLine(&pid));
  const std::string address = AddressOf(program);
  ASSERT_FALSE(address.empty());
  ASSERT_TRUE(SoonKnows(server, v1::Consumer::LOADED, 1));
  const v1::Consumer loaded = Consumers(server)[0];
  EXPECT_EQ(loaded.name(), std::string(kChannel) + "/consumers/web-1");
  EXPECT_EQ(loaded.version(), "models/segments/versions/1");
  EXPECT_EQ(loaded.address(), address);
  EXPECT_EQ(loaded.lag(), 0);

  Promote(server, "this is no model");
  ASSERT_TRUE(SoonKnows(server, v1::Consumer::FAILED, 2));
  EXPECT_THAT(Consumers(server)[0].detail(), HasSubstr("serves models/segments/versions/1: "));

  ASSERT_EQ(::kill(std::stoi(pid), SIGTERM), 0);
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_TRUE(SoonKnows(server, v1::Consumer::STOPPED, 2));
}

TEST_F(ServeTest, AFileServesUntilItIsEndedWithASignal) {
  ASSERT_THAT(WriteFileAtomically(folder_ / "m.cairnseg", NamedModel("file")), IsOk());
  const std::string serve = ProgramPath("cairn-pipeline") +
                            " serve --address 127.0.0.1:0 --model " + (folder_ / "m.cairnseg");
  // The shell tells its own number first and becomes the program.
  RunningProgram program({"/bin/sh", "-c", "echo $$; exec " + serve});
  std::string pid;
  ASSERT_TRUE(program.NextLine(&pid));
  const std::string address = AddressOf(program);
  ASSERT_FALSE(address.empty());
  EXPECT_THAT(Predict(address), HasSubstr(R"("segment_name":"file)"));
  ASSERT_EQ(::kill(std::stoi(pid), SIGTERM), 0);
  EXPECT_EQ(program.Wait(), 0);
}

TEST_F(ServeTest, AModelThatCannotBeHadEndsWithItsExitCode) {
  const auto exit_code = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {ProgramPath("cairn-pipeline"), "serve"});
    return RunProgram(arguments).exit_code;
  };
  EXPECT_EQ(exit_code({"--model", "segments", "--address", "127.0.0.1:0"}), 3);
  EXPECT_EQ(exit_code({"--model", "segments@3", "--server", "127.0.0.1:1"}), 8);
  ASSERT_THAT(WriteFileAtomically(folder_ / "bad", "no model"), IsOk());
  EXPECT_EQ(exit_code({"--model", folder_ / "bad", "--address", "127.0.0.1:0"}), 9);
  EXPECT_EQ(exit_code({"--log-capacity", "-1"}), 2);
}

}  // namespace
}  // namespace cairn

// Serving with the real programs: a channel is followed, and the model on the disk serves while the
// server is away.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
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

  // A table of `count` instances as POST /invocations takes it.
  static std::string Table(int count) {
    std::string csv = "spend,items,gap,hour\n";
    for (int i = 0; i < count; ++i) {
      csv += std::to_string(i) + "," + std::to_string(i % 7) + "," + std::to_string(i % 5) + "," +
             std::to_string(i % 24) + "\n";
    }
    return csv;
  }
  static std::string Invoke(const std::string& address, const std::string& csv) {
    return testing::HttpExchange(
        address,
        "POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
        "Content-Length: " +
            std::to_string(csv.size()) + "\r\nConnection: close\r\n\r\n" + csv);
  }
  static testing::ProgramResult Mlctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), ProgramPath("mlctl"));
    return RunProgram(arguments);
  }
  static int Lines(const std::string& text) {
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }
  // Serves the file m.cairnseg with its request log in the file `log`.
  std::unique_ptr<RunningProgram> ServeLogged() {
    return std::make_unique<RunningProgram>(
        std::vector<std::string>{ProgramPath("cairn-pipeline"), "serve", "--address", "127.0.0.1:0",
                                 "--model", folder_ / "m.cairnseg", "--log-file", folder_ / "log"});
  }
  static bool SoonWrote(const std::string& address, int rows) {
    return testing::Eventually([&] {
      return testing::HttpGet(address, "/metrics")
                 .find("cairn_serving_log_file_rows_total{result=\"written\"} " +
                       std::to_string(rows) + "\n") != std::string::npos;
    });
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

TEST_F(ServeTest, MlctlQueriesTheRequestLogOfAnAddress) {
  ASSERT_THAT(WriteFileAtomically(folder_ / "m.cairnseg", NamedModel("file")), IsOk());
  const auto serving = ServeLogged();
  const std::string address = AddressOf(*serving);
  ASSERT_FALSE(address.empty());
  EXPECT_EQ(Mlctl({"requests", address, "-o", "json"}).output.substr(0, 17),
            "{\n \"requests\": []");
  ASSERT_THAT(Invoke(address, Table(150)), HasSubstr("200 OK"));
  ASSERT_THAT(Invoke(address, "spend,items,gap,hour\n1,2,x,4\n"), HasSubstr("400 Bad"));

  const auto all = Mlctl({"requests", "http://" + address, "--all", "-o", "jsonl"});
  EXPECT_EQ(all.exit_code, 0) << all.output;
  EXPECT_EQ(Lines(all.output), 151);
  EXPECT_EQ(json::parse(all.output.substr(0, all.output.find('\n')))["status"], 400)
      << "newest first";
  const auto refused = Mlctl({"requests", address, "--status", "400", "-o", "json"});
  const json told = json::parse(refused.output, nullptr, false);
  ASSERT_EQ(told["requests"].size(), 1U) << refused.output;
  EXPECT_EQ(told["requests"][0]["reason"], "VALUE_INVALID");
  const auto csv = Mlctl({"requests", address, "--limit", "3", "--status", "200", "-o", "csv"});
  EXPECT_THAT(csv.output, HasSubstr("REASON,inputs.spend,inputs.items,inputs.gap,inputs.hour\r\n"));
  EXPECT_THAT(csv.output, HasSubstr(",149,2,4,5\r\n"));
  EXPECT_THAT(csv.output, HasSubstr("there are more: --all shows them"));
  int of_segments = 0;
  for (const char* segment : {"0", "1", "2"}) {
    of_segments +=
        Lines(Mlctl({"requests", address, "--segment", segment, "--all", "-o", "jsonl"}).output);
  }
  EXPECT_EQ(of_segments, 150);
  const auto table = Mlctl({"requests", address, "--since", "1h", "--limit", "1", "-o", "table"});
  EXPECT_THAT(table.output, HasSubstr("STATUS"));
  EXPECT_EQ(Lines(Mlctl({"requests", address, "--since", "2199-01-01T00:00:00Z", "-q"}).output), 0);
}

TEST_F(ServeTest, MlctlSaysWhyAnAddressTellsNoRequests) {
  ServerProcess server(folder_ / "store");
  ASSERT_TRUE(server.Start());
  const auto nobody = Mlctl({"requests", "127.0.0.1:1"});
  EXPECT_EQ(nobody.exit_code, 8);
  EXPECT_THAT(nobody.output, HasSubstr("nobody answers at 127.0.0.1:1"));
  const auto other = Mlctl({"requests", server.http_address()});
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.output, HasSubstr("is no `cairn-pipeline serve`"));
  EXPECT_NE(Mlctl({"requests", server.grpc_address()}).exit_code, 0);
  const auto tls = Mlctl({"requests", "https://127.0.0.1:1"});
  EXPECT_EQ(tls.exit_code, 2);
  EXPECT_THAT(tls.output, HasSubstr("that port has no TLS"));
  EXPECT_EQ(Mlctl({"requests", "127.0.0.1:1", "--since", "soon"}).exit_code, 2);
  EXPECT_EQ(Mlctl({"requests", "127.0.0.1:1", "--consumer", "web-1"}).exit_code, 2);
}

TEST_F(ServeTest, MlctlAsksWhoServesAChannel) {
  ServerProcess server(folder_ / "store");
  ASSERT_TRUE(server.Start());
  Promote(server, NamedModel("good"));
  const auto requests = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "requests");
    arguments.insert(arguments.end(), {"--server", server.grpc_address(), "-o", "jsonl"});
    return Mlctl(arguments);
  };
  const auto nobody = requests({"segments"});
  EXPECT_EQ(nobody.exit_code, 5);
  EXPECT_THAT(nobody.output, HasSubstr("nobody of models/segments/channels/production"));

  const auto first = Serve(server.grpc_address());
  const std::string address = AddressOf(*first);
  ASSERT_FALSE(address.empty());
  ASSERT_TRUE(SoonKnows(server, v1::Consumer::LOADED, 1));
  ASSERT_THAT(Predict(address), HasSubstr("200 OK"));
  EXPECT_THAT(requests({"segments"}).output, HasSubstr(R"("spend":1)"));
  const std::string name = Consumers(server)[0].name();
  EXPECT_THAT(requests({name}).output, HasSubstr(R"("spend":1)"));

  RunningProgram second({ProgramPath("cairn-pipeline"), "serve", "--model", "segments",
                         "--consumer", "web-2", "--server", server.grpc_address(), "--state-dir",
                         folder_ / "state2", "--address", "127.0.0.1:0"});
  ASSERT_FALSE(AddressOf(second).empty());
  ASSERT_TRUE(testing::Eventually([&] { return Consumers(server).size() == 2; }));
  const auto several = requests({"segments#production"});
  EXPECT_EQ(several.exit_code, 2);
  EXPECT_THAT(several.output, HasSubstr("choose one with --consumer: "));
  const auto chosen = requests({"segments", "--consumer", "web-2"});
  EXPECT_EQ(chosen.exit_code, 0);
  EXPECT_EQ(chosen.output.find("spend"), std::string::npos);
  const auto unknown = requests({"segments", "--consumer", "web-3"});
  EXPECT_EQ(unknown.exit_code, 5);
  EXPECT_THAT(unknown.output, HasSubstr("web-2"));
}

TEST_F(ServeTest, TheRequestLogOutlivesTheProcessAndDriftReadsIt) {
  ASSERT_THAT(WriteFileAtomically(folder_ / "m.cairnseg", NamedModel("file")), IsOk());
  auto serving = ServeLogged();
  std::string address = AddressOf(*serving);
  ASSERT_FALSE(address.empty());
  Invoke(address, Table(200));
  Invoke(address, "no,header\n");
  ASSERT_TRUE(SoonWrote(address, 201));
  EXPECT_EQ(RunProgram({ProgramPath("cairn-pipeline"), "serve", "--address", "127.0.0.1:0",
                        "--model", folder_ / "m.cairnseg", "--log-file", folder_ / "log"})
                .exit_code,
            1)
      << "a file is written by one process";
  serving->Kill();
  serving->Wait();
  const std::string before = *ReadFile(folder_ / "log");
  ASSERT_THAT(WriteFileAtomically(folder_ / "log", before + R"({"time":"2026-)"), IsOk());

  const auto drift = [&](const std::string& reference, const std::string& current) {
    return RunProgram(
        {ProgramPath("cairn-pipeline"), "drift", "--reference", reference, "--current", current});
  };
  EXPECT_THAT(drift(folder_ / "log", folder_ / "log").output, HasSubstr("verdict: stable"));
  serving = ServeLogged();
  address = AddressOf(*serving);
  ASSERT_FALSE(address.empty());
  EXPECT_NE(drift(folder_ / "log", "http://" + address).exit_code, 0) << "nothing came to it yet";
  Invoke(address, Table(100));
  ASSERT_TRUE(SoonWrote(address, 100));
  EXPECT_EQ(ReadFile(folder_ / "log")->substr(0, before.size()), before);
  const auto compared = drift(folder_ / "log", "http://" + address + "/");
  EXPECT_EQ(compared.exit_code, 0) << compared.output;
  EXPECT_THAT(compared.output, HasSubstr("300 predictions, 1 refused requests"));
  EXPECT_THAT(compared.output, HasSubstr("current: 100 predictions of http://" + address));
  EXPECT_THAT(compared.output, HasSubstr("verdict: "));
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
  EXPECT_EQ(exit_code({"--log-file-mib", "0"}), 2);
  EXPECT_EQ(exit_code({"--model", folder_ / "bad", "--log-file", folder_ / "bad"}), 1)
      << "a file that is no request log is not written";
}

}  // namespace
}  // namespace cairn

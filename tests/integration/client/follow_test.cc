// Following a channel with the real programs: a reader must find a whole model at any moment.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lib/base/digest.h"
#include "lib/base/files.h"
#include "lib/client/client.h"
#include "lib/client/uploader.h"
#include "tests/integration/client/cutting_proxy.h"
#include "tests/integration/client/mlctl_fixture.h"
#include "tests/testing/eventually.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kChannel = "models/churn/channels/production";
constexpr const char* kPolicy =
    "apiVersion: cairn/v1\n"
    "kind: PromotionPolicy\n"
    "metadata: {name: churn-policy}\n"
    "spec:\n"
    "  target: {model: churn, channel: production}\n"
    "  evidence: {trust: reported}\n"
    "  gates:\n"
    "    - {id: silhouette-floor, metric: silhouette, pass: \">= 0.1\"}\n"
    "  choose: {order: [{field: version, direction: higher}]}\n";

// Moves the channel of a server that a test may start again.
class Mover {
 public:
  explicit Mover(const std::string& address) { Meet(address); }

  void Meet(const std::string& address) {
    client::ConnectOptions options;
    options.address = address;
    client_ = std::move(client::Client::Connect(options)).value();
  }

  void ApplyPolicy() {
    v1::ApplyPolicyRequest apply;
    apply.set_source(kPolicy);
    const auto applied = client_->promotion().ApplyPolicy(apply);
    ASSERT_THAT(applied, IsOk());
  }

  // Registers a version of its own for `number` and makes it the head.
  void Move(int number) {
    v1::CreateModelVersionRequest request;
    request.set_parent("models/churn");
    v1::ModelVersion& version = *request.mutable_model_version();
    const std::string text = "model " + std::to_string(number) + "\n";
    std::string large;
    while (large.size() < 100'000) large += text;
    const auto files = client::Uploader(*client_).Upload(
        {client::UploadItem::Bytes("model.bin", large), client::UploadItem::Bytes("card.md", text),
         client::UploadItem::Bytes("notes/license", "the same in all")});
    ASSERT_THAT(files, IsOk());
    for (const auto& file : *files) *version.add_files() = file;
    v1::EvaluationValue& measured = *request.add_evaluations()->add_values();
    measured.set_metric("silhouette");
    measured.set_value(0.2 + number * 1e-4);
    const auto created = client_->registry().CreateModelVersion(request);
    ASSERT_THAT(created, IsOk());
    v1::PromoteRequest promote;
    promote.set_name(kChannel);
    promote.set_version(created->name());
    const auto decision = client_->promotion().Promote(promote);
    ASSERT_THAT(decision, IsOk());
    ASSERT_EQ(decision->outcome(), v1::Decision::PROMOTED) << decision->DebugString();
  }

  v1::Channel Head() {
    v1::GetChannelRequest request;
    request.set_name(kChannel);
    const auto channel = client_->registry().GetChannel(request);
    EXPECT_THAT(channel, IsOk());
    return channel.ok() ? *channel : v1::Channel();
  }

 private:
  std::unique_ptr<client::Client> client_;
};

// The epoch that the link shows; 0 for none.
int64_t EpochOf(const std::string& directory) {
  std::error_code error;
  const fs::path target = fs::read_symlink(directory + "/current", error);
  return error ? 0 : std::atoll(target.filename().c_str());
}

// What is wrong with the model of an epoch; empty for nothing. Knows the format by itself.
std::string FaultOf(const std::string& directory, int64_t epoch) {
  const std::string folder = directory + "/epochs/" + std::to_string(epoch);
  const auto text = ReadFile(folder + ".json");
  if (!text.ok()) return text.status().ToString();
  const auto record = nlohmann::json::parse(*text, nullptr, false);
  if (record.is_discarded() || record["epoch"] != epoch || record["channel"] != kChannel) {
    return "wrong record: " + *text;
  }
  std::string manifest;
  for (const auto& file : record["files"]) {
    const std::string path = file["path"];
    const auto bytes = ReadFile(folder + "/" + path);
    if (!bytes.ok()) return bytes.status().ToString();
    if (Sha256Hex(*bytes) != file["sha256"]) return path + " has other bytes";
    manifest += Sha256Hex(*bytes) + " " + std::to_string(bytes->size()) + " " + path + "\n";
  }
  return Sha256Hex(manifest) == record["sha256"] ? "" : "files of another version";
}

// Looks all the time, with a thread of its own, whether a directory shows a whole model.
class Reader {
 public:
  explicit Reader(std::string directory)
      : directory_(std::move(directory)), thread_([this] { Look(); }) {}
  ~Reader() { End(); }

  // The first fault; empty for none.
  const std::string& End() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
    return fault_;
  }
  int64_t models() const { return models_; }

 private:
  void Look() {
    int64_t last = 0;
    while (!over_ && fault_.empty()) {
      const int64_t epoch = EpochOf(directory_);
      if (epoch < last) fault_ = std::to_string(epoch) + " after " + std::to_string(last);
      last = epoch;
      if (epoch == 0) continue;
      const std::string fault = FaultOf(directory_, epoch);
      // Two others that were shown meanwhile may have taken the place of this one.
      if (!fault.empty() && EpochOf(directory_) < epoch + 2) {
        fault_ = "epoch " + std::to_string(epoch) + ": " + fault;
      }
      ++models_;
    }
  }

  const std::string directory_;
  std::atomic<bool> over_{false};
  std::string fault_;  // the thread's until it has ended
  std::atomic<int64_t> models_{0};
  std::thread thread_;
};

// As many moves as a test has time for, or 1,000 with CAIRN_DRILL=full.
int Moves() {
  const char* drill = std::getenv("CAIRN_DRILL");
  return drill != nullptr && std::string_view(drill) == "full" ? 1000 : 30;
}

TEST(FollowTest, ShowsAWholeModelAtAnyMomentAcrossKillsAndCuts) {
  const TempFolder folder;
  const std::string live = folder / "live";
  ServerProcess server(folder / "store");
  ASSERT_TRUE(server.Start());
  CuttingProxy proxy;
  proxy.LeadTo(server.grpc_address());
  Mover mover(server.grpc_address());
  mover.ApplyPolicy();
  const std::vector<std::string> follow = {
      ProgramPath("mlctl"), "follow", "churn", "-o", live, "-q", "--server", proxy.address()};
  auto follower = std::make_unique<RunningProgram>(follow);
  Reader reader(live);
  const int moves = Moves();
  for (int i = 1; i <= moves; ++i) {
    mover.Move(i);
    if (::testing::Test::HasFatalFailure()) return;
    if (i % 5 == 3) {
      server.Kill();
      ASSERT_TRUE(server.Start());
      proxy.LeadTo(server.grpc_address());
      mover.Meet(server.grpc_address());
    }
    if (i % 3 == 1) proxy.Cut();
    if (i % 7 == 6) {
      follower->Kill();
      follower->Wait();
      follower = std::make_unique<RunningProgram>(follow);
    }
    std::string line;
    // Now and then the follower comes first, else it may be passed by.
    while (i % 4 == 2 && EpochOf(live) < i) {
      ASSERT_TRUE(follower->NextLine(&line)) << i << " ended with " << follower->Wait();
    }
  }
  const v1::Channel head = mover.Head();
  EXPECT_EQ(head.epoch(), moves);
  std::string line;
  while (EpochOf(live) < head.epoch()) ASSERT_TRUE(follower->NextLine(&line));
  EXPECT_EQ(reader.End(), "");
  EXPECT_GE(reader.models(), 1);
  EXPECT_EQ(EpochOf(live), head.epoch());
  EXPECT_EQ(FaultOf(live, head.epoch()), "");
  const auto record = ReadFile(live + "/epochs/" + std::to_string(head.epoch()) + ".json");
  ASSERT_THAT(record, IsOk());
  EXPECT_NE(record->find(head.version_sha256()), std::string::npos);
  EXPECT_NE(record->find(head.decision()), std::string::npos);
}

class MlctlFollowTest : public MlctlFixture {
 protected:
  void SetUp() override {
    MlctlFixture::SetUp();
    mover_ = std::make_unique<Mover>(server_.grpc_address());
    mover_->ApplyPolicy();
    mover_->Move(1);
  }

  std::unique_ptr<Mover> mover_;
  const std::string live_ = folder_ / "live";
};

TEST_F(MlctlFollowTest, OnceBringsItUpToDateAndStartsFromTheDiskWhenTheServerIsAway) {
  const std::vector<std::string> once = {"follow", "churn#production", "-o", live_, "--once"};
  const std::string line = "models/churn/versions/1\t" + live_ + "/epochs/1\n";
  EXPECT_EQ(Expect(0, once), "1\t" + line);
  EXPECT_EQ(*ReadFile(live_ + "/current/card.md"), "model 1\n");
  mover_->Move(2);
  EXPECT_EQ(Expect(0, once), "1\t" + line + "2\tmodels/churn/versions/2\t" + live_ + "/epochs/2\n");
  server_.Kill();
  const std::string away = Expect(0, once);
  EXPECT_TRUE(away.starts_with("2\tmodels/churn/versions/2\t")) << away;
  EXPECT_NE(away.find("going on when it is back"), std::string::npos) << away;
}

TEST_F(MlctlFollowTest, RunsTheCommandForEachModelAndAnInterruptEndsIt) {
  const std::string output =
      Expect(0, {"follow", "churn", "-o", live_, "--exec",
                 "echo \"<$CAIRN_EPOCH $CAIRN_VERSION>\"; cat $CAIRN_MODEL_DIR/card.md; "
                 "kill -INT $PPID"});
  EXPECT_NE(output.find("<1 models/churn/versions/1>\nmodel 1\n"), std::string::npos) << output;
  const std::string failed =
      Expect(1, {"follow", "churn", "-o", live_, "--once", "--exec", "exit 3"});
  EXPECT_NE(failed.find("ended with 3"), std::string::npos) << failed;
}

TEST_F(MlctlFollowTest, WhatItLoadsIsReportedWhereThatIsAskedFor) {
  EXPECT_EQ(Expect(0, {"consumers", "churn", "-q"}), "");
  RunningProgram follower({ProgramPath("mlctl"), "follow", "churn", "-o", live_, "--report-as",
                           "web-1", "--server", server_.grpc_address()});
  EXPECT_TRUE(Eventually([&] {
    return Run({"consumers", "churn", "--columns", "consumer,state,version,epoch,lag"}).output ==
           "CONSUMER\tSTATE\tVERSION\tEPOCH\tLAG\nweb-1\tloaded\t1\t1\t0\n";
  }));
  follower.Kill();
  follower.Wait();
  Expect(0, {"follow", "churn", "-o", live_, "--report-as", "web-1", "--exec",
             "kill -INT $PPID; exit 3"});
  EXPECT_EQ(Expect(0, {"consumers", "churn", "--columns", "consumer,state", "--no-headers"}),
            "web-1\tstopped\n");
  Expect(2, {"follow", "churn", "-o", live_, "--report-as", "web-1", "--once"});
}

TEST_F(MlctlFollowTest, ASecondFollowerOfADirectoryIsRefused) {
  RunningProgram first(
      {ProgramPath("mlctl"), "follow", "churn", "-o", live_, "--server", server_.grpc_address()});
  std::string line;
  ASSERT_TRUE(first.NextLine(&line));
  const ProgramResult second = Run({"follow", "churn", "-o", live_, "--once"});
  EXPECT_NE(second.exit_code, 0);
  EXPECT_NE(second.output.find("is kept by another follower"), std::string::npos) << second.output;
  EXPECT_EQ(Run({"follow", "churn"}).exit_code, 2);
}

}  // namespace
}  // namespace cairn::testing

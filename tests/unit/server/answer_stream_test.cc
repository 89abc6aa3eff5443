// The flow of a call that is answered with a stream, over a transport that is a few fields.

#include "server/calls/answer_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cairn/v1/artifacts.pb.h"
#include "tests/testing/status_matchers.h"
#include "tests/unit/server/partial_table.h"
#include "tests/unit/server/rpc_fixture.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::StatusIs;

// Says what the test says; what is left empty is not asked.
struct Script {
  std::vector<absl::StatusOr<service::Part>> says;
  std::function<void(std::function<void()> ready)> when_ready;
};

class ScriptedSource final : public service::PartSource {
 public:
  explicit ScriptedSource(const Script& script) : script_(script) {}

  absl::StatusOr<service::Part> Next(const std::function<int64_t()>&, std::string& part) override {
    part = "part " + std::to_string(next_);
    return script_.says.at(next_++);
  }
  void WhenReady(std::function<void()> ready) override { script_.when_ready(std::move(ready)); }

 private:
  const Script& script_;
  size_t next_ = 0;
};

// A call whose client takes every part at once, or hands it to `on_write`.
class PlainStream final : public calls::AnswerStream {
 public:
  using AnswerStream::AnswerStream;
  ~PlainStream() override { Over(); }

  using AnswerStream::Cancelled;
  using AnswerStream::Serve;
  using AnswerStream::Written;

  absl::Status Ended() { return ended_->get_future().get(); }

  std::vector<std::string> parts;
  std::function<absl::Status()> on_write;
  ThreadPool* taker = nullptr;

 private:
  absl::Status Parse(google::protobuf::Message&) override { return absl::OkStatus(); }
  absl::Status Write(std::string part) override {
    parts.push_back(std::move(part));
    if (on_write) return on_write();
    taker->TrySubmit([this] { Written(true); });
    return absl::OkStatus();
  }
  void End(const absl::Status& status) override {
    const auto ended = ended_;  // this may be gone before set_value returns
    ended->set_value(status);
  }
  void Abort() override {}

  const std::shared_ptr<std::promise<absl::Status>> ended_ =
      std::make_shared<std::promise<absl::Status>>();
};

class AnswerStreamTest : public RpcTest {
 protected:
  std::unique_ptr<PlainStream> Begin() {
    const service::Method& method = *table_->Find("cairn.v1.ArtifactService/Read");
    service::Caller caller;
    caller.identity = auth::LocalIdentity();
    auto stream = std::make_unique<PlainStream>(
        environment_, method, caller, calls::CallRecord(environment_, method.path.c_str()));
    stream->taker = &taker_;
    return stream;
  }

  Script script_;
  ThreadPool taker_{1, 10};
  const std::unique_ptr<const service::MethodTable> table_ = PartialTable(
      *store_, ServiceNamed("cairn.v1.ArtifactService"), {"Read"},
      [this](service::MethodTableBuilder& table) {
        table.Streams<v1::ReadRequest>(
            "Read",
            [this](const service::Caller&,
                   const v1::ReadRequest&) -> absl::StatusOr<std::unique_ptr<service::PartSource>> {
              return std::make_unique<ScriptedSource>(script_);
            });
      });
};

using Parts = std::vector<std::string>;
using service::Part;

TEST_F(AnswerStreamTest, PartsComeOneAfterTheOtherAndThenTheEnd) {
  script_.says = {Part::kFilled, Part::kFilled, Part::kEnd};
  const auto stream = Begin();
  stream->Serve();
  EXPECT_THAT(stream->Ended(), IsOk());
  EXPECT_EQ(stream->parts, (Parts{"part 0", "part 1"}));
  EXPECT_EQ(metrics_.in_flight(), 0);
}

TEST_F(AnswerStreamTest, TheErrorOfTheSourceIsTheEnd) {
  script_.says = {Part::kFilled, absl::NotFoundError("gone")};
  const auto stream = Begin();
  stream->Serve();
  EXPECT_THAT(stream->Ended(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(stream->parts, Parts{"part 0"});
}

TEST_F(AnswerStreamTest, APartThatCannotBeWrittenEndsTheCallWithWhy) {
  script_.says = {Part::kFilled};
  const auto stream = Begin();
  stream->on_write = [] { return absl::InternalError("no JSON"); };
  stream->Serve();
  EXPECT_THAT(stream->Ended(), StatusIs(absl::StatusCode::kInternal));
}

TEST_F(AnswerStreamTest, AClientThatIsGoneIsNotAskedForMore) {
  script_.says = {Part::kFilled};
  const auto stream = Begin();
  stream->on_write = [&] {
    taker_.TrySubmit([&] { stream->Written(false); });
    return absl::OkStatus();
  };
  stream->Serve();
  EXPECT_THAT(stream->Ended(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(AnswerStreamTest, ASourceThatIsReadyAtOnceIsAskedAgain) {
  script_.says = {Part::kLater, Part::kFilled, Part::kEnd};
  script_.when_ready = [](const std::function<void()>& ready) { ready(); };
  const auto stream = Begin();
  stream->Serve();
  EXPECT_THAT(stream->Ended(), IsOk());
  EXPECT_EQ(stream->parts, Parts{"part 1"});
}

TEST_F(AnswerStreamTest, AStreamThatWaitsIsChargedForNothingAndGoesOnWhenItsSourceIsReady) {
  script_.says = {Part::kLater, Part::kFilled, Part::kEnd};
  std::promise<std::function<void()>> waits;
  script_.when_ready = [&](std::function<void()> ready) { waits.set_value(std::move(ready)); };
  const auto stream = Begin();
  stream->Serve();
  const std::function<void()> ready = waits.get_future().get();
  EXPECT_EQ(replies_.held_bytes(), 0);
  ready();
  EXPECT_THAT(stream->Ended(), IsOk());
  ready();  // nobody waits any more
  EXPECT_EQ(stream->parts, Parts{"part 1"});
}

TEST_F(AnswerStreamTest, AStreamThatWaitsEndsWhenItIsCancelled) {
  script_.says = {Part::kLater};
  std::promise<void> waits;
  script_.when_ready = [&](const std::function<void()>&) { waits.set_value(); };
  const auto stream = Begin();
  stream->Serve();
  waits.get_future().wait();
  stream->Cancelled();
  EXPECT_THAT(stream->Ended(), StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(AnswerStreamTest, ACallThatIsCancelledBeforeItsTurnAsksNothing) {
  const auto stream = Begin();
  stream->Cancelled();
  stream->Serve();
  EXPECT_THAT(stream->Ended(), StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace cairn

// 16 clients promote, roll back, hold, release and look at one channel at once, and the server is
// killed in between: afterwards the log of decisions alone explains every head, every hold and
// every answer that anybody got, in an order that agrees with the times of the calls.
//
// CAIRN_KILLS (0): how often the server is killed. CAIRN_RACE_CALLS (40): calls of each client in
// the last round, in which it is not.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cairn/v1/promotion.grpc.pb.h"
#include "cairn/v1/registry.grpc.pb.h"
#include "lib/base/errors.h"
#include "lib/client/client.h"
#include "lib/client/grpc_status.h"
#include "lib/client/uploader.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"

namespace cairn {
namespace {

using testing::IsOk;
using testing::ServerProcess;
using testing::TempFolder;
using SteadyClock = std::chrono::steady_clock;
using v1::Decision;

constexpr size_t kClients = 16;
constexpr int kVersions = 8;
constexpr const char* kChannel = "models/churn/channels/production";
constexpr const char* kPolicy = R"(
apiVersion: cairn/v1
kind: PromotionPolicy
metadata: {name: churn}
spec:
  target: {model: churn, channel: production}
  evidence: {trust: reported}
  baseline: {comparableOn: [dataset.digest]}
  gates:
    - {id: floor, metric: silhouette, pass: ">= 0.2"}
)";

int Number(const char* variable, int fallback) {
  const char* text = ::getenv(variable);
  return text == nullptr ? fallback : std::max(0, ::atoi(text));
}

std::string VersionOf(int number) { return "models/churn/versions/" + std::to_string(number); }

// A call and what came of it.
struct Call {
  std::string version;                               // that it named; may be empty
  Decision::Kind kind = Decision::KIND_UNSPECIFIED;  // unspecified: it only looked
  SteadyClock::time_point begin;
  SteadyClock::time_point end;
  absl::Status status;
  Decision decision;
  v1::Channel channel;
};

// What the channel is after so many changes.
struct State {
  int64_t epoch = 0;
  std::string version;
  std::set<std::string> held;
  std::vector<std::string> served;  // by epoch, from 1
};

struct Stubs {
  explicit Stubs(const std::string& address)
      : channel(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        promotion(v1::PromotionService::NewStub(channel)),
        registry(v1::RegistryService::NewStub(channel)) {}

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::PromotionService::Stub> promotion;
  std::unique_ptr<v1::RegistryService::Stub> registry;
};

template <typename Request, typename Method>
void Decide(v1::PromotionService::Stub& stub, Method method, Request request, Call& call) {
  request.set_name(kChannel);
  request.set_version(call.version);
  if constexpr (!std::is_same_v<Request, v1::PromoteRequest>) request.set_reason("drill");
  grpc::ClientContext context;
  call.status = client::FromGrpcStatus((stub.*method)(&context, request, &call.decision));
}

Call CallOnce(Stubs& stubs, std::mt19937_64& random) {
  using Stub = v1::PromotionService::Stub;
  Call call;
  const std::string some = VersionOf(static_cast<int>(1 + random() % kVersions));
  const auto draw = random() % 10;
  call.begin = SteadyClock::now();
  if (draw < 3) {
    call.kind = Decision::PROMOTION;
    call.version = draw == 0 ? "" : some;
    Decide(*stubs.promotion, &Stub::Promote, v1::PromoteRequest(), call);
  } else if (draw < 5) {
    call.kind = Decision::ROLLBACK;
    Decide(*stubs.promotion, &Stub::Rollback, v1::RollbackRequest(), call);
  } else if (draw == 5) {
    call.kind = Decision::HOLD;
    call.version = some;
    Decide(*stubs.promotion, &Stub::HoldVersion, v1::HoldVersionRequest(), call);
  } else if (draw < 9) {
    call.kind = Decision::RELEASE;
    call.version = some;
    Decide(*stubs.promotion, &Stub::ReleaseVersion, v1::ReleaseVersionRequest(), call);
  } else {
    v1::GetChannelRequest request;
    request.set_name(kChannel);
    grpc::ClientContext context;
    call.status =
        client::FromGrpcStatus(stubs.registry->GetChannel(&context, request, &call.channel));
  }
  call.end = SteadyClock::now();
  return call;
}

bool MayHaveHappened(const Call& call) {
  return absl::IsUnavailable(call.status) || absl::IsCancelled(call.status) ||
         absl::IsDeadlineExceeded(call.status) || absl::IsUnknown(call.status);
}

class ChannelRaceDrill : public ::testing::Test {
 protected:
  void Start() { ASSERT_TRUE(server_.Start()); }

  void SetUpModel() {
    client::ConnectOptions options;
    options.address = server_.grpc_address();
    auto connected = client::Client::Connect(options);
    ASSERT_THAT(connected, IsOk());
    v1::ApplyPolicyRequest apply;
    apply.set_source(kPolicy);
    ASSERT_THAT((*connected)->promotion().ApplyPolicy(apply), IsOk());
    for (int i = 1; i <= kVersions; ++i) {
      const auto files = client::Uploader(**connected)
                             .Upload({client::UploadItem::Bytes("model.bin", std::to_string(i))});
      ASSERT_THAT(files, IsOk());
      v1::CreateModelVersionRequest request;
      request.set_parent("models/churn");
      for (const auto& file : *files) *request.mutable_model_version()->add_files() = file;
      auto* value = request.add_evaluations()->add_values();
      value->set_metric("silhouette");
      value->set_value(0.2 + i * 0.01);
      ASSERT_THAT((*connected)->registry().CreateModelVersion(request), IsOk());
    }
  }

  // Calls of all clients, until each made `calls` or the server is gone, by `kill`.
  void Race(int64_t calls, const std::function<void()>& kill) {
    std::array<std::vector<Call>, kClients> made;
    std::vector<std::thread> clients;
    for (std::vector<Call>& of_one : made) {
      clients.emplace_back([this, &of_one, calls, seed = random_()] {
        Stubs stubs(server_.grpc_address());
        std::mt19937_64 random(seed);
        for (int64_t i = 0; i < calls; ++i) {
          of_one.push_back(CallOnce(stubs, random));
          if (MayHaveHappened(of_one.back())) return;
        }
      });
    }
    kill();
    for (std::thread& client : clients) client.join();
    for (auto& of_one : made) {
      for (Call& call : of_one) calls_.push_back(std::move(call));
    }
  }

  // What is stored at the end: all decisions in their order, the rollouts and the channel.
  void ReadBack() {
    Stubs stubs(server_.grpc_address());
    v1::ListDecisionsRequest request;
    request.set_parent(kChannel);
    request.set_page_size(1000);
    do {
      v1::ListDecisionsResponse page;
      grpc::ClientContext context;
      ASSERT_THAT(stubs.promotion->ListDecisions(&context, request, &page), IsOk());
      log_.insert(log_.end(), page.decisions().begin(), page.decisions().end());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    std::reverse(log_.begin(), log_.end());
    v1::ListRolloutsRequest list;
    list.set_parent(kChannel);
    list.set_page_size(1000);
    do {
      v1::ListRolloutsResponse page;
      grpc::ClientContext context;
      ASSERT_THAT(stubs.registry->ListRollouts(&context, list, &page), IsOk());
      rollouts_.insert(rollouts_.end(), page.rollouts().begin(), page.rollouts().end());
      list.set_page_token(page.next_page_token());
    } while (!list.page_token().empty());
    std::reverse(rollouts_.begin(), rollouts_.end());
    v1::GetChannelRequest get;
    get.set_name(kChannel);
    grpc::ClientContext context;
    ASSERT_THAT(stubs.registry->GetChannel(&context, get, &channel_), IsOk());
  }

  // What a rollback has to go to; empty if it has to be refused.
  static std::string TargetOf(const State& state) {
    for (auto it = state.served.rbegin(); it != state.served.rend(); ++it) {
      if (*it != state.version && !state.held.contains(*it)) return *it;
    }
    return "";
  }

  // Lets the decisions happen one after the other, each checked against what came before it.
  void Replay() {
    State state;
    states_ = {state};
    for (const Decision& decision : log_) {
      ASSERT_EQ(decision.epoch_seen(), state.epoch) << decision.name();
      ASSERT_EQ(decision.previous_version(), state.version) << decision.name();
      ASSERT_EQ(
          std::set<std::string>(decision.held_versions().begin(), decision.held_versions().end()),
          state.held)
          << decision.name();
      const bool changes = ApplyTo(state, decision);
      if (::testing::Test::HasFatalFailure()) return;
      ASSERT_EQ(decision.epoch(), state.epoch) << decision.name();
      if (changes) states_.push_back(state);
      after_[decision.name()] = states_.size() - 1;
      changes_[decision.name()] = changes;
    }
    EXPECT_EQ(channel_.epoch(), state.epoch);
    EXPECT_EQ(channel_.version(), state.version);
    // The policy was the first change.
    EXPECT_EQ(channel_.revision(), static_cast<int64_t>(states_.size()));
    EXPECT_EQ(after_.size(), log_.size()) << "a decision is there twice";
  }

  // Whether it changes the channel.
  static bool ApplyTo(State& state, const Decision& decision) {
    const std::string& chosen = decision.chosen_version();
    switch (decision.outcome()) {
      case Decision::PROMOTED:
        EXPECT_FALSE(state.held.contains(chosen)) << chosen << " was held and promoted";
        break;
      case Decision::ROLLED_BACK:
        EXPECT_EQ(chosen, TargetOf(state));
        state.held.insert(state.version);
        break;
      case Decision::HELD:
        EXPECT_TRUE(state.held.insert(chosen).second) << chosen;
        return true;
      case Decision::RELEASED:
        EXPECT_EQ(state.held.erase(chosen), 1u) << chosen;
        return true;
      default:
        return false;
    }
    state.version = chosen;
    ++state.epoch;
    state.served.push_back(chosen);
    return true;
  }

  void ExpectARolloutForEachEpoch() {
    const State& last = states_.back();
    ASSERT_EQ(rollouts_.size(), static_cast<size_t>(last.epoch));
    for (size_t i = 0; i < rollouts_.size(); ++i) {
      const v1::Rollout& rollout = rollouts_[i];
      ASSERT_EQ(rollout.name(), std::string(kChannel) + "/rollouts/" + std::to_string(i + 1));
      ASSERT_EQ(rollout.version(), last.served[i]) << rollout.name();
      ASSERT_TRUE(after_.contains(rollout.decision())) << rollout.name();
      if (i + 1 == rollouts_.size()) break;
      ASSERT_EQ(rollout.end_decision(), rollouts_[i + 1].decision()) << rollout.name();
    }
  }

  // Whether what the call was answered is so after some state from `first` to `last`.
  bool Explained(const Call& call, size_t first, size_t last) const {
    for (size_t i = first; i <= last; ++i) {
      if (Fits(call, states_[i], i)) return true;
    }
    return false;
  }

  static bool Fits(const Call& call, const State& state, size_t changes) {
    const std::string reason = ReasonOf(call.status);
    if (call.kind == Decision::KIND_UNSPECIFIED) {
      return call.channel.epoch() == state.epoch && call.channel.version() == state.version &&
             call.channel.revision() == static_cast<int64_t>(changes) + 1 &&
             call.channel.holds_size() == static_cast<int>(state.held.size());
    }
    if (reason == "MODEL_VERSION_HELD") return state.held.contains(call.version);
    if (reason == "MODEL_VERSION_NOT_HELD") return !state.held.contains(call.version);
    if (reason == "NO_ROLLBACK_TARGET") return !state.version.empty() && TargetOf(state).empty();
    if (reason == "CHANNEL_SERVES_NOTHING") return state.version.empty();
    if (reason == "EPOCH_MISMATCH") {
      return MetadataOf(call.status, "currentEpoch") == std::to_string(state.epoch);
    }
    // It was not done, which is right at any time.
    if (reason == "COMMIT_CONFLICT" || reason == "QUEUE_FULL") return true;
    // A decision that was known before, or that changed nothing.
    return call.status.ok() && call.decision.epoch_seen() == state.epoch &&
           static_cast<size_t>(call.decision.held_versions_size()) == state.held.size();
  }

  // A change that was acknowledged lies at its place in the log. What ended before a call began is
  // before it, and what began after it ended is behind it; in between each answer has its place.
  void ExpectALinearOrder() {
    std::vector<const Call*> known;
    size_t unknown = 0;
    std::set<std::string> acknowledged;
    for (const Call& call : calls_) {
      unknown += MayHaveHappened(call) ? 1 : 0;
      if (!MayHaveHappened(call)) known.push_back(&call);
      if (!call.status.ok() || call.kind == Decision::KIND_UNSPECIFIED) continue;
      ASSERT_TRUE(after_.contains(call.decision.name())) << "acknowledged and not in the log";
      acknowledged.insert(call.decision.name());
    }
    EXPECT_LE(log_.size(), acknowledged.size() + unknown);
    const auto place = [&](const Call& call) -> int64_t {
      if (!call.status.ok()) return -1;
      if (call.kind == Decision::KIND_UNSPECIFIED) return call.channel.revision() - 1;
      return changes_.at(call.decision.name())
                 ? static_cast<int64_t>(after_.at(call.decision.name()))
                 : -1;
    };
    std::vector<std::pair<SteadyClock::time_point, int64_t>> ends;
    for (const Call* call : known) {
      if (place(*call) >= 0) ends.emplace_back(call->end, place(*call));
    }
    std::sort(ends.begin(), ends.end());
    for (size_t i = 1; i < ends.size(); ++i) {
      ends[i].second = std::max(ends[i].second, ends[i - 1].second);
    }
    // The first place that a call which began at or after a time has.
    std::vector<std::pair<SteadyClock::time_point, int64_t>> begins;
    for (const Call* call : known) {
      const bool changed = call->kind != Decision::KIND_UNSPECIFIED;
      if (place(*call) >= 0) begins.emplace_back(call->begin, place(*call) - (changed ? 1 : 0));
    }
    std::sort(begins.begin(), begins.end());
    for (size_t i = begins.size(); i-- > 1;) {
      begins[i - 1].second = std::min(begins[i - 1].second, begins[i].second);
    }
    for (const Call* call : known) {
      const auto before =
          std::lower_bound(ends.begin(), ends.end(), std::make_pair(call->begin, int64_t{-1}));
      const int64_t first = before == ends.begin() ? 0 : std::prev(before)->second;
      const auto after =
          std::upper_bound(begins.begin(), begins.end(),
                           std::make_pair(call->end, static_cast<int64_t>(log_.size())));
      const int64_t last =
          after == begins.end() ? static_cast<int64_t>(states_.size()) - 1 : after->second;
      const int64_t at = place(*call);
      if (at >= 0) {
        const bool changed = call->kind != Decision::KIND_UNSPECIFIED;
        ASSERT_GE(at, first + (changed ? 1 : 0)) << "a call saw less than one that ended before it";
        ASSERT_LE(at, last) << "a call saw more than one that began after it";
      }
      if (at >= 0 && call->kind != Decision::KIND_UNSPECIFIED) continue;
      ASSERT_TRUE(Explained(*call, static_cast<size_t>(first), static_cast<size_t>(last)))
          << "no moment of the call explains its answer: " << call->status << " "
          << call->decision.ShortDebugString() << call->channel.ShortDebugString();
    }
  }

  void Report() const {
    std::map<std::string, int> outcomes;
    for (const Decision& decision : log_) {
      ++outcomes[Decision::Outcome_Name(decision.outcome())];
    }
    std::cout << "calls=" << calls_.size() << " decisions=" << log_.size()
              << " epochs=" << channel_.epoch();
    for (const auto& [outcome, count] : outcomes) std::cout << " " << outcome << "=" << count;
    std::cout << std::endl;
  }

  const TempFolder folder_;
  ServerProcess server_{folder_ / "store"};
  std::mt19937_64 random_{1};
  std::vector<Call> calls_;
  std::vector<Decision> log_;  // oldest first
  std::vector<v1::Rollout> rollouts_;
  v1::Channel channel_;
  std::vector<State> states_;            // after so many changes
  std::map<std::string, size_t> after_;  // by decision: how many changes there are with it
  std::map<std::string, bool> changes_;  // by decision: whether it is one
};

TEST_F(ChannelRaceDrill, TheLogExplainsEveryHeadEveryHoldAndEveryAnswer) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_NO_FATAL_FAILURE(SetUpModel());
  const int kills = Number("CAIRN_KILLS", 0);
  for (int i = 0; i < kills; ++i) {
    Race(1'000'000, [&] {
      // Not a wait for anything: the moment of the kill is what is drawn.
      std::this_thread::sleep_for(std::chrono::milliseconds(20 + random_() % 400));
      server_.Kill();
    });
    ASSERT_NO_FATAL_FAILURE(Start());
  }
  Race(std::max(1, Number("CAIRN_RACE_CALLS", 40)), [] {});
  ASSERT_NO_FATAL_FAILURE(ReadBack());
  Report();
  ASSERT_NO_FATAL_FAILURE(Replay());
  ExpectARolloutForEachEpoch();
  ExpectALinearOrder();
  EXPECT_GT(channel_.epoch(), 0);
}

}  // namespace
}  // namespace cairn

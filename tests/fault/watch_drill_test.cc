// Many watchers while writers write and the server is killed, again and again: each watcher is told
// every revision once and in order, the same as the log says in the end, and everything that was
// acknowledged is among it.
//
// CAIRN_WATCHERS (8), CAIRN_WATCH_EVENTS (4000), CAIRN_WATCH_KILLS (4): how many.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cairn/v1/events.pb.h"
#include "lib/base/digest.h"
#include "lib/base/mutex.h"
#include "lib/client/client.h"
#include "lib/client/watcher.h"
#include "tests/integration/client/cutting_proxy.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/tally.h"

namespace cairn::testing {
namespace {

using client::Client;

constexpr size_t kWriters = 16;
constexpr size_t kConnections = 8;

int64_t Setting(const char* name, int64_t otherwise) {
  const char* text = ::getenv(name);
  return text == nullptr ? otherwise : std::max<int64_t>(1, ::atoll(text));
}

std::unique_ptr<Client> ClientOf(const std::string& address) {
  client::ConnectOptions options;
  options.address = address;
  auto client = Client::Connect(std::move(options));
  EXPECT_THAT(client, IsOk());
  return *std::move(client);
}

// What a watcher was told, as far as it must be the same for all.
struct Told {
  int64_t events = 0;
  int64_t last_revision = 0;
  std::string digest;  // over all events, in their order
};

// Follows from the first revision until the one that `end` says, 0 as long as it is not known.
// `seen` gets the value of each tag, if it is not null.
Told Follow(Client& client, const std::atomic<int64_t>& end, std::set<std::string>* seen) {
  client::WatchOptions options{.start_revision = 1};
  options.patience.backoff.max_millis = 200;
  client::Watcher watcher(client.watch(), options);
  Told told;
  Sha256Hasher hasher;
  int64_t reached = 0;
  while (end == 0 || reached < end) {
    const auto batch = watcher.Next(std::chrono::seconds(1));
    if (!batch.ok()) {
      ADD_FAILURE() << batch.status();
      break;
    }
    if (!batch->has_value()) continue;
    EXPECT_FALSE((*batch)->lost_before.has_value());
    reached = (*batch)->revision;
    for (const v1::Event& event : (*batch)->events) {
      EXPECT_GE(event.revision(), told.last_revision);
      told.last_revision = event.revision();
      ++told.events;
      hasher.Update(event.SerializeAsString());
      if (seen == nullptr) continue;
      for (const auto& [key, value] : event.logged().tags()) {
        EXPECT_TRUE(seen->insert(value).second) << value << " was told twice";
      }
    }
  }
  told.digest = hasher.Finish().Hex();
  return told;
}

// Writes that were acknowledged.
class Writers {
 public:
  Writers(Client& client, int64_t events) : client_(client), events_(events) {
    for (size_t i = 0; i < kWriters; ++i) threads_.emplace_back([this, i] { Write(i); });
  }
  ~Writers() { Join(); }
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;

  int64_t written() const { return written_.count(); }
  void AwaitWritten(int64_t count) const { written_.WaitFor(count); }
  void Join() {
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  std::set<std::string> acknowledged() {
    MutexLock lock(&mutex_);
    return acknowledged_;
  }

 private:
  // A write that failed is not repeated: whether it was stored the events tell.
  void Write(size_t writer) {
    v1::CreateRunRequest create;
    create.set_parent("experiments/0");
    absl::StatusOr<v1::Run> run = client_.tracking().CreateRun(create);
    while (!run.ok()) run = client_.tracking().CreateRun(create);
    for (int64_t i = 0; written() < events_; ++i) {
      const std::string value = std::to_string(writer) + " " + std::to_string(i);
      v1::LogBatchRequest log;
      log.set_run(run->name());
      (*log.mutable_tags())["n"] = value;
      if (!client_.tracking().LogBatch(log).ok()) continue;
      written_.Add();
      MutexLock lock(&mutex_);
      acknowledged_.insert(value);
    }
  }

  Client& client_;
  const int64_t events_;
  testing::Tally written_;
  Mutex mutex_;
  std::set<std::string> acknowledged_ CAIRN_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;
};

TEST(WatchDrill, EveryWatcherIsToldEachRevisionOnceWhateverIsKilled) {
  const int64_t watchers = Setting("CAIRN_WATCHERS", 8);
  const int64_t events = Setting("CAIRN_WATCH_EVENTS", 4000);
  const int64_t kills = Setting("CAIRN_WATCH_KILLS", 4);
  const TempFolder folder;
  ServerProcess server(folder / "store");
  ASSERT_TRUE(server.Start());
  CuttingProxy proxy;
  proxy.LeadTo(server.grpc_address());
  std::vector<std::unique_ptr<Client>> clients;
  for (size_t i = 0; i < kConnections; ++i) clients.push_back(ClientOf(proxy.address()));
  const auto writing = ClientOf(proxy.address());

  std::atomic<int64_t> end{0};
  std::vector<Told> told(static_cast<size_t>(watchers));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < told.size(); ++i) {
    threads.emplace_back([&, i] { told[i] = Follow(*clients[i % clients.size()], end, nullptr); });
  }
  Writers writers(*writing, events);
  for (int64_t kill = 1; kill <= kills; ++kill) {
    writers.AwaitWritten(events * kill / (kills + 1));
    server.Kill();
    ASSERT_TRUE(server.Start());
    proxy.LeadTo(server.grpc_address());
    proxy.Cut();
  }
  writers.Join();
  const auto info = writing->admin().GetServerInfo({});
  ASSERT_THAT(info, IsOk());
  end = info->revision();
  std::set<std::string> seen;
  const Told log = Follow(*writing, end, &seen);
  for (std::thread& thread : threads) thread.join();

  EXPECT_GE(log.events, events);
  for (const Told& one : told) {
    EXPECT_EQ(one.events, log.events);
    EXPECT_EQ(one.digest, log.digest);
  }
  const std::set<std::string> acknowledged = writers.acknowledged();
  EXPECT_TRUE(std::includes(seen.begin(), seen.end(), acknowledged.begin(), acknowledged.end()));
}

}  // namespace
}  // namespace cairn::testing

#ifndef CAIRN_BENCH_SERVING_LOAD_H_
#define CAIRN_BENCH_SERVING_LOAD_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/http_load/cpu_time.h"
#include "cairn/v1/tracking.grpc.pb.h"
#include "lib/base/mutex.h"

namespace cairn::bench {

// What a load program does to a server, and how it times it. Everything here ends
// the program with a message when a call fails: a figure of failed calls is none.

using Clock = std::chrono::steady_clock;
using Stub = v1::TrackingService::Stub;

double SecondsSince(Clock::time_point begin);

// Latencies of single operations. Not thread-safe.
class Latencies {
 public:
  void Add(Clock::duration d) {
    millis_.push_back(std::chrono::duration<double, std::milli>(d).count());
  }
  void AddAll(const Latencies& other);
  size_t size() const { return millis_.size(); }
  // The value that a share `q` (0 to 1) does not exceed, in milliseconds; 0 if empty.
  double Quantile(double q) const;

 private:
  std::vector<double> millis_;
};

// A connection without what only costs here: retries, and counters for debugging.
std::shared_ptr<grpc::Channel> Connect(const std::string& address);

// A new run of the default experiment; its resource name.
std::string NewRun(Stub& stub);

// Calls whose ClientContext is still there. A context holds its channel, and gRPC 1.51 ends its
// threads with the last channel: when one of these threads lets it go, it goes on with a queue that
// is freed. So whoever owns a channel declares this after it. Safe to call from any thread.
class OpenCalls {
 public:
  OpenCalls() = default;
  // Waits until every context is gone.
  ~OpenCalls();
  OpenCalls(const OpenCalls&) = delete;
  OpenCalls& operator=(const OpenCalls&) = delete;

  // The first member of what holds a context, so that it goes after it.
  class Ticket {
   public:
    explicit Ticket(OpenCalls& calls);
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    OpenCalls& calls_;
  };

 private:
  Mutex mutex_;
  CondVar none_;
  int64_t open_ CAIRN_GUARDED_BY(mutex_) = 0;
};

// Starts the operation number `i` and calls `done` once, on any thread, when it has
// succeeded; `done` starts the next one. Called from several threads.
using StartCall = std::function<void(int64_t i, std::function<void()> done)>;

struct Rate {
  double per_second = 0;
  Latencies latencies;
};

// Keeps `in_flight` calls under way for `seconds`.
Rate KeepInFlight(int in_flight, double seconds, const StartCall& start);

// Makes `count` calls, `in_flight` at a time.
Rate KeepCalls(int in_flight, int64_t count, const StartCall& start);

// Streams of metric columns.
struct IngestPlan {
  int streams = 4;
  int series = 1000;
  int points_per_message = 1000;
  // Of one stream, messages that are sent and not acknowledged; more wait in the
  // server, which makes acknowledgements later and writes a little larger.
  size_t max_unacknowledged = 5;
  double seconds = 10;
  double points_per_second = 0;  // at most so many; 0: as many as it takes
};
struct IngestResult {
  double points_per_second = 0;  // acknowledged as durable
  int64_t points = 0;
  int64_t request_bytes = 0;
  Latencies acknowledgements;  // from a message's write to its acknowledgement
};

// Each stream has a run of its own and its share of the series; messages hold the
// next points of one series, with values that look like a loss in single precision.
IngestResult Ingest(const std::shared_ptr<grpc::Channel>& channel, const IngestPlan& plan);

// Fails loudly.
void Check(const grpc::Status& status, const char* what);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_LOAD_H_

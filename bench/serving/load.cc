#include "bench/serving/load.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <thread>
#include <utility>

#include "fmt/format.h"
#include "lib/base/ids.h"
#include "lib/base/mutex.h"

namespace cairn::bench {
namespace {

constexpr int64_t kStartMillis = 1'700'000'000'000;

// One stream of an Ingest, from its writer's thread and its reader's.
class IngestStream {
 public:
  IngestStream(const std::shared_ptr<grpc::Channel>& channel, const IngestPlan& plan, int number)
      : stub_(v1::TrackingService::NewStub(channel)), plan_(plan) {
    const int share = plan.series / plan.streams;
    for (int i = 0; i < share; ++i) {
      v1::LogMetricsRequest message;
      v1::MetricColumns& columns = *message.add_metrics();
      columns.set_key(fmt::format("metric_{}_{:04}", number, i));
      columns.mutable_steps()->Resize(plan.points_per_message, 0);
      columns.mutable_times_unix_millis()->Resize(plan.points_per_message, 0);
      columns.mutable_values()->Resize(plan.points_per_message, 0);
      messages_.push_back(std::move(message));
    }
    messages_[0].set_run(NewRun(*stub_));
    messages_[0].set_writer_id(SystemIds().NewUuid4());
    for (size_t i = 0; i < 4096; ++i) {
      const double x = static_cast<double>(i);
      noise_.push_back(static_cast<float>(0.3 + 0.05 * std::sin(x) + 0.01 * std::sin(x * 7.7)));
    }
  }

  void Run(Clock::time_point end) {
    const auto begin = Clock::now();
    stream_ = stub_->LogMetrics(&context_);
    std::thread reader([this] { ReadAcknowledgements(); });
    for (int64_t number = 1; Clock::now() < end; ++number) {
      v1::LogMetricsRequest& message = NextMessage(number);
      WaitForRoom();
      KeepPace(begin, number);
      {
        MutexLock lock(&mutex_);
        sent_.emplace_back(number, Clock::now());
      }
      if (!stream_->Write(message)) break;
      bytes_ += static_cast<int64_t>(message.ByteSizeLong());
    }
    stream_->WritesDone();
    reader.join();
    Check(stream_->Finish(), "LogMetrics");
  }

  int64_t points() const { return points_; }
  int64_t bytes() const { return bytes_; }
  const Latencies& latencies() const { return latencies_; }

 private:
  v1::LogMetricsRequest& NextMessage(int64_t number) {
    const auto index = static_cast<size_t>(number - 1) % messages_.size();
    const int64_t round = (number - 1) / static_cast<int64_t>(messages_.size());
    v1::LogMetricsRequest& message = messages_[index];
    message.set_batch_number(number);
    v1::MetricColumns& columns = *message.mutable_metrics(0);
    const int64_t first = round * plan_.points_per_message;
    for (int i = 0; i < plan_.points_per_message; ++i) {
      const int64_t step = first + i;
      columns.set_steps(i, step);
      columns.set_times_unix_millis(i, kStartMillis + step * 50);
      columns.set_values(i, noise_[static_cast<size_t>(step * 31 + number) % noise_.size()]);
    }
    return message;
  }

  // Waits until the message `number` is due.
  void KeepPace(Clock::time_point begin, int64_t number) const {
    if (plan_.points_per_second <= 0) return;
    const double per_second = plan_.points_per_second / plan_.streams / plan_.points_per_message;
    std::this_thread::sleep_until(
        begin + std::chrono::duration_cast<Clock::duration>(
                    std::chrono::duration<double>(static_cast<double>(number) / per_second)));
  }

  void WaitForRoom() {
    MutexLock lock(&mutex_);
    while (sent_.size() >= plan_.max_unacknowledged && !ended_) room_.Wait(&mutex_);
  }

  void ReadAcknowledgements() {
    for (v1::LogMetricsResponse answer; stream_->Read(&answer);) {
      const auto now = Clock::now();
      MutexLock lock(&mutex_);
      points_ = answer.point_count();
      while (!sent_.empty() && sent_.front().first <= answer.acknowledged_batch_number()) {
        latencies_.Add(now - sent_.front().second);
        sent_.pop_front();
      }
      room_.Signal();
    }
    MutexLock lock(&mutex_);
    ended_ = true;
    room_.Signal();
  }

  const std::unique_ptr<Stub> stub_;
  const IngestPlan plan_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::LogMetricsRequest, v1::LogMetricsResponse>> stream_;
  std::vector<v1::LogMetricsRequest> messages_;  // one for each series
  std::vector<float> noise_;
  int64_t bytes_ = 0;

  Mutex mutex_;
  CondVar room_;
  std::deque<std::pair<int64_t, Clock::time_point>> sent_ CAIRN_GUARDED_BY(mutex_);
  bool ended_ CAIRN_GUARDED_BY(mutex_) = false;
  int64_t points_ = 0;  // by the reader
  Latencies latencies_;
};

// Calls that each start the next one when they end, as long as `go_on(i)` says so.
class CallChains {
 public:
  CallChains(const StartCall& start, std::function<bool(int64_t)> go_on)
      : start_(start), go_on_(std::move(go_on)) {}

  Rate Run(int chains) {
    const auto begin = Clock::now();
    under_way_ = chains;
    for (int i = 0; i < chains; ++i) Next();
    MutexLock lock(&mutex_);
    while (under_way_ > 0) ended_.Wait(&mutex_);
    rate_.per_second = static_cast<double>(rate_.latencies.size()) / SecondsSince(begin);
    return std::move(rate_);
  }

 private:
  void Next() {
    const int64_t i = started_.fetch_add(1, std::memory_order_relaxed);
    if (!go_on_(i)) {
      MutexLock lock(&mutex_);
      if (--under_way_ == 0) ended_.Signal();
      return;
    }
    start_(i, [this, begin = Clock::now()] {
      const auto took = Clock::now() - begin;
      {
        MutexLock lock(&mutex_);
        rate_.latencies.Add(took);
      }
      Next();
    });
  }

  const StartCall& start_;
  const std::function<bool(int64_t)> go_on_;
  std::atomic<int64_t> started_{0};
  Mutex mutex_;
  CondVar ended_;
  int under_way_ = 0;  // set before the first call, then guarded by the mutex
  Rate rate_;
};

}  // namespace

OpenCalls::~OpenCalls() {
  MutexLock lock(&mutex_);
  while (open_ > 0) none_.Wait(&mutex_);
}

OpenCalls::Ticket::Ticket(OpenCalls& calls) : calls_(calls) {
  MutexLock lock(&calls_.mutex_);
  ++calls_.open_;
}

OpenCalls::Ticket::~Ticket() {
  MutexLock lock(&calls_.mutex_);
  if (--calls_.open_ == 0) calls_.none_.Signal();
}

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void Latencies::AddAll(const Latencies& other) {
  millis_.insert(millis_.end(), other.millis_.begin(), other.millis_.end());
}

double Latencies::Quantile(double q) const {
  if (millis_.empty()) return 0;
  std::vector<double> sorted = millis_;
  const auto at = static_cast<size_t>(q * static_cast<double>(sorted.size() - 1));
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
  return sorted[at];
}

void Check(const grpc::Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %d %s\n", what, static_cast<int>(status.error_code()),
               status.error_message().c_str());
  std::exit(1);
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

std::string NewRun(Stub& stub) {
  grpc::ClientContext context;
  v1::CreateRunRequest request;
  request.set_parent("experiments/0");
  v1::Run run;
  Check(stub.CreateRun(&context, request, &run), "CreateRun");
  return run.name();
}

Rate KeepInFlight(int in_flight, double seconds, const StartCall& start) {
  const auto begin = Clock::now();
  return CallChains(start, [=](int64_t) { return SecondsSince(begin) < seconds; }).Run(in_flight);
}

Rate KeepCalls(int in_flight, int64_t count, const StartCall& start) {
  return CallChains(start, [=](int64_t i) { return i < count; }).Run(in_flight);
}

IngestResult Ingest(const std::shared_ptr<grpc::Channel>& channel, const IngestPlan& plan) {
  std::vector<std::unique_ptr<IngestStream>> streams;
  for (int i = 0; i < plan.streams; ++i) {
    streams.push_back(std::make_unique<IngestStream>(channel, plan, i));
  }
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(plan.seconds));
  std::vector<std::thread> threads;
  threads.reserve(streams.size());
  for (auto& stream : streams) threads.emplace_back([&stream, end] { stream->Run(end); });
  for (std::thread& thread : threads) thread.join();
  const double took = SecondsSince(begin);
  IngestResult result;
  for (const auto& stream : streams) {
    result.points += stream->points();
    result.request_bytes += stream->bytes();
    result.acknowledgements.AddAll(stream->latencies());
  }
  result.points_per_second = static_cast<double>(result.points) / took;
  return result;
}

}  // namespace cairn::bench

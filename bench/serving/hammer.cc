#include "bench/serving/hammer.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "lib/base/mutex.h"

namespace cairn::bench {
namespace {

constexpr int kCallsPerConnection = 200;

Clock::duration RetryDelayOf(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  google::rpc::RetryInfo retry;
  for (const auto& detail : details.details()) {
    if (!detail.UnpackTo(&retry)) continue;
    return std::chrono::seconds(retry.retry_delay().seconds()) +
           std::chrono::nanoseconds(retry.retry_delay().nanos());
  }
  return std::chrono::seconds(1);
}

// Runs functions when their time has come, on one thread; at the end all that are left.
class Timer {
 public:
  Timer() : thread_([this] { Work(); }) {}
  ~Timer() {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
    }
    changed_.Signal();
    thread_.join();
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void After(Clock::duration delay, std::function<void()> run) {
    MutexLock lock(&mutex_);
    waiting_.emplace(Clock::now() + delay, std::move(run));
    changed_.Signal();  // under the lock: what `run` ends may be the timer itself
  }

 private:
  void Work() {
    mutex_.Lock();
    while (!stopping_ || !waiting_.empty()) {
      if (waiting_.empty()) {
        changed_.Wait(&mutex_);
        continue;
      }
      const auto left = waiting_.begin()->first - Clock::now();
      if (left > Clock::duration::zero() && !stopping_) {
        changed_.WaitFor(&mutex_, std::chrono::duration_cast<std::chrono::milliseconds>(left) +
                                      std::chrono::milliseconds(1));
        continue;
      }
      const auto run = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      mutex_.Unlock();
      run();
      mutex_.Lock();
    }
    mutex_.Unlock();
  }

  Mutex mutex_;
  CondVar changed_;
  std::multimap<Clock::time_point, std::function<void()>> waiting_ CAIRN_GUARDED_BY(mutex_);
  bool stopping_ CAIRN_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class Callers {
 public:
  Callers(const std::string& address, const KindOfCall& kind, int callers, Manners manners,
          double deadline_seconds)
      : kind_(kind), callers_(callers), manners_(manners), deadline_seconds_(deadline_seconds) {
    for (int i = 0; i < callers; i += kCallsPerConnection) {
      stubs_.push_back(std::make_unique<grpc::GenericStub>(Connect(address, i)));
    }
  }

  HammerResult Run(double seconds) {
    begin_ = Clock::now();
    const auto whole =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    counted_from_ = begin_ + whole / 5;
    end_ = begin_ + whole;
    under_way_ = callers_;
    for (int i = 0; i < callers_; ++i) New(i);
    MutexLock lock(&mutex_);
    while (under_way_ > 0) over_.Wait(&mutex_);
    const double counted = seconds * 0.8;
    result_.goodput = static_cast<double>(result_.accepted.size()) / counted;
    result_.refusals = static_cast<double>(result_.refused.size()) / counted;
    result_.failures = static_cast<double>(failed_) / counted;
    return std::move(result_);
  }

 private:
  struct Attempt {
    explicit Attempt(OpenCalls& calls) : ticket(calls) {}
    const OpenCalls::Ticket ticket;
    grpc::ClientContext context;
    grpc::ByteBuffer response;
    Clock::time_point start;
  };

  static std::shared_ptr<grpc::Channel> Connect(const std::string& address, int number) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt("cairn.connection", number);
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }

  void New(int caller) {
    if (Clock::now() >= end_) return Leave();
    Try(caller, std::make_shared<grpc::ByteBuffer>(kind_.request(next_.fetch_add(1))));
  }

  void Try(int caller, const std::shared_ptr<grpc::ByteBuffer>& request) {
    if (Clock::now() >= end_) return Leave();
    auto attempt = std::make_shared<Attempt>(open_);
    attempt->start = Clock::now();
    attempt->context.set_deadline(
        std::chrono::system_clock::now() +
        std::chrono::microseconds(static_cast<int64_t>(deadline_seconds_ * 1e6)));
    const auto connection = static_cast<size_t>(caller / kCallsPerConnection);
    stubs_[connection]->UnaryCall(&attempt->context, kind_.method, {}, request.get(),
                                  &attempt->response,
                                  [this, caller, request, attempt](const grpc::Status& status) {
                                    Count(status, attempt->start);
                                    Go(caller, request, status);
                                  });
  }

  void Count(const grpc::Status& status, Clock::time_point start) {
    const auto now = Clock::now();
    if (now < counted_from_ || now >= end_) return;
    MutexLock lock(&mutex_);
    if (status.ok()) {
      result_.accepted.Add(now - start);
    } else if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
      result_.refused.Add(now - start);
    } else {
      ++failed_;
    }
  }

  void Go(int caller, const std::shared_ptr<grpc::ByteBuffer>& request,
          const grpc::Status& status) {
    if (status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) return New(caller);
    if (manners_ == Manners::kImpolite) return Try(caller, request);
    timer_.After(std::min<Clock::duration>(RetryDelayOf(status), end_ - Clock::now()),
                 [this, caller, request] { Try(caller, request); });
  }

  void Leave() {
    MutexLock lock(&mutex_);
    if (--under_way_ == 0) over_.Signal();
  }

  const KindOfCall& kind_;
  const int callers_;
  const Manners manners_;
  const double deadline_seconds_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  OpenCalls open_;
  Clock::time_point begin_;
  Clock::time_point counted_from_;
  Clock::time_point end_;
  std::atomic<int64_t> next_{0};
  Mutex mutex_;
  CondVar over_;
  int under_way_ = 0;  // set before the first call, then guarded by the mutex
  int64_t failed_ = 0;
  HammerResult result_;
  Timer timer_;  // ends first
};

}  // namespace

HammerResult Hammer(const std::string& address, const KindOfCall& kind, int callers, double seconds,
                    Manners manners, double deadline_seconds) {
  return Callers(address, kind, callers, manners, deadline_seconds).Run(seconds);
}

}  // namespace cairn::bench

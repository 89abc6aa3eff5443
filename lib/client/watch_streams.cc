#include <chrono>
#include <memory>
#include <random>
#include <utility>

#include "cairn/v1/watch.grpc.pb.h"
#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "lib/client/message_stream.h"
#include "lib/client/services.h"
#include "lib/client/transport_impl.h"

namespace cairn::client {
namespace {

// A stream on gRPC's threads, which hand over one message at a time.
template <typename Response>
class GrpcStream final : public MessageStream<Response>, public grpc::ClientReadReactor<Response> {
 public:
  explicit GrpcStream(Transport::Impl& impl)
      : impl_(impl), context_(impl), stub_(v1::WatchService::NewStub(impl.channel)) {}

  ~GrpcStream() override {
    context_.get()->TryCancel();
    bool between_reads = false;
    {
      MutexLock lock(&mutex_);
      closing_ = true;
      between_reads = ready_;
    }
    if (between_reads) this->RemoveHold();
    MutexLock lock(&mutex_);
    while (!done_) changed_.Wait(&mutex_);
  }

  // Begins the call: `call` names the method.
  template <typename Call>
  void Start(const Call& call) {
    call(*stub_->async(), context_.get(), this);
    // The call must not be over while no read is under way: the next one would begin on nothing.
    this->AddHold();
    this->StartRead(&incoming_);
    this->StartCall();
  }

  Arrival Read(Response* message, std::chrono::milliseconds at_most) override {
    const auto end = std::chrono::steady_clock::now() + at_most;
    {
      MutexLock lock(&mutex_);
      while (!ready_ && !done_) {
        const auto left = end - std::chrono::steady_clock::now();
        if (left <= left.zero()) return Arrival::kNothing;
        changed_.WaitFor(&mutex_, left);
      }
      if (!ready_) return Arrival::kEnded;
      ready_ = false;
      message->Swap(&incoming_);
    }
    incoming_.Clear();
    this->StartRead(&incoming_);
    return Arrival::kMessage;
  }

  absl::Status Status() const override {
    MutexLock lock(&mutex_);
    return impl_.Convert(status_);
  }

 private:
  void OnReadDone(bool ok) override {
    if (ok) impl_.answered = true;
    {
      MutexLock lock(&mutex_);
      ready_ = ok && !closing_;
      if (ready_) changed_.SignalAll();
      if (ready_) return;
    }
    this->RemoveHold();  // OnDone follows
  }

  void OnDone(const grpc::Status& status) override {
    MutexLock lock(&mutex_);
    status_ = status;
    done_ = true;
    changed_.SignalAll();
  }

  Transport::Impl& impl_;
  ScopedContext context_;
  // Outlives the call, which refers to it.
  const std::unique_ptr<v1::WatchService::Stub> stub_;
  // Written by gRPC while a read is under way, else by the reader.
  Response incoming_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool ready_ CAIRN_GUARDED_BY(mutex_) = false;    // a message is there, no read is under way
  bool closing_ CAIRN_GUARDED_BY(mutex_) = false;  // nobody will read any more
  bool done_ CAIRN_GUARDED_BY(mutex_) = false;
  grpc::Status status_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<MessageStream<v1::WatchResponse>> WatchClient::Watch(
    const v1::WatchRequest& request) {
  auto stream = std::make_unique<GrpcStream<v1::WatchResponse>>(transport_.impl());
  stream->Start([&request](auto& stub, grpc::ClientContext* context, auto* reactor) {
    stub.Watch(context, &request, reactor);
  });
  return stream;
}

std::unique_ptr<MessageStream<v1::WatchChannelsResponse>> WatchClient::WatchChannels(
    const v1::WatchChannelsRequest& request) {
  auto stream = std::make_unique<GrpcStream<v1::WatchChannelsResponse>>(transport_.impl());
  stream->Start([&request](auto& stub, grpc::ClientContext* context, auto* reactor) {
    stub.WatchChannels(context, &request, reactor);
  });
  return stream;
}

int64_t WatchClient::NowMillis() const { return ForwardClock().NowUnixNanos() / 1'000'000; }

bool WatchClient::Pause(int64_t millis) { return transport_.impl().Pause(millis); }

uint64_t WatchClient::RandomBits() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return generator();
}

}  // namespace cairn::client

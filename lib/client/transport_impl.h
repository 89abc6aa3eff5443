#ifndef CAIRN_LIB_CLIENT_TRANSPORT_IMPL_H_
#define CAIRN_LIB_CLIENT_TRANSPORT_IMPL_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "lib/base/mutex.h"
#include "lib/client/transport.h"

namespace cairn::client {

// The gRPC half of a Transport; private to this library.
//
// Safe to call from any thread.
struct Transport::Impl {
  std::shared_ptr<grpc::Channel> channel;  // set in the constructor only
  std::string address;
  std::string principal;
  std::string authorization;  // "Bearer …", or empty
  ClientTls tls;
  // The server has answered before: what fails now is not how TLS is spoken.
  mutable std::atomic<bool> answered{false};

  mutable Mutex mutex;
  bool cancelled CAIRN_GUARDED_BY(mutex) = false;
  std::set<grpc::ClientContext*> active CAIRN_GUARDED_BY(mutex);

  // Turns what gRPC says into a status of this project, naming the address when
  // the server was not reached at all. CANCELLED is only what Cancel did: a call that the server
  // dropped is UNAVAILABLE, so whoever cancels a call by its context does not look at its status.
  absl::Status Convert(const grpc::Status& status) const CAIRN_EXCLUDES(mutex);

  // Cancel was called.
  bool IsCancelled() const CAIRN_EXCLUDES(mutex);

  bool MayBeTls(std::string_view cause) const;

  // Waits `millis`; false when Cancel was called meanwhile.
  bool Pause(int64_t millis) CAIRN_EXCLUDES(mutex);

  CondVar cancel_signal;
};

// A context that Cancel reaches for as long as it lives.
class ScopedContext {
 public:
  explicit ScopedContext(Transport::Impl& impl);
  ~ScopedContext();
  ScopedContext(const ScopedContext&) = delete;
  ScopedContext& operator=(const ScopedContext&) = delete;

  grpc::ClientContext* get() { return &context_; }

 private:
  Transport::Impl& impl_;
  grpc::ClientContext context_;
};

// Counts repetitions of one call: Again() tells whether `status` may be tried
// once more and has then waited. Progress() begins counting anew, for streams
// that get further with each attempt. Not thread-safe.
class RetryLoop {
 public:
  RetryLoop(Transport& transport, int64_t deadline_unix_millis)
      : transport_(transport), deadline_unix_millis_(deadline_unix_millis) {}

  bool Again(const absl::Status& status);
  void Progress() { repetitions_ = 0; }

 private:
  Transport& transport_;
  const int64_t deadline_unix_millis_;  // 0 = none
  int repetitions_ = 0;
};

}  // namespace cairn::client

#endif  // CAIRN_LIB_CLIENT_TRANSPORT_IMPL_H_

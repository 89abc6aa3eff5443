#ifndef CAIRN_BENCH_SERVING_BARE_SERVER_H_
#define CAIRN_BENCH_SERVING_BARE_SERVER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace cairn::bench {

inline constexpr const char* kBareServerFlag = "--bare-server";

// A gRPC server in a process of its own that does nothing but receive and answer: what
// the library alone costs, with the client that measures the real one.
//
// - GetRun, CreateRun and LogBatch answer at once, with hardly anything.
// - LogMetrics acknowledges every message when it was read.
// - SearchRuns answers a message with `page_size` bytes.
// - ReadMetrics sends `max_buckets` messages with `end_step` bytes each.
//
// The program must call RunBareServer when its first argument is kBareServerFlag. Owned
// by one thread; the process ends with the object.
class BareServer {
 public:
  // The program begins in that process with these arguments; a program with a bare server of
  // another kind gives others. It prints where it listens.
  explicit BareServer(std::vector<std::string> arguments = {kBareServerFlag});
  ~BareServer();
  BareServer(const BareServer&) = delete;
  BareServer& operator=(const BareServer&) = delete;

  // Where it listens; empty if it did not start.
  const std::string& address() const { return address_; }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  std::string address_;
};

// What the program does in that process. Does not return.
[[noreturn]] void RunBareServer();

// Adds a port with these credentials, starts, prints the address and serves until the process ends.
[[noreturn]] void ServeBare(grpc::ServerBuilder& builder,
                            const std::shared_ptr<grpc::ServerCredentials>& credentials);

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_BARE_SERVER_H_

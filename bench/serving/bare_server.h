#ifndef CAIRN_BENCH_SERVING_BARE_SERVER_H_
#define CAIRN_BENCH_SERVING_BARE_SERVER_H_

#include <sys/types.h>

#include <string>

namespace cairn::bench {

// A gRPC server in a process of its own that answers GetRun with an empty run at
// once: what the library alone costs, with the client that measures the real one.
// Owned by one thread; the process ends with the object.
class BareServer {
 public:
  BareServer();
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
inline constexpr const char* kBareServerFlag = "--bare-server";
[[noreturn]] void RunBareServer();

}  // namespace cairn::bench

#endif  // CAIRN_BENCH_SERVING_BARE_SERVER_H_

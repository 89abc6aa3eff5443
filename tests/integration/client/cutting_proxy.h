#ifndef CAIRN_TESTS_INTEGRATION_CLIENT_CUTTING_PROXY_H_
#define CAIRN_TESTS_INTEGRATION_CLIENT_CUTTING_PROXY_H_

#include <atomic>
#include <list>
#include <string>
#include <thread>

#include "lib/base/mutex.h"

namespace cairn::testing {

// Passes connections on to a server that may move, and cuts them when told to: a network that is
// no better than networks are. Safe to use from one thread.
class CuttingProxy {
 public:
  CuttingProxy();
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  // HOST:PORT where it listens, for as long as it lives.
  const std::string& address() const { return address_; }

  // Where connections go from now on: HOST:PORT.
  void LeadTo(const std::string& address) CAIRN_EXCLUDES(mutex_);

  // Ends all connections there are, in the middle of whatever they carry.
  void Cut() CAIRN_EXCLUDES(mutex_);

 private:
  struct Pair {
    int client = -1;
    int server = -1;
  };

  void Accept();
  void Carry(int from, int to);

  int listener_ = -1;
  std::string address_;
  Mutex mutex_;
  int port_ CAIRN_GUARDED_BY(mutex_) = 0;
  std::list<Pair> pairs_ CAIRN_GUARDED_BY(mutex_);
  std::list<std::thread> threads_ CAIRN_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_INTEGRATION_CLIENT_CUTTING_PROXY_H_

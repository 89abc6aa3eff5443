#ifndef CAIRN_TESTS_TESTING_RECEIVER_H_
#define CAIRN_TESTS_TESTING_RECEIVER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace cairn::testing {

// A server of others: takes one request a connection, keeps it, and answers what it was told to.
//
// Owned by one thread; listens from its making to its end on a port of loopback, which stays its
// own while nobody else takes it: one that is made for the same port again stands for a receiver
// that was down.
class Receiver {
 public:
  struct Received {
    std::string head;  // request line and headers
    std::string body;

    std::string Header(const std::string& name) const;  // in any case of letters; "" if none
  };

  // `port` 0: a free one. REQUIRES: the port is free.
  explicit Receiver(int port = 0);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  int port() const { return port_; }
  // From the next request on: a status line's end and more headers, "200 OK\r\nX: y\r\n".
  void Answer(const std::string& answer);

  // What came so far, once there are so many or the time is over.
  std::vector<Received> Wait(size_t count,
                             std::chrono::seconds patience = std::chrono::seconds(20)) const;

 private:
  void Serve();
  void Take(int connection);

  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  mutable std::condition_variable came_;
  std::string answer_ = "200 OK\r\n";
  std::vector<Received> received_;
  std::thread thread_;
};

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_RECEIVER_H_

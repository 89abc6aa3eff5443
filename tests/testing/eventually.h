#ifndef CAIRN_TESTS_TESTING_EVENTUALLY_H_
#define CAIRN_TESTS_TESTING_EVENTUALLY_H_

#include <chrono>
#include <functional>
#include <thread>

namespace cairn::testing {

// How long Eventually() waits, and how long between two looks.
struct Patience {
  std::chrono::milliseconds most = std::chrono::minutes(1);
  std::chrono::microseconds pause = std::chrono::milliseconds(2);
};

// Whether `holds` becomes true before the patience is over. For what nobody tells of: the state of
// another process, of a socket, of a thread whose owner has no callback. Where the test itself sees
// what it waits for, Tally (tally.h) wakes it instead.
//
//   EXPECT_TRUE(Eventually([&] { return compactor.waiting_bytes() == 0; }));
inline bool Eventually(const std::function<bool()>& holds, const Patience& patience = {}) {
  const auto end = std::chrono::steady_clock::now() + patience.most;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(patience.pause);
  }
  return true;
}

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_EVENTUALLY_H_

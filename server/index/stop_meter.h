#ifndef CAIRN_SERVER_INDEX_STOP_METER_H_
#define CAIRN_SERVER_INDEX_STOP_METER_H_

#include <cstddef>
#include <functional>

#include "absl/status/status.h"

namespace cairn::index {

// Asked now and then whether long work is to go on: OK, or the error it is to end with,
// such as CANCELLED (CALL_ENDED). Quick; empty where nothing ends the work. It is
// called with the index's lock held, so it must not wait.
using StopCheck = std::function<absl::Status()>;

// Counts the work of one search and asks a StopCheck after about each millisecond of
// it. Once it says stop it goes on saying so, and what the search has found by then is
// to be thrown away. Not thread-safe; the check must outlive it. Counting work costs an
// addition where asking a clock would cost more than the work of one row.
class StopMeter {
 public:
  explicit StopMeter(const StopCheck& check) : check_(check) {}

  // Adds `work`, in about nanoseconds. True if the search is to end. Once it was true
  // it stays true, whatever is added.
  bool Spend(size_t work) {
    spent_ += work;
    if (spent_ < kWorkPerCheck) return stopped();
    spent_ = 0;
    if (check_ && !stopped()) status_ = check_();
    return stopped();
  }

  // Asks nobody.
  bool stopped() const { return !status_.ok(); }

  // OK, or what the check answered.
  const absl::Status& status() const { return status_; }

 private:
  static constexpr size_t kWorkPerCheck = 1'000'000;

  const StopCheck& check_;
  size_t spent_ = 0;  // since the last check
  absl::Status status_;
};

}  // namespace cairn::index

#endif  // CAIRN_SERVER_INDEX_STOP_METER_H_

#ifndef CAIRN_SERVER_CALLS_INTAKE_H_
#define CAIRN_SERVER_CALLS_INTAKE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "lib/base/clock.h"
#include "lib/base/mutex.h"
#include "server/calls/waiting_room.h"

namespace cairn::calls {

// How much is let in at once, and how long the others wait. The defaults are for production; the
// server lowers them where it was given little memory.
struct IntakeOptions {
  // What large requests may hold that are being received or handled; then the next one waits
  // unread.
  int64_t max_bytes = int64_t{24} << 20;
  int64_t max_calls_under_way = 1024;
  // What one counts for of which nothing is known yet, and for how long: a client that sends
  // slowly, or stops, does not keep the others out.
  int64_t expected_bytes = int64_t{256} << 10;
  std::chrono::milliseconds expected_for{100};
  // Those who wait. Of each only what fits the window of its stream was received.
  int64_t max_waiting_calls = 2048;
  std::chrono::milliseconds patience{10'000};
};

// Lets large requests in one after the other, before they are read.
//
// A request that is refused after it was received comes again and is received again: of many
// large ones that costs more than answering them. So none is read that could not be handled
// soon; the rest of it stays with its client, by HTTP/2's flow control, and costs neither
// memory nor processor time.
//
// Safe to call from any thread. Outlives the calls; the destructor refuses those who wait.
class Intake {
 public:
  // `clock` outlives this and only goes forward. Starts the thread of those who wait.
  Intake(const IntakeOptions& options, const Clock& clock);

  // One request's place. Default-constructed, or after Leave: none. Movable; its room
  // is given back when it goes. The intake must outlive it.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept { *this = std::move(other); }
    Ticket& operator=(Ticket&& other) noexcept;
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() { Leave(); }

    // It was received and holds `bytes` until it leaves. Once. From now on it counts
    // with its real size.
    void Received(int64_t bytes);
    // Gives its room to the next; nothing for a ticket without a place.
    void Leave();

   private:
    friend class Intake;
    Ticket(Intake& intake, uint64_t number) : intake_(&intake), number_(number) {}

    Intake* intake_ = nullptr;
    uint64_t number_ = 0;
    std::optional<int64_t> bytes_;  // none before it was received
  };

  // Calls `answer` exactly once: with OK when the request is to be read, at once or
  // from the thread of those who wait; with an error as WaitingRoom::Wait gives it
  // otherwise. Who comes while others wait is put behind them.
  void Admit(WaitingRoom::Ended ended, WaitingRoom::Answer answer);

  // The place of a request that was let in. REQUIRES: Admit answered OK. Until it is
  // received it counts as expected_bytes, and after expected_for as nothing.
  Ticket Begin() CAIRN_EXCLUDES(mutex_);

  // Whether the next one has to wait. Drops what was expected for too long.
  bool full() const CAIRN_EXCLUDES(mutex_);
  // How many wait unread.
  int64_t waiting() const { return room_.waiting(); }

 private:
  // Those of the ticket with this number; `bytes` is set once it was received.
  void Received(uint64_t number, int64_t bytes) CAIRN_EXCLUDES(mutex_);
  void Leave(uint64_t number, std::optional<int64_t> bytes) CAIRN_EXCLUDES(mutex_);

  const IntakeOptions options_;
  const Clock& clock_;
  mutable Mutex mutex_;
  uint64_t last_number_ CAIRN_GUARDED_BY(mutex_) = 0;
  int64_t bytes_ CAIRN_GUARDED_BY(mutex_) = 0;  // of those that were received
  int64_t calls_ CAIRN_GUARDED_BY(mutex_) = 0;
  // When those were let in that were not received yet, oldest first; some of the old ones are
  // gone already.
  mutable std::map<uint64_t, int64_t> expected_ CAIRN_GUARDED_BY(mutex_);
  WaitingRoom room_;  // last: its thread asks whether this is full
};

}  // namespace cairn::calls

#endif  // CAIRN_SERVER_CALLS_INTAKE_H_

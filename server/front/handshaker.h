#ifndef CAIRN_SERVER_FRONT_HANDSHAKER_H_
#define CAIRN_SERVER_FRONT_HANDSHAKER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "lib/base/mutex.h"
#include "lib/tls/tls_context.h"
#include "server/front/connection_counts.h"
#include "server/front/descriptors.h"
#include "server/front/tls_socket.h"

namespace cairn::front {

// A connection that was let in. It owns the socket, which is closed with it unless
// somebody takes it out.
struct Newcomer {
  UniqueFd socket;
  Origin origin;
  std::string address;   // for the log
  bool suspect = false;  // see ConnectionCounts
};

// Leads new connections through the handshake of TLS, many at a time, on a thread of
// its own.
//
// None may take longer than the time limit. When there are too many, the one that is
// longest under way gives way to the new one: honest clients need a moment, so whoever
// connects slowly or says nothing keeps nobody out. Who speaks plain text is told so,
// in HTTP/2 or HTTP/1 as he began, and sent away.
//
// Owned by the acceptor. Start and Stop are for the thread that owns that; Add may be
// called from any.
class Handshaker {
 public:
  // How many handshakes may be under way.
  static constexpr size_t kMostAtOnce = 1024;
  // Ten seconds, from Add until the client has done its part.
  static constexpr int64_t kLimitNanos = 10'000'000'000;

  // Both are called on the thread of handshakes, by one at a time. Each newcomer comes
  // to exactly one of them.
  struct Outcomes {
    // The handshake is done. The client offered HTTP/2 and, if it showed a certificate,
    // one that names somebody. Nothing behind the handshake was read.
    std::function<void(Newcomer, std::unique_ptr<TlsSocket>)> welcome;
    // It failed, and the connection is about to be closed. `why` is empty when the client left
    // before it said anything, as those do that only look whether the port is open.
    std::function<void(const Newcomer&, std::string_view why)> failed;
  };

  // `context` must outlive it. RESOURCE_EXHAUSTED when there are no descriptors.
  // Nothing happens before Start; the last two arguments are there for tests.
  static absl::StatusOr<std::unique_ptr<Handshaker>> Make(const tls::TlsContext& context,
                                                          size_t most_at_once = kMostAtOnce,
                                                          int64_t limit_nanos = kLimitNanos);

  ~Handshaker();
  Handshaker(const Handshaker&) = delete;
  Handshaker& operator=(const Handshaker&) = delete;

  // Call it once.
  void Start(Outcomes outcomes);

  // Closes those that are under way. Later calls do nothing. Each is told as failed,
  // with no reason. Returns when no outcome is called any more.
  void Stop();

  // Only wakes the thread, which does all else.
  void Add(Newcomer newcomer) CAIRN_EXCLUDES(mutex_);

 private:
  // One that is under way.
  struct Handshake {
    Newcomer newcomer;
    std::unique_ptr<TlsSocket> tls;
    int64_t end_nanos = 0;
    bool heard = false;   // something came from the client
    uint32_t events = 0;  // that epoll watches for
  };
  using Handshakes = std::list<Handshake>;  // the oldest first

  Handshaker(const tls::TlsContext& context, size_t most_at_once, int64_t limit_nanos,
             UniqueFd poll, UniqueFd wake);

  // The methods below are for the thread alone. A Handshake stays where it is in the
  // list as long as epoll may name it.
  void Run();
  void TakeNewcomers() CAIRN_EXCLUDES(mutex_);
  void Begin(Newcomer newcomer);
  // Something came or can be sent: takes the next step, which may be the last.
  void GoOn(Handshake& handshake);
  void Watch(Handshake& handshake, uint32_t events);
  // Ends those whose time is over; they are at the front of the list.
  void EndLate();
  void Succeed(Handshake& handshake);
  void Fail(Handshake& handshake, std::string_view why);
  // Takes it out of the list; what was learned of it is gone.
  Handshake TakeOut(Handshake& handshake);
  // Sends away who speaks plain text; false when he does not, or said nothing yet.
  bool IsPlainText(Handshake& handshake);

  const tls::TlsContext& context_;
  const size_t most_at_once_;
  const int64_t limit_nanos_;
  const UniqueFd poll_;  // epoll
  const UniqueFd wake_;  // an eventfd
  Outcomes outcomes_;
  std::thread thread_;
  std::atomic<bool> running_{false};
  Handshakes handshakes_;  // of the thread
  Mutex mutex_;
  std::vector<Newcomer> newcomers_ CAIRN_GUARDED_BY(mutex_);
};

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_HANDSHAKER_H_

#ifndef CAIRN_SERVER_FRONT_ACCEPTOR_H_
#define CAIRN_SERVER_FRONT_ACCEPTOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/tls/tls_context.h"
#include "server/front/connection_counts.h"
#include "server/front/descriptors.h"
#include "server/front/guarded_sockets.h"
#include "server/front/handshaker.h"
#include "server/front/listening_sockets.h"

namespace cairn::front {

// Fixed for the life of the acceptor.
struct AcceptorOptions {
  std::string address;               // HOST:PORT, see Listen
  ConnectionLimits limits;           // of connections
  int user_timeout_millis = 10'000;  // how long sent bytes may stay without an answer
  // With it connections speak TLS, and nothing else is taken. Must outlive the acceptor.
  const tls::TlsContext* tls = nullptr;
};

// Accepts the connections of a port, on a thread of its own, and hands them on guarded (see
// GuardSocket). Those beyond the limits are closed at once, and so are all while the
// process has no descriptors left; the next one that comes when there are some is taken.
// Closing takes a spare descriptor. Where there is none, not even at the start, those who
// connect wait in the backlog, and a spare is looked for every 50 ms. With TLS a connection is
// handed on when its handshake is done (see Handshaker), in which it counts as open.
//
// Owned by one thread; Health and counts may be called by any.
class Acceptor {
 public:
  // Gets an open socket, which it owns from then on. Called on one thread of the
  // acceptor. That is its own without TLS, and that of handshakes with it. It must not
  // call Stop.
  using Take = std::function<void(int fd)>;

  // Listens; connections wait until Start. Errors are those of Listen.
  // RESOURCE_EXHAUSTED when the process has no descriptors left. With TLS it also makes
  // the handshaker, whose errors are Handshaker::Make's.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Bind(AcceptorOptions options);

  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // The port that was bound; with port 0 in the address, the one that the system
  // picked.
  int port() const { return listeners_.port; }

  // Begins to accept. Call it once.
  void Start(Take take);

  // Accepts nobody any more and closes the port; those that were taken go on. Returns when
  // `take` is not called any more. Later calls do nothing.
  void Stop();

  // OK while somebody who connects is taken. RESOURCE_EXHAUSTED (QUEUE_FULL) while all
  // connections are in use or descriptors have run out, UNAVAILABLE (SHUTTING_DOWN) when it
  // does not run, and UNAVAILABLE (QUEUE_FULL) when its thread hangs.
  absl::Status Health() const;

  // For metrics and tests.
  const ConnectionCounts& counts() const { return *counts_; }

 private:
  Acceptor(AcceptorOptions options, Listeners listeners, UniqueFd wake,
           std::unique_ptr<Handshaker> handshaker);

  // The thread: waits for those who connect, at most a second, and goes round.
  void Run();
  // Takes at most 256 in a row, so that one port does not keep the others waiting.
  void AcceptSome(int listener);
  // One connection; false when there is none or none can be accepted now. An error of a
  // connection that is gone already counts as one that was accepted.
  bool AcceptOne(int listener);
  // Counts one who connected and lets him in or closes the socket.
  void Welcome(UniqueFd socket, const sockaddr_storage& peer);
  // Guards it and hands it on.
  void HandOn(Newcomer newcomer, TlsEnd tls);
  // After a failed handshake; with `why` empty it is not counted as one.
  void Refuse(const Newcomer& newcomer, std::string_view why);
  // Accepts one connection with the spare's descriptor, closes it and takes a spare
  // again.
  void RefuseWithSpare(int listener);
  // Whether descriptors are to be had again: a spare and one more.
  void CheckDescriptors();
  // Logs what was refused or cut, at most every ten seconds, whoever keeps on
  // connecting.
  void Report();
  void ReportRefused(const ConnectionCounts::Totals& totals);
  void ReportHandshakes(const ConnectionCounts::Totals& totals);

  const AcceptorOptions options_;
  Listeners listeners_;
  const UniqueFd wake_;  // an eventfd that ends the thread's waiting
  UniqueFd spare_;       // given up for a moment to refuse when there are no others
  // Shared with the guards of sockets, which may be closed after the acceptor is gone.
  const std::shared_ptr<ConnectionCounts> counts_;
  const std::shared_ptr<SharedAllowance> crowd_resets_ = std::make_shared<SharedAllowance>(
      Http2FrameGuard::kCrowdResetBurst, Http2FrameGuard::kCrowdResetsPerSecond);
  Take take_;
  const std::unique_ptr<Handshaker> handshaker_;  // null without TLS
  std::thread thread_;
  std::atomic<bool> running_{false};
  std::atomic<bool> exhausted_;         // of descriptors; true whenever there is no spare
  std::atomic<int64_t> beat_nanos_{0};  // when the thread last went round
  ConnectionCounts::Totals reported_;   // what the log has told, at reported_nanos_
  int64_t reported_nanos_ = 0;
};

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_ACCEPTOR_H_

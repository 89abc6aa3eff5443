#ifndef CAIRN_LIB_HTTP_EXCHANGE_H_
#define CAIRN_LIB_HTTP_EXCHANGE_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/http/message.h"

namespace cairn::http {

// One request whose body comes in pieces and whose answer may go in pieces, for a StreamHandler.
//
//   Read → piece, Read → piece, …, Read → end      as long as the handler wants
//   Answer(response)                               at any time: the whole answer; or
//   Begin(200, headers), Write(piece) → taken, Write(piece) → taken, …, End()
//
// Pieces are whatever arrived, at most about 32 KiB, and have nothing to do with how the client or
// HTTP's chunks cut the body. Who does not ask for more makes the client wait: no more than a piece
// is read ahead. Written pieces are HTTP chunks (to HTTP/1.0 plain bytes); one is under way at a
// time. No thread is held while a piece is waited for.
//
// A client that waits for `100 Continue` gets it by the first Read, and a handler that answers
// without reading spares him the body. Reading may go on after Begin, but most clients and proxies
// send all before they read (half duplex). An answer that begins before the body was read to its
// end closes the connection when it ends.
//
// The handler and those who work for it share the exchange and let it go when the answer has ended;
// the server does not stop before. When the last of them lets go earlier, the client gets a 500, or
// is cut off in the middle. Thread-safe. Callbacks are called on the connection's thread, as quick
// as handlers, one at a time but for OnGone's, and never within the call that gets them, so they
// may be given under a lock. Each is called exactly once, OnGone's at most once.
class Exchange {
 public:
  // Nullopt: the body is over.
  using Piece = std::optional<std::string>;
  using OnPiece = std::function<void(absl::StatusOr<Piece>)>;
  using OnTaken = std::function<void(absl::Status)>;

  Exchange() = default;
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The next piece, never an empty one. REQUIRES: the one before came.
  //   CANCELLED          the client left, or the answer has ended
  //   DEADLINE_EXCEEDED  he sent nothing for HttpLimits::idle_timeout
  //   UNAVAILABLE        the server stops, and what is not there yet is not waited for
  //   INVALID_ARGUMENT   the body is not valid HTTP
  //   OUT_OF_RANGE       it is larger than the route allows
  // After an error or the end there is nothing more to read.
  virtual void Read(OnPiece next) = 0;

  // The answer as a whole, as a Responder gives it. Ignored once there is one or one has begun.
  virtual void Answer(Response response) = 0;

  // Sends status and headers. Ignored as Answer is. A malformed header makes it a 500 and drops
  // what is written. With Content-Length there are no chunks: write so many bytes before End, or
  // Abort.
  virtual void Begin(int status, NameValues headers) = 0;

  // Sends a piece; an empty one sends nothing. `taken` tells when the next is wanted:
  //   CANCELLED  the client left or takes nothing (HttpLimits::write_timeout), or none is wanted
  //              because the answer was not begun or has ended
  // REQUIRES: the one before was taken.
  virtual void Write(std::string piece, OnTaken taken) = 0;

  // Ends the answer that was begun, after what was written.
  virtual void End() = 0;

  // Cuts the connection without ending the answer, so that the client knows that it is not whole.
  virtual void Abort() = 0;

  // Calls `work` on the connection's thread, never within this: for who has something to go on with
  // where nothing needs to be read. Always, also after the answer has ended.
  virtual void Later(std::function<void()> work) = 0;

  // As Departure has it. An answer is to be ended all the same, or the exchange let go.
  virtual bool gone() const = 0;
  virtual void OnGone(std::function<void()> left) = 0;
};

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_EXCHANGE_H_

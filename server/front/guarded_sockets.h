#ifndef CAIRN_SERVER_FRONT_GUARDED_SOCKETS_H_
#define CAIRN_SERVER_FRONT_GUARDED_SOCKETS_H_

#include <functional>
#include <memory>

#include "server/front/http2_frame_guard.h"
#include "server/front/peers.h"
#include "server/front/tls_socket.h"

namespace cairn::front {

// The TLS of a connection; both or neither.
struct TlsEnd {
  std::unique_ptr<TlsSocket> socket;
  std::unique_ptr<KnownPeer> peer;
};

// Guards the socket `fd` until it is closed: from now on whoever reads it with recvmsg, as
// gRPC does, reads what `guard` has seen and found fine. A connection that
// misuses HTTP/2 gets GOAWAY (ENHANCE_YOUR_CALM), is shut down and reads as ended; what was
// wrong never reaches the reader. `on_cut` is called then, and `on_closed` once the
// descriptor is free; both by whichever thread reads or closes, so they must be quick.
//
// With `tls` the socket speaks TLS, of which the handshake is done: recvmsg reads and sendmsg
// writes what is inside, the guard sees the same, and getpeername gives the address that stands
// for the connection (PeerOf).
//
// This works by definitions of recvmsg, sendmsg, getpeername and close in this library, which
// replace those of the C library in any program that links it (docs/decisions/0009). For other
// descriptors they cost one look into a table.
//
// False, and nothing is guarded, when the number of the descriptor is beyond the table
// (2^20). The caller owns the descriptor and has it open; nobody reads it yet.
bool GuardSocket(int fd, Http2FrameGuard guard, std::function<void(Misuse)> on_cut,
                 std::function<void()> on_closed, TlsEnd tls = {});

}  // namespace cairn::front

#endif  // CAIRN_SERVER_FRONT_GUARDED_SOCKETS_H_

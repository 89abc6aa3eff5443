#ifndef CAIRN_LIB_HTTP_TCP_RECEIPT_H_
#define CAIRN_LIB_HTTP_TCP_RECEIPT_H_

namespace cairn::http {

// Whether the peer's system has acknowledged every byte that was given to this connected TCP
// socket: the kernel's count of them (tcp_info(7)), so neither a program nor a proxy can say so
// wrongly for itself. It stays true or false once the connection has ended, and until the socket is
// closed.
//
// A proxy acknowledges what its client may never see. Where the kernel does not count (Linux before
// 4.19, no TCP socket) the answer is true. Safe to call from any thread that keeps `fd` open.
bool AllReceived(int fd);

}  // namespace cairn::http

#endif  // CAIRN_LIB_HTTP_TCP_RECEIPT_H_

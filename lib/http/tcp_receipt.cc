#include "lib/http/tcp_receipt.h"

// Not <netinet/tcp.h>, whose tcp_info ends before the counts.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace cairn::http {

bool AllReceived(int fd) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return true;
  constexpr std::size_t kNeeded = offsetof(tcp_info, tcpi_bytes_retrans) + sizeof(__u64);
  if (size < kNeeded) return true;
  // What was sent again counts in both.
  return info.tcpi_notsent_bytes == 0 &&
         info.tcpi_bytes_acked >= info.tcpi_bytes_sent - info.tcpi_bytes_retrans;
}

}  // namespace cairn::http

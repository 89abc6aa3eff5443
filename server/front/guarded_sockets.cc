#include "server/front/guarded_sockets.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cairn::front {
namespace {

struct GuardedSocket {
  Http2FrameGuard guard;
  std::function<void(Misuse)> on_cut;
  std::function<void()> on_closed;
  TlsEnd tls;
  bool cut = false;
};

// The guarded sockets by descriptor, without locks, in pages that are made when needed and
// stay. A slot is filled before anybody reads the socket and emptied before its number
// becomes free, so a number never finds the guard of an earlier connection.
class Table {
 public:
  using Slot = std::atomic<GuardedSocket*>;

  // Null beyond the table, and where nothing was guarded yet.
  Slot* Find(int fd) const {
    if (fd < 0 || fd >= kPages * kPageSlots) return nullptr;
    Page* page = pages_[static_cast<size_t>(fd / kPageSlots)].load(std::memory_order_acquire);
    return page == nullptr ? nullptr : &(*page)[static_cast<size_t>(fd % kPageSlots)];
  }

  // Null beyond the table.
  Slot* FindOrMake(int fd) {
    if (fd < 0 || fd >= kPages * kPageSlots) return nullptr;
    auto& page = pages_[static_cast<size_t>(fd / kPageSlots)];
    if (page.load(std::memory_order_acquire) == nullptr) {
      auto made = std::make_unique<Page>();
      Page* none = nullptr;
      if (page.compare_exchange_strong(none, made.get(), std::memory_order_acq_rel)) {
        static_cast<void>(made.release());  // stays for the life of the process
      }
    }
    return Find(fd);
  }

 private:
  static constexpr int kPages = 1024;
  static constexpr int kPageSlots = 1024;
  using Page = std::array<Slot, kPageSlots>;

  std::array<std::atomic<Page*>, kPages> pages_{};
};

constinit Table table;

int64_t CoarseNanos() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Says why, as far as the socket takes it: nothing else is sent any more.
void SendGoAway(int fd, TlsSocket* tls, Misuse misuse) {
  constexpr std::string_view kHead("\x07\0\0\0\0\0\x7f\xff\xff\xff\0\0\0\x0b", 14);
  std::string frame("\0\0", 2);
  const std::string text = "too many " + std::string(NameOf(misuse));
  frame += static_cast<char>(text.size() + 8);
  frame.append(kHead).append(text);
  if (tls == nullptr) {
    (void)::send(fd, frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return;
  }
  iovec piece{frame.data(), frame.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  (void)tls->Send(message);
  tls->Finish();
}

ssize_t Cut(int fd, GuardedSocket& socket, Misuse misuse) {
  if (!socket.cut) {
    socket.cut = true;
    if (misuse != Misuse::kTls) SendGoAway(fd, socket.tls.socket.get(), misuse);
    ::shutdown(fd, SHUT_RDWR);
    socket.on_cut(misuse);
  }
  return 0;
}

// What the reader of a guarded socket is told of `size` bytes that were read.
ssize_t Watch(int fd, GuardedSocket& socket, const msghdr& message, ssize_t size) {
  if (size <= 0) return size;
  socket.guard.BeginRead(CoarseNanos());
  auto left = static_cast<size_t>(size);
  for (size_t i = 0; i < message.msg_iovlen && left > 0; ++i) {
    const size_t part = std::min(left, message.msg_iov[i].iov_len);
    const Misuse misuse =
        socket.guard.Feed({static_cast<const char*>(message.msg_iov[i].iov_base), part});
    if (misuse != Misuse::kNone) return Cut(fd, socket, misuse);
    left -= part;
  }
  return size;
}

// Null for what is not guarded.
GuardedSocket* FindGuarded(int fd) {
  const Table::Slot* slot = table.Find(fd);
  return slot == nullptr ? nullptr : slot->load(std::memory_order_acquire);
}

}  // namespace

bool GuardSocket(int fd, Http2FrameGuard guard, std::function<void(Misuse)> on_cut,
                 std::function<void()> on_closed, TlsEnd tls) {
  Table::Slot* slot = table.FindOrMake(fd);
  if (slot == nullptr) return false;
  auto socket = std::make_unique<GuardedSocket>();
  socket->guard = std::move(guard);
  socket->guard.BeginRead(CoarseNanos());
  socket->on_cut = std::move(on_cut);
  socket->on_closed = std::move(on_closed);
  socket->tls = std::move(tls);
  slot->store(socket.release(), std::memory_order_release);  // freed by close
  return true;
}

}  // namespace cairn::front

// These replace the C library's. They are system calls without anything between, so that they
// need nothing that may not be there yet.
extern "C" ssize_t recvmsg(int fd, msghdr* message, int flags) {
  auto* slot = cairn::front::table.Find(fd);
  cairn::front::GuardedSocket* socket =
      slot == nullptr ? nullptr : slot->load(std::memory_order_acquire);
  // Neither copies for a look ahead nor what the kernel says of what was sent.
  if (socket == nullptr || (flags & (MSG_PEEK | MSG_ERRQUEUE)) != 0) {
    return ::syscall(SYS_recvmsg, fd, message, flags);
  }
  const ssize_t size = socket->tls.socket == nullptr ? ::syscall(SYS_recvmsg, fd, message, flags)
                                                     : socket->tls.socket->Receive(message);
  const ssize_t seen = cairn::front::Watch(fd, *socket, *message, size);
  // gRPC has one reader of a socket at a time; this hands the guard to the next thread.
  slot->store(socket, std::memory_order_release);
  return seen;
}

extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  const cairn::front::GuardedSocket* socket = cairn::front::FindGuarded(fd);
  if (socket == nullptr || socket->tls.socket == nullptr) {
    return ::syscall(SYS_sendmsg, fd, message, flags);
  }
  return socket->tls.socket->Send(*message);
}

extern "C" int getpeername(int fd, sockaddr* address, socklen_t* size) noexcept {
  const cairn::front::GuardedSocket* socket = cairn::front::FindGuarded(fd);
  if (socket == nullptr || socket->tls.peer == nullptr) {
    return static_cast<int>(::syscall(SYS_getpeername, fd, address, size));
  }
  socket->tls.peer->FillAddress(address, size);
  return 0;
}

extern "C" int close(int fd) {
  auto* slot = cairn::front::table.Find(fd);
  const std::unique_ptr<cairn::front::GuardedSocket> socket(
      slot == nullptr ? nullptr : slot->exchange(nullptr, std::memory_order_acq_rel));
  if (socket != nullptr && socket->tls.socket != nullptr) socket->tls.socket->Finish();
  const int result = static_cast<int>(::syscall(SYS_close, fd));
  if (socket != nullptr) {
    const int error = errno;
    socket->on_closed();
    errno = error;
  }
  return result;
}

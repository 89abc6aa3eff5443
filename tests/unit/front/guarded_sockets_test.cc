// Guards over real sockets, read as gRPC reads them.

#include "server/front/guarded_sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "tests/testing/http2_frames.h"

namespace cairn::front {
namespace {

using namespace cairn::testing;  // NOLINT(google-build-using-namespace): frames by hand

// A guarded socket and its client.
class Pair {
 public:
  Pair() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    client_ = ends[0];
    server_ = ends[1];
    EXPECT_TRUE(GuardSocket(
        server_, Http2FrameGuard(), [this](Misuse found) { misuse = found; },
        [this] { ++closed; }));
  }
  ~Pair() {
    CloseServer();
    ::close(client_);
  }

  void Write(std::string_view bytes) {
    ASSERT_EQ(::send(client_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }
  // Through two pieces of memory, the first of them small.
  ssize_t Read() {
    std::array<char, 5> first{};
    std::array<char, 100'000> second{};
    std::array<iovec, 2> pieces{{{first.data(), first.size()}, {second.data(), second.size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return ::recvmsg(server_, &message, 0);
  }
  std::string ReadAtClient() {
    std::array<char, 4096> bytes{};
    const ssize_t size = ::read(client_, bytes.data(), bytes.size());
    return {bytes.data(), size > 0 ? static_cast<size_t>(size) : 0};
  }
  void CloseServer() {
    if (server_ >= 0) ::close(server_);
    server_ = -1;
  }
  int server() const { return server_; }

  Misuse misuse = Misuse::kNone;
  int closed = 0;

 private:
  int client_ = -1;
  int server_ = -1;
};

std::string BadBlock() {
  std::string block = Frame(kHeadersFrame, kNoFlags, 1, "h");
  for (int i = 0; i < 9; ++i) block += Frame(kContinuationFrame, kNoFlags, 1, "h");
  return block;
}

TEST(GuardedSocketsTest, WhatIsFineIsReadAsItIs) {
  Pair pair;
  EXPECT_EQ(pair.Read(), -1);
  EXPECT_EQ(errno, EAGAIN);
  pair.Write(Http2Hello());
  EXPECT_EQ(pair.Read(), static_cast<ssize_t>(Http2Hello().size()));
  EXPECT_EQ(pair.misuse, Misuse::kNone);
}

TEST(GuardedSocketsTest, MisuseReadsAsTheEndAndTheClientIsToldWhy) {
  Pair pair;
  pair.Write(Http2Hello() + BadBlock());
  EXPECT_EQ(pair.Read(), 0);
  EXPECT_EQ(pair.misuse, Misuse::kHeaderBlock);
  EXPECT_EQ(pair.Read(), 0);
  const std::string_view reason("\x7f\xff\xff\xff\0\0\0\x0btoo many header-block", 29);
  EXPECT_EQ(pair.ReadAtClient(), Frame(kGoAwayFrame, kNoFlags, 0, reason));
}

TEST(GuardedSocketsTest, ANumberThatIsUsedAgainHasNothingOfTheOldGuard) {
  int number = 0;
  {
    Pair pair;
    number = pair.server();
    pair.Write(Http2Hello());
    pair.Read();
    pair.CloseServer();
    EXPECT_EQ(pair.closed, 1);
  }
  Pair again;
  ASSERT_LE(again.server(), number + 2);
  again.Write(Http2Hello());
  EXPECT_EQ(again.Read(), static_cast<ssize_t>(Http2Hello().size()))
      << "a guard that had seen the preface would take this for frames";
  again.CloseServer();
  EXPECT_EQ(again.closed, 1);
}

TEST(GuardedSocketsTest, NumbersBeyondTheTableAreNotGuarded) {
  EXPECT_FALSE(GuardSocket(1 << 20, Http2FrameGuard(), nullptr, nullptr));
  EXPECT_FALSE(GuardSocket(-1, Http2FrameGuard(), nullptr, nullptr));
  EXPECT_EQ(::close(1 << 20), -1);
  EXPECT_EQ(errno, EBADF);
}

}  // namespace
}  // namespace cairn::front

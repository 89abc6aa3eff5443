// TLS over real sockets, read and written as gRPC does.

#include "server/front/tls_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include "lib/tls/tls_context.h"
#include "server/front/guarded_sockets.h"
#include "tests/testing/http2_frames.h"
#include "tests/testing/server_process.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_certificates.h"

namespace cairn::front {
namespace {

using testing::Authority;
using testing::IsOk;
using tls::SslContextPtr;
using tls::SslPtr;

class TlsSocketTest : public ::testing::Test {
 protected:
  TlsSocketTest() {
    authority_.Sign(testing::LocalServer()).Write(folder_.path(), "server");
    auto loaded = tls::TlsContext::Load({.certificate_file = folder_ / "server.crt",
                                         .key_file = folder_ / "server.key",
                                         .client_ca_file = ""});
    EXPECT_THAT(loaded, IsOk());
    context_ = *std::move(loaded);
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    client_fd_ = ends[0];
    server_fd_ = ends[1];
    client_context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_mode(client_context_.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    client_.reset(SSL_new(client_context_.get()));
    SSL_set_fd(client_.get(), client_fd_);
    SSL_set_connect_state(client_.get());
    constexpr std::string_view kH2("\x02h2");
    SSL_set_alpn_protos(client_.get(), reinterpret_cast<const unsigned char*>(kH2.data()), 3);
    server_ = std::make_unique<TlsSocket>(server_fd_, *context_->NewSession(tls::Protocol::kHttp2));
  }
  ~TlsSocketTest() override {
    server_.reset();
    ::close(server_fd_);
    ::close(client_fd_);
  }

  void Shake() {
    bool client_done = false;
    bool server_done = false;
    for (int i = 0; i < 20 && !(client_done && server_done); ++i) {
      client_done = client_done || SSL_do_handshake(client_.get()) == 1;
      server_done = server_done || server_->Handshake() == TlsSocket::Step::kDone;
    }
    ASSERT_TRUE(client_done && server_done) << server_->failure();
  }

  // What one Receive gets through two pieces of memory, and what errno is.
  std::string Receive(size_t room = 100'000) {
    std::array<char, 5> first{};
    std::string second(room, '\0');
    std::array<iovec, 2> pieces{{{first.data(), first.size()}, {second.data(), second.size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    errno = 0;
    result_ = server_->Receive(&message);
    if (result_ <= 0) return "";
    return (std::string(first.data(), first.size()) + second)
        .substr(0, static_cast<size_t>(result_));
  }
  ssize_t Send(std::string_view one, std::string_view two) {
    std::array<iovec, 2> pieces{
        {{const_cast<char*>(one.data()), one.size()}, {const_cast<char*>(two.data()), two.size()}}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    errno = 0;
    return server_->Send(message);
  }
  std::string ReadAtClient() {
    std::string all;
    std::array<char, 16384> buffer{};
    for (int n = 0; (n = SSL_read(client_.get(), buffer.data(), buffer.size())) > 0;) {
      all.append(buffer.data(), static_cast<size_t>(n));
    }
    return all;
  }

  testing::TempFolder folder_;
  Authority authority_{"root"};
  std::unique_ptr<tls::TlsContext> context_;
  SslContextPtr client_context_;
  SslPtr client_;
  std::unique_ptr<TlsSocket> server_;
  int client_fd_ = -1;
  int server_fd_ = -1;
  ssize_t result_ = 0;
};

TEST_F(TlsSocketTest, WhatTheClientSendsBehindTheHandshakeStaysInTheKernel) {
  EXPECT_EQ(SSL_do_handshake(client_.get()), -1);
  EXPECT_EQ(server_->Handshake(), TlsSocket::Step::kWantsToRead);
  EXPECT_EQ(SSL_do_handshake(client_.get()), 1);
  EXPECT_EQ(SSL_write(client_.get(), "early", 5), 5);
  EXPECT_EQ(server_->Handshake(), TlsSocket::Step::kDone);
  EXPECT_TRUE(server_->has_protocol());
  char byte = 0;
  EXPECT_EQ(::recv(server_fd_, &byte, 1, MSG_PEEK), 1) << "nobody would be woken";
  EXPECT_EQ(Receive(), "early");
}

TEST_F(TlsSocketTest, AReadTakesEverythingThatIsThereBeforeItSaysAgain) {
  Shake();
  for (int i = 0; i < 100; ++i) ASSERT_EQ(SSL_write(client_.get(), "0123456789", 10), 10);
  EXPECT_EQ(Receive().size(), 1000U);
  EXPECT_EQ(Receive(), "");
  EXPECT_EQ(result_, -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(TlsSocketTest, WhatFindsNoRoomIsReadNext) {
  Shake();
  ASSERT_EQ(SSL_write(client_.get(), "0123456789abcdef", 16), 16);
  EXPECT_EQ(Receive(1), "012345");
  EXPECT_EQ(Receive(1), "6789ab");
  EXPECT_EQ(Receive(), "cdef");
}

TEST_F(TlsSocketTest, TheEndIsTheEnd) {
  Shake();
  ASSERT_EQ(SSL_write(client_.get(), "last", 4), 4);
  SSL_shutdown(client_.get());
  EXPECT_EQ(Receive(), "last");
  Receive();
  EXPECT_EQ(result_, 0);
}

TEST_F(TlsSocketTest, PiecesArriveInOrderAndAFullSocketSaysAgain) {
  Shake();
  const std::string one(70'001, 'a');
  const std::string two(3'000'000, 'b');
  std::string_view left_of_one = one;
  std::string_view left_of_two = two;
  std::string got;
  bool was_full = false;
  while (!left_of_one.empty() || !left_of_two.empty()) {
    const ssize_t sent = Send(left_of_one, left_of_two);
    if (sent < 0) {
      ASSERT_EQ(errno, EAGAIN);
      was_full = true;
      got += ReadAtClient();
      continue;
    }
    const size_t of_one = std::min(static_cast<size_t>(sent), left_of_one.size());
    left_of_one.remove_prefix(of_one);
    left_of_two.remove_prefix(static_cast<size_t>(sent) - of_one);
  }
  got += ReadAtClient();
  EXPECT_TRUE(was_full);
  EXPECT_TRUE(got == one + two) << got.size();
}

TEST_F(TlsSocketTest, AChangeOfKeysIsAnsweredWhileNothingCanBeSent) {
  Shake();
  const std::string much(1 << 20, 'x');
  while (Send(much, "") > 0) {
  }
  ASSERT_EQ(SSL_key_update(client_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
  ASSERT_EQ(SSL_write(client_.get(), "behind", 6), 6);
  EXPECT_EQ(Receive(), "behind");
  EXPECT_FALSE(ReadAtClient().empty());
}

TEST_F(TlsSocketTest, GarbageBreaksTheConnection) {
  Shake();
  ASSERT_EQ(::send(client_fd_, "no record at all", 16, 0), 16);
  Receive();
  EXPECT_EQ(result_, -1);
  EXPECT_EQ(errno, ECONNRESET);
  EXPECT_EQ(Send("x", ""), -1);
  EXPECT_EQ(errno, EPIPE);
}

TEST_F(TlsSocketTest, TheGuardSeesWhatIsInside) {
  Shake();
  Misuse found = Misuse::kNone;
  TlsEnd end{std::move(server_), std::make_unique<KnownPeer>(Peer{"x", std::nullopt})};
  ASSERT_TRUE(GuardSocket(
      server_fd_, Http2FrameGuard(), [&](Misuse misuse) { found = misuse; }, [] {},
      std::move(end)));
  std::string bad = testing::Http2Hello();
  bad += testing::Frame(testing::kHeadersFrame, testing::kNoFlags, 1, "h");
  for (int i = 0; i < 9; ++i) {
    bad += testing::Frame(testing::kContinuationFrame, testing::kNoFlags, 1, "h");
  }
  ASSERT_GT(SSL_write(client_.get(), bad.data(), static_cast<int>(bad.size())), 0);
  std::array<char, 1000> room{};
  iovec piece{room.data(), room.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  EXPECT_EQ(::recvmsg(server_fd_, &message, 0), 0);
  EXPECT_EQ(found, Misuse::kHeaderBlock);
  EXPECT_NE(ReadAtClient().find("too many header-block"), std::string::npos);
  EXPECT_EQ(SSL_get_shutdown(client_.get()), SSL_RECEIVED_SHUTDOWN);
}

}  // namespace
}  // namespace cairn::front

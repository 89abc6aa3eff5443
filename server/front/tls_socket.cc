#include "server/front/tls_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace cairn::front {
namespace {

constexpr size_t kRecordBytes = 16 << 10;  // the most of plain text in one
// What one Receive takes of the kernel beyond what its reader has room for: who sends nothing
// but empty records, for ever, is cut by it.
constexpr size_t kFruitlessBytes = 256 << 10;
// What reading may add to what is owed.
constexpr size_t kMostOwedBytes = 4 << 10;
// So much is encrypted before the kernel gets it: a system call for each record costs more than
// the encryption. It is also the most that a client which takes nothing makes a socket hold.
constexpr size_t kBatchBytes = 64 << 10;

TlsSocket& SocketOf(BIO* bio) { return *static_cast<TlsSocket*>(BIO_get_data(bio)); }

int ReadBio(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t have = SocketOf(bio).ReadRaw(out, static_cast<size_t>(size));
  if (have < 0 && errno == EAGAIN) BIO_set_retry_read(bio);
  return static_cast<int>(have);
}

int WriteBio(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = SocketOf(bio).WriteRaw(bytes, static_cast<size_t>(size));
  if (sent < 0 && errno == EAGAIN) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

long ControlBio(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return SocketOf(bio).at_end() ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int CreateBio(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

// Lives as long as the process.
const BIO_METHOD* SocketBio() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cairn socket");
    BIO_meth_set_read(made, ReadBio);
    BIO_meth_set_write(made, WriteBio);
    BIO_meth_set_ctrl(made, ControlBio);
    BIO_meth_set_create(made, CreateBio);
    return made;
  }();
  return method;
}

// What OpenSSL says, or the system where it says nothing.
std::string FailureText(int system_error) {
  return tls::TakeOpenSslError(system_error == 0 ? "the connection broke"
                                                 : std::strerror(system_error));
}

// A system call that a signal does not end.
template <typename Call>
ssize_t Repeat(Call call) {
  ssize_t result = -1;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

ssize_t SendRaw(int fd, const char* bytes, size_t size) {
  return Repeat([&] {
    return ::syscall(SYS_sendto, fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0);
  });
}

// Whether the kernel says that nothing is left to read.
bool SaysDrained(msghdr& message) {
  for (cmsghdr* one = CMSG_FIRSTHDR(&message); one != nullptr; one = CMSG_NXTHDR(&message, one)) {
    if (one->cmsg_level != IPPROTO_TCP || one->cmsg_type != TCP_CM_INQ) continue;
    int left = 0;
    std::memcpy(&left, CMSG_DATA(one), sizeof(left));
    return left == 0;
  }
  return false;
}

void SayLeft(msghdr* message, int left) {
  message->msg_flags = 0;
  message->msg_namelen = 0;
  if (message->msg_control == nullptr || message->msg_controllen < CMSG_SPACE(sizeof(left))) {
    message->msg_controllen = 0;
    return;
  }
  cmsghdr* const one = CMSG_FIRSTHDR(message);
  one->cmsg_level = IPPROTO_TCP;
  one->cmsg_type = TCP_CM_INQ;
  one->cmsg_len = CMSG_LEN(sizeof(left));
  std::memcpy(CMSG_DATA(one), &left, sizeof(left));
  message->msg_controllen = CMSG_SPACE(sizeof(left));
}

size_t RoomOf(const msghdr& message) {
  size_t bytes = 0;
  for (size_t i = 0; i < message.msg_iovlen; ++i) bytes += message.msg_iov[i].iov_len;
  return bytes;
}

// Walks over the bytes of a message, a record at a time.
class Pieces {
 public:
  explicit Pieces(const msghdr& message) : message_(message) { SkipEmpty(); }

  bool done() const { return piece_ == message_.msg_iovlen; }

  // What a record may take next: of a large piece where it stands, of small ones together.
  std::string_view Next() {
    const std::string_view rest = Rest(piece_, offset_);
    if (rest.size() >= kRecordBytes || piece_ + 1 == message_.msg_iovlen) {
      return rest.substr(0, kRecordBytes);
    }
    thread_local std::array<char, kRecordBytes> together;
    size_t have = 0;
    for (size_t i = piece_; i < message_.msg_iovlen && have < kRecordBytes; ++i) {
      const std::string_view part =
          Rest(i, i == piece_ ? offset_ : 0).substr(0, kRecordBytes - have);
      if (!part.empty()) std::memcpy(together.data() + have, part.data(), part.size());
      have += part.size();
    }
    return {together.data(), have};
  }

  void Advance(size_t bytes) {
    offset_ += bytes;
    SkipEmpty();
  }

 private:
  std::string_view Rest(size_t piece, size_t offset) const {
    const iovec& at = message_.msg_iov[piece];
    return std::string_view(static_cast<const char*>(at.iov_base), at.iov_len).substr(offset);
  }
  void SkipEmpty() {
    while (!done() && offset_ >= message_.msg_iov[piece_].iov_len) {
      offset_ -= message_.msg_iov[piece_++].iov_len;
    }
  }

  const msghdr& message_;
  size_t piece_ = 0;
  size_t offset_ = 0;
};

}  // namespace

TlsSocket::TlsSocket(int fd, tls::SslPtr ssl) : fd_(fd), ssl_(std::move(ssl)) {
  BIO* const bio = BIO_new(SocketBio());
  if (bio == nullptr) {
    broken_ = true;
    failure_ = "no memory";
    return;
  }
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsSocket::~TlsSocket() = default;

TlsSocket::Step TlsSocket::Handshake() {
  const MutexLock lock(&mutex_);
  if (broken_) return Step::kFailed;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    SSL_set_read_ahead(ssl_.get(), 1);
    handshaken_ = true;
    return Step::kDone;
  }
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step::kWantsToRead;
    case SSL_ERROR_WANT_WRITE:
      return Step::kWantsToWrite;
    default:
      break;
  }
  const long verdict = SSL_get_verify_result(ssl_.get());
  std::string why = ended_ ? "the client closed the connection" : FailureText(errno);
  if (verdict != X509_V_OK) why += std::string(": ") + X509_verify_cert_error_string(verdict);
  Break(why);
  return Step::kFailed;
}

bool TlsSocket::has_protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return size > 0;
}

bool TlsSocket::has_certificate() const { return SSL_get0_peer_certificate(ssl_.get()) != nullptr; }

std::optional<tls::CertificateIdentity> TlsSocket::identity() const {
  return tls::PeerIdentity(*ssl_);
}

ssize_t TlsSocket::Receive(msghdr* message) {
  const MutexLock lock(&mutex_);
  drained_ = false;
  allowed_ = RoomOf(*message) + kFruitlessBytes;
  reading_ = true;
  const size_t have = Fill(*message);
  reading_ = false;
  const bool fruitless = have == 0 && allowed_ == 0;
  if (fruitless) Break("it sends records without contents");
  SayLeft(message, drained_ && allowed_ > 0 && !ended_ && !broken_ ? 0 : 1);
  if (have > 0) return static_cast<ssize_t>(have);
  if (broken_) {
    errno = ECONNRESET;
    return -1;
  }
  if (ended_) return 0;
  errno = EAGAIN;
  return -1;
}

size_t TlsSocket::Fill(const msghdr& message) {
  size_t have = 0;
  for (size_t i = 0; i < message.msg_iovlen; ++i) {
    const iovec& piece = message.msg_iov[i];
    for (size_t at = 0; at < piece.iov_len;) {
      if (broken_) return have;
      ERR_clear_error();
      size_t got = 0;
      const int result = SSL_read_ex(ssl_.get(), static_cast<char*>(piece.iov_base) + at,
                                     piece.iov_len - at, &got);
      if (result != 1) {
        JudgeRead(result);
        return have;
      }
      at += got;
      have += got;
    }
  }
  // Full: there may be more.
  drained_ = false;
  return have;
}

void TlsSocket::JudgeRead(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      // Either the kernel has no more, or this call may not take more.
      drained_ = allowed_ > 0;
      return;
    case SSL_ERROR_ZERO_RETURN:
      ended_ = true;
      return;
    default:
      Break(FailureText(errno));
  }
}

ssize_t TlsSocket::Send(const msghdr& message) {
  const MutexLock lock(&mutex_);
  // The same bytes again: what was encrypted of them is only to be sent.
  size_t sent = std::exchange(accepted_, 0);
  if (sent == 0 && PayOwed()) sent = Encrypt(message);
  if (PayOwed() && (sent > 0 || RoomOf(message) == 0)) return static_cast<ssize_t>(sent);
  accepted_ = sent;
  errno = broken_ ? EPIPE : EAGAIN;
  return -1;
}

size_t TlsSocket::Encrypt(const msghdr& message) {
  size_t encrypted = 0;
  for (Pieces pieces(message); !pieces.done() && !broken_ && owed_.size() < kBatchBytes;) {
    const std::string_view next = pieces.Next();
    ERR_clear_error();
    size_t taken = 0;
    if (SSL_write_ex(ssl_.get(), next.data(), next.size(), &taken) != 1) {
      Break(FailureText(errno));
      break;
    }
    pieces.Advance(taken);
    encrypted += taken;
  }
  return encrypted;
}

void TlsSocket::Finish() {
  const MutexLock lock(&mutex_);
  if (broken_ || SSL_in_init(ssl_.get()) != 0 || !PayOwed()) return;
  ERR_clear_error();
  (void)SSL_shutdown(ssl_.get());
  (void)PayOwed();
  ERR_clear_error();
}

bool TlsSocket::PayOwed() {
  while (!owed_.empty()) {
    const ssize_t sent = SendRaw(fd_, owed_.data(), owed_.size());
    if (sent < 0) {
      if (errno != EAGAIN) Break(std::strerror(errno));
      return false;
    }
    owed_.erase(0, static_cast<size_t>(sent));
  }
  // Idle connections are many: they keep no buffer.
  if (owed_.capacity() > kMostOwedBytes) owed_ = std::string();
  return true;
}

void TlsSocket::Break(std::string_view why) {
  if (!broken_) failure_ = why;
  broken_ = true;
}

ssize_t TlsSocket::ReadRaw(char* out, size_t size) {
  if (reading_) {
    size = std::min(size, allowed_);
    if (drained_ || size == 0) {
      errno = EAGAIN;
      return -1;
    }
  }
  iovec piece{out, size};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t have = Repeat([&] { return ::syscall(SYS_recvmsg, fd_, &message, MSG_DONTWAIT); });
  if (have == 0) ended_ = true;
  if (have > 0 && reading_) {
    allowed_ -= static_cast<size_t>(have);
    drained_ = SaysDrained(message);
  }
  return have;
}

ssize_t TlsSocket::WriteRaw(const char* bytes, size_t size) {
  if (!handshaken_) return SendRaw(fd_, bytes, size);
  if (reading_ && owed_.size() + size > kBatchBytes + kMostOwedBytes) {
    errno = ENOBUFS;
    return -1;
  }
  owed_.append(bytes, size);
  if (reading_ && !PayOwed() && broken_) return -1;
  return static_cast<ssize_t>(size);
}

}  // namespace cairn::front

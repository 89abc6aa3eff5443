#include "tests/testing/raw_call.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>

namespace cairn::testing {
namespace {

constexpr size_t kFrameBytes = 16'384;
constexpr size_t kFrameHeadBytes = 9;
constexpr uint32_t kLargestWindow = 0x7fffffff;
constexpr int kSendSeconds = 10;

enum FrameType : uint8_t {
  kData = 0,
  kHeaders = 1,
  kReset = 3,
  kSettings = 4,
  kGoAway = 7,
  kWindowUpdate = 8
};
enum FrameFlag : uint8_t { kNone = 0, kEndStream = 1, kEndHeaders = 4 };

std::string BigEndian(uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

std::string Frame(FrameType type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string frame = BigEndian(static_cast<uint32_t>(payload.size())).substr(1);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  return frame.append(BigEndian(stream)).append(payload);
}

// A header field that no table remembers; names and values below 127 bytes.
std::string Field(std::string_view name, std::string_view value) {
  std::string field(1, '\0');
  field += static_cast<char>(name.size());
  field.append(name);
  field += static_cast<char>(value.size());
  return field.append(value);
}

std::string CallHeaders(std::string_view path, std::string_view encoding) {
  std::string block = Field(":method", "POST") + Field(":scheme", "http") + Field(":path", path) +
                      Field(":authority", "localhost") + Field("content-type", "application/grpc") +
                      Field("te", "trailers");
  return encoding.empty() ? block : block + Field("grpc-encoding", encoding);
}

// A message as gRPC frames it, or the beginning of one that is `size` bytes long.
std::string Message(bool packed, size_t size, std::string_view bytes) {
  std::string message(1, packed ? '\1' : '\0');
  return message.append(BigEndian(static_cast<uint32_t>(size))).append(bytes);
}

uint32_t Number(std::string_view bytes) {
  uint32_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

int64_t StatusField(int pid, std::string_view name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) return std::atoll(line.c_str() + name.size()) * 1024;
  }
  return 0;
}

}  // namespace

sockaddr_in SocketAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &target.sin_addr);
  return target;
}

RawConnection::RawConnection(const std::string& address, const RawCallOptions& options) {
  const sockaddr_in target = SocketAddress(address);
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // Before connecting: it decides what is offered.
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer_bytes, sizeof(int));
  const std::string window = std::string("\0\4", 2) + BigEndian(options.window_bytes);
  const std::string hello = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                            Frame(kSettings, kNone, 0, window) +
                            Frame(kWindowUpdate, kNone, 0, BigEndian(kLargestWindow - 65'535));
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&target), sizeof(target)) == 0 &&
      Write(hello)) {
    return;
  }
  ::close(fd_);
  fd_ = -1;
}

RawConnection::~RawConnection() {
  if (fd_ >= 0) ::close(fd_);
}

bool RawConnection::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawConnection::Begin(std::string_view path, std::string_view bytes, std::string_view encoding,
                          bool last) {
  return Send(path, encoding, Message(!encoding.empty(), bytes.size(), bytes), last);
}

bool RawConnection::BeginHalf(std::string_view path, std::string_view bytes, size_t announced) {
  return Send(path, "", Message(false, announced, bytes), false);
}

bool RawConnection::Send(std::string_view path, std::string_view encoding, std::string_view message,
                         bool last) {
  const uint32_t stream = next_stream_;
  next_stream_ += 2;
  stream_window_left_ = 65'535;
  if (!Write(Frame(kHeaders, kEndHeaders, stream, CallHeaders(path, encoding)))) return false;
  for (size_t at = 0; at < message.size();) {
    const std::string_view part = message.substr(at, kFrameBytes);
    const auto size = static_cast<int64_t>(part.size());
    while (std::min(window_left_, stream_window_left_) < size) {
      if (!AwaitWindow()) return false;
    }
    window_left_ -= size;
    stream_window_left_ -= size;
    at += part.size();
    const bool end = last && at == message.size();
    if (!Write(Frame(kData, end ? kEndStream : kNone, stream, part))) return false;
  }
  return true;
}

// Reads until the server has allowed more; false when it ended the call instead, or allows
// nothing for long.
bool RawConnection::AwaitWindow() {
  pollfd waiting{fd_, POLLIN, 0};
  if (::poll(&waiting, 1, kSendSeconds * 1000) != 1) return false;
  char buffer[4096];
  const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), 0);
  if (got <= 0) return false;
  received_.append(buffer, static_cast<size_t>(got));
  while (received_.size() >= kFrameHeadBytes) {
    const std::string_view head(received_);
    const size_t size = kFrameHeadBytes + Number(head.substr(0, 3));
    if (head.size() < size) break;
    const uint32_t stream = Number(head.substr(5, 4));
    const auto type = static_cast<uint8_t>(head[3]);
    const bool own = stream + 2 == next_stream_;
    const bool ends = type == kReset || (type == kHeaders && (head[4] & kEndStream) != 0);
    if (type == kGoAway || (ends && own)) return false;
    if (type == kWindowUpdate) {
      const int64_t more = Number(head.substr(kFrameHeadBytes, 4));
      if (stream == 0) window_left_ += more;
      if (own) stream_window_left_ += more;
    }
    received_.erase(0, size);
  }
  return true;
}

std::string RawConnection::ReadUntilEnd(int seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::string all;
  all.swap(received_);
  size_t at = 0;
  while (true) {
    for (; all.size() >= at + kFrameHeadBytes;) {
      const std::string_view head = std::string_view(all).substr(at);
      const auto type = static_cast<uint8_t>(head[3]);
      const bool ends = type == kHeaders && (head[4] & kEndStream) != 0;
      const size_t size = kFrameHeadBytes + Number(head.substr(0, 3));
      if (head.size() < size) break;
      if (type == kReset || type == kGoAway || ends) return all;
      at += size;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd waiting{fd_, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) != 1) return all;
    char buffer[16'384];
    const ssize_t got = ::recv(fd_, buffer, sizeof(buffer), 0);
    if (got <= 0) return all;
    all.append(buffer, static_cast<size_t>(got));
  }
}

std::string ZipOfZeros(int megabytes) {
  const std::string zeros(size_t{1} << 20, '\0');
  z_stream zip{};
  if (::deflateInit2(&zip, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    ::abort();
  }
  std::string packed(static_cast<size_t>(megabytes) * 2048 + 4096, '\0');
  zip.next_out = reinterpret_cast<Bytef*>(packed.data());
  zip.avail_out = static_cast<uInt>(packed.size());
  for (int i = 0; i < megabytes; ++i) {
    zip.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(zeros.data()));
    zip.avail_in = static_cast<uInt>(zeros.size());
    ::deflate(&zip, i + 1 == megabytes ? Z_FINISH : Z_NO_FLUSH);
  }
  packed.resize(zip.total_out);
  ::deflateEnd(&zip);
  return packed;
}

int64_t PeakResidentBytes(int pid) { return StatusField(pid, "VmHWM:"); }
int64_t ResidentBytes(int pid) { return StatusField(pid, "VmRSS:"); }

}  // namespace cairn::testing

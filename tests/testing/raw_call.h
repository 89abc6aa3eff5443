#ifndef CAIRN_TESTS_TESTING_RAW_CALL_H_
#define CAIRN_TESTS_TESTING_RAW_CALL_H_

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace cairn::testing {

// The IPv4 address of HOST:PORT, for ::connect.
sockaddr_in SocketAddress(const std::string& address);

// What a client of the lowest kind does: writes the frames of gRPC calls to a socket, and
// takes nothing of what the server answers unless it is asked to.
struct RawCallOptions {
  // How much of an answer the server may send before it is told to go on: what HTTP/2
  // calls the window of a stream; that of the connection is always the largest.
  uint32_t window_bytes = 65'535;
  // Where the kernel keeps what came and was not read. Small: the server is left with it.
  int receive_buffer_bytes = 4096;
};

// One connection. Owned by one thread; the destructor closes the socket.
class RawConnection {
 public:
  // Connects to HOST:PORT and says hello as HTTP/2 wants it; ok() tells whether that went.
  explicit RawConnection(const std::string& address, const RawCallOptions& options = {});
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  bool ok() const { return fd_ >= 0; }

  // Begins a call of `path` ("/cairn.v1.AdminService/GetServerInfo") with one message. The
  // message is `bytes` as they are, marked as compressed by `encoding` unless that is
  // empty; `last` says that no other follows. Reads on meanwhile only as far as it must to be
  // allowed to send. False when the server does not take it.
  bool Begin(std::string_view path, std::string_view bytes, std::string_view encoding = "",
             bool last = true);

  // Begins a call with the first `bytes` of a message of which `announced` are announced. False
  // when the server does not take them.
  bool BeginHalf(std::string_view path, std::string_view bytes, size_t announced);

  // Reads what comes until the server ends the call or the connection, or `seconds` are
  // over, and answers with what came: frames, as they are.
  std::string ReadUntilEnd(int seconds);

 private:
  bool Write(std::string_view bytes);
  bool Send(std::string_view path, std::string_view encoding, std::string_view message, bool last);
  bool AwaitWindow();

  int fd_ = -1;
  uint32_t next_stream_ = 1;
  int64_t window_left_ = 65'535;         // of the connection, towards the server
  int64_t stream_window_left_ = 65'535;  // of the stream that sends
  std::string received_;                 // and not yet looked at
};

// What `megabytes` of zeros are in gzip, about a thousandth of that.
std::string ZipOfZeros(int megabytes);

// The largest and the present resident size of a process, in bytes (VmHWM, VmRSS).
int64_t PeakResidentBytes(int pid);
int64_t ResidentBytes(int pid);

}  // namespace cairn::testing

#endif  // CAIRN_TESTS_TESTING_RAW_CALL_H_
